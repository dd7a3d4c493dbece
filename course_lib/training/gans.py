"""Small generative adversarial networks, many settings and seeds side by side, and what became of them.

Every weight has a leading axis of K networks, so one batched product serves them all; networks never mix. With one
seed, all settings share their first weights, their noise and their real examples. Taught in lesson 09_gans.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import softplus

from course_lib.data import digits
from course_lib.training.batched_adam import BatchedAdam
from course_lib.training.own_clip import TrainingError
from course_lib.training.side_by_side import BatchedClip

Floats = NDArray[np.float64]

LOSSES = ("non-saturating", "saturating")
OPTIMIZERS = ("sgd", "adam")
COVERED = 0.01
"""A mode is covered when at least this share of all samples lies in it, and is good."""


class Target(Protocol):
    """What a generator is to imitate, and how its samples are judged."""

    modes: int
    size: int

    def draw(self, count: int, generator: torch.Generator) -> Tensor:
        """`count` real examples, shape (count, size)."""

    def shape(self, raw: Tensor) -> Tensor:
        """The generator's last layer, as examples of this kind."""

    def judge(self, samples: Tensor) -> tuple[Tensor, Tensor]:
        """For samples (..., size): the mode of each, and whether it is good enough to be taken for real."""


class Ring:
    """Eight Gaussians on a circle of radius 2, standard deviation 0.05 (the "ring" of many papers on GANs).

    A sample belongs to the nearest of the eight, and is good within four standard deviations of its middle.
    Metz, Poole, Pfau & Sohl-Dickstein 2017, "Unrolled generative adversarial networks".
    """

    modes, size = 8, 2
    deviation = 0.05

    def __init__(self) -> None:
        angles = torch.arange(self.modes) * 2 * math.pi / self.modes
        self.middles = 2 * torch.stack([angles.cos(), angles.sin()], dim=1)

    def draw(self, count: int, generator: torch.Generator) -> Tensor:
        """Points, shape (count, 2)."""
        chosen = torch.randint(self.modes, (count,), generator=generator)
        return self.middles[chosen] + self.deviation * torch.randn(count, 2, generator=generator)

    def shape(self, raw: Tensor) -> Tensor:
        """Any point of the plane."""
        return raw

    def judge(self, samples: Tensor) -> tuple[Tensor, Tensor]:
        """The nearest of the eight, and whether it is within 0.2."""
        distance, mode = _nearest(samples, self.middles)
        return mode, distance <= 4 * self.deviation


class RealDigits:
    """The 1797 handwritten digits of scikit-learn, 8 by 8 pixels from 0 to 1; 1400 of them are drawn from.

    A sample takes the label of the nearest of the 1400, and is good if that lies no further away than for 95% of the
    397 digits that are held out. `accuracy` is the share of held-out digits that get their right label so, and
    `allowed` the distance. A copy of a digit counts as perfect: this measures neither novelty nor variety in a class.
    """

    modes, size = 10, 64

    def __init__(self) -> None:
        data = digits()
        order = np.random.default_rng(0).permutation(len(data))
        X, y = torch.from_numpy(data.X[order]).float(), torch.from_numpy(data.y[order])
        self.known, self._labels = X[:1400], y[:1400]
        distance, nearest = _nearest(X[1400:], self.known)
        self.allowed = float(distance.quantile(0.95))
        self.accuracy = float((self._labels[nearest] == y[1400:]).double().mean())

    def draw(self, count: int, generator: torch.Generator) -> Tensor:
        """Digits, drawn with replacement, shape (count, 64)."""
        return self.known[torch.randint(len(self.known), (count,), generator=generator)]

    def shape(self, raw: Tensor) -> Tensor:
        """Ink between 0 and 1."""
        return torch.sigmoid(raw)

    def judge(self, samples: Tensor) -> tuple[Tensor, Tensor]:
        """The label of the nearest known digit, and whether it is within `allowed`."""
        distance, nearest = _nearest(samples, self.known)
        return self._labels[nearest], distance <= self.allowed


