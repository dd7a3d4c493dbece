"""What `clip_by_norm` asks: fresh cases, and how the learner's code is called on them."""

from __future__ import annotations

import numpy as np

from course_lib.checks.asking import Asked, Namespace
from course_lib.checks.case import Case, Plain
from course_lib.checks.probes.e03_clipping_mechanics.ready_made import LIBRARY_CLIPPING, TORCH_CLIPPING


def draw(rng: np.random.Generator) -> list[Case]:
    """Long, short, at the threshold, zero, in many dimensions, in float32; with entries of both signs."""
    c = round(float(rng.uniform(2, 6)), 1)
    signs = rng.permutation([1.0, -1.0])
    long = np.round(signs * c * np.array([rng.uniform(2, 4), rng.uniform(1.2, 1.8)]), 1)
    short = np.round(c * np.array([rng.uniform(0.3, 0.5), -rng.uniform(0.2, 0.4)]), 2)
    power = float(2 ** rng.integers(0, 4))
    tenths = rng.choice([-0.1, 0.1], size=100)
    tenths[:2] = 0.1, -0.1
    single = np.round(rng.normal(0, 3 * c, size=6), 2).astype(np.float32)
    single[0], single[1] = -2 * c, 3 * c
    return [
        Case("a gradient longer than the threshold", {"g": long, "max_norm": c}),
        Case("a gradient shorter than the threshold", {"g": short, "max_norm": c}),
        Case(
            "a gradient exactly as long as the threshold",
            {"g": power * np.array([3.0, -4.0]), "max_norm": 5 * power},
        ),
        Case("the zero gradient", {"g": np.zeros(3), "max_norm": c}),
        Case("a gradient in float32", {"g": single, "max_norm": c}),
        Case("a hundred small entries that add up", {"g": tenths, "max_norm": 0.4}),
    ]


def probe(names: Namespace, case: Case) -> Plain:
    """`clip_by_norm(g, max_norm)`."""
    return names["clip_by_norm"](case["g"], case["max_norm"])


ASKED = Asked(
    name="clip_by_norm",
    title="Repair it: clip by norm",
    points=1,
    needs=("clip_by_norm",),
    draw=draw,
    probe=probe,
    refuses=LIBRARY_CLIPPING + TORCH_CLIPPING,
    keeps=("g",),
)
