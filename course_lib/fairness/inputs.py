"""What the fairness room may be asked with, and the one sentence for what it may not."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from course_lib.errors import CourseError

Floats = NDArray[np.float64]


class FairnessError(CourseError, ValueError):
    """A metric or a training by group was asked for in a way that cannot work; the message says what to change."""


def labels(y: ArrayLike) -> NDArray[np.bool_]:
    """`y` as booleans; raises `FairnessError` unless it is a vector of 0 and 1."""
    array = np.asarray(y)
    if array.ndim != 1 or not len(array) or not np.isin(array, (0, 1)).all():
        raise FairnessError("The labels must be a vector of 0 and 1, with at least one entry.")
    return array.astype(bool)


def beside(values: ArrayLike, count: int, name: str) -> NDArray[Any]:
    """`values` as a vector of `count` entries; raises `FairnessError` for another shape."""
    array = np.asarray(values)
    if array.shape != (count,):
        raise FairnessError(
            f"{name} must have one entry for each of the {count} labels, not shape {array.shape}."
        )
    return array


def positive(value: float, name: str) -> float:
    """`value`; raises `FairnessError` unless it is above 0 (infinity is)."""
    if not value > 0:
        raise FairnessError(f"{name} must be a number above 0, but it is {value!r}.")
    return float(value)
