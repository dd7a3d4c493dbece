"""What `longest_push` asks: fresh cases, and how the learner's code is called on them."""

from __future__ import annotations

import numpy as np

from course_lib.checks.asking import Asked, Namespace
from course_lib.checks.case import Case, Plain

MOST_GRADIENTS = 50_000


def draw(rng: np.random.Generator) -> list[Case]:
    """Adam's usual memory, and others whose best growth is another."""
    return [
        Case("a short memory", {"beta1": round(float(rng.uniform(0.6, 0.75)), 2), "beta2": 0.95}),
        Case("a middle memory", {"beta1": round(float(rng.uniform(0.8, 0.88)), 2), "beta2": 0.99}),
        Case("the usual memory", {"beta1": 0.9, "beta2": 0.999}),
    ]


def probe(names: Namespace, case: Case) -> Plain:
    """`longest_push(beta1, beta2)`."""
    return names["longest_push"](case["beta1"], case["beta2"])


ASKED = Asked(
    name="longest_push",
    title="Make Adam take its longest step",
    points=2,
    needs=("longest_push",),
    draw=draw,
    probe=probe,
)
