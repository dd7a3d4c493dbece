"""How a classifier serves each group: six metrics, their gaps, and bootstrap intervals. Lesson 11_fairness.

`y` is what was decided or happened (0 or 1), `score` the model's probability of 1, `group` any label of a
group. A metric that a group gives no chance to measure (a true positive rate without a positive) is nan.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

from course_lib.fairness.inputs import FairnessError, Floats, beside, labels

METRICS = ("accuracy", "approval rate", "true positive rate", "false positive rate", "auc", "log loss")
"""The names of what is measured; the first five lie between 0 and 1."""


def group_metrics(
    y: ArrayLike, score: ArrayLike, group: ArrayLike, threshold: float = 0.5
) -> dict[Any, dict[str, float]]:
    r"""`{group: {metric: value}}`, the metrics being those of `METRICS`.

    With $\hat y = 1$ where the score is above `threshold`, and means over one group:

    - accuracy: the mean of $[\hat y = y]$; approval rate: the mean of $\hat y$;
    - true (false) positive rate: the mean of $\hat y$ over the examples with $y = 1$ ($y = 0$);
    - auc: the chance that of one example with $y = 1$ and one with $y = 0$ the first has the higher score, a tie
      counting one half; it needs no threshold;
    - log loss: the mean of $-\ln p$, $p$ being the probability given to the label that is true.

    Hardt, Price & Srebro 2016, "Equality of opportunity in supervised learning", section 2, for the rates.
    Raises `FairnessError` for labels other than 0 and 1, scores outside 0 to 1, or lengths that differ.
    """
    truth, p, which = _checked(y, score, group)
    return {
        name: {metric: float(value) for metric, value in _metrics(truth[at], p[at], threshold).items()}
        for name, at in _members(which).items()
    }


def gaps(by_group: Mapping[Any, Mapping[str, Any]], first: Any, second: Any) -> dict[str, Any]:
    """Each metric of group `first` minus that of group `second`; works on numbers and on bootstrap arrays."""
    for name in (first, second):
        if name not in by_group:
            raise FairnessError(
                f"There is no group {name!r}; there are {', '.join(repr(known) for known in by_group)}."
            )
    return {metric: by_group[first][metric] - by_group[second][metric] for metric in by_group[first]}


def bootstrap_metrics(
    y: ArrayLike,
    score: ArrayLike,
    group: ArrayLike,
    rng: np.random.Generator,
    resamples: int = 2000,
    threshold: float = 0.5,
) -> dict[Any, dict[str, Floats]]:
    """`{group: {metric: values (resamples,)}}`: the metrics of samples drawn from the data with replacement.

    Each group is drawn from by itself and keeps its size, so groups are independent and `gaps` of the result
    is the bootstrap of the gaps. It shows what *these examples* leave open with the model held fixed, not how
    the model would differ if it were trained on others. Efron & Tibshirani 1993, "An introduction to the
    bootstrap", chapters 6 and 13. Raises `FairnessError` as `group_metrics` does, or for no resample.
    """
    truth, p, which = _checked(y, score, group)
    if resamples < 1:
        raise FairnessError(f"The bootstrap needs at least one resample, not {resamples}.")
    drawn = {}
    for name, at in _members(which).items():
        rows = rng.choice(np.flatnonzero(at), size=(resamples, int(at.sum())))
        drawn[name] = _metrics(truth[rows], p[rows], threshold)
    return drawn


def interval(values: ArrayLike, level: float = 0.95) -> tuple[float, float]:
    """The central `level` of `values`, nan passed over: the percentile interval of a bootstrap."""
    if not 0 < level < 1:
        raise FairnessError(f"The level of an interval lies between 0 and 1, but it is {level!r}.")
    low, high = np.nanquantile(np.asarray(values, np.float64), [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _metrics(truth: NDArray[np.bool_], p: Floats, threshold: float) -> dict[str, Any]:
    """Every metric over the last axis."""
    said = p > threshold
    return {
        "accuracy": (said == truth).mean(axis=-1),
        "approval rate": said.mean(axis=-1),
        "true positive rate": _mean_where(said, truth),
        "false positive rate": _mean_where(said, ~truth),
        "auc": _auc(truth, p),
        "log loss": -np.where(truth, _ln(p), _ln(1 - p)).mean(axis=-1),
    }


def _ln(p: Floats) -> Floats:
    return np.asarray(np.log(np.maximum(p, np.finfo(np.float64).tiny)))


def _mean_where(said: NDArray[np.bool_], where: NDArray[np.bool_]) -> Any:
    count = where.sum(axis=-1)
    return np.where(count > 0, (said & where).sum(axis=-1) / np.maximum(count, 1), np.nan)


def _auc(truth: NDArray[np.bool_], p: Floats) -> Any:
    """By the ranks of the positives: the statistic of Mann & Whitney over the number of pairs."""
    positives = truth.sum(axis=-1)
    pairs = positives * (truth.shape[-1] - positives)
    above = np.where(truth, rankdata(p, axis=-1), 0.0).sum(axis=-1) - positives * (positives + 1) / 2
    return np.where(pairs > 0, above / np.maximum(pairs, 1), np.nan)


def _checked(
    y: ArrayLike, score: ArrayLike, group: ArrayLike
) -> tuple[NDArray[np.bool_], Floats, NDArray[Any]]:
    truth = labels(y)
    p = np.asarray(beside(score, len(truth), "The scores"), np.float64)
    if not ((p >= 0) & (p <= 1)).all():
        raise FairnessError(
            "The scores must be probabilities from 0 to 1; pass logits through a sigmoid first."
        )
    return truth, p, beside(group, len(truth), "The groups")


def _members(group: NDArray[Any]) -> dict[Any, NDArray[np.bool_]]:
    return {name.item(): group == name for name in np.unique(group)}
