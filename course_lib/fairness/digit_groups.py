"""Small networks on digits of which a few are shown as negatives: a group that really is served worse.

All settings and seeds are trained at once: the hidden units of all settings of a seed stand side by side in
one matrix. The two groups are artificial, and no people. Used in lesson 11_fairness.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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
    rngs = [np.random.default_rng(int(seed)) for seed in seeds]
    pairs = [split(digits(), TEST, rng) for rng in rngs]
    trains = [partly_inverted(train, share, rng) for (train, _), rng in zip(pairs, rngs, strict=True)]
    x_all = np.stack([2 * train.X - 1 for train in trains]).astype(np.float32)
    y_all = np.stack([train.y for train in trains])
    group = np.stack([train.group for train in trains])
    weight = np.stack([[group_weights(of_seed, s.strength) for s in settings] for of_seed in group]).astype(
        np.float32
    )
    network = _Networks(rngs, count, units)
    rate, clipped = np.array(lr, np.float32), np.zeros((len(seeds), count))
    caps = bool(np.isfinite(cap).any())
    finite_cap = np.where(np.isfinite(cap), cap, 1)  # no cap times no gradient would be nan
    for _ in range(steps):
        rows = np.stack([rng.integers(x_all.shape[1], size=batch_size) for rng in rngs])
        x = np.take_along_axis(x_all, rows[..., None], axis=1)
        error, hidden = network.error(x, np.take_along_axis(y_all, rows, axis=1))
        error *= np.take_along_axis(weight, rows[:, None], axis=2)[..., None] / np.float32(batch_size)
        gradient = network.gradient(x, error, hidden)
        if caps:
            of_group_1 = np.take_along_axis(group, rows, axis=1)[:, None, :, None] == 1
            smaller = network.gradient(x, np.where(of_group_1, error, np.float32(0)), hidden)
            larger = [a - b for a, b in zip(gradient, smaller, strict=True)]
            long, short = _length(larger), _length(smaller)
            allowed = np.where(np.isfinite(cap), finite_cap * short, np.inf)
            over = long > allowed
            clipped += over
            factor = np.where(over, allowed / np.where(over, long, 1), 1)[..., None, None]
            gradient = [a * factor.astype(np.float32) + b for a, b in zip(larger, smaller, strict=True)]
        network.step(gradient, rate)
    x_test = np.stack([2 * test.X - 1 for _, test in pairs]).astype(np.float32)
    y_test = np.stack([test.y for _, test in pairs])
    return DigitGroupRuns(
        tuple(s.name for s in settings),
        network.accuracy(x_test, y_test).T,
        network.accuracy(-x_test, y_test).T,
        (clipped / steps).T,
    )


class _Networks:
    """S seeds times N settings: weights (S, N, 64 + 1, units) and (S, N, units + 1, 10), biases in the last row."""

    def __init__(self, rngs: Sequence[np.random.Generator], count: int, units: int) -> None:
        starts = [
            (rng.normal(0, 0.7 / PIXELS**0.5, (PIXELS, units)), rng.normal(0, units**-0.5, (units, CLASSES)))
            for rng in rngs
        ]
        first, second = (
            np.stack([np.vstack([start[k], np.zeros(start[k].shape[1])]) for start in starts]) for k in (0, 1)
        )
        self.weights = [np.repeat(w[:, None], count, axis=1).astype(np.float32) for w in (first, second)]

    def _hidden(self, x: Array) -> Array:
        first = self.weights[0]
        seeds, count, inputs, units = first.shape
        side_by_side = first.swapaxes(1, 2).reshape(seeds, inputs, count * units)
        drive = _with_ones(x) @ side_by_side
        return np.tanh(drive).reshape(seeds, x.shape[1], count, units).swapaxes(1, 2)

    def error(self, x: Array, y: NDArray[np.int64]) -> tuple[Array, Array]:
        """Probabilities minus the labels, (S, N, batch, 10), and the hidden units, (S, N, batch, units)."""
        hidden = self._hidden(x)
        logits = _with_ones(hidden) @ self.weights[1]
        p = np.exp(logits - logits.max(axis=-1, keepdims=True))
        p /= p.sum(axis=-1, keepdims=True)
        return p - np.eye(CLASSES, dtype=np.float32)[y][:, None], hidden

    def gradient(self, x: Array, error: Array, hidden: Array) -> list[Array]:
        """The slope of the sum of losses by both layers' weights."""
        back = error @ self.weights[1][..., :-1, :].swapaxes(-1, -2) * (1 - hidden * hidden)
        seeds, count, batch, units = back.shape
        side_by_side = back.swapaxes(1, 2).reshape(seeds, batch, count * units)
        first = _with_ones(x).swapaxes(1, 2) @ side_by_side
        return [
            first.reshape(seeds, PIXELS + 1, count, units).swapaxes(1, 2),
            _with_ones(hidden).swapaxes(-1, -2) @ error,
        ]

    def step(self, gradient: Sequence[Array], lr: Array) -> None:
        for w, g in zip(self.weights, gradient, strict=True):
            w -= lr[:, None, None] * g

    def accuracy(self, x: Array, y: NDArray[np.int64]) -> Array:
        """The share of `x` that each network reads rightly, (S, N)."""
        outputs = _with_ones(self._hidden(x)) @ self.weights[1]
        return np.asarray((outputs.argmax(axis=-1) == y[:, None]).mean(axis=-1))


def _with_ones(x: Array) -> Array:
    return np.concatenate([x, np.ones((*x.shape[:-1], 1), x.dtype)], axis=-1)


def _length(gradient: Sequence[Array]) -> Array:
    """Of the gradient of each network, (S, N)."""
    first, second = ((g * g).sum(axis=(-1, -2)) for g in gradient)
    return np.asarray(np.sqrt(first + second))
