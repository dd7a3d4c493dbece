"""When two answers are the same, and in what words they differ: shape first, then the numbers.

What is shown of a value is bounded here, for every message, card and page, however large and deep the value is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from course_lib.checks.case import Answer, Plain
from course_lib.checks.reading import floats_in

LONGEST_SHOWN = 1_500
"""Letters of one value in a message; what an honest answer holds takes a few dozen."""

_FEW = 6
"""Entries of one list or dict that are shown."""

_LONGEST_WORD = 120
_MOST_AXES = 3
"""Of an array that is shown as it is; one of more axes is shown as the row of its numbers."""


def difference(
    got: Plain, expected: Plain, rtol: float = 1e-6, atol: float = 1e-9, parts: Sequence[str] = ()
) -> str:
    """Why `got` is not `expected`, in one sentence; empty when it is.

    `parts` names the entries of a vector of as many, for the sentence.

    Numbers agree when |got - expected| <= atol + rtol |expected|, infinities when they are the same,
    NaN with NaN. A Python number, a NumPy scalar and an array of shape () are one thing; so are a list
    of numbers and the array it makes. Words are no numbers, whatever they spell, and neither is `None`; a truth
    value is one where truth values are expected.
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
    """A value as a learner would write it, rounded to `digits` digits, in about `LONGEST_SHOWN` letters at most."""
    return _Shower(digits).show(value)


class _Shower:
    """Writes one value down while there is room, so that what is not shown costs no time either."""

    def __init__(self, digits: int) -> None:
        self._digits = digits
        self._room = LONGEST_SHOWN

    def show(self, value: Plain) -> str:
        if self._room <= 0:
            return "..."
        if isinstance(value, list):
            return f"[{self._some(self.show(entry) for entry in value)}]"
        if isinstance(value, Mapping):
            return "{" + self._some(self._pair(key, entry) for key, entry in value.items()) + "}"
        text = self._single(value)
        if len(text) > self._room:
            text = text[: max(self._room, 0)] + "..."
        self._room -= len(text)
        return text

    def _pair(self, key: str, entry: Plain) -> str:
        return f"{self.show(key)}: {self.show(entry)}"

    def _some(self, entries: Iterable[str]) -> str:
        """The first few, and a sign that there are more."""
        shown: list[str] = []
        for entry in entries:
            if len(shown) == _FEW or self._room <= 0:
                shown.append("...")
                break
            shown.append(entry)
            self._room -= 2
        return ", ".join(shown)

    def _single(self, value: Plain) -> str:
        match value:
            case np.ndarray():
                return self._array(value)
            case str():
                text = repr(value[:_LONGEST_WORD])
                return (
                    text if len(value) <= _LONGEST_WORD and len(text) <= _LONGEST_WORD else text[:117] + "..."
                )
            case bool() | None:
                return repr(value)
            case int():
                return self._whole(value)
        return f"{value:.{self._digits}g}"

    def _whole(self, value: int) -> str:
        if abs(value) < 10**15:
            return f"{value:d}"
        return f"{float(value):.{self._digits}g}" if abs(value) < 10**300 else "a huge integer"

    def _array(self, value: np.ndarray[Any, Any]) -> str:
        if value.ndim == 0:
            return self._single(value.item())
        flat = value if value.ndim <= _MOST_AXES else value.reshape(-1)
        text = np.array2string(flat, precision=self._digits, threshold=16, edgeitems=2, separator=", ")
        return f"{text} (shape {value.shape})" if value.ndim > 1 or value.size > 16 else text


def shortened(text: str, longest: int = LONGEST_SHOWN) -> str:
    """Words that may quote an answer, kept short."""
    return text if len(text) <= longest else text[: longest - 3] + "..."


def _same_word(got: Plain, expected: Plain) -> bool:
    if isinstance(got, np.ndarray) and got.ndim == 0:
        got = got.item()
    return type(got) is type(expected) and bool(got == expected)


def _mapping_difference(got: Plain, expected: Mapping[str, Plain], rtol: float, atol: float) -> str:
    if not isinstance(got, Mapping):
        return f"expected a dict with the keys {sorted(expected)}, got {show(got)}"
    if got.keys() != expected.keys():
        return f"expected the keys {sorted(expected)}, got {show(sorted(got))}"
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
    truths = isinstance(expected, np.ndarray) and expected.dtype == bool
    given = floats_in(got, truths=truths)
    if given is None:
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
