"""Small recurrent networks on a time series, many settings and seeds side by side.

Every weight has a leading axis of K networks, so one batched product serves them all; networks never mix.
With one seed, all settings share their first weights and their batches. Used in lesson 04_threshold.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from course_lib.clipping.adaptive import ThresholdRule
from course_lib.data import Series
from course_lib.training.batched_adam import BatchedAdam
from course_lib.training.own_clip import TrainingError

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
_ZERO = np.float32(0)
WEIGHTS = ("W", "u", "b", "v", "a")


@dataclass(frozen=True)
class RecurrentSetting:
    """How the networks of one row are trained.

    `threshold` is a fixed one, or a rule such as `AutoClipThreshold(90)`, of which every training starts a fresh copy.
    `unit_ratio` is the λ of adaptive gradient clipping (`clip_by_unit`), in place of a threshold.
    """

    name: str
    lr: float
    threshold: float | ThresholdRule = math.inf
    unit_ratio: float | None = None


@dataclass(frozen=True)
class RecurrentRuns:
    """What came of it; N settings, S seeds, T steps.

    `names` (N); `losses`, `norms`, `used_norms` (T, N, S): of the batches, and of the gradients before and after
    clipping; `errors` (N, S), the mean squared error on the later years in units of the earlier years' variance
    (inf where a network broke); `spread` (N, S), the standard deviation of the predictions there (0: one and the
    same prediction for every year; nan where a network broke); `finite` (N, S), whether every weight is a number.
    """

    names: tuple[str, ...]
    losses: Floats
    norms: Floats
    used_norms: Floats
    errors: Floats
    spread: Floats
    finite: NDArray[np.bool_]

    def row(self, name: str) -> int:
        """The place of a setting; raises `KeyError` for a name that is not there."""
        if name not in self.names:
            raise KeyError(f"There is no setting {name!r}; there are {', '.join(self.names)}.")
        return self.names.index(name)


@dataclass(frozen=True)
class Forecast:
    """A series cut into windows: `window` years in a row, and the year after them, in standardised units.

    The first `n_train` years are for training and set mean and standard deviation; the windows whose target
    lies behind them are for testing. `persistence` is the error of "next year is like this year", `mean_guess`
    that of always predicting the training mean.
    """

    x_train: Floats
    y_train: Floats
    x_test: Floats
    y_test: Floats
    persistence: float
    mean_guess: float


def forecast(series: Series, n_train: int = 230, window: int = 30) -> Forecast:
    """The task "after `window` years, predict the next", as a `Forecast`.

    Raises `TrainingError` when one of the two parts would be empty.
    """
    if not 0 < window < n_train < len(series):
        raise TrainingError(
            f"A window of {window} and {n_train} years to train on do not fit {series.name} of "
            f"{len(series)} years: 0 < window < n_train < length is needed."
        )
    first = series.values[:n_train]
    s = (series.values - first.mean()) / first.std()
    starts = np.arange(len(s) - window)
    x = s[starts[:, None] + np.arange(window)]
    y = s[starts + window]
    early = starts + window < n_train
    return Forecast(
        x[early],
        y[early],
        x[~early],
        y[~early],
        float(np.mean((y[~early] - x[~early][:, -1]) ** 2)),
        float(np.mean(y[~early] ** 2)),
    )


@torch.inference_mode()
def train_recurrent(
    task: Forecast,
    settings: Sequence[RecurrentSetting],
    seeds: Sequence[int],
    *,
    units: int = 32,
    steps: int = 300,
    batch_size: int = 16,
    optimizer: Literal["sgd", "adam"] = "sgd",
    tied: bool = False,
) -> RecurrentRuns:
    r"""Recurrent networks of rectified linear units, one for each setting and seed, in float32.

    $$h_t = \max(0, W h_{t-1} + u\, x_t + b), \qquad \hat y = v^\top h_T + a$$

    W starts as the identity (the "IRNN" of Le, Jaitly & Hinton 2015, "A simple way to initialize recurrent networks
    of rectified linear units"), u normal with standard deviation 0.3, v with 1 / sqrt(units), b and a at 0. The loss
    is the mean squared error of a batch of windows drawn with replacement. `tied` starts v parallel to u instead of
    drawing it afresh, so that every unit pushes the first prediction the same way. Adam has its usual constants
    (0.9, 0.999, 1e-8). Raises `TrainingError` for an empty list or an unknown optimizer.
    """
    if not settings or not seeds:
        raise TrainingError("Give at least one setting and one seed.")
    if optimizer not in ("sgd", "adam"):
        raise TrainingError(f'optimizer must be "sgd" or "adam", but it is {optimizer!r}.')
    N, S = len(settings), len(seeds)
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    weights = [w.repeat(N, 1, 1) for w in _start(units, generators, tied)]
    x, y = torch.from_numpy(task.x_train).float(), torch.from_numpy(task.y_train).float()
    rules = [copy.deepcopy(setting.threshold) for setting in settings]
    lr = torch.tensor([setting.lr for setting in settings]).repeat_interleave(S).view(-1, 1, 1)
    adam = BatchedAdam(weights) if optimizer == "adam" else None
    losses, norms, used_norms = (np.empty((steps, N, S)) for _ in range(3))
    for step in range(steps):
        rows = torch.stack([torch.randint(len(x), (batch_size,), generator=g) for g in generators])
        loss, grads = _loss_and_gradients(weights, x[rows].repeat(N, 1, 1), y[rows].repeat(N, 1))
        norm = _norms(grads)
        losses[step] = loss.view(N, S).numpy()
        norms[step] = norm.view(N, S).numpy()
        grads = _clipped(weights, grads, norm, settings, rules, S)
        used_norms[step] = _norms(grads).view(N, S).numpy()
        for weight, update in zip(weights, adam.updates(grads) if adam else grads, strict=True):
            weight -= lr * update
    return _runs(task, settings, S, weights, losses, norms, used_norms)


def _start(units: int, generators: Sequence[torch.Generator], tied: bool) -> list[Tensor]:
    """W, u, b, v, a, each with a leading axis of seeds; a row is one unit with its incoming weights."""
    S = len(generators)
    inward = torch.stack([torch.randn(units, 1, generator=g) for g in generators])
    outward = torch.stack([torch.randn(1, units, generator=g) for g in generators])
    return [
        torch.eye(units).repeat(S, 1, 1),
        0.3 * inward,
        torch.zeros(S, units, 1),
        (inward.transpose(1, 2) if tied else outward) / math.sqrt(units),
        torch.zeros(S, 1, 1),
    ]


_LETTING_IT_BREAK = np.errstate(over="ignore", invalid="ignore")
"""A network that breaks runs on as inf and nan, as it would in PyTorch."""


@_LETTING_IT_BREAK
def _forward(weights: Sequence[Tensor], x: Tensor) -> tuple[Singles, Singles]:
    """Predictions (K, 1, B) from windows of shape (K, B, T), and all hidden states (T + 1, K, units, B)."""
    W, u, b = (weight.numpy() for weight in weights[:3])
    states = np.empty((x.shape[2] + 1, *u.shape[:2], x.shape[1]), np.float32)
    states[0] = 0
    drive = u * x.numpy().transpose(2, 0, 1)[:, :, None] + b
    before = states[0]
    for after, given in zip(states[1:], drive, strict=True):
        np.matmul(W, before, out=after)
        np.add(after, given, out=after)
        np.maximum(after, _ZERO, out=after)
        before = after
    predicted = torch.bmm(weights[3], torch.from_numpy(before)) + weights[4]
    return predicted.numpy(), states


@_LETTING_IT_BREAK
def _loss_and_gradients(weights: Sequence[Tensor], x: Tensor, y: Tensor) -> tuple[Tensor, list[Tensor]]:
    """Each network's mean squared error (K,) on windows (K, B, T) and targets (K, B), and its slope by W, u, b, v, a.

    Backpropagation through time, written out in NumPy: the products and sums of autograd in its order, without what
    it does around each of them, which on matrices this small takes most of the time.
    """
    predicted, states = _forward(weights, x)
    error = predicted - y.numpy()[:, None]
    by_output = np.float32(2 / y.shape[1]) * error
    v, backward = weights[3].numpy().swapaxes(1, 2), weights[0].numpy().swapaxes(1, 2)
    closed = states[1:] <= 0
    slopes = np.empty_like(states[1:])  # by what comes out of each rectifier, then by what goes in
    slope = np.matmul(v, by_output, out=slopes[-1])
    for shut, earlier in zip(closed[:0:-1], slopes[-2::-1], strict=True):
        np.copyto(slope, _ZERO, where=shut)
        slope = np.matmul(backward, slope, out=earlier)
    np.copyto(slope, _ZERO, where=closed[0])
    by_x = slopes * x.numpy().transpose(2, 0, 1)[:, :, None]
    grads = [
        _last_first(slopes @ states[:-1].swapaxes(2, 3)),
        _last_first(_over_batch(by_x).numpy()),
        _last_first(_over_batch(slopes).numpy()),
        torch.bmm(torch.from_numpy(by_output), torch.from_numpy(states[-1]).transpose(1, 2)),
        _over_batch(by_output),
    ]
    return torch.from_numpy(error[:, 0]).square().mean(dim=1), grads


def _over_batch(of_examples: Singles) -> Tensor:
    """The sum over the last axis, in PyTorch's order."""
    return torch.from_numpy(of_examples).sum(dim=-1, keepdim=True)


def _last_first(of_years: Singles) -> Tensor:
    """The sum over years, the last one first, as errors travel."""
    return torch.from_numpy(np.asarray(np.add.reduce(of_years[::-1], axis=0)))


def _norms(grads: Sequence[Tensor]) -> Tensor:
    norm: Tensor = torch.linalg.vector_norm(torch.cat([g.flatten(1) for g in grads], dim=1).double(), dim=1)
    return norm


def _clipped(
    weights: Sequence[Tensor],
    grads: list[Tensor],
    norm: Tensor,
    settings: Sequence[RecurrentSetting],
    rules: Sequence[float | ThresholdRule],
    seeds: int,
) -> list[Tensor]:
    limits = torch.full_like(norm, math.inf)
    for place, rule in enumerate(rules):
        own = slice(place * seeds, (place + 1) * seeds)
        limits[own] = torch.as_tensor(rule(norm[own].numpy())) if callable(rule) else rule
    factor = torch.where(norm > limits, limits / norm, torch.ones_like(norm)).float().view(-1, 1, 1)
    clipped = [g * factor for g in grads]
    for place, setting in enumerate(settings):
        if setting.unit_ratio is not None:
            own = slice(place * seeds, (place + 1) * seeds)
            for name, weight, g, result in zip(WEIGHTS, weights, grads, clipped, strict=True):
                units = 1 if name == "b" else 2  # a row is one unit with what comes in; a bias is one vector
                result[own] = _clipped_by_unit(weight[own].detach(), g[own], setting.unit_ratio, units)
    return clipped


def _clipped_by_unit(weight: Tensor, g: Tensor, ratio: float, axis: int) -> Tensor:
    """`clip_by_unit` for each network, the entries of one unit along `axis`."""
    allowed = ratio * torch.linalg.vector_norm(weight, dim=axis, keepdim=True).clamp_min(1e-3)
    norm = torch.linalg.vector_norm(g, dim=axis, keepdim=True)
    return g * torch.where(norm > allowed, allowed / norm, torch.ones_like(norm))


def _runs(
    task: Forecast,
    settings: Sequence[RecurrentSetting],
    seeds: int,
    weights: Sequence[Tensor],
    losses: Floats,
    norms: Floats,
    used_norms: Floats,
) -> RecurrentRuns:
    x = torch.from_numpy(task.x_test).float().expand(len(weights[0]), -1, -1)
    predicted = torch.from_numpy(_forward(weights, x)[0][:, 0]).double()
    finite = torch.stack([torch.isfinite(w).flatten(1).all(dim=1) for w in weights]).all(dim=0)
    errors = (predicted - torch.from_numpy(task.y_test)).square().mean(dim=1)
    errors = torch.where(torch.isfinite(errors), errors, math.inf)
    spread = torch.where(torch.isfinite(errors), predicted.std(dim=1, correction=0), math.nan)
    shape = (len(settings), seeds)
    return RecurrentRuns(
        tuple(setting.name for setting in settings),
        losses,
        norms,
        used_norms,
        errors.view(shape).numpy(),
        spread.view(shape).numpy(),
        finite.view(shape).numpy(),
    )
