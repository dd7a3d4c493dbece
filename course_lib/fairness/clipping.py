r"""Two ways to shift weight between groups: cap one group's gradient by another's, or weigh examples.

The mean gradient of a loss is a sum of contributions, one a group: $g = \sum_k g_k$ with
$g_k = \frac1n \sum_{i \in k} \nabla \ell_i$. "Fair clipping" shortens the contribution of the larger group to
at most `ratio` times that of the smaller one. At an optimum of the loss $g_1 = -g_2$, so both are equally long
and a ratio of 1 or more changes nothing there. Taught in lesson 11_fairness; no primary source for the rule
was found.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from course_lib.fairness.inputs import FairnessError, Floats, beside, labels, positive


@dataclass(frozen=True)
class GroupSetting:
    """How the models of one row are trained.

    `ratio` caps the contribution of group 0 at that many times group 1's (`fair_clip`); `strength` weighs the
    examples by group (`group_weights`).
    """

    name: str
    lr: float
    ratio: float = math.inf
    strength: float = 0.0


def fair_clip(g_larger: ArrayLike, g_smaller: ArrayLike, ratio: float) -> Floats:
    r"""The larger group's gradient, at most `ratio` times as long as the smaller group's; same direction.

    $$g_1 \leftarrow g_1 \min\left(1, \frac{r \lVert g_2 \rVert}{\lVert g_1 \rVert}\right)$$

    Both have the same shape; with leading axes the last one is the gradient. Where the smaller group's gradient
    is zero the answer is zero; a ratio of `math.inf` changes nothing. Raises `FairnessError` for shapes that
    differ, an entry that is not finite, or a ratio that is not above 0.
    """
    larger, smaller = np.asarray(g_larger, np.float64), np.asarray(g_smaller, np.float64)
    if larger.shape != smaller.shape or larger.ndim == 0:
        raise FairnessError(
            f"Two gradients of the same shape are needed, not {larger.shape} and {smaller.shape}."
        )
    if not (np.isfinite(larger).all() and np.isfinite(smaller).all()):
        raise FairnessError("A group's gradient is not finite (nan or inf), so no ratio can be kept.")
    if positive(ratio, "The ratio") == math.inf:
        return larger.copy()
    length = np.linalg.norm(larger, axis=-1, keepdims=True)
    allowed = ratio * np.linalg.norm(smaller, axis=-1, keepdims=True)
    return np.asarray(larger * np.where(length > allowed, allowed / np.where(length > 0, length, 1.0), 1.0))


def group_gradients(
    w: ArrayLike, X: ArrayLike, y: ArrayLike, group: ArrayLike, weights: ArrayLike | None = None
) -> Floats:
    r"""Each group's contribution to the mean gradient of logistic regression, shape (groups, features).

    $$g_k = \frac1n \sum_{i \in k} v_i \,(\sigma(w \cdot x_i) - y_i)\, x_i$$

    `group` holds 0, 1, ..., K - 1; `weights` are the $v_i$, 1 if they are not given. The rows add up to the
    gradient of the mean loss over all n examples. Raises `FairnessError` for lengths that differ.
    """
    table, truth = np.asarray(X, np.float64), labels(y)
    which = beside(group, len(truth), "The groups").astype(np.int64)
    weight = np.ones(len(truth)) if weights is None else beside(weights, len(truth), "The weights")
    vector = np.asarray(w, np.float64)
    if table.shape != (len(truth), len(vector)):
        raise FairnessError(
            f"{len(truth)} labels and {len(vector)} weights need features of shape "
            f"({len(truth)}, {len(vector)}), not {table.shape}."
        )
    error = weight * (expit(table @ vector) - truth) / len(truth)
    return np.stack([error[which == k] @ table[which == k] for k in range(int(which.max()) + 1)])


def group_weights(group: ArrayLike, strength: float = 1.0) -> Floats:
    r"""A weight for each example, with mean 1: $v_i \propto (n / n_{k(i)})^{s}$.

    `strength` 0 leaves all alike; at 1 every group has the same total weight; above 1 the smallest group has
    the largest. Compare Kamiran & Calders 2012, "Data preprocessing techniques for classification without
    discrimination", who weigh by group and label. Raises `FairnessError` for a negative strength.
    """
    if not strength >= 0:
        raise FairnessError(f"The strength must be 0 or more, but it is {strength!r}.")
    _, which, sizes = np.unique(np.asarray(group), return_inverse=True, return_counts=True)
    raw = (len(which) / sizes[which]) ** strength
    return np.asarray(raw / raw.mean())
