"""How `cycle_threshold` is judged: right solutions, misunderstandings, and what to say to each."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from course_lib.checks.case import Case, Plain
from course_lib.checks.chart import GREEN, VERMILION, chart, top_of
from course_lib.checks.compare import show
from course_lib.checks.judging import Judged, Misconception, Say
from course_lib.checks.matching import fails_as
from course_lib.checks.probes.e09_gans.cycle_threshold import ASKED
from course_lib.checks.reading import number_in
from course_lib.dynamics.games import play


def _circle(mistake: str = "") -> Callable[[float, float, float], Any]:
    def cycle_threshold(lr: float, decay: float, radius: float) -> Any:
        shrinks = 1 - (1 - lr * decay) ** 2
        if mistake == "decay without the learning rate":
            shrinks = 1 - (1 - decay) ** 2
        elif mistake == "only the first order":
            shrinks = 2 * lr * decay
        if mistake == "divides by zero" and not decay:
            return radius / math.sqrt(lr / shrinks)
        c = radius * math.sqrt(shrinks) / lr
        exists = c < radius
        if mistake == "no root":
            c = radius * shrinks / lr**2
        elif mistake == "the fraction upside down":
            c = radius * lr / math.sqrt(shrinks) if shrinks else 0.0
        elif mistake == "squares that are not squared":
            c = radius * lr * decay / lr
        if mistake == "a circle without decay" and not decay:
            return radius
        if mistake == "a threshold of 0" and not decay:
            return 0.0
        if mistake == "a threshold beyond the circle" and decay:
            return c
        if mistake == "half the learning rate as the edge":
            exists = decay < lr / 2
        return c if exists and decay else None

    return cycle_threshold


def _held(name: str, message: Say, hint: str) -> Misconception:
    wrong = _circle(name)
    return Misconception(name, {"cycle_threshold": wrong}, message, hint, fails_as(ASKED, _circle(), wrong))


def _picture(case: Case, got: Plain, expected: Plain) -> str:
    c = number_in(got)
    if c is None or not 1e-6 < c < 1e6:
        return ""
    wanted, lr, decay = case["radius"], case["lr"], case["decay"]
    steps = round(min(4 / (lr * decay), 6000)) if decay else 3000
    radii = play((wanted, 0.0), lr, steps, clip=c, decay=decay).radii
    curve = [float(radii[round(steps * i / 120)]) for i in range(121)]
    end = curve[-1]
    alt = (
        f"The distance from the equilibrium over {steps:,} steps of play, clipped at your {show(c)}, from the wanted "
        f"radius, {show(wanted)}. At the end it is {show(end)}."
    )
    return chart(
        [
            (f"clipped at your {show(c)}: {show(end)} after {steps:,} steps", curve, VERMILION, "none"),
            (f"the radius that is wanted, {show(wanted)}", [wanted, wanted], GREEN, "8 5"),
        ],
        [],
        top_of(wanted, *curve),
        alt,
    )


JUDGED = Judged(
    name="cycle_threshold",
    reference={"cycle_threshold": _circle()},
    misconceptions=(
        _held(
            "a circle without decay",
            "Without decay no threshold gives a circle: clipped play then grows like the root of the number of "
            "steps, for ever. The answer is None.",
            "What pulls inwards when decay is 0?",
        ),
        _held(
            "a threshold of 0",
            "Without decay your formula gives a threshold of 0, at which nothing moves at all. No threshold "
            "above 0 gives a circle there: None.",
            "Play a few steps in your mind with a threshold of 0: from where does it get to the circle?",
        ),
        _held(
            "a threshold beyond the circle",
            lambda case, answer: (
                f"Your threshold, {show(answer.value)}, is larger than the radius, {show(case['radius'])}: on "
                "that circle nothing would be clipped, and the decay, stronger than the growth, pulls play "
                "home. There is no circle: None."
            ),
            "On the circle the gradient is as long as the radius. It has to be longer than the threshold.",
        ),
        _held(
            "half the learning rate as the edge",
            lambda case, answer: (
                f"You take lr / 2 = {show(case['lr'] / 2)} for the strongest decay that leaves a circle. It is only "
                f"about that: at {show(case['decay'])} there still is one, since the decay takes a little less than "
                "2 * lr * decay off r²."
            ),
            "Compare the threshold that you found with the radius, instead of the decay with lr / 2.",
        ),
        _held(
            "divides by zero",
            "Right as far as decay pulls. Without any your formula divides by zero: nothing pulls inwards, "
            "play grows for ever, and the answer is None.",
            "Which of your quantities is 0 there? Say first what play does in that case.",
        ),
        _held(
            "decay without the learning rate",
            "You shrink both weights by the factor 1 - decay. Decoupled decay shrinks them by 1 - lr * decay.",
            "Multiply the decay by the learning rate.",
        ),
        _held(
            "only the first order",
            "Close: you took 2 * lr * decay for what the decay takes off r². It is 1 - (1 - lr * decay)², so "
            "the square of lr * decay is missing.",
            "Multiply (1 - lr * decay)**2 out to the end.",
        ),
        _held(
            "no root",
            "You balance r² but forget to take the root: r² is proportional to the square of the threshold.",
            "Solve for max_norm, not for its square over the radius.",
        ),
        _held(
            "the fraction upside down",
            "Your threshold falls as the decay grows. A stronger pull inwards needs longer steps to hold it off.",
            "That is the radius over the threshold, and you want the threshold: turn the fraction round.",
        ),
        _held(
            "squares that are not squared",
            "You balance lr * decay * r against lr * max_norm, as if the step led straight outwards. It leads "
            "along the tangent: what balances is the square of the radius, (1 - lr * decay)² r² + (lr * "
            "max_norm)² = r².",
            "Two sides of a right-angled triangle: the shrunk radius, and the step.",
        ),
    ),
    hints=(
        "What does one step do to r²? First the decay, then the clipped step at a right angle to it.",
        "On the circle r² = (1 - lr * decay)² r² + (lr * max_norm)². Solve for max_norm, then ask when that step is "
        "really a clipped one.",
        "With lr = 0.8, decay = 0.25 and a radius of 5 the decay leaves 4, so the step must be 3: 3² + 4² = 5². "
        "max_norm is 3 / 0.8 = 3.75. It is below the gradient on the circle, 5, so the step really is a clipped one.",
    ),
    picture=_picture,
)
