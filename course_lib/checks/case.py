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
"""Numbers in all arrays of one answer; more is not an answer but a flood."""

MOST_ENTRIES = 200_000
"""What one answer may hold beside them: entries of lists and dicts, sides of arrays, and letters of its words.

Each of these costs many times its own bytes once it is a Python object, which a number in an array does not.
"""

DEEPEST = 16
"""How deep an answer may be nested."""

MOST_AXES = 16
LONGEST_AXIS = 1 << 32
"""Of an array; one without a single number may have long axes, and NumPy would not have all of them."""

_MOST_BITS = 4096
"""Of a whole number: a thousand digits. The largest float has 1024."""


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

    Tensors become NumPy arrays, NumPy scalars Python numbers, tuples lists; real numbers of a kind that does not
    travel (long doubles, bfloat16 and shorter ones) become the nearest kind that does. Raises `Unreadable` for
    anything else, for object arrays, for keys that are not strings, and for more than `LARGEST_ANSWER` numbers in
    arrays or `MOST_ENTRIES` of all else.
    """
    return _Copier().copy(value, depth=0)


class _Copier:
    def __init__(self) -> None:
        self.numbers = LARGEST_ANSWER
        self.entries = MOST_ENTRIES

    def spend(self, entries: int) -> None:
        self.entries -= entries
        if self.entries < 0:
            raise Unreadable(f"The answer holds more than {MOST_ENTRIES:,} entries and letters.")

    def copy(self, value: object, depth: int) -> Plain:
        if depth > DEEPEST:
            raise Unreadable(f"The answer is nested more than {DEEPEST} levels deep.")
        self.spend(2)
        if value is None or type(value) in (bool, float):
            return value
        if isinstance(value, str):
            return self._words(str.__str__(value))
        if isinstance(value, np.generic):
            return self._array(np.asarray(value)).item()
        if isinstance(value, np.ndarray):
            return self._array(value)
        if isinstance(value, bool | int):
            return self._whole(int(value))
        if isinstance(value, float):
            return float(value)
        if isinstance(value, list | tuple):
            return [self.copy(entry, depth + 1) for entry in value]
        if isinstance(value, dict):
            if not all(type(key) is str for key in value):
                raise Unreadable("The answer is a dict whose keys are not all strings.")
            return {self._words(key): self.copy(entry, depth + 1) for key, entry in value.items()}
        torch = sys.modules.get("torch")
        if torch is not None and isinstance(value, torch.Tensor):
            return self._array(_dense(value, torch))
        raise Unreadable(
            f"The answer is of type {type(value).__name__}; numbers, strings, lists, dicts, "
            "NumPy arrays and tensors can be checked."
        )

    def _words(self, text: str) -> str:
        self.spend(2 + len(text))
        return text

    def _whole(self, number: int) -> int:
        if number.bit_length() > _MOST_BITS:
            raise Unreadable("The answer holds a whole number of more than a thousand digits.")
        return number

    def _array(self, value: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        if value.dtype.kind not in "biuf":
            raise Unreadable(f"The answer is an array of {value.dtype}; numbers or booleans are needed.")
        if value.ndim > MOST_AXES or any(side >= LONGEST_AXIS for side in value.shape):
            raise Unreadable(f"The answer is an array of more than {MOST_AXES} axes, or of a vast one.")
        self.spend(6 + value.ndim)
        self.numbers -= value.size
        if self.numbers < 0:
            raise Unreadable(f"The answer holds more than {LARGEST_ANSWER:,} numbers.")
        kind = np.dtype(np.float64) if value.dtype.itemsize > 8 else value.dtype.newbyteorder("=")
        # A base-class copy: subclasses could answer differently each time they are read.
        return np.array(value, dtype=kind, copy=True, subok=False)


def _dense(tensor: Any, torch: Any) -> np.ndarray[Any, Any]:
    """A tensor of any layout and real dtype as an array; raises `Unreadable` where there is none to be had."""
    plain = tensor.detach().cpu()
    if plain.is_quantized:
        plain = plain.dequantize()
    if plain.layout != torch.strided:
        plain = plain.to_dense()
    if plain.is_floating_point() and plain.dtype not in (torch.float16, torch.float32, torch.float64):
        plain = plain.float()
    try:
        return np.asarray(plain.resolve_conj().resolve_neg().numpy())
    except (TypeError, RuntimeError):
        raise Unreadable(
            f"The answer is a tensor of {plain.dtype}; numbers or booleans are needed."
        ) from None


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
