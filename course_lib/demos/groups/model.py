"""The runs behind the groups, really trained, and what is read off them for one position of the controls.

`compute` in `demo.js` is the same arithmetic; `tests/unit/test_demo_arithmetic.py` holds the two together.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any, TypedDict

import numpy as np

OFF = 5
"""The notch at which nothing is clipped."""

NOTCHES = range(-2, OFF + 1)
BATCHES = {"everybody": (None, 300, 4.0), "batches of 64": (64, 1500, 0.3), "batches of 16": (16, 1500, 0.1)}
"""Batch size, steps and learning rate: gradient descent on everybody converges, small batches need smaller steps."""

METRICS = ("accuracy", "approval rate", "true positive rate", "false positive rate", "auc", "log loss")
SPLITS = range(10)
N_TEST = 589

Runs = dict[str, Any]
"""`runs[batch][str(notch)]`: `values` (metric -> two lists of ten, one a group, in percent; log loss times 100),
`clipped`, the share of steps in percent, and `moved`, how far from the weights without the rule, in percent."""


class State(TypedDict):
    """What the reader can move: the ratio is 2 ** (notch / 2), or none at `OFF`; `batch` and `metric` are names."""

    notch: int
    batch: str
    metric: str
    runs: Runs


class Outcome(TypedDict):
    """What the demo shows. Metrics are in percent (log loss: times 100), gaps the first group minus the second.

    `groups` and `plain` hold ten values for each group, with the rule and without it; `means` of the first, and
    `gap`, the mean of their difference; `plain_gap` without the rule. `changes` holds the change of the gap split by
    split, `change` its mean and `spread` its standard deviation. `verdict` is "off", "identical" (no gap changed by
    as much as 0.005), "noise" (a change smaller than its spread), or "moved".
    """

    ratio: float | None
    groups: list[list[float]]
    plain: list[list[float]]
    means: list[float]
    gap: float
    plain_gap: float
    changes: list[float]
    change: float
    spread: float
    clipped: float
    moved: float
    verdict: str


@cache
def recorded() -> Runs:
    """Every position of the controls as ten logistic regressions on the mortgage applications, one for each split.

    240 runs, trained side by side in about six seconds. Lesson 11_fairness.
    """
    from course_lib.data import loanapp
    from course_lib.fairness import GroupSetting, group_metrics, grouped_splits, train_logistic

    splits = grouped_splits(loanapp(), SPLITS, N_TEST)

    def of_batch(batch_size: int | None, steps: int, lr: float) -> Runs:
        settings = [GroupSetting(str(n), lr, math.inf if n == OFF else 2 ** (n / 2)) for n in NOTCHES]
        found = train_logistic(splits, settings, steps=steps, batch_size=batch_size)
        plain = found.weights[found.row(str(OFF))]
        away = np.linalg.norm(found.weights - plain, axis=-1) / np.linalg.norm(plain, axis=-1)
        told = {}
        for row, scores in enumerate(found.scores(splits)):
            measured = [
                group_metrics(*of_split)
                for of_split in zip(splits.y_test, scores, splits.group_test, strict=True)
            ]
            told[found.names[row]] = {
                "values": {
                    metric: [[round(100 * m[group][metric], 3) for m in measured] for group in (0, 1)]
                    for metric in METRICS
                },
                "clipped": round(100 * float(found.clipped[row].mean()), 1),
                "moved": round(100 * float(away[row].mean()), 3),
            }
        return told

    return {name: of_batch(*how) for name, how in BATCHES.items()}


def compute(state: State) -> Outcome:
    """What the rule did to both groups at this position, against the same training without it."""
    of_batch = state["runs"][state["batch"]]
    run, without = of_batch[str(state["notch"])], of_batch[str(OFF)]
    groups: list[list[float]] = run["values"][state["metric"]]
    plain: list[list[float]] = without["values"][state["metric"]]
    changes = [(a - b) - (c - d) for a, b, c, d in zip(*groups, *plain, strict=True)]
    means = [_mean(values) for values in groups]
    change, spread = _mean(changes), _deviation(changes)
    return Outcome(
        ratio=None if state["notch"] == OFF else 2 ** (state["notch"] / 2),
        groups=groups,
        plain=plain,
        means=means,
        gap=means[0] - means[1],
        plain_gap=_mean(plain[0]) - _mean(plain[1]),
        changes=changes,
        change=change,
        spread=spread,
        clipped=run["clipped"],
        moved=run["moved"],
        verdict=_verdict(state["notch"], changes, change, spread),
    )


def _verdict(notch: int, changes: list[float], change: float, spread: float) -> str:
    if notch == OFF:
        return "off"
    if max(abs(value) for value in changes) < 0.005:
        return "identical"
    return "noise" if abs(change) < spread else "moved"


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _deviation(values: list[float]) -> float:
    mean = _mean(values)
    return math.sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1))
