"""Logistic regressions on grouped data: the exact optimum, and training with group rules, side by side.

Many splits and settings are trained at once as columns of one array, so ten splits cost little more than one.
Taught in lesson 11_fairness.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from course_lib.data import GroupedDataset, split, standardise
from course_lib.fairness.clipping import GroupSetting, group_weights
from course_lib.fairness.inputs import FairnessError, Floats, beside, labels, positive

FURTHEST = 4.0
"""Standard deviations: incomes and net worths have tails that would decide a fit alone."""


@dataclass(frozen=True)
class GroupedSplits:
    """S random splits of one table with two groups, ready for a linear model.

    `x_train` (S, n, d) and `x_test` (S, m, d): features standardised on their training part, cut at 4 standard
    deviations, with a last column of ones; `y_train`, `y_test` 0 or 1; `group_train`, `group_test` 0 or 1.
    """

    x_train: Floats
    y_train: NDArray[np.int64]
    group_train: NDArray[np.int64]
    x_test: Floats
    y_test: NDArray[np.int64]
    group_test: NDArray[np.int64]


def grouped_splits(data: GroupedDataset, seeds: Sequence[int], n_test: int) -> GroupedSplits:
    """One split for each seed, `n_test` examples for testing; `n_test=0` learns from and tests on all of them.

    Raises `FairnessError` without a seed or with other than two groups, `DataError` for too large a test part.
    """
    if not len(seeds) or len(data.groups) != 2:
        raise FairnessError("Give at least one seed, and data with two groups.")
    parts = []
    for seed in seeds:
        train, test = split(data, n_test, np.random.default_rng(int(seed))) if n_test else (data, data)
        parts.append(standardise(train, test))
    trains, tests = zip(*parts, strict=True)
    return GroupedSplits(*_stacked(trains), *_stacked(tests))


def _stacked(parts: Sequence[GroupedDataset]) -> tuple[Floats, NDArray[np.int64], NDArray[np.int64]]:
    return (
        np.stack([_design(part.X) for part in parts]),
        np.stack([part.y for part in parts]),
        np.stack([part.group for part in parts]),
    )


def _design(X: Floats) -> Floats:
    return np.column_stack([np.clip(X, -FURTHEST, FURTHEST), np.ones(len(X))])


def logistic_optimum(X: ArrayLike, y: ArrayLike, weights: ArrayLike | None = None) -> Floats:
    r"""The weights (d,) that minimise $\frac1n \sum_i v_i \ln(1 + e^{-(2 y_i - 1)\, w \cdot x_i})$, by Newton's method.

    `X` (n, d) is to hold a column of ones where an intercept is wanted. The gradient there is zero to rounding.
    Raises `FairnessError` where no finite minimum was found: the classes can be separated, or a feature is
    redundant.
    """
    table, truth = np.asarray(X, np.float64), labels(y)
    weight = np.ones(len(truth)) if weights is None else beside(weights, len(truth), "The weights")
    w = np.zeros(table.shape[1])
    for _ in range(40):
        p = expit(table @ w)
        slope = table.T @ (weight * (p - truth))
        curvature = (table * (weight * p * (1 - p))[:, None]).T @ table
        try:
            step = np.linalg.solve(curvature, slope)
        except np.linalg.LinAlgError:
            break
        w = w - step
        if np.linalg.norm(step) <= 1e-12 * np.linalg.norm(w):
            return w
    raise FairnessError(
        "The logistic loss has no finite minimum here (the two labels can be separated, or a feature is "
        "redundant); use more examples or fewer features."
    )


@dataclass(frozen=True)
class LogisticRuns:
    """What came of it; N settings, S splits, T steps.

    `weights` (N, S, d); `ratios` (T, N, S), the length of group 0's contribution over group 1's before clipping,
    inf where group 1's is zero; `clipped` (N, S), the share of steps that were clipped.
    """

    names: tuple[str, ...]
    weights: Floats
    ratios: Floats
    clipped: Floats

    def row(self, name: str) -> int:
        """The place of a setting; raises `FairnessError` with the names that exist."""
        if name not in self.names:
            raise FairnessError(f"There is no setting {name!r}; there are {', '.join(self.names)}.")
        return self.names.index(name)

    def scores(self, splits: GroupedSplits) -> Floats:
        """The probabilities that every regression gives to its split's test examples, shape (N, S, m)."""
        return np.asarray(expit(np.einsum("smd,nsd->nsm", splits.x_test, self.weights)))


def train_logistic(
    splits: GroupedSplits,
    settings: Sequence[GroupSetting],
    *,
    steps: int,
    batch_size: int | None = None,
    seed: int = 0,
    start: Floats | None = None,
) -> LogisticRuns:
    """Gradient descent on every split with every setting, from zero or from `start` (broadcast to (N, S, d)).

    Without `batch_size` each step uses all training examples, and the last weights are returned. With it every
    setting sees the same random batches, and the weights are averaged over the second half of the steps, so
    that the noise of the last batch does not count. A batch without anyone of group 1 has a zero gradient
    there, so `ratio` clips it to zero. Raises `FairnessError` for settings that cannot work.
    """
    count, size, features = splits.x_train.shape
    if not settings or steps < 1:
        raise FairnessError("Give at least one setting and one step.")
    if batch_size is not None and not 1 <= batch_size <= size:
        raise FairnessError(f"A batch must have 1 to {size} examples, not {batch_size}.")
    lr = np.array([positive(s.lr, f"The learning rate of {s.name}") for s in settings])[:, None]
    cap = np.array([positive(s.ratio, f"The ratio of {s.name}") for s in settings])[:, None]
    weight = np.stack(
        [[group_weights(group, s.strength) for s in settings] for group in splits.group_train]
    ).swapaxes(1, 2)  # (splits, examples, settings)
    everything = (splits.x_train, splits.y_train[..., None], splits.group_train[..., None] == 1, weight)
    rng = np.random.default_rng(seed)
    W = np.zeros((len(settings), count, features)) if start is None else np.array(start, np.float64)
    W = (
        np.broadcast_to(W, (len(settings), count, features)).transpose(1, 2, 0).copy()
    )  # (splits, d, settings)
    total, ratios = np.zeros_like(W), np.empty((steps, len(settings), count))
    for step in range(steps):
        x, y, minor, v = everything
        if batch_size is not None:
            rows = np.argpartition(rng.random((count, size)), batch_size - 1, axis=1)[:, :batch_size, None]
            x, y, minor, v = (np.take_along_axis(array, rows, axis=1) for array in everything)
        error = v * (expit(x @ W) - y) / x.shape[1]
        transposed = x.swapaxes(1, 2)
        smaller = transposed @ np.where(minor, error, 0.0)
        larger = transposed @ error - smaller
        long, short = (np.linalg.norm(g, axis=1).T for g in (larger, smaller))
        with np.errstate(divide="ignore", invalid="ignore"):
            ratios[step] = np.where(short > 0, long / short, math.inf)
            factor = np.where(ratios[step] > cap, cap / ratios[step], 1.0)
        W -= lr.T * (larger * factor.T[:, None, :] + smaller)
        if batch_size is not None and step >= steps // 2:
            total += W
    final = W if batch_size is None else total / (steps - steps // 2)
    return LogisticRuns(
        tuple(s.name for s in settings), final.transpose(2, 0, 1), ratios, (ratios > cap).mean(axis=0)
    )
