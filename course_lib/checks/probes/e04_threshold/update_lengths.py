"""What `update_lengths` asks: fresh cases, and how the learner's code is called on them."""

from __future__ import annotations

import numpy as np

from course_lib.checks.asking import Asked, Namespace
from course_lib.checks.case import Case, Plain
from course_lib.checks.probes.e04_threshold.norms import drawn_norms


def draw(rng: np.random.Generator) -> list[Case]:
    """Norms on both sides of the threshold, and a learning rate at which one update is beyond it, unless clipped."""
    c, lr = round(float(rng.uniform(2, 5)), 1), round(float(rng.uniform(0.04, 0.2)), 3)
    mixed = np.round(c * np.array([0.3, 2.5, 0.8, 40.0]) * rng.uniform(0.9, 1.1, 4), 2)
    return [
        Case("some steps clipped", {"norms": mixed, "lr": lr, "max_norm": c}),
        Case("none clipped", {"norms": drawn_norms(rng, 4, c / 10), "lr": lr, "max_norm": c}),
        Case(
            "a norm of zero, and one at the threshold", {"norms": np.array([0.0, c]), "lr": lr, "max_norm": c}
        ),
    ]


def probe(names: Namespace, case: Case) -> Plain:
    """`update_lengths(norms, lr, max_norm)`."""
    return names["update_lengths"](case["norms"], case["lr"], case["max_norm"])


ASKED = Asked(
    name="update_lengths",
    title="How long is each update?",
    points=1,
    needs=("update_lengths",),
    draw=draw,
    probe=probe,
)
