"""What `first_nonfinite` asks: fresh cases, and how the learner's code is called on them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_lib.checks.asking import Asked, Namespace
from course_lib.checks.case import Case, Plain
from course_lib.checks.drawing import one_of_each_and_more


def draw(rng: np.random.Generator) -> list[Case]:
    """Records of runs that broke, each in its own way, of one that only came close, and one or two more of any."""
    return one_of_each_and_more(rng, _one_of_each, 2)


def _one_of_each(rng: np.random.Generator) -> list[Case]:
    records = {
        "a softmax that is too sure": _sure_softmax(rng),
        "a feature that never varies": _constant_feature(rng),
        "a forward pass in float16": _half_precision(rng),
        "gradient descent with a learning rate that is too large": _diverging_descent(rng),
        "huge numbers, all finite": _close_call(rng),
    }
    return [Case(label, {"record": record}) for label, record in records.items()]


def probe(names: Namespace, case: Case) -> Plain:
    """`first_nonfinite(record)`, with the record as a list of (step, name, tensor)."""
    return names["first_nonfinite"]([(step, name, tensor) for step, name, tensor in case["record"]])


Record = list[list[Any]]


def _sure_softmax(rng: np.random.Generator) -> Record:
    """The logarithm of a probability that has become 0: one -inf among good numbers."""
    step = int(rng.integers(1, 1000))
    with np.errstate(divide="ignore"):
        logits = rng.normal(size=4).astype(np.float32)
        logits[rng.integers(4)] = -200.0
        probabilities = np.exp(logits - logits.max())
        probabilities /= probabilities.sum()
        logs = np.log(probabilities)
    return [
        [step, "logits", logits],
        [step, "probabilities", probabilities],
        [step, "log_probabilities", logs],
        [step, "loss", np.asarray(-logs.mean())],
    ]


def _constant_feature(rng: np.random.Generator) -> Record:
    """Standardising a feature without spread: 0 / 0 is nan, and no infinity comes before it."""
    step = int(rng.integers(1, 1000))
    features = rng.normal(size=(4, 3)).astype(np.float32)
    features[:, rng.integers(3)] = 1.0
    with np.errstate(invalid="ignore"):
        standardised = (features - features.mean(axis=0)) / features.std(axis=0)
        hidden = standardised @ rng.normal(size=(3, 2)).astype(np.float32)
    return [
        [step, "features", features],
        [step, "standardised", standardised],
        [step, "hidden", hidden],
        [step, "loss", np.asarray(np.mean(hidden**2))],
    ]


def _half_precision(rng: np.random.Generator) -> Record:
    """Nine layers of gain 6: first some entries overflow to infinity, and infinity - infinity is nan later."""
    step = int(rng.integers(1, 1000))
    hidden = rng.uniform(1, 3, size=8).astype(np.float16)
    record: Record = []
    with np.errstate(over="ignore", invalid="ignore"):
        for layer in range(1, 10):
            weight = rng.normal(size=(8, 8)) * 6 / np.sqrt(8)
            hidden = (weight.astype(np.float32) @ hidden.astype(np.float32)).astype(np.float16)
            record.append([step, f"hidden_{layer}", hidden])
        record.append([step, "loss", np.asarray(np.mean(hidden.astype(np.float32) ** 2))])
    return record


def _diverging_descent(rng: np.random.Generator) -> Record:
    """Least squares in float32 with a learning rate far above 2 / curvature, until the weights are nan."""
    x = rng.normal(size=(16, 3)).astype(np.float32)
    y = x @ np.array([1, -2, 3], dtype=np.float32)
    weight: NDArray[np.floating[Any]] = np.zeros(3, dtype=np.float32)
    record: Record = []
    with np.errstate(over="ignore", invalid="ignore"):
        for step in range(200):
            error = x @ weight - y
            gradient = 2 * x.T @ error / np.float32(16)
            weight = weight - np.float32(40) * gradient
            record += [
                [step, "error", error],
                [step, "loss", np.asarray(np.mean(error**2))],
                [step, "gradient", gradient],
                [step, "weight", weight],
            ]
            if np.isnan(weight).any():
                break
    return record


def _close_call(rng: np.random.Generator) -> Record:
    """Every entry fits into float32, though the sum of two of them would not."""
    step = int(rng.integers(1, 1000))
    huge = (rng.uniform(0.8, 0.99, size=3) * 3.4e38).astype(np.float32)
    return [[step, "gradient", huge], [step, "weight", -huge], [step, "loss", np.asarray(huge.max())]]


ASKED = Asked(
    name="first_nonfinite",
    title="Find where a run broke first",
    points=1,
    needs=("first_nonfinite",),
    draw=draw,
    probe=probe,
)
