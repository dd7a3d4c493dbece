"""What `gap_interval` asks: fresh cases, and how the learner's code is called on them."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import expit

from course_lib.checks.asking import Asked, Namespace
from course_lib.checks.case import Case, Plain
from course_lib.checks.probes.e11_fairness.applications import all_applications, mortgage_applications
from course_lib.checks.probes.e11_fairness.people import drawn_people
from course_lib.fairness.inputs import FairnessError
from course_lib.fairness.logistic import logistic_optimum


def draw(rng: np.random.Generator) -> list[Case]:
    """Two groups with equally open rates; a group in which the model missed one; real applications."""
    a, b, c = (int(n) for n in rng.integers(0, 4, 3))

    def case(label: str, people: dict[str, Plain]) -> Case:
        return Case(label, people | {"seed": int(rng.integers(2**31))})

    even = drawn_people(rng, (60 + a, 10, 4 + b, 76), (36 + c, 34, 60, 20))
    skewed = drawn_people(rng, (270 + a, 30 + b, 10, 40), (23 + c, 1, 2, 5))
    return [
        case("two groups of equal size", even),
        case("a small group, in which the model missed one", skewed),
        case("mortgage applications", decided_applications(int(rng.integers(2**31)))),
    ]


def probe(names: Namespace, case: Case) -> Plain:
    """`gap_interval(y, said, group, rng)`."""
    rng = np.random.default_rng(case["seed"])
    return names["gap_interval"](case["y"], case["said"], case["group"], rng)


def decided_applications(seed: int) -> dict[str, Any]:
    """`y`, `said` and `group` of 400 applications, decided by a logistic regression that has seen all others."""
    X, y, group = mortgage_applications(seed, count=1976)
    try:
        w = logistic_optimum(X[400:], y[400:])
    except (
        FairnessError
    ):  # in one order of some thousand a rare feature separates all others: take the next order
        return decided_applications(seed + 1)
    said = (expit(X[:400] @ w) > 0.5).astype(np.int64)
    return {"y": y[:400], "said": said, "group": group[:400]}


ASKED = Asked(
    name="gap_interval",
    title="Say how sure a gap between groups is",
    points=2,
    needs=("gap_interval",),
    draw=draw,
    probe=probe,
    refuses=("course_lib.fairness.group_metrics", "scipy.stats._resampling.bootstrap"),
    prepare=all_applications,
)
