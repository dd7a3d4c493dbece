"""What `steps_to_recover` asks: fresh cases, and how the learner's code is called on them."""

from __future__ import annotations

import numpy as np

from course_lib.checks.asking import Asked, Namespace
from course_lib.checks.case import Case, Plain


def draw(rng: np.random.Generator) -> list[Case]:
    """Large spikes at two memories, a modest share, and a spike too small to matter."""

    def case(label: str, spike: float, beta2: float, share: float) -> Case:
        return Case(label, {"spike": round(spike, 1), "beta2": beta2, "share": share})

    return [
        case("a large spike", float(rng.uniform(60, 200)), 0.999, 0.9),
        case("a huge spike and a short memory", float(rng.uniform(500, 2000)), 0.99, 0.9),
        case("back at one half", float(rng.uniform(200, 900)), 0.999, 0.5),
        case("a spike that hardly brakes", float(rng.uniform(2, 6)), 0.999, 0.9),
    ]


def probe(names: Namespace, case: Case) -> Plain:
    """`steps_to_recover(spike, beta2, share)`."""
    return names["steps_to_recover"](case["spike"], case["beta2"], case["share"])


ASKED = Asked(
    name="steps_to_recover",
    title="Count the steps until Adam has forgotten a spike",
    points=1,
    needs=("steps_to_recover",),
    draw=draw,
    probe=probe,
    refuses=("course_lib.training.optimizers.recovery_steps",),
)
