"""Small networks on digits of which a few are shown as negatives: a group that really is served worse.

All settings and seeds are trained at once: the hidden units of all settings of a seed stand side by side in
one matrix. The two groups are artificial, and no people. Used in lesson 11_fairness.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from course_lib.data import digits, partly_inverted, split
from course_lib.fairness.clipping import GroupSetting, group_weights
from course_lib.fairness.inputs import FairnessError, positive

Array: TypeAlias = NDArray[np.floating[Any]]

PIXELS, CLASSES, TEST = 64, 10, 397


@dataclass(frozen=True)
class DigitGroupRuns:
    """What came of it; N settings, S seeds.

    `as_scanned` and `inverted` (N, S): the share of the 397 test digits read rightly, shown the one way and the
    other; `clipped` (N, S), the share of steps that were clipped.
    """

    names: tuple[str, ...]
    as_scanned: Array
    inverted: Array
    clipped: Array


def train_digit_groups(
    settings: Sequence[GroupSetting],
    seeds: Sequence[int],
    *,
    share: float = 0.05,
    units: int = 16,
    steps: int = 400,
    batch_size: int = 64,
) -> DigitGroupRuns:
    """Networks (64 pixels, `units` tanh units, 10 classes) that learn from 1400 digits, a `share` of them inverted.

    Pixels run from -1 to 1, so that inverting an image changes every sign. A seed decides the split, who is
    inverted, the first weights and the batches; settings share them. `ratio` and `strength` act as in
    `train_logistic`, on the gradient of all weights together. Raises `FairnessError` for settings that cannot
    work, `DataError` for a share that leaves a group empty.
    """
    if not settings or not len(seeds) or steps < 1:
        raise FairnessError("Give at least one setting, one seed and one step.")
    count, lr = len(settings), [positive(s.lr, f"The learning rate of {s.name}") for s in settings]
    cap = np.array([positive(s.ratio, f"The ratio of {s.name}") for s in settings], np.float32)
    tasks = [_task(int(seed), share, units, steps, batch_size) for seed in seeds]
    x_all, y_all, group = (np.concatenate([getattr(t, name) for t in tasks]) for name in ("x", "y", "group"))
    weight = np.concatenate(
        [
            np.stack([group_weights(task.group, s.strength) for s in settings], axis=1).astype(np.float32)
            for task in tasks
        ]
    )  # (examples, settings)
    weight /= np.float32(batch_size)
    targets = np.eye(CLASSES, dtype=np.float32)[y_all]
    # Every batch at once, as places among the examples of all seeds: (steps, seeds, batch).
    size = len(x_all) // len(tasks)
    batches = np.stack([task.rows + place * size for place, task in enumerate(tasks)], axis=1)
    network = _Networks([task.start for task in tasks], count)
    rate, clipped = np.array(lr, np.float32), np.zeros((len(tasks), count))
    caps = bool(np.isfinite(cap).any())
    finite_cap = np.where(np.isfinite(cap), cap, 1)  # no cap times no gradient would be nan
    for rows in batches:
        x = x_all.take(rows, axis=0)
        error, hidden = network.error(x, targets[rows])
        error *= weight[rows].swapaxes(1, 2)[..., None]
        gradient = network.gradient(x, error, hidden)
        if caps:
            minor = (group[rows] == 1)[:, None, :, None]
            smaller = network.gradient(x, np.where(minor, error, np.float32(0)), hidden)
            larger = [a - b for a, b in zip(gradient, smaller, strict=True)]
            long, short = _length(larger), _length(smaller)
            allowed = np.where(np.isfinite(cap), finite_cap * short, np.inf)
            over = long > allowed
            clipped += over
            factor = np.where(over, allowed / np.where(over, long, 1), 1)[..., None, None]
            gradient = [a * factor.astype(np.float32) + b for a, b in zip(larger, smaller, strict=True)]
        network.step(gradient, rate)
    x_test, y_test = np.stack([task.x_test for task in tasks]), np.stack([task.y_test for task in tasks])
    return DigitGroupRuns(
        tuple(s.name for s in settings),
        network.accuracy(x_test, y_test).T,
        network.accuracy(_inverted(x_test), y_test).T,
        (clipped / steps).T,
    )


@dataclass(frozen=True)
class _Task:
    """All that a seed decides; features from -1 to 1 with a last column of ones.

    `x` (n, 65), `y` and `group` (n) to learn from, `x_test` and `y_test`; `rows` (steps, batch), the examples of each
    batch; `start`, the first weights of both layers.
    """

    x: Array
    y: NDArray[np.int64]
    group: NDArray[np.int64]
    x_test: Array
    y_test: NDArray[np.int64]
    rows: NDArray[np.int64]
    start: tuple[Array, Array]


@lru_cache(maxsize=16)  # whoever compares rules does so on the same seeds
def _task(seed: int, share: float, units: int, steps: int, batch_size: int) -> _Task:
    rng = np.random.default_rng(seed)
    train, test = split(digits(), TEST, rng)
    train = partly_inverted(train, share, rng)
    first = rng.normal(0, 0.7 / PIXELS**0.5, (PIXELS, units))
    second = rng.normal(0, units**-0.5, (units, CLASSES))
    return _Task(
        x=_with_ones((2 * train.X - 1).astype(np.float32)),
        y=train.y,
        group=train.group,
        x_test=_with_ones((2 * test.X - 1).astype(np.float32)),
        y_test=test.y,
        rows=rng.integers(len(train.X), size=(steps, batch_size)),
        start=(_with_bias(first), _with_bias(second)),
    )


class _Networks:
    """S seeds times N settings: weights (S, N, 64 + 1, units) and (S, N, units + 1, 10), biases in the last row.

    What comes in has a last column of ones, and so have the hidden units.
    """

    def __init__(self, starts: Sequence[tuple[Array, Array]], count: int) -> None:
        self.weights = [
            np.repeat(np.stack(layer)[:, None], count, axis=1).astype(np.float32)
            for layer in zip(*starts, strict=True)
        ]

    def _hidden(self, x: Array) -> Array:
        first = self.weights[0]
        seeds, count, inputs, units = first.shape
        side_by_side = first.swapaxes(1, 2).reshape(seeds, inputs, count * units)
        drive = (x @ side_by_side).reshape(seeds, x.shape[1], count, units).swapaxes(1, 2)
        hidden = np.empty((seeds, count, x.shape[1], units + 1), np.float32)
        hidden[..., -1] = 1
        np.tanh(drive, out=hidden[..., :-1])
        return hidden

    def error(self, x: Array, targets: Array) -> tuple[Array, Array]:
        """Probabilities minus the targets, (S, N, batch, 10), and the hidden units, (S, N, batch, units + 1)."""
        hidden = self._hidden(x)
        p = hidden @ self.weights[1]
        p -= np.moveaxis(p, -1, 0).copy().max(axis=0)[..., None]  # NumPy is slow along a short last axis
        np.exp(p, out=p)
        p /= p.sum(axis=-1, keepdims=True)
        p -= targets[:, None]
        return p, hidden

    def gradient(self, x: Array, error: Array, hidden: Array) -> list[Array]:
        """The slope of the sum of losses by both layers' weights."""
        active = hidden[..., :-1]
        back = error @ self.weights[1][..., :-1, :].swapaxes(-1, -2)
        back *= 1 - active * active
        seeds, count, batch, units = back.shape
        side_by_side = back.swapaxes(1, 2).reshape(seeds, batch, count * units)
        first = x.swapaxes(1, 2) @ side_by_side
        return [
            first.reshape(seeds, PIXELS + 1, count, units).swapaxes(1, 2),
            hidden.swapaxes(-1, -2) @ error,
        ]

    def step(self, gradient: Sequence[Array], lr: Array) -> None:
        for w, g in zip(self.weights, gradient, strict=True):
            w -= lr[:, None, None] * g

    def accuracy(self, x: Array, y: NDArray[np.int64]) -> Array:
        """The share of `x` that each network reads rightly, (S, N)."""
        outputs = self._hidden(x) @ self.weights[1]
        return np.asarray((outputs.argmax(axis=-1) == y[:, None]).mean(axis=-1))


def _with_ones(x: Array) -> Array:
    return np.concatenate([x, np.ones((*x.shape[:-1], 1), x.dtype)], axis=-1)


def _with_bias(weights: Array) -> Array:
    """The same with a last row of zeros."""
    return np.vstack([weights, np.zeros(weights.shape[1])])


def _inverted(x: Array) -> Array:
    """Every pixel's sign changed; the column of ones stays."""
    return np.concatenate([-x[..., :-1], x[..., -1:]], axis=-1)


def _length(gradient: Sequence[Array]) -> Array:
    """Of the gradient of each network, (S, N)."""
    first, second = ((g * g).sum(axis=(-1, -2)) for g in gradient)
    return np.asarray(np.sqrt(first + second))
