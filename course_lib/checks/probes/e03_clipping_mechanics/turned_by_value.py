"""What `turned_by_value` asks: fresh cases, and how the learner's code is called on them."""

from __future__ import annotations

import numpy as np

from course_lib.checks.asking import Asked, Namespace
from course_lib.checks.case import Case, Plain


def draw(rng: np.random.Generator) -> list[Case]:
    """In the plane and beyond it; nothing cut, some cut, everything cut; entries of both signs, large and small."""
    scale = float(rng.integers(2, 9)) / 4
    limit = round(float(rng.uniform(0.5, 3)), 1)
    steep = np.round(limit * np.array([-rng.uniform(4, 9), rng.uniform(0.4, 0.8)]), 2)
    all_cut = np.round(limit * rng.uniform(1.2, 9, size=5) * np.array([-1, 1, -1, 1, 1]), 2)
    many = np.round(limit * rng.normal(0, 2, size=50), 2)
    many[:3] = np.round(limit * np.array([-6, 0.5, 4]), 2)
    single = np.round(limit * rng.normal(0, 3, size=8), 2).astype(np.float32)
    single[:3] = np.round(limit * np.array([0.5, -8, 4]), 2)
    within = _within(rng, limit)
    # So small that the scalar product is below 1: an arccos of it is an angle, and not the right one.
    small = np.round(np.array([rng.uniform(0.2, 0.4), -rng.uniform(0.02, 0.04)]), 3)
    return [
        Case(
            "the lesson's (10, 1) at 2, in other units",
            {"g": scale * np.array([10.0, 1.0]), "limit": 2 * scale},
        ),
        Case("a steep gradient with a negative entry", {"g": steep, "limit": limit}),
        Case("a small gradient", {"g": small, "limit": 0.05}),
        Case("a gradient that lies within the limit", within),
        Case("a gradient of which every entry is cut", {"g": all_cut, "limit": limit}),
        Case("a gradient in float32", {"g": single, "limit": limit}),
        Case("fifty entries", {"g": many, "limit": limit}),
    ]


def _within(rng: np.random.Generator, limit: float) -> dict[str, Plain]:
    """A gradient that nothing turns, and whose computed cosine with itself is rounded to more than 1."""
    while True:
        g = np.round(limit * rng.uniform(0.2, 0.9, size=3), 2) * rng.choice([-1, 1], size=3)
        norm = np.linalg.norm(g)
        if np.dot(g, g) / (norm * norm) > 1:
            return {"g": g, "limit": limit}


def probe(names: Namespace, case: Case) -> Plain:
    """`turned_by_value(g, limit)`."""
    return names["turned_by_value"](case["g"], case["limit"])


ASKED = Asked(
    name="turned_by_value",
    title="Measure how far clipping by value turns",
    points=1,
    needs=("turned_by_value",),
    draw=draw,
    probe=probe,
    refuses=("course_lib.clipping.angle.angle_between",),
)