@dataclass(frozen=True)
class GanSetting:
    """How the two networks of one row are trained, both at learning rate `lr`.

    `clip` maps gradients with a leading axis of networks to those used, as in `side_by_side.Setting`: `globally(c)`,
    or `one_by_one(my_clip)` for your own function. It acts on the generator, and with `both` on each of the two
    networks by itself. `loss` is the generator's: `"non-saturating"` -log D, or `"saturating"` log(1 - D)
    (Goodfellow et al. 2014, section 3).
    """

    name: str
    lr: float
    clip: BatchedClip | None = None
    both: bool = False
    loss: str = "non-saturating"


@dataclass(frozen=True)
class GanRuns:
    """What came of it; N settings, S seeds, T steps.

    `names` (N); `norms` (T, N, S) of the generator's gradient before clipping; `modes` (N, S), how many modes were
    covered: had at least 1% of all samples, counting only good ones; `quality` (N, S), the share of good samples;
    `samples` (N, S, M, size), where M is the number judged; `finite` (N, S), whether every weight is a number.
    """

    names: tuple[str, ...]
    norms: Floats
    modes: NDArray[np.int64]
    quality: Floats
    samples: Floats
    finite: NDArray[np.bool_]


@dataclass(frozen=True)
class EarlyGradients:
    """A discriminator that gets ahead of an untrained generator; C counts of its steps, S seeds.

    `fooled` (C, S): the mean of D over generated samples; `saturating`, `non_saturating` (C, S): the norm of the
    gradient that the same generator would get from it under either loss.
    """

    fooled: Floats
    saturating: Floats
    non_saturating: Floats


def train_gans(
    target: Target,
    settings: Sequence[GanSetting],
    seeds: Sequence[int],
    *,
    steps: int,
    optimizer: str = "sgd",
    noise: int = 4,
    hidden: int = 32,
    batch_size: int = 32,
    judged: int = 1000,
) -> GanRuns:
    """A generator and a discriminator for each setting and seed, alternating, one step each; float32.

    Both have two hidden layers of `hidden` rectified linear units; `noise` is the size of the generator's normal
    noise. The discriminator minimises the cross-entropy of telling real from generated. Adam has beta1 = 0.5, as is
    usual with GANs (Radford, Metz & Chintala 2016). At the end `judged` samples of each generator are judged by the
    target.
    Raises `TrainingError` for an empty list, or an unknown optimizer or loss.
    """
    [runs] = gans_after(
        [steps],
        target,
        settings,
        seeds,
        optimizer=optimizer,
        noise=noise,
        hidden=hidden,
        batch_size=batch_size,
        judged=judged,
    )
    return runs


