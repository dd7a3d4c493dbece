"""What `cycle_threshold` asks: fresh cases, and how the learner's code is called on them."""

from __future__ import annotations

import numpy as np

from course_lib.checks.asking import Asked, Namespace
from course_lib.checks.case import Case, Plain
from course_lib.checks.drawing import one_of_each_and_more


def draw(rng: np.random.Generator) -> list[Case]:
    """A decay of middle strength, a weak one, one just weak enough for a circle, one too strong, none; and more."""
    return one_of_each_and_more(rng, _one_of_each, 2)


def _one_of_each(rng: np.random.Generator) -> list[Case]:
    def case(label: str, lr: float, decay: float) -> Case:
        return Case(label, {"lr": lr, "decay": decay, "radius": round(float(rng.uniform(2, 9)), 1)})

    return [
        case("a decay of middle strength", 0.3, round(float(rng.uniform(0.03, 0.04)), 3)),
        case("a weak decay", 0.1, round(float(rng.uniform(0.005, 0.02)), 3)),
        case("a decay just above half the learning rate", 0.4, round(float(rng.uniform(0.202, 0.206)), 4)),
        case("a decay that brings the play home by itself", 0.1, round(float(rng.uniform(0.08, 0.2)), 3)),
        case("no decay", 0.1, 0.0),
    ]


def probe(names: Namespace, case: Case) -> Plain:
    """`cycle_threshold(lr, decay, radius)`."""
    return names["cycle_threshold"](case["lr"], case["decay"], case["radius"])


ASKED = Asked(
    name="cycle_threshold",
    title="Find the threshold for a circle of a given radius",
    points=1,
    needs=("cycle_threshold",),
    draw=draw,
    probe=probe,
    refuses=("course_lib.dynamics.games.cycle_radius",),
)
