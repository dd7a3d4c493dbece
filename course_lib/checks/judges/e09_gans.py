"""How exercise 09_gans is judged: right solutions, misunderstandings, and what to say to each."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from html import escape
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from course_lib.checks.case import Answer, Case, Plain
from course_lib.checks.chart import BLUE, GREEN, GREY, VERMILION, chart, opening
from course_lib.checks.compare import difference, show
from course_lib.checks.judging import Finding, Judged, Misconception
from course_lib.checks.matching import (
    Answering,
    Matches,
    answering,
    any_of,
    first_failing,
    throughout,
    until_it_fails,
)
from course_lib.checks.probes import e09_gans as probes
from course_lib.checks.reading import number_in, vector_in
from course_lib.dynamics.games import Play, play

Floats: TypeAlias = NDArray[np.float64]
Say: TypeAlias = str | Callable[[Case, Answer], str]

_ASKED = {asked.name: asked for asked in probes.ASKED}


def _top(*heights: float) -> float:
    """The height of a chart that shows all of these, as a number that can be read at its edge."""
    return float(f"{1.15 * max(heights):.2g}")


# game_step ------------------------------------------------------------------------------------------------


def _step(mistake: str = "") -> Callable[..., Any]:
    """One step of the game as a learner would write it, with one mistake or none."""

    def game_step(x: float, y: float, lr: float, c: float) -> tuple[float, float]:
        gx, gy = y, -x
        norm = math.hypot(gx, gy)
        if mistake == "y clipped anew at the new x":
            x -= lr * gx * min(1.0, c / norm) if norm else 0.0
            norm = math.hypot(x, y)
            return x, y + (lr * x * min(1.0, c / norm) if norm else 0.0)
        if mistake == "its own gradient":
            gx, gy = x, -y
        if mistake == "both descend":
            gy = x
        if mistake == "divides by zero":
            share = min(1.0, c / norm)
        elif mistake == "always as long as the threshold":
            share = c / norm if norm else 1.0
        elif mistake == "clips the step":
            share = c / (lr * norm) if lr * norm > c else 1.0
        elif mistake == "does not clip":
            share = 1.0
        else:
            share = c / norm if norm > c else 1.0
        if mistake == "each by its own norm":
            return x - lr * max(-c, min(gx, c)), y - lr * max(-c, min(gy, c))
        if mistake == "only the generator":
            return x - lr * share * gx, y - lr * gy
        if mistake == "both signs turned":
            return x + lr * share * gx, y + lr * share * gy
        if mistake == "clips the weights":
            return x - lr * share * gx, max(-c, min(y - lr * share * gy, c))
        moved = x - lr * share * gx
        if mistake == "y answers the new x":
            return moved, y + lr * share * moved
        return moved, y - lr * share * gy

    return game_step


def _step_held(name: str, message: Say, hint: str, matches: Matches | None = None) -> Misconception:
    right, wrong = (answering(_ASKED["game_step"], _step(mistake)) for mistake in ("", name))
    return Misconception(
        name, {"game_step": _step(name)}, message, hint, matches or until_it_fails(right, wrong)
    )


def _weights_clipped(whose: str, step: Callable[..., Any]) -> Answering:
    """What a step answers whose new weights are clipped: those of both `jointly`, of `each`, or of `y`."""

    def game_step(x: float, y: float, lr: float, c: float) -> tuple[float, float]:
        x, y = step(x, y, lr, c)
        if whose == "jointly":
            share = min(1.0, c / max(math.hypot(x, y), c))
            return share * x, share * y
        return max(-c, min(x, c)) if whose == "each" else x, max(-c, min(y, c))

    return answering(_ASKED["game_step"], game_step)


_WEIGHTS_CLIPPED = (
    # Instead of the gradient, that of y alone may begin like a step that clips nothing.
    throughout(_weights_clipped("y", _step("does not clip"))),
    *(
        until_it_fails(answering(_ASKED["game_step"], _step()), wrong)
        for wrong in (
            _weights_clipped("y", _step()),
            *(
                _weights_clipped(whose, _step(gradient))
                for whose in ("jointly", "each")
                for gradient in ("", "does not clip")
            ),
        )
    ),
)


def _picture_of_step(case: Case, got: Plain, expected: Plain) -> str:
    """The plane of both weights: home, the circle round it, and from it the right step and the learner's."""
    came, right, start = vector_in(got), np.asarray(expected, np.float64), np.array([case["x"], case["y"]])
    if came is None or came.shape != (2,) or not np.isfinite(came).all() or np.abs(came).max() > 1e6:
        return ""
    side, points = 260.0, np.stack([np.zeros(2), start, right, came])
    reach = 1.15 * max(float(np.ptp(points, axis=0).max()), 1e-9)
    middle = (points.min(axis=0) + points.max(axis=0)) / 2

    def place(point: Floats) -> tuple[float, float]:
        across, up = (point - middle) / reach
        return float(side * (0.5 + across)), float(side * (0.5 - up))

    def arrow(end: Floats, colour: str, dashes: str) -> str:
        (x1, y1), (x2, y2) = place(start), place(end)
        length = math.hypot(x2 - x1, y2 - y1)
        if length < 1:
            return ""
        along, across = np.array([x2 - x1, y2 - y1]) / length, np.array([y1 - y2, x2 - x1]) / length
        left, other = (np.array([x2, y2]) - 9 * along + side * across for side in (5, -5))
        look = f'stroke="{colour}" stroke-width="2.5" fill="none"'
        return (
            f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" {look} stroke-dasharray="{dashes}"/>'
            f'<path d="M{left[0]:.1f} {left[1]:.1f}L{x2:.1f} {y2:.1f}L{other[0]:.1f} {other[1]:.1f}" {look}/>'
        )

    (home_x, home_y), (at_x, at_y) = place(np.zeros(2)), place(start)
    turns = np.linspace(-0.5, 0.5, 21) + math.atan2(start[1], start[0])
    radius = math.hypot(*start)
    circle = "L".join(
        "{:.1f} {:.1f}".format(*place(radius * np.array([math.cos(turn), math.sin(turn)]))) for turn in turns
    )
    alt = (
        f"The plane of x and y with the equilibrium at (0, 0). From ({show(start[0])}, {show(start[1])}) the step "
        f"should end at ({show(right[0])}, {show(right[1])}); yours ends at ({show(came[0])}, {show(came[1])})."
    )
    rows = (("the step asked for", GREEN, "none"), ("your step", VERMILION, "5 4"))
    legend = "".join(
        f'<path d="M{side + 24:g} {40 + 24 * row}h36" stroke="{colour}" stroke-width="2.5" '
        f'stroke-dasharray="{dashes}"/><text x="{side + 68:g}" y="{44 + 24 * row}" fill="#222">{words}</text>'
        for row, (words, colour, dashes) in enumerate(rows)
    )
    return "".join(
        [
            opening(alt, (-10, -10, side + 210, side + 36)),
            f'<path d="M0 {home_y:.1f}H{side:g}M{home_x:.1f} 0V{side:g}" stroke="{GREY}" stroke-width="0.8"/>',
            f'<path d="M{circle}" stroke="{GREY}" stroke-dasharray="2 3" fill="none"/>',
            f'<circle cx="{home_x:.1f}" cy="{home_y:.1f}" r="4" fill="{GREY}"/>',
            f'<circle cx="{at_x:.1f}" cy="{at_y:.1f}" r="5" fill="{BLUE}"/>',
            arrow(right, GREEN, "none"),
            arrow(came, VERMILION, "5 4"),
            legend,
            f'<circle cx="{side + 42:g}" cy="88" r="5" fill="{BLUE}"/><text x="{side + 68:g}" y="92" fill="#222">'
            f'before the step</text><circle cx="{side + 42:g}" cy="112" r="4" fill="{GREY}"/>'
            f'<text x="{side + 68:g}" y="116" fill="#222">the equilibrium</text>',
            f'<text x="{side:g}" y="{side + 20:g}" text-anchor="end" fill="#222">x across, y upwards</text></svg>',
        ]
    )