def gans_after(
    counts: Sequence[int],
    target: Target,
    settings: Sequence[GanSetting],
    seeds: Sequence[int],
    *,
    optimizer: str = "sgd",
    noise: int = 4,
    hidden: int = 32,
    batch_size: int = 32,
    judged: int = 1000,
) -> Iterator[GanRuns]:
    """One run, judged on its way: for each number of steps in `counts` what `train_gans` gives for so many steps.

    Judging leaves the run as it would be without. Raises `TrainingError` as `train_gans` does, and for counts that do
    not rise.
    """
    _check(settings, seeds, optimizer)
    if not _rise_from_0(counts):
        raise TrainingError("Give at least one count of steps, and counts that rise, from 0 on.")
    N, S = len(settings), len(seeds)
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    G = _start((noise, hidden, hidden, target.size), generators, N)
    D = _start((target.size, hidden, hidden, 1), generators, N)
    lr = torch.tensor([setting.lr for setting in settings]).repeat_interleave(S).view(-1, 1, 1)
    saturating = torch.tensor([setting.loss == "saturating" for setting in settings]).repeat_interleave(S)
    adams = [BatchedAdam(weights, beta1=0.5) if optimizer == "adam" else None for weights in (G, D)]
    norms = np.empty((counts[-1], N, S))

    def drawn(count: int) -> Tensor:
        return torch.stack([torch.randn(count, noise, generator=g) for g in generators]).repeat(N, 1, 1)

    def generated(z: Tensor) -> Tensor:
        return target.shape(_outputs(G, z))

    def judge(done: int) -> GanRuns:
        states = [g.get_state() for g in generators]
        with torch.no_grad():
            samples = generated(drawn(judged))
            modes, quality = _score(target, samples)
            finite = torch.stack([torch.isfinite(w).flatten(1).all(dim=1) for w in [*G, *D]]).all(dim=0)
        for g, state in zip(generators, states, strict=True):
            g.set_state(state)
        return GanRuns(
            tuple(setting.name for setting in settings),
            norms[:done].copy(),
            modes.view(N, S).numpy(),
            quality.view(N, S).numpy(),
            samples.double().view(N, S, judged, target.size).numpy(),
            finite.view(N, S).numpy(),
        )

    for step in range(counts[-1]):
        if step in counts:
            yield judge(step)
        z = drawn(2 * batch_size)
        real = torch.stack([target.draw(batch_size, g) for g in generators]).repeat(N, 1, 1)
        with torch.no_grad():
            fake = generated(z[:, :batch_size])
        # The networks share no weight, so the gradient of the sum is each network's own gradient.
        grads = torch.autograd.grad(_discriminator_loss(D, real, fake).sum(), D)
        _step(D, grads, lr, adams[1], [s.clip if s.both else None for s in settings], S)
        loss = _generator_loss(_outputs(D, generated(z[:, batch_size:])), saturating)
        grads = torch.autograd.grad(loss.sum(), G)
        norms[step] = _norms(grads).view(N, S).numpy()
        _step(G, grads, lr, adams[0], [s.clip for s in settings], S)
    yield judge(counts[-1])


def early_gradients(
    target: Target,
    seeds: Sequence[int],
    counts: Sequence[int],
    *,
    lr: float = 0.1,
    noise: int = 4,
    hidden: int = 32,
    batch_size: int = 128,
) -> EarlyGradients:
    """Only the discriminator learns, by SGD; after each number of steps in `counts`, what would the generator get?

    The generator's last layer starts ten times smaller than usual, so that its samples begin as a small blob. Counts
    rise, from 0 on. Raises `TrainingError` without a seed, or for counts that do not rise.
    """
    if not len(seeds) or not _rise_from_0(counts):
        raise TrainingError("Give at least one seed, and counts of steps that rise, from 0 on.")
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    G = _start((noise, hidden, hidden, target.size), generators, 1)
    D = _start((target.size, hidden, hidden, 1), generators, 1)
    with torch.no_grad():
        G[4].mul_(0.1)
    step = torch.full((len(seeds), 1, 1), lr)
    rows: dict[str, list[Floats]] = {"fooled": [], "saturating": [], "non_saturating": []}

    def generated(count: int) -> Tensor:
        z = torch.stack([torch.randn(count, noise, generator=g) for g in generators])
        return target.shape(_outputs(G, z))

    for done in range(max(counts) + 1):
        if done in counts:
            logits = _outputs(D, generated(512))
            for name, kind in (("saturating", True), ("non_saturating", False)):
                loss = _generator_loss(logits, torch.full((len(seeds),), kind)).sum()
                grads = torch.autograd.grad(loss, G, retain_graph=True)
                rows[name].append(_norms(grads).numpy())
            rows["fooled"].append(torch.sigmoid(logits).mean(dim=(1, 2)).detach().double().numpy())
        real = torch.stack([target.draw(batch_size, g) for g in generators])
        with torch.no_grad():
            fake = generated(batch_size)
        grads = torch.autograd.grad(_discriminator_loss(D, real, fake).sum(), D)
        _step(D, grads, step, None, [None], len(seeds))
    return EarlyGradients(**{name: np.array(values) for name, values in rows.items()})


