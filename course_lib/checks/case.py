"""The data that crosses between the learner's code and the judge: cases in, answers out, nothing else."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Plain: TypeAlias = Any
"""None, bool, int, float, str, a NumPy array of numbers or booleans, or a list or str-keyed dict of these."""

Floats: TypeAlias = NDArray[np.float64]

Status = Literal["given", "raised", "missing", "blank", "refused", "unreadable", "timed out"]

LARGEST_ANSWER = 2_000_000
"""Elements in one answer, counted over all its arrays, strings and lists; more is not an answer but a flood."""


class Unreadable(Exception):
    """What the learner returned is not plain data; the message says what it is, in one sentence."""


@dataclass(frozen=True)
class Case:
    """One set of inputs for a question, and what is special about it in the learner's own words."""

    label: str
    inputs: Mapping[str, Plain]

    def __getitem__(self, name: str) -> Plain:
        return self.inputs[name]


@dataclass(frozen=True)
class Answer:
    """What came back for one case.

    `status` says how: a value was `given`; the code `raised` (`error` is the exception's type name,
    `detail` its message); a needed name is `missing`; the answer was left `blank`; the code leant on
    something the question `refused` (`detail` names it); the value was `unreadable` or `timed out`.
    """

    status: Status
    value: Plain = field(default=None, compare=False)
    error: str = ""
    detail: str = ""


def to_plain(value: object) -> Plain:
    """Copy what learner code returned into plain data: the only form in which an answer travels.

    Tensors become NumPy arrays (bfloat16 by way of float32), NumPy scalars become Python numbers,
    tuples become lists. Raises `Unreadable` for anything else, for object arrays, for keys that are not
    strings and for more than `LARGEST_ANSWER` elements.
    """
    return _Copier().copy(value, depth=0)


class _Copier:
    def __init__(self) -> None:
        self.room = LARGEST_ANSWER

    def spend(self, elements: int) -> None:
        self.room -= elements
        if self.room < 0:
            raise Unreadable(f"The answer holds more than {LARGEST_ANSWER:,} elements.")

    def copy(self, value: object, depth: int) -> Plain:
        if depth > 16:
            raise Unreadable("The answer is nested more than 16 levels deep.")
        self.spend(1)
        if value is None or type(value) in (bool, int, float):
            return value
        if isinstance(value, str):
            self.spend(len(value))
            return str.__str__(value)
        if isinstance(value, np.generic):
            return self._array(np.asarray(value)).item()
        if isinstance(value, np.ndarray):
            return self._array(value)
        if isinstance(value, bool | int):
            return int(value)
        if isinstance(value, float):
            return float(value)
        if isinstance(value, list | tuple):
            return [self.copy(entry, depth + 1) for entry in value]
        if isinstance(value, dict):
            if not all(type(key) is str for key in value):
                raise Unreadable("The answer is a dict whose keys are not all strings.")
            return {key: self.copy(entry, depth + 1) for key, entry in value.items()}
        torch = sys.modules.get("torch")
        if torch is not None and isinstance(value, torch.Tensor):
            dense = value.detach().cpu()
            if dense.dtype == torch.bfloat16:
                dense = dense.float()
            return self._array(dense.numpy())
        raise Unreadable(
            f"The answer is of type {type(value).__name__}; numbers, strings, lists, dicts, "
            "NumPy arrays and tensors can be checked."
        )

    def _array(self, value: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        if value.dtype.kind not in "biuf":
            raise Unreadable(f"The answer is an array of {value.dtype}; numbers or booleans are needed.")
        self.spend(value.size)
        # A base-class copy: subclasses could answer differently each time they are read.
        return np.array(value, dtype=value.dtype.newbyteorder("="), copy=True, subok=False)


def copy_plain(value: Plain) -> Plain:
    """A deep copy of plain data, so that learner code that writes into its inputs harms only itself."""
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, list):
        return [copy_plain(entry) for entry in value]
    if isinstance(value, dict):
        return {key: copy_plain(entry) for key, entry in value.items()}
    return value


def size(value: Plain) -> int:
    """How many numbers and letters a value holds: the measure by which the smallest failing case is chosen."""
    if isinstance(value, np.ndarray):
        return int(value.size)
    if isinstance(value, list):
        return sum(size(entry) for entry in value)
    if isinstance(value, Mapping):
        return sum(size(entry) for entry in value.values())
    return len(value) if isinstance(value, str) else 1
