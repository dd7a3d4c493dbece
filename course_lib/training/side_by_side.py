"""Many small networks trained at once, side by side: ten seeds in the time of one.

Every weight has a leading axis of K networks, so one batched product serves them all; networks never mix.
Settings are compared pairwise: with one seed, all settings share their first weights (up to the gain), their
split of the data and their batches. Used in lesson 03_clipping_mechanics.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from course_lib.clipping import clip_per_example_
from course_lib.data import Dataset
from course_lib.training.own_clip import ArrayClip, TrainingError, clipped_by

BatchedClip = Callable[[list[Tensor]], list[Tensor]]
ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {"relu": torch.relu, "tanh": torch.tanh}


@dataclass(frozen=True)
class Setting:
    r"""How the networks of one row are started and trained: plain SGD with learning rate `lr`.

    `clip` maps gradients with a leading axis of networks to those used: `globally(c)`, `per_layer(c)`,
    `per_parameter(c)`, `by_value(v)`, or `one_by_one(my_clip)`. Hidden weights start normal with the standard
    deviation gain / sqrt(inputs), the last layer's with 1 / sqrt(inputs), biases at 0.

    `multipliers`, one a layer, writes a layer's weight as W = s V and trains V, starting from the same W: the
    gradient of that layer is s times larger, and nothing else about the network changes.
    """

    name: str
    lr: float
    clip: BatchedClip | None = None
    gain: float = math.sqrt(2)
    multipliers: tuple[float, ...] | None = None


@dataclass(frozen=True)
class SideBySide:
    """What came of it; N settings, S seeds, T steps, L layers.

    `names` (N); `losses` and `norms` (T, N, S), of the batches and of the gradients before clipping;
    `accuracy` (N, S) on the test part, 0 for a network with a weight that is nan or inf; `finite` (N, S);
    `movement` (L, N, S), how far each layer's weights went, relative to their norm at the start.
    """

    names: tuple[str, ...]
    losses: NDArray[np.float64]
    norms: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    finite: NDArray[np.bool_]
    movement: NDArray[np.float64]


def train_side_by_side(
    data: Dataset,
    settings: Sequence[Setting],
    seeds: Sequence[int],
    *,
    hidden: Sequence[int],
    steps: int,
    n_test: int,
    batch_size: int = 32,
    activation: str = "relu",
) -> SideBySide:
    """Networks with the layer sizes `hidden` on a classification task, one for each setting and seed.

    Cross-entropy, float32. Seed s decides the split, the first weights and the batches, in this order.
    Raises `TrainingError` for an empty list, labels that are not classes 0, 1, ..., or sizes that do not fit.
    """
    _check(data, settings, seeds, hidden, n_test, activation)
    N, S = len(settings), len(seeds)
    sizes = [data.X.shape[1], *hidden, int(data.y.max()) + 1]
    X, y = torch.from_numpy(data.X).float(), torch.from_numpy(data.y)
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    orders = torch.stack([torch.randperm(len(X), generator=g) for g in generators])
    test, training = orders[:, :n_test], orders[:, n_test:]
    parameters, scales = _start(sizes, settings, generators)
    started = [p.detach().clone() for p in parameters]

    def outputs(x: Tensor) -> Tensor:
        last = len(scales) - 1
        for layer, scale in enumerate(scales):
            x = torch.baddbmm(parameters[2 * layer + 1], x, scale * parameters[2 * layer])
            x = x if layer == last else ACTIVATIONS[activation](x)
        return x

    losses, norms = torch.empty(steps, N, S), torch.empty(steps, N, S)
    for step in range(steps):
        chosen = [torch.randint(training.shape[1], (batch_size,), generator=g) for g in generators]
        rows = training.gather(1, torch.stack(chosen))
        batch, labels = X[rows].repeat(N, 1, 1), y[rows].repeat(N, 1)
        per_example = torch.nn.functional.cross_entropy(
            outputs(batch).flatten(0, 1), labels.flatten(), reduction="none"
        )
        loss = per_example.view(N * S, batch_size).mean(dim=1)
        # The networks share no weight, so the gradient of the sum is each network's own gradient.
        grads = list(torch.autograd.grad(loss.sum(), parameters))
        losses[step] = loss.detach().view(N, S)
        norms[step] = torch.cat([g.flatten(1) for g in grads], dim=1).double().norm(dim=1).view(N, S)
        _step(parameters, grads, settings, S)

    with torch.no_grad():
        right = (outputs(X[test].repeat(N, 1, 1)).argmax(dim=-1) == y[test].repeat(N, 1)).double().mean(dim=1)
        finite = torch.stack([torch.isfinite(p).flatten(1).all(dim=1) for p in parameters]).all(dim=0)
        movement = torch.stack(
            [
                (p - p0).flatten(1).norm(dim=1) / p0.flatten(1).norm(dim=1)
                for p, p0 in list(zip(parameters, started, strict=True))[::2]
            ]
        )
    return SideBySide(
        tuple(setting.name for setting in settings),
        losses.double().numpy(),
        norms.double().numpy(),
        (right * finite).view(N, S).numpy(),
        finite.view(N, S).numpy(),
        movement.double().view(-1, N, S).numpy(),
    )


def globally(max_norm: float) -> BatchedClip:
    """Clipping by the norm of each network's whole gradient."""
    return lambda grads: _by_groups([grads], max_norm)


