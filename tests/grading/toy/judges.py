"""How the toy exercise is judged."""

from __future__ import annotations

import numpy as np

from course_lib.checks.judging import Finding, Judged, Misconception

HINTS = ("a nudge", "a strategy", "a worked step")


def below_one(case, value):
    right = isinstance(value, float) and value < case["below"]
    return Finding(right, "" if right else "It is not a number below 1.")


JUDGED = (
    Judged(
        "double",
        {"double": lambda x: 2 * x},
        (
            Misconception(
                "squared", {"double": lambda x: x**2}, "This squares; doubling adds x to itself.", "Add."
            ),
        ),
        HINTS,
    ),
    Judged(
        "norm",
        {"norm": lambda x: float(np.sqrt(np.sum(x**2)))},
        (
            Misconception(
                "summed", {"norm": lambda x: float(np.sum(np.abs(x)))}, "This is the 1-norm.", "Square."
            ),
        ),
        HINTS,
    ),
    Judged("threshold", {"threshold": 0.5}, (), HINTS, judge=below_one),
    Judged(
        "top",
        {"top": lambda x: float(np.max(x))},
        (
            Misconception(
                "absolute", {"top": lambda x: float(np.max(np.abs(x)))}, "Signs count here.", "No abs."
            ),
        ),
        HINTS,
    ),
)
