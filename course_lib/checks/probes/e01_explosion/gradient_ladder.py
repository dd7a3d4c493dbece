"""What `gradient_ladder` asks: fresh cases, and how the learner's code is called on them."""

from __future__ import annotations

import numpy as np

from course_lib.checks.asking import Asked, Namespace
from course_lib.checks.case import Case, Plain


def draw(rng: np.random.Generator) -> list[Case]:
    """Chains whose order, sign and zeros can all be told from the answer."""
    first, second = rng.choice([0.5, 1.5, 2.0, 2.5, 3.0], size=2, replace=False)
    mixed = np.round(rng.uniform(0.4, 1.8, size=6), 1)
    mixed[mixed == 1.0] = 0.9
    mixed[0], mixed[-1] = 0.5, 1.9
    mixed[rng.integers(1, 5)] *= -1
    dead = np.round(rng.uniform(1.1, 1.9, size=5), 1)
    dead[rng.integers(1, 4)] = 0.0
    steady = np.full(50, np.round(rng.uniform(1.15, 1.3), 2))
    return [
        Case("a chain of two layers", {"gains": np.array([first, second])}),
        Case("six layers, one of which turns the sign", {"gains": mixed}),
        Case("five layers, one of which is dead: its gain is 0", {"gains": dead}),
        Case("fifty equal layers", {"gains": steady}),
    ]


def probe(names: Namespace, case: Case) -> Plain:
    """`gradient_ladder(gains)`."""
    return names["gradient_ladder"](case["gains"])


ASKED = Asked(
    name="gradient_ladder",
    title="Carry a gradient back through a chain, rung by rung",
    points=1,
    needs=("gradient_ladder",),
    draw=draw,
    probe=probe,
    refuses=("course_lib.dynamics.chain.backward_gradients",),
)
