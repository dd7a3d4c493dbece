"""What `rule_and_threshold` asks: fresh cases, and how the learner's code is called on them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from course_lib.checks.asking import Asked, Namespace
from course_lib.checks.case import Case, Floats, Plain
from course_lib.data import diabetes, split, standardise
from course_lib.training.linear import Split

PASCAL = 133.322
"""One millimetre of mercury in pascal."""

LEARNING_RATE, DESCENT_STEPS, DESCENT_BATCH = 0.05, 400, 32


def draw(rng: np.random.Generator) -> list[Case]:
    """Splits of the patients that nobody has seen."""
    return [Case("ten fresh splits of the patients", {"splits": rng.integers(0, 2**31, size=10)})]


def probe(names: Namespace, case: Case) -> Plain:
    """The learner's choice; `case` matters to the judge only."""
    return {"rule": names["my_rule"], "threshold": names["my_threshold"]}


def pascal_error(
    clip: Callable[[Floats, float], Floats], threshold: float, splits: Iterable[int] = range(5)
) -> float:
    """The mean test error of linear regression on patients whose blood pressure is in the wrong unit.

    Each number in `splits` is the seed of one split: 300 patients to learn from, 142 to test on. Features and
    progression are standardised; then the blood pressure is multiplied by 133.322, as if millimetres of mercury
    had been converted to pascal. The weights start at 0 and take 400 steps of minibatch gradient descent
    (batches of 32, learning rate 0.05), each with `clip(gradient, threshold)`; `gradient` has shape (10,).
    The error is the mean square on the test patients over the variance there: 0 is perfect, 1 is no better
    than always predicting the mean, and a run that diverges counts as 1e9.
    """

    def rule(G: Floats) -> Floats:
        clipped = np.empty_like(G)
        for row, g in zip(clipped, G, strict=True):
            row[:] = clip(g, float(threshold))  # a single number, which some return by mistake, fills the row
        return clipped

    return float(np.mean(pascal_errors(rule, splits)))


def prepare_rule_and_threshold() -> None:
    """The splits that `pascal_error` averages over unless told otherwise, and their batches."""
    for place in range(5):
        _in_pascal(place)
        _batches(place)


def pascal_errors(rule: Callable[[Floats], Floats], splits: Iterable[int]) -> Floats:
    """The test error on each split, shape (splits,), all trained side by side.

    `rule` clips the gradients of all splits at one step, in rows, shape (splits, 10).
    """
    parts = [_in_pascal(int(seed)) for seed in splits]
    x, y = np.concatenate([part.x_train for part in parts]), np.concatenate([part.y_train for part in parts])
    size = len(x) // len(parts)
    batches = np.stack([place * size + _batches(place) for place in range(len(parts))], axis=1)
    w = np.zeros((len(parts), x.shape[1]))
    with np.errstate(all="ignore"):  # weights that diverge run on as inf and nan
        for rows in batches:
            features = x[rows]
            residuals = (features @ w[:, :, None])[:, :, 0] - y[rows]
            w = w - LEARNING_RATE * rule((residuals[:, None] @ features)[:, 0] / DESCENT_BATCH)
        errors = np.array(
            [
                np.mean((part.x_test @ weights - part.y_test) ** 2) / part.y_test.var()
                for part, weights in zip(parts, w, strict=True)
            ]
        )
    return np.where(np.isfinite(errors), errors, 1e9)


@lru_cache(maxsize=16)  # whoever compares rules does so on the same splits
def _in_pascal(seed: int) -> Split:
    patients = diabetes()
    train, test = standardise(*split(patients, 142, np.random.default_rng(seed)))
    mean, deviation = train.y.mean(), train.y.std()
    unit = np.where(np.array(patients.features) == "bp", PASCAL, 1.0)
    return Split(train.X * unit, (train.y - mean) / deviation, test.X * unit, (test.y - mean) / deviation)


@lru_cache(maxsize=32)
def _batches(place: int) -> NDArray[np.int64]:
    """Which of the 300 patients make up each batch, shape (400, 32), for the split at this place among the `splits`."""
    rng = np.random.default_rng(place)
    return np.array([rng.choice(300, DESCENT_BATCH, replace=False) for _ in range(DESCENT_STEPS)])


ASKED = Asked(
    name="rule_and_threshold",
    title="Choose a rule and a threshold for data in the wrong unit",
    points=2,
    needs=("my_rule", "my_threshold"),
    draw=draw,
    probe=probe,
    prepare=prepare_rule_and_threshold,
)
