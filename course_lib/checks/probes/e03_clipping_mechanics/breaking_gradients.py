"""What `breaking_gradients` asks: fresh cases, and how the learner's code is called on them."""

from __future__ import annotations

import numpy as np

from course_lib.checks.asking import Asked, Namespace
from course_lib.checks.case import Case, Plain


def draw(rng: np.random.Generator) -> list[Case]:
    """Thresholds so far apart that no gradient of fixed size is beyond all of them by accident."""
    return [
        Case("a small threshold", {"c": round(float(rng.uniform(0.2, 0.8)), 2)}),
        Case("an ordinary threshold", {"c": round(float(rng.uniform(2, 9)), 1)}),
        Case("a large threshold", {"c": round(float(rng.uniform(1e5, 9e5)), -3)}),
    ]


def probe(names: Namespace, case: Case) -> Plain:
    """`breaking_gradients(c)`."""
    return names["breaking_gradients"](case["c"])


ASKED = Asked(
    name="breaking_gradients",
    title="Break the published formula, twice",
    points=1,
    needs=("breaking_gradients",),
    draw=draw,
    probe=probe,
)
