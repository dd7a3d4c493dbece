"""Clipping by norm: one factor scales the whole gradient, so its direction stays.

Pascanu, Mikolov & Bengio 2013, "On the difficulty of training recurrent neural networks", Algorithm 1.
Taught in lesson 03_clipping_mechanics.

The functions here are the formula itself. PyTorch's `clip_grad_norm_` divides by norm + 1e-6 instead of
by the norm, so it leaves a length of c * norm / (norm + 1e-6), and it shrinks even a gradient that is
below the threshold by less than 1e-6; these functions do neither. It also measures the norm in the
gradients' own precision, where 1e20 squared is already infinite in float32; here the norm is taken in
float64 and relative to the largest entry, so it overflows only where the norm itself does.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from course_lib.clipping.inputs import Array, gradient, gradients, norm_order, threshold


def clip_by_norm(g: ArrayLike, max_norm: float, p: float = 2) -> Array:
    r"""One gradient, cut back to length `max_norm` when it is longer.

    $$\operatorname{clip}(g) = g \cdot \min\left(1, \frac{c}{\lVert g \rVert_p}\right)$$

    `g` has any shape, and the result has the same shape and dtype; the norm is that of all its entries,
    not the matrix norm. Below the threshold every bit stays. The zero gradient stays zero.
    Raises `ClippingError` when `max_norm` is not above 0, `p` below 1, or `g` not finite.
    """
    [clipped], _ = clip_by_global_norm([gradient(g)], max_norm, p)
    return clipped


def global_norm(grads: Iterable[ArrayLike], p: float = 2) -> float:
    r"""The p-norm of all gradients laid end to end, $\left(\sum_i |g_i|^p\right)^{1/p}$.

    For `p=math.inf` it is the largest magnitude. Raises `ClippingError` for an empty list.
    """
    largest, relative = _largest_and_relative_norm(gradients(grads), norm_order(p))
    return largest * relative


def clip_by_global_norm(
    grads: Iterable[ArrayLike], max_norm: float, p: float = 2
) -> tuple[list[Array], float]:
    r"""All gradients, scaled by one common factor; and the norm they had *before*.

    $$g_k \leftarrow g_k \cdot \min\left(1, \frac{c}{n}\right), \qquad n = \lVert (g_1, \dots, g_K) \rVert_p$$

    Shapes and dtypes are kept; the arrays given are not changed.
    Raises `ClippingError` when the list is empty, `max_norm` not above 0, `p` below 1, or a gradient
    missing or not finite.
    """
    arrays, c, order = gradients(grads), threshold(max_norm), norm_order(p)
    largest, relative = _largest_and_relative_norm(arrays, order)
    total = largest * relative
    if total <= c:
        return [g.copy() for g in arrays], total
    # g / largest * (c / relative) is g * c / total, in the order in which no intermediate can overflow.
    return [np.asarray(g.astype(np.float64) / largest * (c / relative), g.dtype) for g in arrays], total


def _largest_and_relative_norm(arrays: Sequence[Array], p: float) -> tuple[float, float]:
    """The largest magnitude, and the norm in units of it: their product is the norm."""
    flat = np.concatenate([np.abs(g.astype(np.float64)).ravel() for g in arrays])
    largest = float(flat.max(initial=0.0))
    if largest == 0 or p == math.inf:
        return largest, 1.0
    return largest, float(np.sum((flat / largest) ** p) ** (1 / p))
