"""How far a rule turns the gradient. Taught in lesson 03_clipping_mechanics."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from course_lib.clipping.inputs import ClippingError, gradient


def angle_between(u: ArrayLike, v: ArrayLike) -> float:
    r"""The angle between two vectors in degrees, from 0 to 180; shapes must agree, and are laid flat.

    $$\angle(u, v) = 2 \operatorname{arctan2}\left(\lVert \hat u - \hat v \rVert,
    \lVert \hat u + \hat v \rVert\right)$$

    with unit vectors $\hat u, \hat v$ (Kahan 2006, "How futile are mindless assessments of roundoff",
    section 12): unlike the arccos of the inner product it tells small angles apart.
    Raises `ClippingError` for different shapes, a zero vector (it has no direction), or nan and inf.
    """
    a, b = gradient(u, "u").astype(np.float64), gradient(v, "v").astype(np.float64)
    if a.shape != b.shape:
        raise ClippingError(f"An angle needs two vectors of one shape; these have {a.shape} and {b.shape}.")
    a, b = _unit(a.ravel(), "u"), _unit(b.ravel(), "v")
    return math.degrees(2 * math.atan2(float(np.linalg.norm(a - b)), float(np.linalg.norm(a + b))))


def worst_value_angle(d: int) -> float:
    r"""The angle in degrees that clipping by value comes near but never reaches: $\arccos(1/\sqrt d)$.

    The worst gradient in d dimensions is (M, v, ..., v) with M far above the limit v: it becomes
    (v, ..., v). 45 degrees for d = 2, towards 90 as d grows. Derived in the lesson.
    Raises `ClippingError` when `d` is below 1.
    """
    if d < 1:
        raise ClippingError(f"A gradient has at least 1 coordinate, but d is {d}.")
    return math.degrees(math.acos(1 / math.sqrt(d)))


def _unit(a: NDArray[np.float64], name: str) -> NDArray[np.float64]:
    largest = np.abs(a).max(initial=0.0)
    if largest == 0:
        raise ClippingError(f"{name} is zero: the zero vector has no direction, so no angle.")
    a = a / largest
    return np.asarray(a / np.linalg.norm(a))
