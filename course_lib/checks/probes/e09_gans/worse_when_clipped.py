"""What `worse_when_clipped` asks: fresh cases, and how the learner's code is called on them."""

from __future__ import annotations

import numpy as np

from course_lib.checks.asking import Asked, Namespace
from course_lib.checks.case import Case, Plain


def draw(rng: np.random.Generator) -> list[Case]:
    """A large learning rate, a middle one, and a small one with many steps."""
    return [
        Case("a large learning rate", {"lr": 0.3, "steps": int(rng.integers(150, 250))}),
        Case("a middle learning rate", {"lr": 0.2, "steps": int(rng.integers(300, 500))}),
        Case("a small learning rate", {"lr": 0.1, "steps": int(rng.integers(900, 1300))}),
    ]


def probe(names: Namespace, case: Case) -> Plain:
    """`worse_when_clipped(lr, steps)`, whose three parts get their names here."""
    result = names["worse_when_clipped"](case["lr"], case["steps"])
    if isinstance(result, list | tuple) and len(result) == 3:
        return dict(zip(("scheme", "start", "max_norm"), result, strict=True))
    return result


ASKED = Asked(
    name="worse_when_clipped",
    title="Find play that clipping makes worse",
    points=1,
    needs=("worse_when_clipped",),
    draw=draw,
    probe=probe,
)
