"""What `fair_training` asks: fresh cases, and how the learner's code is called on them."""

from __future__ import annotations

from functools import cache

import numpy as np

from course_lib.checks.asking import Asked, Namespace
from course_lib.checks.case import Case, Floats, Plain
from course_lib.checks.probes.e11_fairness.applications import all_applications, mortgage_applications
from course_lib.fairness.logistic import logistic_optimum


def draw(rng: np.random.Generator) -> list[Case]:
    """Runs, each of which brings in one thing that the ones before do not ask for."""

    def run(label: str, count: int, start: Floats, ratio: float, lr: float, steps: int) -> Case:
        w = np.round(start + rng.normal(0, 0.02, len(start)), 3)
        inputs = {"seed": int(rng.integers(2**31)), "count": count, "w": w}
        return Case(label, inputs | {"ratio": ratio, "lr": lr, "steps": steps})

    nowhere, well_suited = np.zeros(18), _optimum_of_the_larger_group()
    return [
        run("one step, a ratio so high that it never matters", 500, nowhere, 1e9, 0.5, 1),
        run("one step from weights that suit the larger group", 1976, well_suited, 1.5, 0.5, 1),
        run("three steps, the larger group too long at each", 500, nowhere, 0.5, 0.5, 3),
        run("twelve steps, the larger group too long after some", 1976, well_suited, 0.4, 2.0, 12),
    ]


@cache
def _optimum_of_the_larger_group() -> Floats:
    X, y, group = all_applications()
    return logistic_optimum(X[group == 0], y[group == 0])


def probe(names: Namespace, case: Case) -> Plain:
    """`fair_training(X, y, group, w, ratio, lr, steps)`."""
    X, y, group = mortgage_applications(case["seed"], case["count"])
    return names["fair_training"](X, y, group, case["w"], case["ratio"], case["lr"], case["steps"])


ASKED = Asked(
    name="fair_training",
    title="Mend a fair training with four mistakes",
    points=2,
    needs=("fair_training",),
    draw=draw,
    probe=probe,
    refuses=("course_lib.fairness.clipping.fair_clip", "course_lib.fairness.logistic.train_logistic"),
    keeps=("w",),
)
