r"""Explosion without depth: the exponential loss on a linear model.

With labels y = +-1 and the margin m = y * (w . x), the exponential loss exp(-m) has the slope -exp(-m): a
point that is wrong by 10 pulls with a factor of 22,026, where the logistic loss ln(1 + exp(-m)) pulls with at
most 1. Friedman, Hastie & Tibshirani 2000, "Additive logistic regression", section 4. Taught in lesson
01_explosion.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from course_lib.dynamics.formats import DynamicsError

Vector = NDArray[np.float64]


def exponential_loss(margin: ArrayLike) -> Vector:
    """exp(-margin)."""
    with np.errstate(over="ignore"):
        return np.asarray(np.exp(-np.asarray(margin, np.float64)))


def exponential_slope(margin: ArrayLike) -> Vector:
    """The derivative of the exponential loss by the margin, -exp(-margin): it has no bound."""
    return -exponential_loss(margin)


def logistic_loss(margin: ArrayLike) -> Vector:
    """ln(1 + exp(-margin))."""
    return np.asarray(np.logaddexp(0.0, -np.asarray(margin, np.float64)))


def logistic_slope(margin: ArrayLike) -> Vector:
    """The derivative of the logistic loss by the margin, -1 / (1 + exp(margin)): between -1 and 0."""
    return np.asarray(-0.5 * (1 - np.tanh(0.5 * np.asarray(margin, np.float64))))


SLOPES: dict[str, Callable[[ArrayLike], Vector]] = {
    "exponential": exponential_slope,
    "logistic": logistic_slope,
}


@dataclass(frozen=True)
class LinearRun:
    """What came of training a linear model.

    `weights` (features,); `norms` (steps done,) the gradient norms before clipping; `largest_share`
    (steps done,) the share of the sum of the examples' gradient norms that the largest of them holds;
    `diverged_at` the step whose gradient was not finite, at which the run stopped, or None.
    """

    weights: Vector
    norms: Vector
    largest_share: Vector
    diverged_at: int | None


def train_linear(
    X: NDArray[np.floating[Any]],
    y: NDArray[Any],
    *,
    loss: str,
    lr: float,
    steps: int,
    batch_size: int,
    rng: np.random.Generator,
    clip: Callable[[Vector], ArrayLike] | None = None,
) -> LinearRun:
    r"""SGD on $\frac1B \sum_i \ell(y_i \, w \cdot x_i)$ from w = 0, `loss` being "exponential" or "logistic".

    `X` (examples, features) is to hold a column of ones where an intercept is wanted; `y` holds -1 and 1.
    `clip` maps the batch's gradient, shape (features,), to the one used. A gradient that is not finite ends
    the run. Raises `DynamicsError` for an unknown loss, other labels, or a batch larger than the data.
    """
    if loss not in SLOPES:
        raise DynamicsError(f"There is no loss {loss!r}; there are {', '.join(SLOPES)}.")
    if not np.isin(y, (-1, 1)).all():
        raise DynamicsError("The labels must be -1 and 1; for labels 0 and 1 give 2 * y - 1.")
    if not 1 <= batch_size <= len(X):
        raise DynamicsError(f"A batch must have 1 to {len(X)} examples, not {batch_size}.")
    slope = SLOPES[loss]
    w = np.zeros(X.shape[1])
    norms: list[float] = []
    shares: list[float] = []
    for step in range(steps):
        batch = rng.choice(len(X), batch_size, replace=False)
        with np.errstate(over="ignore", invalid="ignore"):
            margins = y[batch] * (X[batch] @ w)
            per_example = (slope(margins) * y[batch])[:, None] * X[batch]
            g = per_example.mean(axis=0)
            lengths = np.linalg.norm(per_example, axis=1)
            norms.append(float(np.linalg.norm(g)))
            shares.append(float(lengths.max() / lengths.sum()) if lengths.sum() > 0 else 0.0)
        if not np.isfinite(norms[-1]):
            return LinearRun(w, np.array(norms), np.array(shares), step)
        w = w - lr * (g if clip is None else np.asarray(clip(g), np.float64))
    return LinearRun(w, np.array(norms), np.array(shares), None)