def per_layer(max_norm: float) -> BatchedClip:
    """Clipping by the norm of each layer of each network: its weight and its bias together."""
    return lambda grads: _by_groups([grads[i : i + 2] for i in range(0, len(grads), 2)], max_norm)


def per_parameter(max_norm: float) -> BatchedClip:
    """Clipping by the norm of each weight and of each bias of each network."""
    return lambda grads: _by_groups([[g] for g in grads], max_norm)


def by_value(limit: float) -> BatchedClip:
    """Each coordinate clamped to [-limit, limit]."""
    return lambda grads: [g.clamp(-limit, limit) for g in grads]


def one_by_one(clip: ArrayClip) -> BatchedClip:
    """Your own function, given one network's gradients at a time as NumPy arrays: weight, bias, weight, ...

    It returns the list to be used, or a pair of that list and the norm before. A network whose gradient is
    already nan or inf is passed over.
    """

    def batched(grads: list[Tensor]) -> list[Tensor]:
        results = [g.clone() for g in grads]
        for network in range(len(grads[0])):
            own = [g[network].numpy() for g in grads]
            if all(np.isfinite(g).all() for g in own):
                for result, g in zip(results, clipped_by(clip, own), strict=True):
                    result[network] = torch.as_tensor(g)
        return results

    return batched


def _by_groups(groups: list[list[Tensor]], max_norm: float) -> list[Tensor]:
    """Each group clipped by its own norm, for each entry of the leading axis on its own."""
    for group in groups:
        members = {str(place): g for place, g in enumerate(group)}
        clip_per_example_(members, max_norm, nonfinite="propagate")
    return [g for group in groups for g in group]


def _start(
    sizes: Sequence[int], settings: Sequence[Setting], generators: Sequence[torch.Generator]
) -> tuple[list[Tensor], list[Tensor]]:
    """Weight, bias, weight, ... with the leading axis setting by seed, and the multiplier of each layer."""
    parameters, scales = [], []
    layers = list(pairwise(sizes))
    for layer, (inputs, units) in enumerate(layers):
        drawn = torch.stack([torch.randn(inputs, units, generator=g) for g in generators]) / math.sqrt(inputs)
        gains = [1.0 if layer == len(layers) - 1 else setting.gain for setting in settings]
        multipliers = [setting.multipliers[layer] if setting.multipliers else 1.0 for setting in settings]
        weights = [gain / s * drawn for gain, s in zip(gains, multipliers, strict=True)]
        parameters.append(torch.cat(weights).requires_grad_())
        parameters.append(torch.zeros(len(settings) * len(generators), 1, units).requires_grad_())
        scales.append(torch.tensor(multipliers).repeat_interleave(len(generators)).view(-1, 1, 1))
    return parameters, scales


@torch.no_grad()
def _step(parameters: list[Tensor], grads: list[Tensor], settings: Sequence[Setting], seeds: int) -> None:
    for place, setting in enumerate(settings):
        own = slice(place * seeds, (place + 1) * seeds)
        used = [g[own] for g in grads]
        if setting.clip is not None:
            used = setting.clip(used)
        for parameter, g in zip(parameters, used, strict=True):
            parameter[own] -= setting.lr * g


def _check(
    data: Dataset,
    settings: Sequence[Setting],
    seeds: Sequence[int],
    hidden: Sequence[int],
    n_test: int,
    activation: str,
) -> None:
    if not settings or not seeds:
        raise TrainingError("Give at least one setting and one seed.")
    if data.y.dtype.kind not in "iu" or data.y.min() < 0:
        raise TrainingError(
            f"The targets of {data.name} must be classes 0, 1, ..., not {data.y.dtype} numbers."
        )
    if not 0 < n_test < len(data):
        raise TrainingError(f"n_test must be 1 to {len(data) - 1}, but it is {n_test}.")
    if activation not in ACTIVATIONS:
        raise TrainingError(f"There is no activation {activation!r}; there are {', '.join(ACTIVATIONS)}.")
    for setting in settings:
        if setting.multipliers is not None and len(setting.multipliers) != len(hidden) + 1:
            raise TrainingError(
                f"The setting {setting.name!r} has {len(setting.multipliers)} multipliers "
                f"for {len(hidden) + 1} layers; give one a layer."
            )
