"""What `diagnose` asks: fresh cases, and how the learner's code is called on them."""

from __future__ import annotations

import math

import numpy as np

from course_lib.checks.asking import Asked, Namespace
from course_lib.checks.case import Case, Plain
from course_lib.checks.drawing import one_of_each_and_more
from course_lib.checks.probes.e04_threshold.norms import drawn_norms


def draw(rng: np.random.Generator) -> list[Case]:
    """One run of each kind, the runs that a shorter rule would take for another kind, and a few more of any."""
    return one_of_each_and_more(rng, _one_of_each, 4)


def _one_of_each(rng: np.random.Generator) -> list[Case]:
    c = 1.0

    def case(label: str, clipped: bool, learns: bool, flat: float = 1.0, unit: float = 1.0) -> Case:
        steps = 40
        norms = drawn_norms(rng, steps, 8.0 if clipped else 0.05)
        losses = np.round(
            (np.linspace(3, 0.3, steps) if learns else np.full(steps, 2.0)) + rng.uniform(0, 0.02, steps), 3
        )
        targets = np.round(unit * rng.normal(size=30), 6)
        spread = unit * flat * rng.normal(size=30)
        predictions = np.round(unit * 0.3 + spread * 0.8, 6)
        return Case(
            label,
            {"losses": losses, "norms": norms, "max_norm": c, "predictions": predictions, "targets": targets},
        )

    nan, infinite = (
        case("a loss is nan", True, False),
        case("a norm is inf, every loss is a number", False, True),
    )
    nan["losses"][25:] = math.nan
    infinite["norms"][7] = math.inf
    constant = case("one and the same prediction", False, True)
    constant["predictions"][:] = 0.25
    turning, lucky = (
        case("every step of the second half clipped, no progress", True, False),
        case("every step clipped, no progress but for the last batch", True, False),
    )
    turning["norms"][:20] *= 0.01
    lucky["losses"][-1] = 1.0
    return [
        case("few steps clipped, and it learns", False, True),
        case("every step clipped, no progress", True, False),
        case("every step clipped, and it learns", True, True),
        case("hardly a step clipped, and the loss is level", False, False),
        nan,
        infinite,
        constant,
        case("predictions that vary by a thousandth", False, True, flat=1e-3, unit=50.0),
        case("targets and predictions in a small unit", False, True, unit=1e-3),
        case("every step clipped, and the predictions are level", True, False, flat=1e-3),
        turning,
        lucky,
        case("predictions that vary by a twentieth", False, True, flat=0.05),
    ]


def probe(names: Namespace, case: Case) -> Plain:
    """`diagnose(losses, norms, max_norm, predictions, targets)`."""
    return names["diagnose"](
        case["losses"], case["norms"], case["max_norm"], case["predictions"], case["targets"]
    )


ASKED = Asked(
    name="diagnose",
    title="Name how a run ended",
    points=2,
    needs=("diagnose",),
    draw=draw,
    probe=probe,
)