GAME_STEP = Judged(
    name="game_step",
    reference={"game_step": _step()},
    misconceptions=(
        _step_held(
            "divides by zero",
            "At the equilibrium both gradients are 0, and you divide by their norm. Nothing has to be clipped there.",
            "Scale only where the norm is above max_norm.",
        ),
        _step_held(
            "y answers the new x",
            "Your y steps from the x that has already moved. That is alternation, another game altogether: "
            "asked is a simultaneous step, both from the old point.",
            "Take both gradients before either weight moves.",
        ),
        _step_held(
            "y clipped anew at the new x",
            "Your y takes its gradient, norm and factor at the x that has already moved. That is alternation, clipped "
            "twice a turn; asked is a simultaneous step, both from the old point, with one factor.",
            "Keep the old x until y has stepped, or return both at once.",
        ),
        _step_held(
            "each by its own norm",
            lambda case, answer: (
                "You clip each player's gradient by itself. Clipped jointly, the two are one vector with one norm, "
                f"here {show(math.hypot(case['x'], case['y']))}, and both are scaled by the same factor."
            ),
            "One norm, sqrt(x**2 + y**2), and one factor for both.",
        ),
        _step_held(
            "both descend",
            "Both of your players go downhill on xy. The second maximises it: y has to move with x, not against it.",
            "The second player descends -xy, whose derivative by y is -x.",
        ),
        _step_held(
            "its own gradient",
            "You move x by x and y by y. The derivative of xy by x is y, and by y it is x: each player's gradient is "
            "the other one's weight.",
            "Write the two derivatives of x * y down first.",
        ),
        _step_held(
            "always as long as the threshold",
            lambda case, answer: (
                f"A gradient of norm {show(math.hypot(case['x'], case['y']))} is below the threshold of "
                f"{show(case['max_norm'])}, and you stretch it to the threshold. Clipping only shortens."
            ),
            "The factor is at most 1.",
        ),
        _step_held(
            "clips the step",
            lambda case, answer: (
                f"You clip lr times the gradient at {show(case['max_norm'])}. The gradient is what is clipped; "
                "the step is then at most lr * max_norm long."
            ),
            "Scale the gradient first, multiply by lr afterwards.",
        ),
        _step_held(
            "clips the weights",
            "What you clip is the new weights. That is the weight clipping of the first Wasserstein GAN; asked is "
            "clipping of the gradients.",
            "x and y may grow as large as they like; only what is subtracted from them is cut.",
            any_of(*_WEIGHTS_CLIPPED),
        ),
        _step_held(
            "both signs turned",
            "Your x climbs xy and your y descends it. It is x that makes xy small, and y that makes it large.",
            "Descending, x loses lr times its gradient; and the loss of y is -xy.",
        ),
        _step_held(
            "does not clip",
            lambda case, answer: (
                f"The gradient has norm {show(math.hypot(case['x'], case['y']))}, more than "
                f"{show(case['max_norm'])}, and went into the step uncut."
            ),
            "Multiply both gradients by max_norm / norm where the norm is above max_norm.",
        ),
        _step_held(
            "only the generator",
            "You scale the gradient of x and leave that of y as it is. That clips the generator only; here both are "
            "clipped, by one factor.",
            "The same factor in both lines.",
        ),
    ),
    hints=(
        "Two derivatives, one norm, one factor, two steps.",
        "x descends xy and y descends -xy. The norm of both gradients together is sqrt(x**2 + y**2).",
        "At (6, 8), with lr = 0.5 and max_norm = 5, the norm is 10 and the factor 1/2. x loses 0.5 * 8 / 2 = 2, y "
        "gains 0.5 * 6 / 2 = 1.5, and play is at (4, 9.5).",
    ),
    parts=("x", "y"),
    picture=_picture_of_step,
)


# steps_to_radius ------------------------------------------------------------------------------------------


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


def _count_kind(case: Case, answer: Answer) -> str:
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


def _count_held(name: str, message: Say, hint: str) -> Misconception:
    right, wrong = (answering(_ASKED["steps_to_radius"], _count(mistake)) for mistake in ("", name))
    by_kind = name in ("never", "runs on to the threshold")
    matches = first_failing(_count_kind, name) if by_kind else until_it_fails(right, wrong)
    if name == "rounds down":
        matches = any_of(matches, _some_one_too_small)
    return Misconception(name, {"steps_to_radius": _count(name)}, message, hint, matches)


def _picture_of_count(case: Case, got: Plain, expected: Plain) -> str:
    never = _says_never(got)
    n = math.inf if never else number_in(got)
    if n is None or n < 0:
        return ""
    right, goal = int(expected), case["radius"]
    span = max(1.5 * right, 20.0)
    law = (case["r0"], case["lr"], case["max_norm"])
    curve = [probes.radius_after(round(span * i / 120), *law) for i in range(121)]
    alt = (
        f"The distance from the equilibrium over {span:,.0f} clipped steps, from {show(case['r0'])}. It reaches "
        f"{show(goal)} after {right:,}"
    )
    marks = [(f"at {show(goal)} after {right:,}", right / span, goal, GREEN)]
    if never:
        alt += "; you say never."
    else:
        there = probes.radius_after(round(n), *law)
        alt += f"; after your {n:,.0f} it is {show(there)}."
        marks.append((f"your answer, {n:,.0f}: the distance is {show(there)}", n / span, there, VERMILION))
    curves = [(f"distance from the equilibrium, over {span:,.0f} steps", curve, BLUE, "none")]
    return chart(curves, marks, _top(*curve, goal), alt)


