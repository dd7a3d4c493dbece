"""What `train_adamw` asks: fresh cases, and how the learner's code is called on them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from course_lib.checks.asking import Asked, Namespace
from course_lib.checks.case import Case, Floats, Plain
from course_lib.data import diabetes, standardise


def patients_gradient(seed: int, wrong_step: int | None = None) -> Callable[[Floats, int], Floats]:
    """`gradient(w, step)`: of linear regression on a batch of 8 real patients, a different one at each step.

    Ten standardised measurements predict the standardised progression of diabetes; w has shape (10,). In step
    number `wrong_step` (the first is 0) the first patient's progression is entered as 300 standard deviations.
    """
    x, y = _patients()
    order = np.random.default_rng(seed).permutation(len(x))

    def gradient(w: Floats, step: int) -> Floats:
        rows = order[np.arange(8 * step, 8 * step + 8) % len(x)]
        targets = y[rows]
        if step == wrong_step:
            targets = np.concatenate([[300.0], targets[1:]])
        return np.asarray(2 * x[rows].T @ (x[rows] @ w - targets) / 8)

    return gradient


@cache
def _patients() -> tuple[Floats, Floats]:
    [patients] = standardise(diabetes())
    return patients.X, (patients.y - patients.y.mean()) / patients.y.std()


def draw(rng: np.random.Generator) -> list[Case]:
    """Runs, each of which brings in one thing that the ones before do not ask for."""

    def run(label: str, steps: int, decay: float, max_norm: float, wrong: int | None = None) -> Case:
        w = np.round(rng.uniform(0.5, 1.5, size=10) * rng.choice([-1, 1], size=10), 2)
        inputs = {"seed": int(rng.integers(2**31)), "wrong_step": wrong, "w": w, "steps": steps}
        return Case(label, inputs | {"lr": 0.05, "decay": decay, "max_norm": max_norm})

    return [
        run("three steps, no decay, nothing to clip", 3, 0.0, 1e6),
        run("five steps, one patient entered wrongly", 5, 0.0, 2.0, wrong=2),
        run("five steps with decay, nothing to clip", 5, 0.5, 1e6),
        run("eight steps with decay, one patient entered wrongly", 8, 0.5, 2.0, wrong=3),
    ]


def probe(names: Namespace, case: Case) -> Plain:
    """`train_adamw(gradient, w, steps, lr, decay, max_norm)`."""
    gradient = patients_gradient(case["seed"], case["wrong_step"])
    return names["train_adamw"](
        gradient, case["w"], case["steps"], case["lr"], case["decay"], case["max_norm"]
    )


ASKED = Asked(
    name="train_adamw",
    title="Mend an AdamW with four mistakes",
    points=2,
    needs=("train_adamw",),
    draw=draw,
    probe=probe,
    prepare=_patients,
    keeps=("w",),
)
