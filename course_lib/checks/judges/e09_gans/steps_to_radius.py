"""How `steps_to_radius` is judged: right solutions, misunderstandings, and what to say to each."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from course_lib.checks.case import Answer, Case, Plain
from course_lib.checks.chart import BLUE, GREEN, VERMILION, chart, top_of
from course_lib.checks.compare import difference, show
from course_lib.checks.judging import Judged, Misconception, Say
from course_lib.checks.matching import any_of, fails_as, first_failing
from course_lib.checks.probes.e09_gans.steps_to_radius import ASKED, radius_after
from course_lib.checks.reading import number_in


def _count(mistake: str = "") -> Callable[[float, float, float, float], Any]:
    def steps_to_radius(r0: float, lr: float, c: float, radius: float) -> Any:
        if radius <= r0 and mistake != "negative":
            return 0
        grows = math.log(1 + lr * lr) / 2
        if mistake == "never":
            return math.inf
        if mistake == "as if unclipped":
            return math.ceil(math.log(radius / r0) / grows)
        if mistake == "straight outwards":
            return math.ceil((radius - r0) / (lr * c))
        n, r = 0, r0
        if mistake != "clipped from the start":
            while r <= c and (r < radius or mistake == "runs on to the threshold"):
                n, r = n + 1, r * math.sqrt(1 + lr * lr)
        gained = radius**2 - r**2 if mistake == "negative" else max(0.0, radius**2 - r**2)
        if mistake == "squares the difference" and r < radius:
            gained = (radius - r) ** 2
        elif mistake == "starts again at the threshold" and n and r < radius:
            gained = radius**2 - c**2
        elif mistake == "forgets the start" and r < radius:
            gained = radius**2
        a_step = c**2 if mistake == "forgets the learning rate" else (lr * c) ** 2
        return n + (math.floor if mistake == "rounds down" else math.ceil)(gained / a_step)

    return steps_to_radius


def _says_never(value: Plain) -> bool:
    return value is None or (isinstance(value, float) and value == math.inf)


def _kind(case: Case, answer: Answer) -> str:
    if answer.status != "given":
        return answer.status
    right = _count()(case["r0"], case["lr"], case["max_norm"], case["radius"])
    if not difference(answer.value, right):
        return "right"
    if _says_never(answer.value):
        return "never"
    n, inside = number_in(answer.value), case["r0"] < case["radius"] <= case["max_norm"]
    return "runs on to the threshold" if inside and n is not None and n > right else "wrong"


def _some_one_too_small(cases: list[Case], answers: list[Answer]) -> bool:
    """Every answer is right or one too small, and at least one is the latter: `round` does that."""
    found = [number_in(answer.value) if answer.status == "given" else None for answer in answers]
    right = [_count()(case["r0"], case["lr"], case["max_norm"], case["radius"]) for case in cases]
    short = {None if n is None else wanted - n for n, wanted in zip(found, right, strict=True)}
    return 1 in short and short <= {0, 1}


def _held(name: str, message: Say, hint: str) -> Misconception:
    wrong = _count(name)
    by_kind = name in ("never", "runs on to the threshold")
    matches = first_failing(_kind, name) if by_kind else fails_as(ASKED, _count(), wrong)
    if name == "rounds down":
        matches = any_of(matches, _some_one_too_small)
    return Misconception(name, {"steps_to_radius": wrong}, message, hint, matches)


def _picture(case: Case, got: Plain, expected: Plain) -> str:
    never = _says_never(got)
    n = math.inf if never else number_in(got)
    if n is None or n < 0:
        return ""
    right, goal = int(expected), case["radius"]
    span = max(1.5 * right, 20.0)
    law = (case["r0"], case["lr"], case["max_norm"])
    curve = [radius_after(round(span * i / 120), *law) for i in range(121)]
    alt = (
        f"The distance from the equilibrium over {span:,.0f} clipped steps, from {show(case['r0'])}. It reaches "
        f"{show(goal)} after {right:,}"
    )
    marks = [(f"at {show(goal)} after {right:,}", right / span, goal, GREEN)]
    if never:
        alt += "; you say never."
    else:
        there = radius_after(round(n), *law)
        alt += f"; after your {n:,.0f} it is {show(there)}."
        marks.append((f"your answer, {n:,.0f}: the distance is {show(there)}", n / span, there, VERMILION))
    curves = [(f"distance from the equilibrium, over {span:,.0f} steps", curve, BLUE, "none")]
    return chart(curves, marks, top_of(*curve, goal), alt)


JUDGED = Judged(
    name="steps_to_radius",
    reference={"steps_to_radius": _count()},
    misconceptions=(
        _held(
            "never",
            lambda case, answer: (
                "You say that clipped play never gets there: the limit cycle of the popular articles. But "
                "every step is a step along the circle's tangent, and that leads outwards: r² grows by (lr * "
                f"max_norm)² each time, without end. {show(case['radius'])} is reached."
            ),
            "Draw a circle, a point on it, and a step at a right angle to the radius. How far from the middle "
            "is its end?",
        ),
        _held(
            "straight outwards",
            "You let the distance grow by lr * max_norm a step, as if every step led straight outwards. It "
            "leads along the tangent, at a right angle to the way out, so it is the squares that add.",
            "Pythagoras: old distance, step and new distance form a right-angled triangle.",
        ),
        _held(
            "as if unclipped",
            lambda case, answer: (
                "Your distance grows by the factor sqrt(1 + lr²) at every step. That holds up to a distance of "
                f"{show(case['max_norm'])}, the threshold; beyond it each step is only lr * max_norm long."
            ),
            "How long is a step of play at distance r: lr * r, or lr * max_norm?",
        ),
        _held(
            "clipped from the start",
            lambda case, answer: (
                f"The start, at {show(case['r0'])}, lies inside the threshold of {show(case['max_norm'])}: "
                "there nothing is clipped, a step is lr * r long, and shorter than you assume."
            ),
            "A step is lr * min(r, max_norm) long.",
        ),
        _held(
            "squares the difference",
            "You square the difference of the two distances. It is their squares that differ by (lr * "
            "max_norm)² a step.",
            "radius**2 - r0**2, not (radius - r0)**2.",
        ),
        _held(
            "forgets the start",
            "You count as if play began at the equilibrium. From the start on only radius² - r0² has to be gained.",
            "Subtract the square of the distance at which clipping begins.",
        ),
        _held(
            "forgets the learning rate",
            "You let a clipped step be max_norm long. The gradient is; the step is lr times that.",
            "A clipped step adds (lr * max_norm)**2 to the square of the distance.",
        ),
        _held(
            "rounds down",
            "Your number is one too small: the last step must reach the radius, so round up.",
            "math.ceil in a formula. In a loop: return the count after the step that reaches the radius.",
        ),
        _held(
            "starts again at the threshold",
            lambda case, answer: (
                "You round the free steps up and the clipped ones too, and let the clipped ones begin at the threshold "
                f"of {show(case['max_norm'])}. But the last free step overshoots it."
            ),
            "Go on from the distance where the last free step lands.",
        ),
        _held(
            "runs on to the threshold",
            lambda case, answer: (
                f"{show(case['radius'])} lies inside the threshold of {show(case['max_norm'])}, so play gets there "
                "before anything is clipped. You count on until it reaches the threshold."
            ),
            "Stop the free steps at whichever comes first, the threshold or the radius.",
        ),
        _held(
            "negative",
            lambda case, answer: (
                f"Play starts at {show(case['r0'])}, which is beyond {show(case['radius'])} already, and you count "
                "backwards. The answer there is 0."
            ),
            "max(0, ...), or a loop that does not begin.",
        ),
    ),
    hints=(
        "The gradient of the game is at a right angle to the way home, and as long as the distance. Draw one step.",
        "r² grows by (lr * min(r, max_norm))² in each step. Count steps in a loop, or solve for their number.",
        "With r0 = 1.5, lr = 0.5 and max_norm = 2, r² goes 2.25, 2.81, 3.52, 4.39, each 1.25 times the one before; "
        "then, beyond the threshold, 5.39, 6.39, each 1 more. A radius of 2.5, so r² = 6.25, takes 5 steps.",
    ),
    picture=_picture,
)
