"""Plain data as bytes and back, with no code in it: JSON, and arrays as base64.

Numbers, strings, `None` and booleans stand for themselves; a list is `["l", ...]`, a dict `["d", [key, value],
...]`, an array `["a", dtype, shape, base64]`, an answer or a case a dict of its fields. Nothing that arrives can
name a type, and nothing is ever unpickled or evaluated.
"""

from __future__ import annotations

import base64
import json
import math
from typing import Any

import numpy as np

from course_lib.checks.case import (
    DEEPEST,
    LARGEST_ANSWER,
    LONGEST_AXIS,
    MOST_AXES,
    MOST_ENTRIES,
    Answer,
    Case,
    Plain,
)

_DTYPES = frozenset("bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64".split())
_STATUSES = frozenset(("given", "raised", "missing", "blank", "refused", "unreadable", "timed out"))
_MOST = MOST_ENTRIES + 10_000
"""Entries of what learner code sends: an answer's, its exception's words, and what stands around them."""


class WireError(ValueError):
    """The bytes do not hold plain data; the message says what is wrong with them."""


def encode(value: Plain) -> bytes:
    """Plain data as one line of ASCII bytes (no newline in it); raises `WireError` for anything else."""
    return json.dumps(_pack(value)).encode("ascii")


def decode(data: bytes) -> Plain:
    """The plain data that `encode` wrote; raises `WireError` for anything it could not have written.

    For what learner code sends: the entries are counted in the bytes before any of them is built, since small ones
    take fifty times as much memory as their bytes.
    """
    if entries(data) > _MOST:
        raise WireError(
            f"The answer cannot be read: it holds more than {MOST_ENTRIES:,} entries and letters."
        )
    return decode_ours(data)


def decode_ours(data: bytes) -> Plain:
    """The same without a count, for what the trusted side wrote itself."""
    try:
        return _unpack(json.loads(data), 0)
    except (ValueError, OverflowError, RecursionError) as error:
        raise WireError(f"The answer cannot be read: {error}") from None


def entries(data: bytes) -> int:
    """How many entries these bytes hold at most: every one but the first follows a comma or opens a bracket."""
    return data.count(b",") + data.count(b"[") + data.count(b"{")


def encode_answer(answer: Answer) -> bytes:
    """One answer as bytes."""
    return encode([answer.status, answer.value, answer.error, answer.detail])


def decode_answer(data: bytes) -> Answer:
    """The answer in `data`; raises `WireError` when it is none."""
    fields = decode(data)
    match fields:
        case [str(status), value, str(error), str(detail)] if status in _STATUSES:
            return Answer(status, value, error, detail)  # type: ignore[arg-type]
    raise WireError("The bytes hold no answer.")


def encode_cases(cases: list[Case]) -> bytes:
    """The cases of one question as bytes."""
    return encode([[case.label, dict(case.inputs)] for case in cases])


def decode_cases(data: bytes) -> list[Case]:
    """The cases in `data`; raises `WireError` when it holds none."""
    cases = []
    for entry in decode_ours(data):
        match entry:
            case [str(label), dict(inputs)]:
                cases.append(Case(label, inputs))
            case _:
                raise WireError("The bytes hold no cases.")
    return cases


def _pack(value: Plain) -> Any:
    if value is None or type(value) in (bool, int, float, str):
        return value
    if type(value) is np.ndarray:
        if value.dtype.name not in _DTYPES:
            raise WireError(f"Arrays of {value.dtype} do not travel.")
        raw = np.ascontiguousarray(value).astype(value.dtype.newbyteorder("<"), copy=False)
        return ["a", value.dtype.name, list(value.shape), base64.b64encode(raw.tobytes()).decode("ascii")]
    if type(value) is list:
        return ["l", *(_pack(entry) for entry in value)]
    if type(value) is dict:
        return ["d", *([key, _pack(entry)] for key, entry in value.items())]
    raise WireError(f"A {type(value).__name__} is not plain data.")


def _unpack(packed: Any, depth: int) -> Plain:
    if depth > 2 * DEEPEST:
        raise WireError("it is nested too deeply.")
    if packed is None or isinstance(packed, bool | int | float | str):
        return packed
    match packed:
        case ["l", *entries]:
            return [_unpack(entry, depth + 1) for entry in entries]
        case ["d", *entries]:
            return dict(_pair(entry, depth) for entry in entries)
        case ["a", str(dtype), list(shape), str(text)] if dtype in _DTYPES:
            return _array(dtype, shape, text)
    raise WireError("it holds something that is not plain data.")


def _pair(entry: Any, depth: int) -> tuple[str, Plain]:
    match entry:
        case [str(key), value]:
            return key, _unpack(value, depth + 1)
    raise WireError("a dict in it is damaged.")


def _array(dtype: str, shape: list[Any], text: str) -> np.ndarray[Any, Any]:
    if len(shape) > MOST_AXES or not all(type(side) is int and 0 <= side < LONGEST_AXIS for side in shape):
        raise WireError("an array in it has no proper shape.")
    kind = np.dtype(dtype).newbyteorder("<")
    if math.prod(shape) > LARGEST_ANSWER:
        raise WireError("an array in it is too large.")
    raw = base64.b64decode(text, validate=True)
    if len(raw) != math.prod(shape) * kind.itemsize:
        raise WireError("an array in it does not fill its shape.")
    if dtype == "bool" and not set(raw) <= {0, 1}:
        raise WireError("an array of booleans in it holds other bytes.")
    return np.frombuffer(raw, kind).reshape(shape).astype(np.dtype(dtype))
