"""What `matching_lr` asks: fresh cases, and how the learner's code is called on them."""

from __future__ import annotations

import numpy as np

from course_lib.checks.asking import Asked, Namespace
from course_lib.checks.case import Case, Plain


def draw(rng: np.random.Generator) -> list[Case]:
    """A lower and a higher new threshold."""
    lr, c = round(float(rng.uniform(0.01, 0.2)), 3), round(float(rng.uniform(1.5, 5)), 1)
    down, up = round(c / float(rng.uniform(3, 9)), 2), round(c * float(rng.uniform(3, 9)), 1)
    return [
        Case("a lower threshold", {"lr": lr, "max_norm": c, "new_max_norm": down}),
        Case("a higher threshold", {"lr": lr, "max_norm": c, "new_max_norm": up}),
    ]


def probe(names: Namespace, case: Case) -> Plain:
    """`matching_lr(lr, max_norm, new_max_norm)`."""
    return names["matching_lr"](case["lr"], case["max_norm"], case["new_max_norm"])


ASKED = Asked(
    name="matching_lr",
    title="The other half of the knob",
    points=1,
    needs=("matching_lr",),
    draw=draw,
    probe=probe,
)
