"""What `most_turned` asks: fresh cases, and how the learner's code is called on them."""

from __future__ import annotations

import numpy as np

from course_lib.checks.asking import Asked, Namespace
from course_lib.checks.case import Case, Plain


def draw(rng: np.random.Generator) -> list[Case]:
    """From the plane to a hundred dimensions, at limits that are not 1."""

    def limit(low: float, high: float) -> float:
        return round(float(rng.uniform(low, high)), 2)

    return [
        Case("the plane", {"d": 2, "limit": limit(2, 5)}),
        Case("space", {"d": 3, "limit": limit(0.2, 0.6)}),
        Case("a small layer", {"d": int(rng.integers(6, 20)), "limit": limit(5, 20)}),
        Case("a hundred entries", {"d": 100, "limit": limit(0.02, 0.08)}),
    ]


def probe(names: Namespace, case: Case) -> Plain:
    """`most_turned(d, limit)`."""
    return names["most_turned"](case["d"], case["limit"])


ASKED = Asked(
    name="most_turned",
    title="Find the gradient that turns the most",
    points=2,
    needs=("most_turned",),
    draw=draw,
    probe=probe,
)
