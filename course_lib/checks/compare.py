"""When two answers are the same, and in what words they differ: shape first, then the numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from course_lib.checks.case import Answer, Plain


def difference(
    got: Plain, expected: Plain, rtol: float = 1e-6, atol: float = 1e-9, parts: Sequence[str] = ()
) -> str:
    """Why `got` is not `expected`, in one sentence; empty when it is.

    `parts` names the entries of a vector of as many, for the sentence.

    Numbers agree when |got - expected| <= atol + rtol |expected|, infinities when they are the same,
    NaN with NaN. A Python number, a NumPy scalar and an array of shape () are one thing; so are a list
    of numbers and the array it makes.
    """
    if isinstance(expected, str | bool) or expected is None:
        return "" if _same_word(got, expected) else f"expected {show(expected)}, got {show(got)}"
    if isinstance(expected, Mapping):
        return _mapping_difference(got, expected, rtol, atol)
    if isinstance(expected, list) and not _numeric(expected):
        return _list_difference(got, expected, rtol, atol)
    return _number_difference(got, expected, rtol, atol, parts)


def same(got: Answer, other: Answer, rtol: float = 1e-6, atol: float = 1e-9) -> bool:
    """Whether two answers came out alike: equal values, or the same kind of exception."""
    if got.status != other.status or got.error != other.error:
        return False
    return got.status != "given" or not difference(got.value, other.value, rtol, atol)


def show(value: Plain, digits: int = 4) -> str:
    """A value as a learner would write it, rounded to `digits` significant digits and kept short."""
    if isinstance(value, np.ndarray):
        if value.ndim == 0:
            return show(value.item(), digits)
        text = np.array2string(value, precision=digits, threshold=16, edgeitems=2, separator=", ")
        return f"{text} (shape {value.shape})" if value.ndim > 1 or value.size > 16 else text
    if isinstance(value, bool) or not isinstance(value, int | float):
        if isinstance(value, list):
            shown = ", ".join(show(entry, digits) for entry in value[:6])
            return f"[{shown}{', ...' if len(value) > 6 else ''}]"
        if isinstance(value, Mapping):
            return "{" + ", ".join(f"{key!r}: {show(entry, digits)}" for key, entry in value.items()) + "}"
        text = repr(value)
        return text if len(text) <= 120 else text[:117] + "..."
    if isinstance(value, int):
        return (
            f"{value:d}"
            if abs(value) < 10**15
            else f"{float(value):.{digits}g}"
            if abs(value) < 10**300
            else "a huge integer"
        )
    return f"{value:.{digits}g}"


def _same_word(got: Plain, expected: Plain) -> bool:
    if isinstance(got, np.ndarray) and got.ndim == 0:
        got = got.item()
    return type(got) is type(expected) and bool(got == expected)


def _mapping_difference(got: Plain, expected: Mapping[str, Plain], rtol: float, atol: float) -> str:
    if not isinstance(got, Mapping):
        return f"expected a dict with the keys {sorted(expected)}, got {show(got)}"
    if got.keys() != expected.keys():
        return f"expected the keys {sorted(expected)}, got {sorted(got)}"
    for key, value in expected.items():
        if why := difference(got[key], value, rtol, atol):
            return f"at {key!r}: {why}"
    return ""


def _list_difference(got: Plain, expected: list[Plain], rtol: float, atol: float) -> str:
    if isinstance(got, np.ndarray) and got.ndim > 0:
        got = list(got)
    if not isinstance(got, list):
        return f"expected a list of {len(expected)}, got {show(got)}"
    if len(got) != len(expected):
        return f"expected {len(expected)} entries, got {len(got)}"
    for index, value in enumerate(expected):
        if why := difference(got[index], value, rtol, atol):
            return f"at position {index}: {why}"
    return ""


def _number_difference(got: Plain, expected: Plain, rtol: float, atol: float, parts: Sequence[str]) -> str:
    right = np.asarray(expected, dtype=float)
    try:
        given = np.asarray(got, dtype=float)
    except (TypeError, ValueError, OverflowError):
        return f"expected {_kind(right)}, got {show(got)}"
    if isinstance(got, str | bool) or got is None:
        return f"expected {_kind(right)}, got {show(got)}"
    if given.shape != right.shape:
        return f"expected {_kind(right)}, got {_kind(given)}"
    with np.errstate(invalid="ignore", over="ignore"):
        alike = np.isclose(given, right, rtol=rtol, atol=atol, equal_nan=True)
    if alike.all():
        return ""
    where = tuple(int(i) for i in np.argwhere(~alike)[0])
    wanted, came = _apart(float(right[where]), float(given[where]))
    place = f" at {where[0] if len(where) == 1 else where}" if where else ""
    if right.shape == (len(parts),):
        place = f" for {parts[where[0]]}"
    return f"expected {wanted}{place}, got {came}"


def _apart(expected: float, got: float) -> tuple[str, str]:
    """Both numbers, with as many digits as it takes to see by how much they differ."""
    for digits in range(4, 18):
        wanted, came = show(expected, digits), show(got, digits)
        if not abs(float(wanted) - float(came) - (expected - got)) > 0.2 * abs(expected - got):
            break
    return wanted, came


def _numeric(values: list[Plain]) -> bool:
    return bool(values) and all(
        isinstance(entry, int | float) and not isinstance(entry, bool) for entry in values
    )


def _kind(value: np.ndarray[Any, Any]) -> str:
    return "one number" if value.ndim == 0 else f"an array of shape {value.shape}"
