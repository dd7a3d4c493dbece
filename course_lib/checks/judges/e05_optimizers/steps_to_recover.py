"""How `steps_to_recover` is judged: right solutions, misunderstandings, and what to say to each."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from course_lib.checks.case import Case, Plain
from course_lib.checks.chart import BLUE, GREEN, VERMILION, chart
from course_lib.checks.compare import show
from course_lib.checks.judging import Judged, Misconception, Say
from course_lib.checks.reading import number_in
from course_lib.training.optimizers import braked_share


def _count(mistake: str = "") -> Callable[[float, float, float], Any]:
    def steps_to_recover(spike: float, beta2: float, share: float) -> Any:
        theta = 1 / share - 1 if mistake == "share not squared" else 1 / share**2 - 1
        size = spike if mistake == "spike not squared" else spike**2
        weight = 1.0 if mistake == "spike weighs fully" else 1 - beta2
        n = math.log(weight * (size - 1) / theta) / -math.log(beta2)
        if mistake == "not rounded":
            return max(0.0, n)
        n = math.floor(n) if mistake == "rounds down" else math.ceil(n)
        return n if mistake == "negative" else max(0, n)

    return steps_to_recover


def _held(name: str, message: Say, hint: str) -> Misconception:
    return Misconception(name, {"steps_to_recover": _count(name)}, message, hint)


def _picture(case: Case, got: Plain, expected: Plain) -> str:
    n = number_in(got)
    if n is None:
        return ""
    right = int(expected)
    span = max(2 * right, 200)

    def back(after: float) -> float:
        return braked_share(case["spike"], case["beta2"], after=max(0, round(min(after, 1e7))))

    curve = [back(span * i / 120) for i in range(121)]
    alt = (
        f"The effective step over the {span:,} ordinary gradients after the spike. It is back at "
        f"{case['share']:g} after "
        f"{right:,}; after your {n:,.0f} it is at {back(n):.3f}."
    )
    return chart(
        [(f"effective step after a spike of {case['spike']:g}", curve, BLUE, "none")],
        [
            (f"back at {case['share']:g} after {right:,}", right / span, case["share"], GREEN),
            (f"your answer, {n:,.0f}: the step is at {back(n):.3f}", n / span, back(n), VERMILION),
        ],
        1.0,
        alt,
    )


JUDGED = Judged(
    name="steps_to_recover",
    reference={"steps_to_recover": _count()},
    misconceptions=(
        _held(
            "spike not squared",
            lambda case, answer: (
                f"You let the spike enter v with its size, {show(case['spike'])}. v averages squares, so it "
                "enters with "
                f"{show(case['spike'] ** 2)}, and it takes longer to forget."
            ),
            "v = 1 + (1 - beta2) * (K**2 - 1) right after the spike.",
        ),
        _held(
            "share not squared",
            "You wait until v is back at 1 / share. The step is 1 over the ROOT of v, so v has to be back at 1 / "
            "share**2.",
            "Set 1 / sqrt(v) = share and solve for v.",
        ),
        _held(
            "spike weighs fully",
            "You let the whole square of the spike into v. A new gradient gets the weight 1 - beta2 only.",
            "The excess of v right after the spike is (1 - beta2) * (K**2 - 1).",
        ),
        _held(
            "rounds down",
            "Your number is one too small: after it the share is not reached yet. Asked is the first step at "
            "which it is.",
            "Round up: math.ceil.",
        ),
        _held(
            "not rounded",
            lambda case, answer: (
                f"After {show(answer.value, 6)} gradients the share would be reached, but gradients "
                f"come one by one: asked "
                "is a whole number, the first at which it is."
            ),
            "math.ceil gives the next whole number.",
        ),
        _held(
            "negative",
            "For a small spike your formula gives a negative number: the step never falls below the share, so "
            "the answer is 0.",
            "max(0, ...)",
        ),
    ),
    hints=(
        "How large is v right after the spike, and by which factor does its excess over 1 shrink at every step?",
        "v = 1 + (1 - beta2) * (K**2 - 1) * beta2**n. At which v is 1 / sqrt(v) equal to share?",
        "K = 10, beta2 = 0.999, share 0.97: v is 1.099 right after the spike and must fall to 1 / 0.97**2 = 1.0628. So "
        "0.099 * 0.999**n = 0.0628; logarithms give n = 454.7, and 455 whole steps.",
    ),
    picture=_picture,
)
