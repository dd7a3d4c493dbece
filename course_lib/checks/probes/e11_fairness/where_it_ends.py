"""What `where_it_ends` asks: fresh cases, and how the learner's code is called on them."""

from __future__ import annotations

import numpy as np

from course_lib.checks.asking import Asked, Namespace
from course_lib.checks.case import Case, Plain


def draw(rng: np.random.Generator) -> list[Case]:
    """Both sides of a ratio of 1, from everywhere: beyond either group, between them, and at a group's optimum."""
    side = float(rng.choice([-1, 1]))
    centre = float(rng.integers(-20, 20))

    def case(label: str, ratio: float, place: float) -> Case:
        """`place`: 0 is the smaller group's mean, 1 the larger one's."""
        apart = side * float(rng.integers(8, 16))
        larger = (
            centre + apart + np.array([-3.0, -1.5, -0.5, 0.0, 0.0, 0.5, 1.5, 3.0]) * float(rng.integers(1, 3))
        )
        smaller = centre + np.array([-1.0, 1.0]) * float(rng.integers(1, 4))
        start = centre + place * apart
        return Case(label, {"larger": larger, "smaller": smaller, "ratio": ratio, "start": start})

    return [
        case("a high ratio, from beyond the larger group", 2.0, 1.5),
        case("a low ratio, from beyond the larger group", 0.5, 1.5),
        case("a high ratio, from between the groups", 2.0, 0.25),
        case("a high ratio, from the smaller group's mean", 3.0, 0.0),
        case("a high ratio, from beyond the smaller group", 2.0, -0.75),
    ]


def probe(names: Namespace, case: Case) -> Plain:
    """`where_it_ends(larger, smaller, ratio, start)`."""
    return names["where_it_ends"](case["larger"], case["smaller"], case["ratio"], case["start"])


ASKED = Asked(
    name="where_it_ends",
    title="Predict where fair clipping ends",
    points=2,
    needs=("where_it_ends",),
    draw=draw,
    probe=probe,
)