STEPS_TO_RADIUS = Judged(
    name="steps_to_radius",
    reference={"steps_to_radius": _count()},
    misconceptions=(
        _count_held(
            "never",
            lambda case, answer: (
                "You say that clipped play never gets there: the limit cycle of the popular articles. But "
                "every step is a step along the circle's tangent, and that leads outwards: r² grows by (lr * "
                f"max_norm)² each time, without end. {show(case['radius'])} is reached."
            ),
            "Draw a circle, a point on it, and a step at a right angle to the radius. How far from the middle "
            "is its end?",
        ),
        _count_held(
            "straight outwards",
            "You let the distance grow by lr * max_norm a step, as if every step led straight outwards. It "
            "leads along the tangent, at a right angle to the way out, so it is the squares that add.",
            "Pythagoras: old distance, step and new distance form a right-angled triangle.",
        ),
        _count_held(
            "as if unclipped",
            lambda case, answer: (
                "Your distance grows by the factor sqrt(1 + lr²) at every step. That holds up to a distance of "
                f"{show(case['max_norm'])}, the threshold; beyond it each step is only lr * max_norm long."
            ),
            "How long is a step of play at distance r: lr * r, or lr * max_norm?",
        ),
        _count_held(
            "clipped from the start",
            lambda case, answer: (
                f"The start, at {show(case['r0'])}, lies inside the threshold of {show(case['max_norm'])}: "
                "there nothing is clipped, a step is lr * r long, and shorter than you assume."
            ),
            "A step is lr * min(r, max_norm) long.",
        ),
        _count_held(
            "squares the difference",
            "You square the difference of the two distances. It is their squares that differ by (lr * "
            "max_norm)² a step.",
            "radius**2 - r0**2, not (radius - r0)**2.",
        ),
        _count_held(
            "forgets the start",
            "You count as if play began at the equilibrium. From the start on only radius² - r0² has to be gained.",
            "Subtract the square of the distance at which clipping begins.",
        ),
        _count_held(
            "forgets the learning rate",
            "You let a clipped step be max_norm long. The gradient is; the step is lr times that.",
            "A clipped step adds (lr * max_norm)**2 to the square of the distance.",
        ),
        _count_held(
            "rounds down",
            "Your number is one too small: the last step must reach the radius, so round up.",
            "math.ceil in a formula. In a loop: return the count after the step that reaches the radius.",
        ),
        _count_held(
            "starts again at the threshold",
            lambda case, answer: (
                "You round the free steps up and the clipped ones too, and let the clipped ones begin at the threshold "
                f"of {show(case['max_norm'])}. But the last free step overshoots it."
            ),
            "Go on from the distance where the last free step lands.",
        ),
        _count_held(
            "runs on to the threshold",
            lambda case, answer: (
                f"{show(case['radius'])} lies inside the threshold of {show(case['max_norm'])}, so play gets there "
                "before anything is clipped. You count on until it reaches the threshold."
            ),
            "Stop the free steps at whichever comes first, the threshold or the radius.",
        ),
        _count_held(
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
    picture=_picture_of_count,
)


# cycle_threshold ------------------------------------------------------------------------------------------


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


def _circle_held(name: str, message: Say, hint: str) -> Misconception:
    right, wrong = (answering(_ASKED["cycle_threshold"], _circle(mistake)) for mistake in ("", name))
    return Misconception(
        name, {"cycle_threshold": _circle(name)}, message, hint, until_it_fails(right, wrong)
    )


def _picture_of_circle(case: Case, got: Plain, expected: Plain) -> str:
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
        _top(wanted, *curve),
        alt,
    )


CYCLE_THRESHOLD = Judged(
    name="cycle_threshold",
    reference={"cycle_threshold": _circle()},
    misconceptions=(
        _circle_held(
            "a circle without decay",
            "Without decay no threshold gives a circle: clipped play then grows like the root of the number of "
            "steps, for ever. The answer is None.",
            "What pulls inwards when decay is 0?",
        ),
        _circle_held(
            "a threshold of 0",
            "Without decay your formula gives a threshold of 0, at which nothing moves at all. No threshold "
            "above 0 gives a circle there: None.",
            "Play a few steps in your mind with a threshold of 0: from where does it get to the circle?",
        ),
        _circle_held(
            "a threshold beyond the circle",
            lambda case, answer: (
                f"Your threshold, {show(answer.value)}, is larger than the radius, {show(case['radius'])}: on "
                "that circle nothing would be clipped, and the decay, stronger than the growth, pulls play "
                "home. There is no circle: None."
            ),
            "On the circle the gradient is as long as the radius. It has to be longer than the threshold.",
        ),
        _circle_held(
            "half the learning rate as the edge",
            lambda case, answer: (
                f"You take lr / 2 = {show(case['lr'] / 2)} for the strongest decay that leaves a circle. It is only "
                f"about that: at {show(case['decay'])} there still is one, since the decay takes a little less than "
                "2 * lr * decay off r²."
            ),
            "Compare the threshold that you found with the radius, instead of the decay with lr / 2.",
        ),
        _circle_held(
            "divides by zero",
            "Right as far as decay pulls. Without any your formula divides by zero: nothing pulls inwards, "
            "play grows for ever, and the answer is None.",
            "Which of your quantities is 0 there? Say first what play does in that case.",
        ),
        _circle_held(
            "decay without the learning rate",
            "You shrink both weights by the factor 1 - decay. Decoupled decay shrinks them by 1 - lr * decay.",
            "Multiply the decay by the learning rate.",
        ),
        _circle_held(
            "only the first order",
            "Close: you took 2 * lr * decay for what the decay takes off r². It is 1 - (1 - lr * decay)², so "
            "the square of lr * decay is missing.",
            "Multiply (1 - lr * decay)**2 out to the end.",
        ),
        _circle_held(
            "no root",
            "You balance r² but forget to take the root: r² is proportional to the square of the threshold.",
            "Solve for max_norm, not for its square over the radius.",
        ),
        _circle_held(
            "the fraction upside down",
            "Your threshold falls as the decay grows. A stronger pull inwards needs longer steps to hold it off.",
            "That is the radius over the threshold, and you want the threshold: turn the fraction round.",
        ),
        _circle_held(
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
    picture=_picture_of_circle,
)


# worse_when_clipped ---------------------------------------------------------------------------------------

WORSE = 10.0
"""How many times as far from the equilibrium the clipped run has to end."""


def _complaint_about_play(value: Plain) -> str:
    """What is wrong with the form of a counterexample, in one sentence; empty when nothing is."""
    if not isinstance(value, dict) or set(value) != {"scheme", "start", "max_norm"}:
        return f"Return three things, scheme, start, max_norm; got {show(value)}."
    if not isinstance(value["scheme"], str) or value["scheme"] not in probes.SCHEMES:
        return (
            f"scheme must be 'simultaneous', 'alternating' or 'extragradient'; it is {show(value['scheme'])}."
        )
    start = vector_in(value["start"])
    if start is None or start.shape != (2,) or not np.isfinite(start).all() or np.abs(start).max() > 1e6:
        return f"start must be two numbers, x and y, of at most a million; it is {show(value['start'])}."
    c = number_in(value["max_norm"])
    if c is None or c <= 0:
        return f"max_norm must be one number above 0; it is {show(value['max_norm'])}."
    return ""


def _two_runs(case: Case, value: Plain) -> tuple[Play, Play]:
    """The clipped run and the unclipped one."""
    start, c = vector_in(value["start"]), number_in(value["max_norm"])
    assert start is not None
    assert c is not None
    shared = ((float(start[0]), float(start[1])), case["lr"], case["steps"], value["scheme"])
    return play(*shared, clip=c), play(*shared)


def _times_as_far(case: Case, value: Plain) -> float:
    clipped, free = _two_runs(case, value)
    return float(clipped.radii[-1] / free.radii[-1]) if free.radii[-1] > 0 else 0.0


def _judge_worse(case: Case, value: Plain) -> Finding:
    if complaint := _complaint_about_play(value):
        return Finding(False, complaint)
    times = _times_as_far(case, value)
    return Finding(
        times >= WORSE, f"The clipped run ends {show(times)} times as far out; {WORSE:g} times is asked."
    )


def _worse_kind(case: Case, answer: Answer) -> str:
    if answer.status != "given":
        return answer.status
    if _complaint_about_play(answer.value):
        return "not an example"
    if _times_as_far(case, answer.value) >= WORSE:
        return "right"
    clipped, free = _two_runs(case, answer.value)
    if free.radii[0] == 0:
        return "starts at home"
    if np.array_equal(clipped.points, free.points):
        return "never clipped"
    return (
        str(answer.value["scheme"])
        if answer.value["scheme"] != "extragradient"
        else "comes home all the same"
    )


def _worse_held(
    name: str, answer: tuple[str, tuple[float, float], float], story: str, hint: str
) -> Misconception:
    def say(case: Case, answer: Answer) -> str:
        clipped, free = _two_runs(case, answer.value)
        return (
            f"After {case['steps']} steps at lr = {show(case['lr'])} the clipped run is at "
            f"{show(clipped.radii[-1])}, the unclipped one at {show(free.radii[-1])}. {story}"
        )

    names = {"worse_when_clipped": lambda lr, steps: answer}
    return Misconception(name, names, say, hint, matches=first_failing(_worse_kind, name))


def _picture_of_runs(case: Case, got: Plain, expected: Plain) -> str:
    if _complaint_about_play(got):
        return ""
    ends = [run.radii for run in _two_runs(case, got)]
    if not all(np.isfinite(radii).all() for radii in ends) or ends[0][0] == 0:
        return ""
    curves = [[float(radii[round(case["steps"] * i / 120)]) for i in range(121)] for radii in ends]
    alt = (
        f"Distance from the equilibrium over {case['steps']} steps of {got['scheme']} play from "
        f"{show(curves[0][0])}: the clipped run ends at {show(curves[0][-1])}, the unclipped one at "
        f"{show(curves[1][-1])}."
    )
    return chart(
        [
            (f"clipped: ends at {show(curves[0][-1])}", curves[0], VERMILION, "none"),
            (f"not clipped: ends at {show(curves[1][-1])}", curves[1], BLUE, "8 5"),
        ],
        [],
        _top(*curves[0], *curves[1]),
        alt,
    )


WORSE_WHEN_CLIPPED = Judged(
    name="worse_when_clipped",
    reference={"worse_when_clipped": lambda lr, steps: ("extragradient", (3.0, 4.0), 0.01)},
    judge=_judge_worse,
    misconceptions=(
        _worse_held(
            "simultaneous",
            ("simultaneous", (3.0, 4.0), 1.0),
            "In simultaneous play the colleague is right: r² grows by the square of every step, and clipping "
            "makes no step longer.",
            "What good does a long step do, and in which play?",
        ),
        _worse_held(
            "alternating",
            ("alternating", (3.0, 4.0), 0.1),
            "Unclipped alternating play circles at its distance for ever. Clipped jointly it does drift out, but only "
            "like a root: ten times as far is out of reach in these steps.",
            "Ten times as far as what? The other run may also be the one that ends near.",
        ),
        _worse_held(
            "never clipped",
            ("extragradient", (1.0, 1.0), 5.0),
            "The two runs are one: your threshold is above every gradient, so nothing was clipped.",
            "The norm of the gradient is the distance from the equilibrium. Go below it.",
        ),
        _worse_held(
            "comes home all the same",
            ("extragradient", (3.0, 4.0), 4.0),
            "The right scheme, and it is clipped at first. But the clipped steps are still long enough to get "
            "home in time.",
            "Shorten the steps until the run hardly gets away from its start.",
        ),
        _worse_held(
            "starts at home",
            ("extragradient", (0.0, 0.0), 0.1),
            "At the equilibrium all gradients are 0, and nothing ever moves, clipped or not.",
            "Start anywhere else.",
        ),
    ),
    hints=(
        "Clipping shortens steps. When does a shorter step do harm? When the step was a good one.",
        "Which of the three schemes comes home without clipping? Take that one, and make its steps tiny.",
        "Ten steps that each halve a distance of 8: it ends at 0.0078. Ten steps towards home, none longer than 0.1: "
        "it ends at 7, 896 times as far.",
    ),
    picture=_picture_of_runs,
)


# modes_and_quality ----------------------------------------------------------------------------------------


def _modes(mistake: str = "") -> Callable[..., Any]:
    """Modes and quality as a learner would count them, with one mistake or none."""

    def modes_and_quality(samples: Any, known: Any, labels: Any, allowed: float, share: float) -> Any:
        if mistake == "leaves out what overflowed":
            samples = samples[np.isfinite(samples).all(axis=1)]
        offsets = samples[:, None] - known[None]
        distances = np.linalg.norm(offsets, axis=2)
        nearest = distances.argmin(axis=1)
        closest = distances.min(axis=1)
        if mistake == "each coordinate by itself":
            closest = np.abs(offsets).max(axis=2)[np.arange(len(samples)), nearest]
        elif mistake == "squared distances":
            closest = closest**2
        good = closest < allowed if mistake == "nearer than allowed" else closest <= allowed
        label = nearest if mistake == "counts examples" else labels[nearest]
        counted = good | True if mistake == "counts bad samples" else good
        of, finite = max(1, len(samples)), max(1, int(np.isfinite(samples).all(axis=1).sum()))
        quality = good.sum() / (finite if mistake == "quality of what is finite" else of)
        if mistake == "a share of the good ones":
            of = max(1, int(good.sum()))
        elif mistake == "a share of what is finite":
            of = finite
        modes = range(probes.MODES) if mistake == "labels 0 to 7" else np.unique(label)
        shares = np.array([np.sum(counted & (label == mode)) / of for mode in modes])
        needed = 1 / of if mistake == "one sample is enough" else share
        covered = shares > needed if mistake == "more than the share" else shares >= needed
        if mistake == "quality of covered modes only":
            quality = shares[covered].sum()
        found = int(covered.sum()), float(quality)
        return found[::-1] if mistake == "quality first" else found

    return modes_and_quality


def _modes_held(name: str, message: Say, hint: str) -> Misconception:
    right, wrong = (answering(_ASKED["modes_and_quality"], _modes(mistake)) for mistake in ("", name))
    return Misconception(
        name, {"modes_and_quality": _modes(name)}, message, hint, until_it_fails(right, wrong)
    )


def _picture_of_modes(case: Case, got: Plain, expected: Plain) -> str:
    """The plane with a circle of the distance allowed round each known point; digits are not drawn."""
    samples, known = np.asarray(case["samples"]), np.asarray(case["known"])
    if known.shape[1] != 2:
        return ""
    side, reach = 300.0, 2.6
    finite = np.isfinite(samples).all(axis=1)
    distances = np.linalg.norm(samples[:, None] - known[None], axis=2)
    good = distances.min(axis=1) <= case["allowed"]
    needed = math.ceil(case["share"] * len(samples))

    def place(point: Floats) -> tuple[float, float]:
        return float(side * (0.5 + point[0] / 2 / reach)), float(side * (0.5 - point[1] / 2 / reach))

    parts = []
    for middle, mode in zip(known, case["labels"], strict=True):
        x, y = place(middle)
        hits = int(np.sum(good & (distances.argmin(axis=1) == mode)))
        dashes = "none" if hits >= needed else "4 3"
        parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{side * case["allowed"] / 2 / reach:.1f}" fill="none" '
            f'stroke="{GREEN}" stroke-width="2" stroke-dasharray="{dashes}"/>'
        )
        label_x, label_y = place(0.66 * middle)
        parts.append(
            f'<text x="{label_x:.1f}" y="{label_y + 4:.1f}" text-anchor="middle" fill="#222">{hits}</text>'
        )
    for point, is_good in zip(samples[finite], good[finite], strict=True):
        x, y = place(point)
        parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{BLUE}"/>'
            if is_good
            else f'<path d="M{x - 3:.1f} {y - 3:.1f}l6 6m0 -6l-6 6" stroke="{VERMILION}" stroke-width="1.8"/>'
        )
    lost = int((~finite).sum())
    rows = [
        "circle: the distance allowed",
        f"closed circle: covered ({needed} or more are good)",
        "dot: a good sample; cross: a bad one",
        "number: how many are good",
        *([f"{lost} samples are nan: bad, not drawn"] if lost else []),
    ]
    legend = "".join(
        f'<text x="{side + 8:g}" y="{30 + 22 * row}" fill="#222">{escape(words)}</text>'
        for row, words in enumerate(rows)
    )
    alt = (
        f"{len(samples)} samples round eight known points; {int(good.sum())} are good, "
        f"{int((finite & ~good).sum())} are too far from all eight, {lost} are nan. A mode needs {needed} good "
        "samples to be covered."
    )
    return f"{opening(alt, (0, 0, side + 312, side))}{''.join(parts)}{legend}</svg>"


MODES_AND_QUALITY = Judged(
    name="modes_and_quality",
    reference={"modes_and_quality": _modes()},
    misconceptions=(
        _modes_held(
            "quality first",
            "You return the two the other way round, quality first. Asked is first how many modes are covered, then "
            "the share of good samples.",
            "return modes, quality: in this order.",
        ),
        _modes_held(
            "counts bad samples",
            "Your count of modes takes every sample to its nearest example, however far away it is. So rubbish "
            "covers modes. Only good samples may.",
            "A sample counts for a mode if it is near AND bears its label.",
        ),
        _modes_held(
            "one sample is enough",
            lambda case, answer: (
                "You count a mode as covered from the first good sample on. One lucky hit among "
                f"{len(case['samples'])} is no mode; a share of {show(case['share'])} of all samples is asked."
            ),
            "Compare the share of samples in each mode with `share`.",
        ),
        _modes_held(
            "a share of the good ones",
            "You divide by the number of good samples. A generator whose samples are nearly all rubbish would "
            "cover every mode so. The share is one of all samples.",
            "Two good samples, one in each of two modes, and sixty bad ones: what share has each mode?",
        ),
        _modes_held(
            "more than the share",
            lambda case, answer: (
                f"A mode with exactly the share of {show(case['share'])} counts as covered; yours needs more "
                "than that."
            ),
            "Read the definition of covered once more: what if the share is met exactly?",
        ),
        _modes_held(
            "squared distances",
            "You compare squared distances with `allowed`. A distance of 0.4 has a square of 0.16, and passes "
            "for near.",
            "Take the root, or square `allowed` as well.",
        ),
        _modes_held(
            "each coordinate by itself",
            lambda case, answer: (
                f"You ask whether each coordinate is within {show(case['allowed'])}. That allows a square, "
                "whose corners are further away than that; with 64 pixels nearly everything lies in such a "
                "box. Asked is the distance."
            ),
            "np.linalg.norm of the difference.",
        ),
        _modes_held(
            "leaves out what overflowed",
            "You leave out the samples that are nan. They are samples of the generator as well, and bad ones: "
            "with half of them gone a broken generator looks twice as good.",
            "Keep dividing by the number of all samples.",
        ),
        _modes_held(
            "a share of what is finite",
            "Your share of a mode is one of the samples that are not nan. Those that are count as well: covered is a "
            "mode with at least `share` of all samples.",
            "The share of a mode is its good samples over len(samples).",
        ),
        _modes_held(
            "quality of what is finite",
            "Your quality divides by the samples that are not nan. Those that are count as well, as bad ones: quality "
            "is a share of all samples.",
            "The mean of `good` over every row, the nan included.",
        ),
        _modes_held(
            "nearer than allowed",
            lambda case, answer: (
                f"A sample exactly {show(case['allowed'])} away is good: it is no further away than `allowed`. Yours "
                "has to be nearer."
            ),
            "At most `allowed`, not less than it.",
        ),
        _modes_held(
            "quality of covered modes only",
            "Your quality counts only samples of covered modes. A good sample is a good one, wherever it lies.",
            "quality is the share of all samples that are near enough to their nearest example.",
        ),
        _modes_held(
            "labels 0 to 7",
            "You count labels 0 to 7, as many as a ring of eight has. Which modes there are is what `labels` says: the "
            "digits go up to 9.",
            "Go through the labels that occur: set(labels.tolist()), or np.unique(labels).",
        ),
        _modes_held(
            "counts examples",
            "You count the known examples that were hit. On the ring that is the same as modes; of the digits "
            "there are fifteen or so examples of each. Count labels.",
            "labels[nearest] is the mode of a sample.",
        ),
    ),
    hints=(
        "Three steps: distances to all known examples; nearest and good; then count.",
        "distances has shape (n, m). argmin along axis 1 gives the nearest, min the distance to it. Then for "
        "each label: which share of all samples is good and has it?",
        "Five samples take the labels 3, 3, 3, 7, 7, and are good, good, bad, good, bad. Mode 3 has a share of 2/5, "
        "mode 7 one of 1/5. With share = 0.3 one mode is covered, and the quality is 3/5.",
    ),
    parts=("modes", "quality"),
    picture=_picture_of_modes,
)


# gan_step -------------------------------------------------------------------------------------------------

RTOL, ATOL = 1e-4, 1e-6
"""PyTorch clips by c / (norm + 1e-6), a hand-written line by c / norm: both are right."""


def _gan_step(*mistakes: str) -> Callable[..., Any]:
    """The training step as a learner would write it, with these mistakes, or as it came."""
    came = "as it came" in mistakes
    generator_first = "generator first" in mistakes or "generator first, new fakes" in mistakes

    def gan_step(
        generator: Any,
        discriminator: Any,
        g_optimizer: Any,
        d_optimizer: Any,
        real: Any,
        noise: Any,
        max_norm: float,
    ) -> tuple[float, float]:
        from torch.nn.functional import softplus
        from torch.nn.utils import clip_grad_norm_

        def clip(parameters: Any) -> float:
            norm = float(clip_grad_norm_(parameters, max_norm))
            return min(norm, max_norm) if "norms after clipping" in mistakes else norm

        def generators_loss(logits: Any) -> Any:
            if came or "saturating" in mistakes:
                return -softplus(logits).mean()
            if "climbs" in mistakes:
                return -softplus(-logits).mean()
            return softplus(logits if "helps the discriminator" in mistakes else -logits).mean()

        def generators_half(loss: Any) -> float:
            loss.backward()
            if "G clipped after its step" in mistakes:
                g_optimizer.step()
                return clip(generator.parameters())
            if came or "one norm for both" in mistakes:
                norm = clip([*generator.parameters(), *discriminator.parameters()])
            else:
                norm = clip((discriminator if "clips D again" in mistakes else generator).parameters())
            g_optimizer.step()
            return norm

        fake, g_norm = generator(noise), 0.0
        hanging = "leftovers in G" in mistakes or "no detach" in mistakes
        if generator_first:
            g_optimizer.zero_grad()
            g_norm = generators_half(generators_loss(discriminator(fake)))
            fake = generator(noise) if "generator first, new fakes" in mistakes else fake
        if not came and "leftovers in D" not in mistakes:
            d_optimizer.zero_grad()
        if "leftovers in G" in mistakes:
            g_optimizer.zero_grad()
        d_loss = softplus(-discriminator(real)).mean()
        d_loss = d_loss + softplus(discriminator(fake if hanging else fake.detach())).mean()
        old_loss = generators_loss(discriminator(fake))
        d_loss.backward()
        if "both backwards first" in mistakes:
            g_optimizer.zero_grad()
            old_loss.backward()
            norms = clip(discriminator.parameters()), clip(generator.parameters())
            d_optimizer.step()
            g_optimizer.step()
            return norms
        if came or "D clipped after its step" in mistakes:
            d_optimizer.step()
            d_norm = clip(discriminator.parameters())
        else:
            d_norm = clip(discriminator.parameters())
            d_optimizer.step()
        if generator_first:
            return d_norm, g_norm

        if "leftovers in G" not in mistakes:
            g_optimizer.zero_grad()
        if "the old logits" in mistakes:
            return d_norm, generators_half(old_loss)
        if "cut off" in mistakes:
            fake = fake.detach()
        elif "no detach" not in mistakes:
            fake = generator(noise)
        return d_norm, generators_half(generators_loss(discriminator(fake)))

    return gan_step


def _stopped_with(words: str) -> Matches:
    """PyTorch stopped the first step with an error that says these words."""

    def matches(cases: list[Case], answers: list[Answer]) -> bool:
        return answers[0].status == "raised" and words in answers[0].detail

    return matches


def _first_step_is_that_of(*variants: Callable[..., Any], of: str | None = None) -> Matches:
    """The first step, where nothing is clipped, came out as one of these; `of`: this part of its answer."""

    def part(value: Plain) -> Plain:
        return value if of is None or not isinstance(value, dict) else value.get(of)

    def matches(cases: list[Case], answers: list[Answer]) -> bool:
        if answers[0].status != "given":
            return False
        got = part(answers[0].value)
        would = (part(answering(_ASKED["gan_step"], variant)(cases[0]).value) for variant in variants)
        return any(not difference(got, value, RTOL, ATOL) for value in would)

    return matches


def _gan_held(name: str, message: Say, hint: str, matches: Matches | None = None) -> Misconception:
    right, wrong = (answering(_ASKED["gan_step"], _gan_step(mistake)) for mistake in ("", name))
    if name not in (
        "as it came",
        "both backwards first",
    ):  # these begin like others, and are told by all cases
        matches = matches or until_it_fails(right, wrong, rtol=RTOL, atol=ATOL)
    return Misconception(name, {"gan_step": _gan_step(name)}, message, hint, matches)


def _steps_wrongly(name: str, message: Say, hint: str, *variants: tuple[str, ...]) -> Misconception:
    """A mistake that shows in where the first step ends, whatever norms are returned."""
    steps = (_gan_step(*mistakes) for mistakes in ((name,), *variants))
    return _gan_held(name, message, hint, _first_step_is_that_of(*steps, of="weights"))


GAN_STEP = Judged(
    name="gan_step",
    reference={"gan_step": _gan_step()},
    misconceptions=(
        _gan_held(
            "as it came",
            "This is the step as it came; all four mistakes are still in it.",
            "Start with the loss: one step, with nothing to clip, already goes wrong.",
        ),
        _steps_wrongly(
            "saturating",
            "The generator still minimises log(1 - D). Where the discriminator is sure of itself that loss is "
            "flat, and the generator learns nothing. Asked is -log D.",
            "-log D of a logit s is softplus(-s).",
        ),
        _steps_wrongly(
            "helps the discriminator",
            "Your generator minimises -log(1 - D): it learns to be recognised. It has to raise D on its samples.",
            "-log D is softplus(-logit); softplus(logit) is the discriminator's own loss on fakes.",
        ),
        _steps_wrongly(
            "climbs",
            "Your generator climbs -log D: it has a sign too many. It has to make -log D small.",
            "softplus(-logit) is -log D already, the minus included. An optimizer descends what it is given.",
        ),
        _gan_held(
            "cut off",
            "Your generator does not move: detach has cut it off from its loss.",
            "detach belongs into the discriminator's loss only. The generator learns through the fake samples.",
            _first_step_is_that_of(
                _gan_step("cut off"),
                _gan_step("cut off", "one norm for both"),
                _gan_step("cut off", "one norm for both", "saturating"),
            ),
        ),
        _gan_held(
            "both backwards first",
            "You run both backwards before either step. So the generator's backward adds to the discriminator's "
            "gradient, and the generator answers the discriminator as it was.",
            "Finish the discriminator's step before you compute the generator's loss.",
        ),
        _steps_wrongly(
            "generator first",
            "Your generator takes its gradient before the discriminator has stepped. Asked is its gradient by the "
            "discriminator as it is now, so after that step.",
            "First all three steps of the discriminator, then the generator's.",
            *(
                (order, *more)
                for order in ("generator first", "generator first, new fakes")
                for more in ((), ("leftovers in D",), ("saturating",), ("leftovers in D", "saturating"))
            ),
        ),
        _gan_held(
            "no detach",
            "The discriminator's backward ran on through the fake samples into the generator, and used that part of "
            "the graph up. The generator's own backward needs it.",
            "fake.detach() in the discriminator's loss: it is not the generator that learns from it.",
            _stopped_with("backward through the graph a second time"),
        ),
        _gan_held(
            "the old logits",
            "You computed the generator's loss before the discriminator's step, and its backward comes after: PyTorch "
            "notices that the weights it needs have changed. Let the new discriminator judge the samples again.",
            "discriminator(fake) once more, after d_optimizer.step().",
            _stopped_with("modified by an inplace operation"),
        ),
        _gan_held(
            "leftovers in G",
            "The generator's gradient holds a part that is not its own: the discriminator's loss was "
            "backpropagated through the fake samples as well, and nobody cleared that away before the "
            "generator's own backward.",
            "fake.detach() in the discriminator's loss, or g_optimizer.zero_grad() after it.",
        ),
        _gan_held(
            "leftovers in D",
            "From the second step on, the discriminator's gradient is wrong: the generator's backward also "
            "left gradients in the discriminator, and they are added to.",
            "d_optimizer.zero_grad() before the discriminator's backward.",
        ),
        _gan_held(
            "D clipped after its step",
            "You clip the discriminator's gradient after its step, when it has already moved by all of it.",
            "backward, clip, step: in this order.",
        ),
        _gan_held(
            "G clipped after its step",
            "You clip the generator's gradient after its step, when it has already moved by all of it.",
            "backward, clip, step, for the generator too.",
        ),
        _gan_held(
            "one norm for both",
            "You clip the generator by one norm of both networks' gradients. The discriminator's are leftovers "
            "by then: they cut the generator more than asked, and the norm you return is not its own.",
            "Give clip_grad_norm_ the generator's parameters only.",
        ),
        _gan_held(
            "clips D again",
            "In the generator's half you clip the discriminator again. The norm you return is that of its leftovers, "
            "and the generator steps by its whole gradient.",
            "Whose parameters does the second clip_grad_norm_ get?",
        ),
        _gan_held(
            "norms after clipping",
            "You return norms from after clipping. They never exceed the threshold, so a log of them says nothing.",
            "clip_grad_norm_ returns the norm from before.",
        ),
    ),
    hints=(
        "Read it line by line beside the six steps of the text, and for each ask: whose loss, whose gradient, whose "
        "norm?",
        "The first failing case tells which mistake is next: the generator's loss, then what is left in D, "
        "then the order of clip and step, then whose norm it is.",
        "One weight, gradient 3, threshold 1, lr 0.5. Clipped before the step it moves by 0.5; after the step it moves "
        "by 1.5. The next backward, without zero_grad, finds 3 + 1 = 4 in .grad: the clipped 1 is still there.",
    ),
    rtol=RTOL,
    atol=ATOL,
)


# game_choice ----------------------------------------------------------------------------------------------

TARGET, LATE = 0.3, 100
"""The mean distance to reach, and over how many last steps."""


@lru_cache(maxsize=64)
def _distances(scheme: str, lr: float, max_norm: float, seeds: tuple[int, ...]) -> Floats:
    """The mean distance of these games at each step."""
    found = probes.noisy_distances(scheme, lr, max_norm, seeds)
    with np.errstate(over="ignore"):
        return np.asarray(found.mean(axis=1))


def _threshold_in(value: Plain) -> float | None:
    """A threshold, which may be inf: never clip."""
    if isinstance(value, float) and value == math.inf:
        return value
    return number_in(value)


def _complaint_about_choice(value: Plain) -> str:
    """What is wrong with the form of a choice, in one sentence; empty when nothing is."""
    if not isinstance(value, dict) or set(value) != {"scheme", "lr", "max_norm"}:
        return f"Set my_scheme to a word, my_lr and my_max_norm to numbers; got {show(value)}."
    if not isinstance(value["scheme"], str) or value["scheme"] not in probes.SCHEMES:
        return f"my_scheme must be 'simultaneous', 'alternating' or 'extragradient'; it is {show(value['scheme'])}."
    lr, c = number_in(value["lr"]), _threshold_in(value["max_norm"])
    if lr is None or lr <= 0:
        return f"my_lr must be one number above 0; it is {show(value['lr'])}."
    if c is None or c <= 0:
        return f"my_max_norm must be one number above 0, or math.inf; it is {show(value['max_norm'])}."
    return ""


def _chosen(case: Case, value: Plain) -> Floats:
    lr, c = number_in(value["lr"]), _threshold_in(value["max_norm"])
    assert lr is not None
    assert c is not None
    return _distances(value["scheme"], lr, c, tuple(int(seed) for seed in case["seeds"]))


def _final(case: Case, value: Plain) -> float:
    return float(_chosen(case, value)[-LATE:].mean())


def _judge_choice(case: Case, value: Plain) -> Finding:
    if complaint := _complaint_about_choice(value):
        return Finding(False, complaint)
    final = _final(case, value)
    return Finding(
        final <= TARGET, f"On {case.label} the mean distance is {show(final)}; at most {TARGET} is asked."
    )


def _choice_kind(case: Case, answer: Answer) -> str:
    if answer.status != "given":
        return answer.status
    if _complaint_about_choice(answer.value):
        return "not a choice"
    if _final(case, answer.value) <= TARGET:
        return "right"
    if answer.value["scheme"] != "extragradient":
        return str(answer.value["scheme"])
    lr, c = number_in(answer.value["lr"]), _threshold_in(answer.value["max_norm"])
    assert lr is not None
    assert c is not None

    def comes_home(threshold: float) -> bool:  # in time, and if there were no noise
        steps = probes.STEPS - LATE
        return bool(play((probes.START, 0.0), lr, steps, "extragradient", threshold).radii[-1] < TARGET)

    if lr >= 1:
        return "learning rate too large"
    if comes_home(c):
        return "threshold too high"
    return "threshold too low" if comes_home(math.inf) else "learning rate too small"


def _choice_held(name: str, choice: tuple[str, float, float], story: str, hint: str) -> Misconception:
    def say(case: Case, answer: Answer) -> str:
        final = _final(case, answer.value)
        return f"On {case.label} the mean distance is {show(final)}; at most {TARGET} is asked. {story}"

    names = dict(zip(("my_scheme", "my_lr", "my_max_norm"), choice, strict=True))
    return Misconception(name, names, say, hint, matches=first_failing(_choice_kind, name))


def _picture_of_choice(case: Case, got: Plain, expected: Plain) -> str:
    if _complaint_about_choice(got):
        return ""
    distances = _chosen(case, got)
    if not np.isfinite(distances).all():
        return ""
    curve: Sequence[float] = [float(distance) for distance in distances[::4]]
    alt = (
        f"The mean distance of ten games from their equilibria over {probes.STEPS} steps with your choice. It "
        f"starts at {probes.START:g}, and is {show(_final(case, got))} in the last {LATE} steps; {TARGET} is asked."
    )
    return chart(
        [
            (
                f"your choice: {show(_final(case, got))} over the last {LATE} of {probes.STEPS} steps",
                curve,
                VERMILION,
                "none",
            ),
            (f"asked: {TARGET}", [TARGET, TARGET], GREEN, "8 5"),
        ],
        [],
        _top(*curve),
        alt,
    )


GAME_CHOICE = Judged(
    name="game_choice",
    reference={"my_scheme": "extragradient", "my_lr": 0.35, "my_max_norm": 1.0},
    judge=_judge_choice,
    misconceptions=(
        _choice_held(
            "simultaneous",
            ("simultaneous", 0.1, 1.0),
            "Clipping bounds the steps of simultaneous play, and they still lead outwards. No threshold brings "
            "it home.",
            "Which scheme comes home without noise? Clipping can only protect one that does.",
        ),
        _choice_held(
            "alternating",
            ("alternating", 0.1, 1.0),
            "Alternating play at best circles the equilibrium, and clipped jointly it drifts out. It does not come "
            "home, and noise only drives it further out.",
            "Circling is not coming home. One scheme of the three looks ahead.",
        ),
        _choice_held(
            "threshold too high",
            ("extragradient", 0.3, math.inf),
            "The scheme comes home, but now and then a bad batch throws it far out again: your threshold lets "
            "too much of it through.",
            "What is left of a bad batch is as long as the threshold. Cut just above the ordinary gradients near "
            "home.",
        ),
        _choice_held(
            "threshold too low",
            ("extragradient", 0.3, 0.2),
            "Bad batches are cut, and so are the steps that lead home: at this threshold the way is too long "
            "for 400 steps.",
            "Clipped, r² shrinks by about (lr * max_norm)² a step. How many steps does it take from 4?",
        ),
        _choice_held(
            "learning rate too small",
            ("extragradient", 0.03, 3.0),
            "The scheme is the right one, but at this learning rate it does not even get home without clipping.",
            "A step of it shrinks the distance by about lr² / 2 of itself. 400 steps have to do.",
        ),
        _choice_held(
            "learning rate too large",
            ("extragradient", 1.2, 1.0),
            "Above a learning rate of 1 looking ahead overshoots: close to the equilibrium every step leads "
            "away from it, so play cannot settle there.",
            "Come down well below 1.",
        ),
    ),
    hints=(
        "Measure without fear: three schemes, three learning rates and three thresholds are 27 calls of a "
        "tenth of a second.",
        "First the scheme that comes home at all. Then a learning rate with which it arrives in 400 steps. "
        "Then the lowest threshold that does not stop it.",
        "At a learning rate of 0.2 and a threshold of 0.5, r² falls by about (0.2 * 0.5)² = 0.01 a step. From 4 that "
        "is 16 / 0.01 = 1,600 steps home, four times too many.",
    ),
    picture=_picture_of_choice,
)

JUDGED: tuple[Judged, ...] = (
    GAME_STEP,
    STEPS_TO_RADIUS,
    CYCLE_THRESHOLD,
    WORSE_WHEN_CLIPPED,
    MODES_AND_QUALITY,
    GAN_STEP,
    GAME_CHOICE,
)
