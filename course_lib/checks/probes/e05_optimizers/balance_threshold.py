"""What `balance_threshold` asks: fresh cases, and how the learner's code is called on them."""

from __future__ import annotations

import numpy as np

from course_lib.checks.asking import Asked, Namespace
from course_lib.checks.case import Case, Plain
from course_lib.checks.drawing import one_of_each_and_more


def draw(rng: np.random.Generator) -> list[Case]:
    """Against the weights, at an angle, with them, across them, too short to be clipped there; and more of any."""
    return one_of_each_and_more(rng, _one_of_each, 2)


def _one_of_each(rng: np.random.Generator) -> list[Case]:
    size = float(rng.integers(2, 6))
    w = size * np.array([3.0, 4.0])
    long = float(rng.integers(26, 60))  # longer than w, whose length is 5 * size
    decay = round(float(rng.uniform(0.01, 0.05)), 3)
    angled = np.append(-np.round(rng.uniform(8, 20, 2), 1), rng.integers(5, 9))
    return [
        Case("a gradient straight against w", {"w": w, "g": -long * np.array([0.6, 0.8]), "decay": decay}),
        Case("a gradient at an angle", {"w": w, "g": np.array([-long, 0.0]), "decay": decay}),
        Case("three weights", {"w": np.round(rng.uniform(1, 3, 3), 1), "g": angled, "decay": decay}),
        Case("a gradient along w", {"w": w, "g": np.array([long, 1.0]), "decay": decay}),
        Case("a gradient across w", {"w": w, "g": long * np.array([4.0, -3.0]), "decay": decay}),
        Case("a short gradient and a strong decay", {"w": w, "g": np.array([-0.5, -0.1]), "decay": 0.5}),
    ]


def probe(names: Namespace, case: Case) -> Plain:
    """`balance_threshold(w, g, decay)`."""
    return names["balance_threshold"](case["w"], case["g"], case["decay"])


ASKED = Asked(
    name="balance_threshold",
    title="Find the threshold that cancels the decay",
    points=1,
    needs=("balance_threshold",),
    draw=draw,
    probe=probe,
    refuses=("course_lib.training.optimizers.cancelling_threshold",),
)
