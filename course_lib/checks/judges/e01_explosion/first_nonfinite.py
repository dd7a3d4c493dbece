"""How `first_nonfinite` is judged: right solutions, misunderstandings, and what to say to each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_lib.checks.case import Case
from course_lib.checks.judging import Judged, Misconception
from course_lib.checks.probes.e01_explosion.overflow_layer import LARGEST

Record = list[tuple[int, str, NDArray[Any]]]

Found = tuple[int, str] | None


def first_nonfinite(record: Record) -> Found:
    """The first tensor of which not every entry is finite."""
    return _first(record, lambda tensor: not np.isfinite(tensor).all())


def _first(record: Record, broken: Callable[[NDArray[Any]], Any]) -> Found:
    for step, name, tensor in record:
        if broken(tensor):
            return step, name
    return None


def _first_nan(record: Record) -> Found:
    return _first(record, lambda tensor: np.isnan(tensor).any())


def _first_bad_loss(record: Record) -> Found:
    for step, name, tensor in record:
        if name == "loss" and not np.isfinite(tensor).all():
            return step, name
    return None


def _last_bad(record: Record) -> Found:
    found = None
    for step, name, tensor in record:
        if not np.isfinite(tensor).all():
            found = step, name
    return found


def _first_bad_sum(record: Record) -> Found:
    with np.errstate(over="ignore", invalid="ignore"):
        return _first(record, lambda tensor: not np.isfinite(tensor.sum()))


def _first_all_bad(record: Record) -> Found:
    return _first(record, lambda tensor: not np.isfinite(tensor).any())


def _first_by_pythons_all(record: Record) -> Found:
    return _first(record, lambda tensor: not all(np.isfinite(tensor)))


def _first_name(record: Record) -> str | None:
    found = first_nonfinite(record)
    return None if found is None else found[1]


def _first_plus_infinity(record: Record) -> Found:
    return _first(record, lambda tensor: (np.isnan(tensor) | (tensor == np.inf)).any())


def _first_too_large(record: Record) -> Found:
    with np.errstate(invalid="ignore"):
        return _first(record, lambda tensor: np.abs(tensor).max() > np.finfo(tensor.dtype).max)


def _first_beyond_float16(record: Record) -> Found:
    with np.errstate(invalid="ignore"):
        return _first(record, lambda tensor: bool((~(np.abs(tensor) <= LARGEST["float16"])).any()))


def _what_broke(case: Case) -> str:
    found = first_nonfinite(case["record"])
    if found is None:
        return "nothing broke: every entry is finite"
    tensor = next(t for step, name, t in case["record"] if (step, name) == found)
    bad = tensor[~np.isfinite(tensor)]
    return f"the first to break is {found[1]} of step {found[0]}, which holds {bad[0]}"


JUDGED = Judged(
    name="first_nonfinite",
    reference={"first_nonfinite": first_nonfinite},
    misconceptions=(
        Misconception(
            "nan only",
            {"first_nonfinite": _first_nan},
            lambda case, answer: (
                f"You look for nan only. Here {_what_broke(case)}. An infinity often comes first, from a number too "
                "large or from the logarithm of 0; nan comes later, when infinity meets infinity or 0, or not at all."
            ),
            "Which NumPy function is True for ordinary numbers only, and for neither inf nor nan?",
        ),
        Misconception(
            "loss only",
            {"first_nonfinite": _first_bad_loss},
            lambda case, answer: (
                f"You watch the loss alone. Here {_what_broke(case)}. "
                "The loss is where one notices, rarely where it began."
            ),
            "Look at every tensor of the record, in order.",
        ),
        Misconception(
            "last instead of first",
            {"first_nonfinite": _last_bad},
            lambda case, answer: (
                f"You report the last broken tensor. Here {_what_broke(case)}. "
                "All that comes after it is only infected."
            ),
            "Return as soon as you find one.",
        ),
        Misconception(
            "judged by the sum",
            {"first_nonfinite": _first_bad_sum},
            lambda case, answer: (
                f"A false alarm: here {_what_broke(case)}. You add the entries up first, and the sum of numbers "
                "near 3e38 overflows although none of them has."
            ),
            "Test the entries one by one, then combine the yes and no.",
        ),
        Misconception(
            "all entries must be broken",
            {"first_nonfinite": _first_all_bad},
            lambda case, answer: (
                f"You wait until a whole tensor is broken. Here {_what_broke(case)} beside good numbers. "
                "One bad entry is enough: the next matrix product spreads it."
            ),
            "`not isfinite(t).any()` says that none is finite; you need that not all are.",
        ),
        Misconception(
            "Python's own all",
            {"first_nonfinite": _first_by_pythons_all},
            "Python's own all() walks along the first axis of an array: it stops at a loss of shape (), which has no "
            "axis, and at a matrix, whose rows are neither true nor false.",
            "Arrays have their own: np.isfinite(tensor).all() works for every shape.",
        ),
        Misconception(
            "name without step",
            {"first_nonfinite": _first_name},
            "The name is right, but the step is missing: the same name comes back at every step, and the step says "
            "which checkpoint is still healthy.",
            "Return both, as a pair: step, name.",
        ),
        Misconception(
            "minus infinity passed over",
            {"first_nonfinite": _first_plus_infinity},
            lambda case, answer: (
                f"You look for nan and +inf, and pass over -inf. Here {_what_broke(case)}. "
                "The logarithm of 0 is the usual source."
            ),
            "np.isfinite knows all three.",
        ),
        Misconception(
            "infinities only",
            {"first_nonfinite": _first_too_large},
            lambda case, answer: (
                f"You find infinities only. Here {_what_broke(case)}, and no infinity comes before it. "
                "nan is not infinite, and it is neither larger than any number nor equal to one."
            ),
            "Ask whether an entry is finite, not whether it is large or infinite.",
        ),
        Misconception(
            "one limit for all formats",
            {"first_nonfinite": _first_beyond_float16},
            lambda case, answer: (
                "You take every number beyond 65,504 for broken. That is the largest of float16 only; the numbers here "
                f"are large, but finite in their own format. Here {_what_broke(case)}."
            ),
            "Ask of each entry whether it is finite; no limit is needed.",
        ),
    ),
    hints=(
        "Go through the record in its order; what would you ask of each tensor?",
        "np.isfinite gives True for every ordinary number and False for inf, -inf and nan, entry by entry.",
        "Take [(7, 'hidden', [1, inf]), (7, 'loss', nan)]: np.isfinite([1, inf]) is [True, False], so not every entry "
        "of hidden is finite. The loss is broken too, but hidden comes first: the answer is (7, 'hidden').",
    ),
)
