"""What `steps_to_radius` asks: fresh cases, and how the learner's code is called on them."""

from __future__ import annotations

import math

import numpy as np

from course_lib.checks.asking import Asked, Namespace
from course_lib.checks.case import Case, Plain


def radius_after(steps: int, r0: float, lr: float, c: float) -> float:
    """The distance from the equilibrium after simultaneous steps that are clipped jointly, free steps included."""
    r = r0
    for done in range(steps):
        if r > c:
            return math.sqrt(r * r + (steps - done) * (lr * c) ** 2)
        r *= math.sqrt(1 + lr * lr)
    return r


def _overshoots(r0: float, lr: float, c: float) -> bool:
    """Whether the last free step lands beyond the threshold by most of a clipped step."""
    r = r0
    while r <= c:
        r *= math.sqrt(1 + lr * lr)
    return r * r - c * c > 0.6 * (lr * c) ** 2


def draw(rng: np.random.Generator) -> list[Case]:
    """A goal far away, one nearby, a start inside the threshold, a goal inside it, and a goal already reached.

    The first is so far away that no two mistaken laws agree on it, and no goal is so near to a step that rounding
    could decide. Goals lie half of the way through the last step; the one nearby lies a third, which `round` rounds
    down. Inside, the last free step overshoots so much that it matters where the clipped ones begin.
    """

    def case(
        label: str,
        starts: tuple[float, float],
        lr: float,
        c: float,
        steps: tuple[int, int],
        through: float = 1 / 2,
    ) -> Case:
        r0, n = round(float(rng.uniform(*starts)), 2), int(rng.integers(*steps))
        while not _overshoots(r0, lr, c):
            r0 = round(float(rng.uniform(*starts)), 2)
        while True:
            before, after = radius_after(n - 1, r0, lr, c), radius_after(n, r0, lr, c)
            middle = before + through * (after - before)
            goal = float(f"{middle:.6g}")
            if abs(goal - middle) < (after - before) / 10:
                return Case(label, {"r0": r0, "lr": lr, "max_norm": c, "radius": goal})
            n += 1

    here = round(float(rng.uniform(3, 5)), 1)
    return [
        case("a goal far away", (4, 6), 0.2, 2.0, (5000, 9000)),
        case("a goal nearby", (2, 3), 0.1, 1.0, (300, 900), through=1 / 3),
        case("a start inside the threshold", (0.2, 0.4), 0.1, 2.0, (1200, 1800)),
        case("never above the threshold", (0.5, 0.7), 0.1, 5.0, (100, 200)),
        Case("already there", {"r0": here, "lr": 0.1, "max_norm": 1.0, "radius": here / 2}),
    ]


def probe(names: Namespace, case: Case) -> Plain:
    """`steps_to_radius(r0, lr, max_norm, radius)`."""
    return names["steps_to_radius"](case["r0"], case["lr"], case["max_norm"], case["radius"])


ASKED = Asked(
    name="steps_to_radius",
    title="Count the steps that clipped play takes to a radius",
    points=1,
    needs=("steps_to_radius",),
    draw=draw,
    probe=probe,
    refuses=("course_lib.dynamics.games.clipped_radius", "course_lib.dynamics.games.free_radius"),
)