def _start(sizes: Sequence[int], generators: Sequence[torch.Generator], copies: int) -> list[Tensor]:
    """Weight, bias, weight, ... with a leading axis of settings by seeds; He's start, biases at 0."""
    parameters = []
    for inputs, units in pairwise(sizes):
        drawn = torch.stack([torch.randn(inputs, units, generator=g) for g in generators])
        parameters.append((drawn * math.sqrt(2 / inputs)).repeat(copies, 1, 1).requires_grad_())
        parameters.append(torch.zeros(copies * len(generators), 1, units).requires_grad_())
    return parameters


def _outputs(weights: Sequence[Tensor], x: Tensor) -> Tensor:
    """(K, B, outputs) from (K, B, inputs), with rectified linear units between."""
    W1, b1, W2, b2, W3, b3 = weights
    h = torch.relu(torch.baddbmm(b1, x, W1))
    h = torch.relu(torch.baddbmm(b2, h, W2))
    return torch.baddbmm(b3, h, W3)


def _discriminator_loss(D: Sequence[Tensor], real: Tensor, fake: Tensor) -> Tensor:
    """-log D(real) - log(1 - D(fake)), the mean over each network's batch; D is a logit."""
    logits = _outputs(D, torch.cat([real, fake], dim=1))
    of_real, of_fake = logits.split((real.shape[1], fake.shape[1]), dim=1)
    return softplus(-of_real).mean(dim=(1, 2)) + softplus(of_fake).mean(dim=(1, 2))


def _generator_loss(logits: Tensor, saturating: Tensor) -> Tensor:
    """log(1 - D) where `saturating`, -log D elsewhere, for logits (K, B, 1); the mean over each batch."""
    per_sample = torch.where(saturating.view(-1, 1, 1), -softplus(logits), softplus(-logits))
    return per_sample.mean(dim=(1, 2))


@torch.no_grad()
def _step(
    weights: Sequence[Tensor],
    grads: Sequence[Tensor],
    lr: Tensor,
    adam: BatchedAdam | None,
    clips: Sequence[BatchedClip | None],
    seeds: int,
) -> None:
    for place, clip in enumerate(clips):
        if clip is not None:
            own = slice(place * seeds, (place + 1) * seeds)
            for whole, clipped in zip(grads, clip([g[own] for g in grads]), strict=True):
                whole[own] = clipped
    for weight, update in zip(weights, adam.updates(grads) if adam else grads, strict=True):
        weight -= lr * update


def _norms(grads: Sequence[Tensor]) -> Tensor:
    parts = torch.stack([torch.linalg.vector_norm(g, dim=(1, 2)) for g in grads])
    norm: Tensor = torch.linalg.vector_norm(parts.double(), dim=0)
    return norm


def _nearest(samples: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
    """The distance to the nearest of `known` and its place; one network at a time, which bounds the memory."""
    flat = samples.reshape(-1, *samples.shape[-2:])
    found = [torch.cdist(part, known).min(dim=-1) for part in flat]
    shape = samples.shape[:-1]
    return torch.stack([f.values for f in found]).view(shape), torch.stack([f.indices for f in found]).view(
        shape
    )


def _score(target: Target, samples: Tensor) -> tuple[Tensor, Tensor]:
    """How many modes are covered, and the share of good samples, for each network; nan is never good."""
    mode, good = target.judge(samples)
    hits = torch.stack([((mode == m) & good).double().mean(dim=1) for m in range(target.modes)])
    return (hits >= COVERED).sum(dim=0), good.double().mean(dim=1)


def _rise_from_0(counts: Sequence[int]) -> bool:
    return bool(len(counts)) and min(counts) >= 0 and list(counts) == sorted(set(counts))


def _check(settings: Sequence[GanSetting], seeds: Sequence[int], optimizer: str) -> None:
    if not settings or not seeds:
        raise TrainingError("Give at least one setting and one seed.")
    if optimizer not in OPTIMIZERS:
        raise TrainingError(f'optimizer must be "sgd" or "adam", but it is {optimizer!r}.')
    for setting in settings:
        if setting.loss not in LOSSES:
            raise TrainingError(
                f"The loss of {setting.name!r} must be one of {', '.join(LOSSES)}, but it is {setting.loss!r}."
            )
