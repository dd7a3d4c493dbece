"""What `shared_weight` asks: fresh cases, and how the learner's code is called on them."""

from __future__ import annotations

import numpy as np

from course_lib.checks.asking import Asked, Namespace
from course_lib.checks.case import Case, Plain


def draw(rng: np.random.Generator) -> list[Case]:
    """Chains in which a, L and x0 each leave their own mark on the answer."""

    def away_from_one(low: float, high: float) -> float:
        value = round(float(rng.uniform(low, high)), 1)
        return value if value != 1.0 else 1.2

    return [
        Case("a short chain", {"a": away_from_one(1.3, 2.5), "layers": 3, "x0": away_from_one(2.0, 4.0)}),
        Case(
            "a negative weight",
            {"a": -away_from_one(1.2, 1.9), "layers": int(rng.integers(4, 9)), "x0": away_from_one(1.5, 3.0)},
        ),
        Case(
            "a deep chain",
            {"a": away_from_one(1.1, 1.3), "layers": 50, "x0": -away_from_one(1.5, 3.0)},
        ),
        Case("a single layer", {"a": away_from_one(1.3, 2.5), "layers": 1, "x0": away_from_one(2.0, 4.0)}),
        Case("a weight of 0", {"a": 0.0, "layers": 4, "x0": away_from_one(2.0, 4.0)}),
    ]


def probe(names: Namespace, case: Case) -> Plain:
    """`shared_weight(a, layers, x0)`."""
    return names["shared_weight"](case["a"], case["layers"], case["x0"])


ASKED = Asked(
    name="shared_weight",
    title="Tell three gradients of one chain apart",
    points=1,
    needs=("shared_weight",),
    draw=draw,
    probe=probe,
    refuses=(
        "course_lib.dynamics.chain.backward_gradients",
        "course_lib.dynamics.chain.weight_gradients",
        "course_lib.dynamics.chain.shared_weight_gradient",
    ),
)
