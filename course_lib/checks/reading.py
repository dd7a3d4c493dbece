"""Answers as numbers, for judges that must look at what they hold before they compare."""

from __future__ import annotations

import math

import numpy as np

from course_lib.checks.case import Floats, Plain


def numbers_in(value: Plain) -> Floats | None:
    """The answer as an array of numbers, or `None` where it is none: words, truths, dicts and ragged lists are not."""
    return floats_in(value)


def floats_in(value: Plain, *, truths: bool = False) -> Floats | None:
    """The answer as an array of floats, or `None`; with `truths`, truth values count as 0 and 1.

    What it holds is looked at before NumPy is: it would make numbers of words that spell them and of `None`, and
    give each word of a list as much room as the longest takes.
    """
    if not _all_numbers(value, truths):
        return None
    try:
        return np.asarray(value, np.float64)
    except (ValueError, OverflowError):  # a ragged list; a whole number beyond all floats
        return None


def _all_numbers(value: Plain, truths: bool) -> bool:
    match value:
        case bool():
            return truths
        case int() | float():
            return True
        case np.ndarray():
            return value.dtype.kind in ("biuf" if truths else "iuf")
        case list():
            return all(_all_numbers(entry, truths) for entry in value)
    return False


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
