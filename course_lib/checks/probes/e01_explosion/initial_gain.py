"""What `initial_gain` asks: fresh cases, and how the learner's code is called on them."""

from __future__ import annotations

import numpy as np

from course_lib.checks.asking import Asked, Namespace
from course_lib.checks.case import Case, Plain
from course_lib.data import digits


def draw(rng: np.random.Generator) -> list[Case]:
    """Seeds of networks that nobody has seen."""
    return [Case("sixteen fresh networks", {"seeds": rng.integers(0, 2**31, size=16)})]


def probe(names: Namespace, case: Case) -> Plain:
    """The learner's number; `case` matters to the judge only."""
    return names["initial_gain"]


ASKED = Asked(
    name="initial_gain",
    title="Choose the gain of a fifty-layer network on digits",
    points=2,
    needs=("initial_gain",),
    draw=draw,
    probe=probe,
    prepare=digits,
)
