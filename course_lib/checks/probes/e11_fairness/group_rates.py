"""What `group_rates` asks: fresh cases, and how the learner's code is called on them."""

from __future__ import annotations

import numpy as np

from course_lib.checks.asking import Asked, Namespace
from course_lib.checks.case import Case, Plain
from course_lib.checks.probes.e11_fairness.people import drawn_people


def draw(rng: np.random.Generator) -> list[Case]:
    """Counts that no two readings of a rate share; groups without a denial, without an approval, without anyone."""
    a, b = (int(n) for n in rng.integers(0, 3, 2))
    first, second = (5 + a, 2, 1, 3 + b), (2, 2, 1 + b, 2 + a)
    kind, harsh = (7 + a, 4 + b, 0, 0), (0, 0, 4 + b, 7 + a)
    return [
        Case("the smaller group", {**drawn_people(rng, first, second), "k": 1}),
        Case("the larger group", {**drawn_people(rng, first, second), "k": 0}),
        Case("a group of which the lender approved everyone", {**drawn_people(rng, first, kind), "k": 1}),
        Case("a group of which the lender approved nobody", {**drawn_people(rng, harsh, first), "k": 0}),
        # More people than in the others: what goes wrong elsewhere too is then shown where somebody is.
        Case("a group with nobody in it", {**drawn_people(rng, (13, 6, 4, 9)), "k": 1}),
    ]


def probe(names: Namespace, case: Case) -> Plain:
    """`group_rates(y, said, group, k)`."""
    return names["group_rates"](case["y"], case["said"], case["group"], case["k"])


ASKED = Asked(
    name="group_rates",
    title="Measure how a model serves one group",
    points=1,
    needs=("group_rates",),
    draw=draw,
    probe=probe,
    refuses=("course_lib.fairness.group_metrics", "sklearn.metrics._classification"),
)
