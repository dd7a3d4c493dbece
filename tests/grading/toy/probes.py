"""What the toy exercise asks."""

from __future__ import annotations

import numpy as np

from course_lib.checks.asking import Asked
from course_lib.checks.case import Case


def draw(rng: np.random.Generator) -> list[Case]:
    return [
        Case("a vector", {"x": np.round(rng.normal(size=3) * 4, 2)}),
        Case("zeros", {"x": np.zeros(2)}),
        Case("a long vector", {"x": np.round(rng.normal(size=40), 2)}),
    ]


ASKED = (
    Asked("double", "Double a vector", 2, ("double",), draw, lambda names, case: names["double"](case["x"])),
    Asked(
        "norm",
        "The length of a vector",
        3,
        ("norm",),
        draw,
        lambda names, case: names["norm"](case["x"]),
        refuses=("numpy.linalg.norm", "numpy.linalg._linalg.norm"),
    ),
    Asked(
        "threshold",
        "A number below 1",
        1,
        ("threshold",),
        lambda rng: [Case("your number", {"below": 1.0})],
        lambda names, case: names["threshold"],
    ),
    Asked("top", "The largest entry", 4, ("top",), draw, lambda names, case: names["top"](case["x"])),
)
