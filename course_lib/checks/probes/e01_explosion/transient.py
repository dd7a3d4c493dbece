"""What `transient` asks: fresh cases, and how the learner's code is called on them."""

from __future__ import annotations

import numpy as np

from course_lib.checks.asking import Asked, Namespace
from course_lib.checks.case import Case, Plain


def draw(rng: np.random.Generator) -> list[Case]:
    """A low hump, where the diagonal still counts, and a high one, where it hardly does."""

    def hump(label: str, largest_radius: float, low: float, high: float) -> Case:
        radius, peak = (
            round(float(rng.uniform(0.8, largest_radius)), 2),
            round(float(rng.uniform(low, high)), 1),
        )
        return Case(label, {"radius": radius, "peak": peak})

    # The lesson's matrix peaks at step 9; the radius of the low hump makes it peak sooner.
    return [hump("a low hump", 0.85, 1.3, 1.6), hump("a mountain", 0.93, 20, 300)]


def probe(names: Namespace, case: Case) -> Plain:
    """`transient(radius, peak)`."""
    return names["transient"](case["radius"], case["peak"])


ASKED = Asked(
    name="transient",
    title="Build a matrix that grows before it dies",
    points=2,
    needs=("transient",),
    draw=draw,
    probe=probe,
)
