"""What `overflow_layer` asks: fresh cases, and how the learner's code is called on them."""

from __future__ import annotations

import numpy as np

from course_lib.checks.asking import Asked, Namespace
from course_lib.checks.case import Case, Plain
from course_lib.checks.drawing import one_of_each_and_more

LARGEST = {
    "float16": 65504.0,
    "bfloat16": 3.3895313892515355e38,
    "float32": 3.4028234663852886e38,
    "float64": 1.7976931348623157e308,
}
"""The largest finite number of each format, as `torch.finfo(...).max` gives it."""


def draw(rng: np.random.Generator) -> list[Case]:
    """Chains that leave their format well inside a layer, so that the rounding of one layer decides nothing."""
    return one_of_each_and_more(rng, _one_of_each, 2)


def _one_of_each(rng: np.random.Generator) -> list[Case]:
    def chain(label: str, kind: str, last: int, spare: int, sign: int = 1) -> Case:
        # The signal reaches the format's limit between layer `last` and the next one.
        gain = sign * round(float(LARGEST[kind] ** (1 / (last + rng.uniform(0.4, 0.6)))), 3)
        return Case(label, {"gain": gain, "layers": last + 1 + spare, "number_format": kind})

    return [
        chain("a deep chain", "float16", int(rng.integers(9, 15)), spare=int(rng.integers(60, 90))),
        chain("a deep chain", "bfloat16", int(rng.integers(50, 80)), spare=int(rng.integers(20, 40))),
        # The layer after an even one has a negative output: who looks at y > largest sees it one layer late.
        chain(
            "a gain below -1",
            "float32",
            2 * int(rng.integers(25, 40)),
            spare=int(rng.integers(20, 40)),
            sign=-1,
        ),
        chain("the last layer is the one that overflows", "float32", int(rng.integers(30, 60)), spare=0),
        chain("a chain that ends just in time", "float32", int(rng.integers(30, 60)), spare=-1),
        chain("a deep chain", "float64", int(rng.integers(300, 400)), spare=int(rng.integers(20, 40))),
        Case(
            "a gain below 1",
            {"gain": round(float(rng.uniform(0.5, 0.95)), 2), "layers": 200, "number_format": "float16"},
        ),
    ]


def probe(names: Namespace, case: Case) -> Plain:
    """`overflow_layer(gain, layers, number_format)`."""
    return names["overflow_layer"](case["gain"], case["layers"], case["number_format"])


ASKED = Asked(
    name="overflow_layer",
    title="Name the layer at which a number format gives up",
    points=1,
    needs=("overflow_layer",),
    draw=draw,
    probe=probe,
    refuses=(
        "course_lib.dynamics.chain.overflow_depth",
        "course_lib.dynamics.chain.overflow_depth_by_running",
    ),
)
