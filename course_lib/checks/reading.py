"""Answers as numbers, for judges that must look at what they hold before they compare."""

from __future__ import annotations

import math

import numpy as np

from course_lib.checks.case import Floats, Plain


def numbers_in(value: Plain) -> Floats | None:
    """The answer as an array of numbers, or `None` where it is none: words, dicts and ragged lists are not."""
    try:
        array = np.asarray(value)
    except ValueError:  # a ragged list
        return None
    return np.asarray(array, np.float64) if array.dtype.kind in "iuf" else None


def number_in(value: Plain) -> float | None:
    """The answer as one finite number of ordinary size, or `None` where it is none; a list is not."""
    array = None if isinstance(value, list) else numbers_in(value)
    if array is None or array.size != 1:
        return None
    found = float(array.ravel()[0])
    return found if math.isfinite(found) and abs(found) < 1e12 else None


def vector_in(value: Plain) -> Floats | None:
    """The answer as a vector of at least one number; one number counts as a vector of one."""
    array = numbers_in(value)
    if array is None:
        return None
    array = np.atleast_1d(array)
    return array if array.ndim == 1 and array.size > 0 else None
