"""What `train` asks: fresh cases, and how the learner's code is called on them."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from course_lib.checks.asking import Asked, Namespace
from course_lib.checks.case import Case, Floats, Plain
from course_lib.data import diabetes, standardise

if TYPE_CHECKING:
    from torch import Tensor, nn


BATCH = 4
"""Patients in one batch of a small run."""

ENTERED_WRONGLY = 300.0
"""A patient's progression, in standard deviations, when somebody typed it with two zeros too many."""


def draw(rng: np.random.Generator) -> list[Case]:
    """Runs, each of which brings in one thing that the ones before do not ask for."""

    def run(
        label: str,
        batches: int,
        accumulate: int,
        max_norm: float,
        wrong: int | None = None,
        missing: int | None = None,
    ) -> Case:
        inputs = {
            "seed": int(rng.integers(2**31)),
            "batches": batches,
            "wrong_batch": wrong,
            "nan_batch": missing,
        }
        return Case(label, inputs | {"accumulate": accumulate, "max_norm": max_norm, "lr": 0.05})

    return [
        run("two steps below the threshold", 2, 1, 1e6),
        run("three steps, one patient entered wrongly", 3, 1, 2.0, wrong=1),
        run("two steps of two batches each, below the threshold", 4, 2, 1e6),
        run("three steps of two batches each, one patient entered wrongly", 6, 2, 1.0, wrong=2),
        run("four steps of two batches each, one patient missing (nan)", 8, 2, 2.0, wrong=1, missing=4),
    ]


def probe(names: Namespace, case: Case) -> Plain:
    """`train(model, batches, max_norm, lr, accumulate)`: what it returns, and the weights it leaves."""
    import torch

    model, batches = small_run(case["seed"], case["batches"], case["wrong_batch"], case["nan_batch"])
    norms = names["train"](model, batches, case["max_norm"], case["lr"], case["accumulate"])
    with torch.no_grad():
        left = torch.cat([parameter.flatten() for parameter in model.parameters()])
    return {"norms": norms, "weights": left}


def small_run(
    seed: int, batches: int, wrong_batch: int | None = None, nan_batch: int | None = None
) -> tuple[nn.Sequential, list[tuple[Tensor, Tensor]]]:
    """A small network with random weights, and batches of real patients to train it on, all in float64.

    The network takes ten measurements through four tanh units to one prediction. A batch is a pair of tensors:
    the standardised measurements of four patients, shape (4, 10), and their standardised progression, shape
    (4, 1). The first patient of `wrong_batch` is entered a hundred times too large, of `nan_batch` as nan.
    """
    import torch
    from torch import nn

    rng = np.random.default_rng(seed)
    x, y = _standardised_patients()
    batch_rows = rng.choice(len(x), size=(batches, BATCH), replace=False)
    targets = y[batch_rows][:, :, None]
    for spoilt, value in ((wrong_batch, ENTERED_WRONGLY), (nan_batch, math.nan)):
        if spoilt is not None:
            targets[spoilt, 0] = value
    with torch.random.fork_rng(devices=[]):  # leaves the learner's random state alone
        model = nn.Sequential(nn.Linear(10, 4), nn.Tanh(), nn.Linear(4, 1)).double()
    with torch.no_grad():
        for parameter in model.parameters():
            start = rng.normal(size=tuple(parameter.shape)) / math.sqrt(parameter.shape[-1])
            parameter.copy_(torch.from_numpy(start))
    return model, [
        (torch.from_numpy(x[rows]), torch.from_numpy(target))
        for rows, target in zip(batch_rows, targets, strict=True)
    ]


@cache
def _standardised_patients() -> tuple[Floats, Floats]:
    [patients] = standardise(diabetes())
    return patients.X, (patients.y - patients.y.mean()) / patients.y.std()


ASKED = Asked(
    name="train",
    title="Mend a training loop with five mistakes",
    points=2,
    needs=("train",),
    draw=draw,
    probe=probe,
    prepare=_standardised_patients,
)
