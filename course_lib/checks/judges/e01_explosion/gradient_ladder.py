"""How `gradient_ladder` is judged: right solutions, misunderstandings, and what to say to each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from course_lib.checks.case import Case, Floats, Plain
from course_lib.checks.compare import show
from course_lib.checks.judges.e01_explosion.layers import FLOAT32, listed, log_plot
from course_lib.checks.judging import Judged, Misconception
from course_lib.checks.reading import numbers_in


def gradient_ladder(gains: Floats) -> list[float]:
    """Each rung is the one above times the gain between them."""
    ladder = [1.0]
    for gain in reversed(gains):
        ladder.append(gain * ladder[-1])
    return ladder[::-1]


def _ladder_of_signals(gains: Floats) -> Floats:
    return np.concatenate([[1.0], np.cumprod(gains)])


def _ladder_output_first(gains: Floats) -> Floats:
    return np.concatenate([[1.0], np.cumprod(gains[::-1])])


def _ladder_of_signals_turned(gains: Floats) -> Floats:
    return np.concatenate([np.cumprod(gains)[::-1], [1.0]])


def _ladder_upwards_with_its_one_last(gains: Floats) -> Floats:
    return np.append(np.cumprod(gains), 1.0)


def _ladder_without_top(gains: Floats) -> Floats:
    return np.asarray(np.cumprod(gains[::-1])[::-1])


def _ladder_without_bottom(gains: Floats) -> list[float]:
    return gradient_ladder(gains)[1:]


def _ladder_of_sums(gains: Floats) -> Floats:
    return np.concatenate([np.cumsum(gains[::-1])[::-1], [1.0]])


def _ladder_without_sign(gains: Floats) -> Floats:
    return np.abs(gradient_ladder(gains))


def _ladder_by_division(gains: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.prod(gains) / np.concatenate([[1.0], np.cumprod(gains)]))


def _ladder_bottom_only(gains: Floats) -> float:
    return float(np.prod(gains))


def _picture(case: Case, got: Plain, expected: Plain) -> str:
    right = gradient_ladder(case["gains"])
    lines: list[tuple[str, Sequence[float]]] = [("expected", right)]
    alt = f"Size of the gradient at each rung, the input's first. Expected: {listed(right)}."
    given = numbers_in(got)
    if given is not None and given.ndim == 1 and 0 < given.size <= 200:
        lines.append(("yours", given.tolist()))
        alt += f" Yours: {listed(given)}."
    return log_plot(alt, "rung l, from the input on", "|dy_L / dy_l|", lines)


JUDGED = Judged(
    name="gradient_ladder",
    reference={"gradient_ladder": gradient_ladder},
    rtol=FLOAT32,
    atol=0.0,
    picture=_picture,
    misconceptions=(
        Misconception(
            "signal instead of gradient",
            {"gradient_ladder": _ladder_of_signals},
            lambda case, answer: (
                "You multiplied from the input upwards: that is how the signal grows, dy_l / dy_0. "
                f"The gradient goes the other way: rung 0 has all {len(case['gains'])} gains above it, "
                f"the output's rung has none and holds 1."
            ),
            "Start at the output with 1 and walk down; which gain do you meet first?",
        ),
        Misconception(
            "output first",
            {"gradient_ladder": _ladder_output_first},
            "All the right numbers, but listed from the output down. Rung 0 belongs to the input, as index 0 "
            "belongs to y_0.",
            "You built the list while walking backwards; turn it round before you return it.",
        ),
        Misconception(
            "signal turned round",
            {"gradient_ladder": _ladder_of_signals_turned},
            lambda case, answer: (
                "You multiplied from the input upwards and turned the result round. The ends are right, the rungs "
                "between are not: the rung below the output has passed the last gain, "
                f"{show(float(case['gains'][-1]))}, and yours has passed the first, "
                f"{show(float(case['gains'][0]))}."
            ),
            "Turn the gains round before you multiply, not the products afterwards (or do both).",
        ),
        Misconception(
            "signal with its one last",
            {"gradient_ladder": _ladder_upwards_with_its_one_last},
            lambda case, answer: (
                "You multiplied from the input upwards, and put the 1 of the output last. The 1 is in its place, but "
                "the rungs below it are counted from the wrong end: rung 0 has every gain above it, "
                f"{show(gradient_ladder(case['gains'])[0])}, and yours has {show(float(case['gains'][0]))}, the first "
                "gain alone."
            ),
            "Which gain stands between the output and the rung just below it? Begin to multiply with that one.",
        ),
        Misconception(
            "output's rung left out",
            {"gradient_ladder": _ladder_without_top},
            lambda case, answer: (
                f"Your ladder ends one rung early: {len(case['gains'])} layers have "
                f"{len(case['gains']) + 1} signals, y_0 to y_L, and dy_L / dy_L = 1 belongs to the list."
            ),
            "How large is the gradient of the output with respect to itself? Append it.",
        ),
        Misconception(
            "input's rung left out",
            {"gradient_ladder": _ladder_without_bottom},
            lambda case, answer: (
                "Your ladder begins at y_1. The rung that matters most in this lesson is missing: the "
                f"gradient that reaches the input, which here is {show(gradient_ladder(case['gains'])[0])}."
            ),
            "One more multiplication, by the gain of the first layer.",
        ),
        Misconception(
            "gains added",
            {"gradient_ladder": _ladder_of_sums},
            lambda case, answer: (
                "You added the gains. Each layer multiplies what passes through it, so fifty layers of 1.2 "
                "make 1.2 to the power 50, about 9,100, and not 50 times 1.2, which is 60."
            ),
            "The chain rule multiplies along a path; it adds only where several paths meet.",
        ),
        Misconception(
            "sign lost",
            {"gradient_ladder": _ladder_without_sign},
            "The sizes are right, the signs are not: a layer with a negative gain turns the gradient round, "
            "and descent would walk the wrong way.",
            "Multiply the gains as they are; there is no need of an absolute value.",
        ),
        Misconception(
            "divided out",
            {"gradient_ladder": _ladder_by_division},
            "You divide the whole product by the part below each rung. Where a gain is 0 that is 0 / 0, and "
            "the answer is nan from there on. A dead layer is ordinary (think of ReLU), and division is not needed.",
            "Build each rung from the one above it by one multiplication.",
        ),
        Misconception(
            "input only",
            {"gradient_ladder": _ladder_bottom_only},
            lambda case, answer: (
                "That is the bottom rung only, the gradient that reaches the input. "
                f"The ladder has {len(case['gains']) + 1} rungs, one for each signal from y_0 to y_L."
            ),
            "Keep every value on the way down, not just the last.",
        ),
    ),
    hints=(
        "The top rung is dy_L / dy_L = 1. What is the rung just below it?",
        "Walk from the output to the input and keep a running product; note its value at every signal.",
        "With gains [2, 3]: start with 1; times 3 is 3; times 2 is 6; turned round that reads [6, 3, 1].",
    ),
)
