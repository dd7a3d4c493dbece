"""What clipping may be asked with, and the one sentence for what it may not."""

from __future__ import annotations

import math
from collections.abc import Iterable
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from course_lib.errors import CourseError

Array = NDArray[np.floating[Any]]


class ClippingError(CourseError, ValueError):
    """Clipping was asked for something it cannot do; the message says what, where, and what to do."""


def threshold(value: object, name: str = "max_norm") -> float:
    """`value` as a threshold: a real number above 0; `math.inf` means "never clip".

    Raises `ClippingError` for 0, a negative number, nan, or anything that is not a number.
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        raise ClippingError(
            f"{name} must be a number above 0, but it is {value!r} (a {type(value).__name__}); "
            f"write for example {name}=1.0."
        )
    number = float(value)
    if math.isnan(number):
        raise ClippingError(f"{name} is nan, so no gradient can be compared with it; give a number above 0.")
    if number <= 0:
        raise ClippingError(
            f"{name} must be above 0, but it is {number:g}: no step would be left; give a number above 0, "
            "or math.inf for no clipping."
        )
    return number


def norm_order(p: object) -> float:
    """`p` as the order of a norm: a real number of at least 1, or `math.inf`.

    Raises `ClippingError` otherwise: below 1 the triangle inequality fails, so it is not a norm.
    """
    if isinstance(p, bool) or not isinstance(p, Real) or math.isnan(float(p)) or float(p) < 1:
        raise ClippingError(
            f"p must be a number of at least 1, but it is {p!r}; the usual ones are 1, 2 and math.inf."
        )
    return float(p)


def gradient(g: ArrayLike, name: str = "The gradient") -> Array:
    """`g` as a floating-point array that can be clipped; its dtype is kept, integers become float64.

    Raises `ClippingError` when it is missing, not made of real numbers, or holds nan or inf.
    """
    if g is None:
        raise ClippingError(f"{name} is None: run the backward pass first, or leave this entry out.")
    try:
        array = np.asarray(g)
    except (ValueError, TypeError, RuntimeError) as problem:
        raise ClippingError(
            f"{name} cannot be read as an array ({problem}); a list of gradients goes to clip_by_global_norm."
        ) from problem
    if array.dtype.kind in "iub":
        array = array.astype(np.float64)
    if array.dtype.kind != "f":
        raise ClippingError(f"{name} must hold real numbers, but its dtype is {array.dtype}.")
    broken = array.size - int(np.isfinite(array).sum())
    if broken:
        raise ClippingError(
            f"{name} is not finite ({broken} of its {array.size} entries: nan or inf); "
            "clipping cannot repair it: skip this step and find its cause."
        )
    return array


def gradients(grads: Iterable[ArrayLike]) -> list[Array]:
    """Every gradient of a list, checked by `gradient`; raises `ClippingError` for an empty list."""
    arrays = [gradient(g, f"Gradient {index}") for index, g in enumerate(grads)]
    if not arrays:
        raise ClippingError(
            "There is no gradient to clip: the list is empty (a generator can be used only once)."
        )
    return arrays
