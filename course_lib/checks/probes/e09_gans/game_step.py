"""What `game_step` asks: fresh cases, and how the learner's code is called on them."""

from __future__ import annotations

import numpy as np

from course_lib.checks.asking import Asked, Namespace
from course_lib.checks.case import Case, Plain


def draw(rng: np.random.Generator) -> list[Case]:
    """Both players' gradients long, one of them long, both short, a step longer than the threshold, and home."""

    def case(label: str, x: float, y: float, lr: float, c: float) -> Case:
        signs = rng.choice([-1, 1], size=2)
        inputs = {"x": round(float(signs[0] * x), 2), "y": round(float(signs[1] * y), 2)}
        return Case(label, inputs | {"lr": lr, "max_norm": c})

    def near(value: float) -> float:
        return value * float(rng.uniform(0.9, 1.1))

    return [
        case("both gradients above the threshold", near(3), near(2), 0.5, 1.5),
        case("one gradient above the threshold, one below", near(0.7), near(4), 0.5, 1.5),
        case("a gradient below the threshold", near(0.6), near(0.4), 0.5, 1.5),
        case("a long gradient and a large learning rate", near(30), near(40), 0.8, 10.0),
        Case("at the equilibrium", {"x": 0.0, "y": 0.0, "lr": 0.1, "max_norm": 1.0}),
    ]


def probe(names: Namespace, case: Case) -> Plain:
    """`game_step(x, y, lr, max_norm)`."""
    return names["game_step"](case["x"], case["y"], case["lr"], case["max_norm"])


ASKED = Asked(
    name="game_step",
    title="One simultaneous step, clipped jointly",
    points=1,
    needs=("game_step",),
    draw=draw,
    probe=probe,
    refuses=("course_lib.dynamics.games.play",),
)
