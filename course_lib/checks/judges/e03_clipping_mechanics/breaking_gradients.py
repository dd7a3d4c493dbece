"""How `breaking_gradients` is judged: right solutions, misunderstandings, and what to say to each."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from course_lib.checks.case import Answer, Case, Floats, Plain
from course_lib.checks.compare import same, show
from course_lib.checks.judges.e03_clipping_mechanics.pictures import norm_of
from course_lib.checks.judging import Finding, Judged, Misconception, Say
from course_lib.checks.matching import first_failing
from course_lib.checks.reading import vector_in
from course_lib.clipping import published_elementwise


def _kind(case: Case, answer: Answer) -> str:
    """What is right or wrong with the two gradients, in a word or two."""
    if answer.status != "given":
        return answer.status
    pair = _pair(answer.value)
    if pair is None:
        return "not two gradients"
    a, b = pair
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        return "not finite"
    c = case["c"]
    if _entry_survives(a, c) and _too_long_without_negatives(b, c):
        return "right"
    if _entry_survives(b, c) and _too_long_without_negatives(a, c):
        return "swapped"
    if not _entry_survives(a, c):
        return "first: positive" if a.max() > c else "first: within"
    if b.min() < 0:
        return "second: negative"
    return "second: one entry" if np.count_nonzero(b) < 2 else "second: short"


def _pair(value: Plain) -> tuple[Floats, Floats] | None:
    if isinstance(value, np.ndarray) and value.ndim > 0:
        value = list(value)
    if not isinstance(value, list) or len(value) != 2:
        return None
    a, b = (
        vector_in(part) if isinstance(part, list | np.ndarray) and np.ndim(part) else None for part in value
    )
    return None if a is None or b is None else (a, b)


def _entry_survives(g: Floats, c: float) -> bool:
    return float(np.abs(published_elementwise(g, c)).max()) > c * (1 + 1e-9)


def _too_long_without_negatives(g: Floats, c: float) -> bool:
    return float(g.min()) >= 0 and norm_of(published_elementwise(g, c)) > c * (1 + 1e-9)


def _judge(case: Case, value: Plain) -> Finding:
    kind = _kind(case, Answer("given", value))
    if kind == "not two gradients":
        return Finding(
            False,
            f"Two gradients are needed, `return first, second`, each an array of numbers; got {show(value)}.",
        )
    return Finding(
        kind == "right", f"For c = {show(case['c'])} the formula keeps its promise on one of your two."
    )


def _same_for_every_threshold(cases: list[Case], answers: list[Answer]) -> bool:
    kinds = [_kind(case, answer) for case, answer in zip(cases, answers, strict=True)]
    return "right" in kinds and all(same(answer, answers[0]) for answer in answers)


def _say_positive(case: Case, answer: Answer) -> str:
    a, c = np.asarray(answer.value[0], dtype=np.float64), case["c"]
    return (
        f"For c = {show(c)} the formula turns your first gradient {show(a)} into "
        f"{show(published_elementwise(a, c))}: large positive entries are cut to c, as it promises."
    )


def _say_within(case: Case, answer: Answer) -> str:
    a, c = np.atleast_1d(np.asarray(answer.value[0], dtype=np.float64)), case["c"]
    sign = "Below zero is the right side. But t" if a.min() < 0 else "T"
    return (
        f"{sign}he largest entry of your first gradient has size {show(float(np.abs(a).max()))}, which is not "
        f"beyond c = {show(c)}: there was nothing to cut, so nothing could be missed."
    )


def _say_one_entry(case: Case, answer: Answer) -> str:
    b, c = np.atleast_1d(np.asarray(answer.value[1], dtype=np.float64)), case["c"]
    result = published_elementwise(b, c)
    becomes = f"Your second gradient becomes {show(result)}, of length {show(norm_of(result))}."
    if not b.any():
        return (
            f"{becomes} None of its entries is above zero: there is nothing to cut, and the promise is kept."
        )
    return (
        f"{becomes} Only one of its entries is above zero, and the formula leaves none above c = {show(c)}: so the "
        "length is at most c, and the promise is kept."
    )


def _say_short(case: Case, answer: Answer) -> str:
    b, c = np.asarray(answer.value[1], dtype=np.float64), case["c"]
    return (
        f"Your second gradient becomes {show(published_elementwise(b, c))}, of length "
        f"{show(norm_of(published_elementwise(b, c)))}: not longer than c = {show(c)}. "
        "Several entries is the right idea; let each be as large as the formula allows."
    )


def _breaks(name: str, wrong: Callable[[float], Plain], message: Say, hint: str) -> Misconception:
    return Misconception(
        name, {"breaking_gradients": wrong}, message, hint, matches=first_failing(_kind, name)
    )


JUDGED = Judged(
    name="breaking_gradients",
    reference={"breaking_gradients": lambda c: (np.array([-10 * c, c]), np.array([c, c]))},
    judge=_judge,
    misconceptions=(
        Misconception(
            "the same for every threshold",
            {"breaking_gradients": lambda c: (np.array([-100.0, 1.0]), np.array([80.0, 80.0]))},
            lambda case, answer: (
                f"Your gradients break the formula at some thresholds, but not at c = {show(case['c'])}: "
                "they are the same numbers whatever c is."
            ),
            "Build the entries from c: 10 * c is beyond the threshold whatever the threshold is.",
            matches=_same_for_every_threshold,
        ),
        _breaks(
            "swapped",
            lambda c: (np.array([c, c]), np.array([-10 * c, c])),
            "Both gradients break the formula, but they came in the other order: first the one with a surviving "
            "entry, then the one without negative entries.",
            "Swap the two in your return statement.",
        ),
        _breaks(
            "not finite",
            lambda c: (np.array([-np.inf, c]), np.array([c, c])),
            "There is an inf or a nan in your gradients. No clipping rule can mend those, so they prove nothing "
            "against this one.",
            "Ordinary numbers suffice: -10 * c is as good as minus infinity here.",
        ),
        _breaks(
            "first: positive",
            lambda c: (np.array([10 * c, 3 * c]), np.array([c, c])),
            _say_positive,
            "What is np.maximum(1, g / c) for an entry below zero?",
        ),
        _breaks(
            "first: within",
            lambda c: (np.array([-c, c / 2]), np.array([c, c])),
            _say_within,
            "An entry of size exactly c is still allowed. Go well beyond it: 10 times.",
        ),
        _breaks(
            "second: negative",
            lambda c: (np.array([-10 * c, c]), np.array([-10 * c, -10 * c])),
            lambda case, answer: (
                f"Your second gradient, {show(np.atleast_1d(answer.value[1]))}, has a negative entry. That breaks "
                "the formula too, but your colleague has none: break it with entries of zero and above."
            ),
            "Every positive entry comes out as c or less. How long can a vector of such entries be?",
        ),
        _breaks(
            "second: one entry",
            lambda c: (np.array([-10 * c, c]), np.array([100 * c, 0.0])),
            _say_one_entry,
            "One entry cannot do it, but how long is (c, c)? And (c, c, c)?",
        ),
        _breaks(
            "second: short",
            lambda c: (np.array([-10 * c, c]), np.array([c / 2, c / 2])),
            _say_short,
            "Large entries come out as c. How long is (c, c)? And (c, c, c)?",
        ),
    ),
    hints=(
        "Work out by hand what happens to one entry: g = 10 * c, then g = -10 * c.",
        "The first escapes where g / c is below 1 although g is large: below zero. The second needs no escape: "
        "each entry may be as large as c, and lengths add up over entries.",
        "At c = 1 an entry of -10 is divided by max(1, -10), which is 1. And (3, 4) is divided by (3, 4), which gives "
        "(1, 1), of length 1.41. Which entries do the same at any c?",
    ),
)
