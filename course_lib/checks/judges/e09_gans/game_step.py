"""How `game_step` is judged: right solutions, misunderstandings, and what to say to each."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from course_lib.checks.case import Case, Floats, Plain
from course_lib.checks.chart import BLUE, GREEN, GREY, VERMILION, opening
from course_lib.checks.compare import show
from course_lib.checks.judging import Judged, Misconception, Say
from course_lib.checks.matching import (
    Answering,
    Matches,
    answering,
    any_of,
    fails_as,
    throughout,
    until_it_fails,
)
from course_lib.checks.probes.e09_gans.game_step import ASKED
from course_lib.checks.reading import vector_in


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


def _held(name: str, message: Say, hint: str, matches: Matches | None = None) -> Misconception:
    wrong = _step(name)
    return Misconception(
        name, {"game_step": wrong}, message, hint, matches or fails_as(ASKED, _step(), wrong)
    )


def _weights_clipped(whose: str, step: Callable[..., Any]) -> Answering:
    """What a step answers whose new weights are clipped: those of both `jointly`, of `each`, or of `y`."""

    def game_step(x: float, y: float, lr: float, c: float) -> tuple[float, float]:
        x, y = step(x, y, lr, c)
        if whose == "jointly":
            share = min(1.0, c / max(math.hypot(x, y), c))
            return share * x, share * y
        return max(-c, min(x, c)) if whose == "each" else x, max(-c, min(y, c))

    return answering(ASKED, game_step)


_WEIGHTS_CLIPPED = (
    # Instead of the gradient, that of y alone may begin like a step that clips nothing.
    throughout(_weights_clipped("y", _step("does not clip"))),
    *(
        until_it_fails(answering(ASKED, _step()), wrong)
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


def _picture(case: Case, got: Plain, expected: Plain) -> str:
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


JUDGED = Judged(
    name="game_step",
    reference={"game_step": _step()},
    misconceptions=(
        _held(
            "divides by zero",
            "At the equilibrium both gradients are 0, and you divide by their norm. Nothing has to be clipped there.",
            "Scale only where the norm is above max_norm.",
        ),
        _held(
            "y answers the new x",
            "Your y steps from the x that has already moved. That is alternation, another game altogether: "
            "asked is a simultaneous step, both from the old point.",
            "Take both gradients before either weight moves.",
        ),
        _held(
            "y clipped anew at the new x",
            "Your y takes its gradient, norm and factor at the x that has already moved. That is alternation, clipped "
            "twice a turn; asked is a simultaneous step, both from the old point, with one factor.",
            "Keep the old x until y has stepped, or return both at once.",
        ),
        _held(
            "each by its own norm",
            lambda case, answer: (
                "You clip each player's gradient by itself. Clipped jointly, the two are one vector with one norm, "
                f"here {show(math.hypot(case['x'], case['y']))}, and both are scaled by the same factor."
            ),
            "One norm, sqrt(x**2 + y**2), and one factor for both.",
        ),
        _held(
            "both descend",
            "Both of your players go downhill on xy. The second maximises it: y has to move with x, not against it.",
            "The second player descends -xy, whose derivative by y is -x.",
        ),
        _held(
            "its own gradient",
            "You move x by x and y by y. The derivative of xy by x is y, and by y it is x: each player's gradient is "
            "the other one's weight.",
            "Write the two derivatives of x * y down first.",
        ),
        _held(
            "always as long as the threshold",
            lambda case, answer: (
                f"A gradient of norm {show(math.hypot(case['x'], case['y']))} is below the threshold of "
                f"{show(case['max_norm'])}, and you stretch it to the threshold. Clipping only shortens."
            ),
            "The factor is at most 1.",
        ),
        _held(
            "clips the step",
            lambda case, answer: (
                f"You clip lr times the gradient at {show(case['max_norm'])}. The gradient is what is clipped; "
                "the step is then at most lr * max_norm long."
            ),
            "Scale the gradient first, multiply by lr afterwards.",
        ),
        _held(
            "clips the weights",
            "What you clip is the new weights. That is the weight clipping of the first Wasserstein GAN; asked is "
            "clipping of the gradients.",
            "x and y may grow as large as they like; only what is subtracted from them is cut.",
            any_of(*_WEIGHTS_CLIPPED),
        ),
        _held(
            "both signs turned",
            "Your x climbs xy and your y descends it. It is x that makes xy small, and y that makes it large.",
            "Descending, x loses lr times its gradient; and the loss of y is -xy.",
        ),
        _held(
            "does not clip",
            lambda case, answer: (
                f"The gradient has norm {show(math.hypot(case['x'], case['y']))}, more than "
                f"{show(case['max_norm'])}, and went into the step uncut."
            ),
            "Multiply both gradients by max_norm / norm where the norm is above max_norm.",
        ),
        _held(
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
    picture=_picture,
)
