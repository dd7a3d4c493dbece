"""What exercise 03_clipping_mechanics asks: fresh cases, and how the learner's code is called on them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from course_lib.checks.asking import Asked, Namespace
from course_lib.checks.case import Case, Plain, copy_plain
from course_lib.data import diabetes, split, standardise
from course_lib.training.linear import Split

if TYPE_CHECKING:
    from torch import Tensor, nn

Floats = NDArray[np.float64]

LIBRARY_CLIPPING = (
    "course_lib.clipping.norm.clip_by_norm",
    "course_lib.clipping.norm.clip_by_global_norm",
    "course_lib.clipping.scope.clip_globally",
    "course_lib.clipping.scope.clip_per_group",
    "course_lib.clipping.scope.clip_per_layer",
    "course_lib.clipping.scope.clip_per_parameter",
    "course_lib.clipping.scope.clip_per_example",
    "course_lib.clipping.torch_front.clip_by_global_norm_",
    "course_lib.clipping.torch_front.clip_per_group_",
    "course_lib.clipping.torch_front.clip_per_layer_",
    "course_lib.clipping.torch_front.clip_per_parameter_",
    "course_lib.clipping.torch_front.clip_per_example_",
)
TORCH_CLIPPING = (
    "torch.nn.utils.clip_grad.clip_grad_norm_",
    "torch.nn.utils.clip_grad._clip_grads_with_norm_",
)
READY_NORMS = (
    "course_lib.clipping.norm.global_norm",
    "course_lib.clipping.torch_front.scaled_global_norm",
    "torch.nn.utils.clip_grad._get_total_norm",
)


# breaking_gradients ---------------------------------------------------------------------------------------


def draw_breaking_gradients(rng: np.random.Generator) -> list[Case]:
    """Thresholds so far apart that no gradient of fixed size is beyond all of them by accident."""
    return [
        Case("a small threshold", {"c": round(float(rng.uniform(0.2, 0.8)), 2)}),
        Case("an ordinary threshold", {"c": round(float(rng.uniform(2, 9)), 1)}),
        Case("a large threshold", {"c": round(float(rng.uniform(1e5, 9e5)), -3)}),
    ]


def probe_breaking_gradients(names: Namespace, case: Case) -> Plain:
    """`breaking_gradients(c)`."""
    return names["breaking_gradients"](case["c"])


# clip_by_norm ---------------------------------------------------------------------------------------------


def draw_clip_by_norm(rng: np.random.Generator) -> list[Case]:
    """Long, short, at the threshold, zero, in many dimensions, in float32; with entries of both signs."""
    c = round(float(rng.uniform(2, 6)), 1)
    signs = rng.permutation([1.0, -1.0])
    long = np.round(signs * c * np.array([rng.uniform(2, 4), rng.uniform(1.2, 1.8)]), 1)
    short = np.round(c * np.array([rng.uniform(0.3, 0.5), -rng.uniform(0.2, 0.4)]), 2)
    power = float(2 ** rng.integers(0, 4))
    tenths = rng.choice([-0.1, 0.1], size=100)
    tenths[:2] = 0.1, -0.1
    single = np.round(rng.normal(0, 3 * c, size=6), 2).astype(np.float32)
    single[0], single[1] = -2 * c, 3 * c
    return [
        Case("a gradient longer than the threshold", {"g": long, "max_norm": c}),
        Case("a gradient shorter than the threshold", {"g": short, "max_norm": c}),
        Case(
            "a gradient exactly as long as the threshold",
            {"g": power * np.array([3.0, -4.0]), "max_norm": 5 * power},
        ),
        Case("the zero gradient", {"g": np.zeros(3), "max_norm": c}),
        Case("a gradient in float32", {"g": single, "max_norm": c}),
        Case("a hundred small entries that add up", {"g": tenths, "max_norm": 0.4}),
    ]


def probe_clip_by_norm(names: Namespace, case: Case) -> Plain:
    """`clip_by_norm(g, max_norm)`, and `g` as well where the call has changed it."""
    kept = copy_plain(case["g"])
    clipped = names["clip_by_norm"](case["g"], case["max_norm"])
    if np.array_equal(kept, case["g"]):
        return clipped
    return {"returned": clipped, "your g afterwards": case["g"]}


# turned_by_value ------------------------------------------------------------------------------------------


def draw_turned_by_value(rng: np.random.Generator) -> list[Case]:
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


def probe_turned_by_value(names: Namespace, case: Case) -> Plain:
    """`turned_by_value(g, limit)`."""
    return names["turned_by_value"](case["g"], case["limit"])


# most_turned ----------------------------------------------------------------------------------------------


def draw_most_turned(rng: np.random.Generator) -> list[Case]:
    """From the plane to a hundred dimensions, at limits that are not 1."""

    def limit(low: float, high: float) -> float:
        return round(float(rng.uniform(low, high)), 2)

    return [
        Case("the plane", {"d": 2, "limit": limit(2, 5)}),
        Case("space", {"d": 3, "limit": limit(0.2, 0.6)}),
        Case("a small layer", {"d": int(rng.integers(6, 20)), "limit": limit(5, 20)}),
        Case("a hundred entries", {"d": 100, "limit": limit(0.02, 0.08)}),
    ]


def probe_most_turned(names: Namespace, case: Case) -> Plain:
    """`most_turned(d, limit)`."""
    return names["most_turned"](case["d"], case["limit"])


# clip_by_global_norm --------------------------------------------------------------------------------------


def draw_clip_by_global_norm(rng: np.random.Generator) -> list[Case]:
    """Lists of gradients, the smallest first: each brings in one thing that the ones before do not ask for."""

    def grads(spread: float, *shapes: tuple[int, ...]) -> list[Any]:
        sizes = [rng.uniform(0.5, 1, size=shape) * rng.choice([-1, 1], size=shape) for shape in shapes]
        return [np.asarray(np.round(spread * size, 2)) for size in sizes]

    c = round(float(rng.uniform(1.5, 3)), 1)

    def far_from_rank_one(matrix: Floats) -> Floats:
        """Of two by two entries, with three of one sign: its largest stretch is far below the length of its entries."""
        return matrix if matrix.prod() < 0 else matrix * np.array([[-1, 1], [1, 1]])

    return [
        Case("two numbers below the threshold", {"grads": grads(c / 2, (1,), (1,)), "max_norm": c}),
        Case("one gradient, longer than the threshold", {"grads": grads(4 * c, (3,)), "max_norm": c}),
        Case(
            "a long gradient beside a short one",
            {"grads": [*grads(5 * c, (3,)), *grads(0.2 * c, (2,))], "max_norm": c},
        ),
        Case(
            "a frozen layer without a gradient",
            {"grads": [far_from_rank_one(*grads(3 * c, (2, 2))), None, *grads(c, (2,))], "max_norm": c},
        ),
        Case("only zeros", {"grads": [np.zeros((2, 3)), np.zeros(3)], "max_norm": c}),
        Case(
            "a whole network: kernel, matrix, bias and a single number",
            {"grads": grads(20 * c, (2, 1, 3, 3), (4, 3), (4,), ()), "max_norm": c},
        ),
    ]


def probe_clip_by_global_norm(names: Namespace, case: Case) -> Plain:
    """`clip_by_global_norm(grads, max_norm)`, and `grads` as well where the call has changed it."""
    kept = copy_plain(case["grads"])
    result = names["clip_by_global_norm"](case["grads"], case["max_norm"])
    if _is_pair(result):
        result = {"clipped": result[0], "norm": result[1]}
    if _unchanged(kept, case["grads"]):
        return result
    return {"returned": result, "your grads afterwards": case["grads"]}


def _is_pair(result: object) -> bool:
    """Whether this is (clipped, norm), in either order, and not a list of two clipped gradients alone."""
    if isinstance(result, list):
        return len(result) == 2 and any(isinstance(part, list | tuple) for part in result)
    return isinstance(result, tuple) and len(result) == 2


def _unchanged(kept: list[Any], grads: list[Any]) -> bool:
    return len(kept) == len(grads) and all(
        (a is None and b is None) or (a is not None and b is not None and np.array_equal(a, b))
        for a, b in zip(kept, grads, strict=True)
    )


# train ----------------------------------------------------------------------------------------------------

BATCH = 4
"""Patients in one batch of a small run."""

ENTERED_WRONGLY = 300.0
"""A patient's progression, in standard deviations, when somebody typed it with two zeros too many."""


def draw_train(rng: np.random.Generator) -> list[Case]:
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


def probe_train(names: Namespace, case: Case) -> Plain:
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


# rule_and_threshold ---------------------------------------------------------------------------------------

PASCAL = 133.322
"""One millimetre of mercury in pascal."""

LEARNING_RATE, DESCENT_STEPS, DESCENT_BATCH = 0.05, 400, 32


def draw_rule_and_threshold(rng: np.random.Generator) -> list[Case]:
    """Splits of the patients that nobody has seen."""
    return [Case("ten fresh splits of the patients", {"splits": rng.integers(0, 2**31, size=10)})]


def probe_rule_and_threshold(names: Namespace, case: Case) -> Plain:
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


ASKED: tuple[Asked, ...] = (
    Asked(
        name="breaking_gradients",
        title="Break the published formula, twice",
        points=1,
        needs=("breaking_gradients",),
        draw=draw_breaking_gradients,
        probe=probe_breaking_gradients,
    ),
    Asked(
        name="clip_by_norm",
        title="Repair it: clip by norm",
        points=1,
        needs=("clip_by_norm",),
        draw=draw_clip_by_norm,
        probe=probe_clip_by_norm,
        refuses=LIBRARY_CLIPPING + TORCH_CLIPPING,
    ),
    Asked(
        name="turned_by_value",
        title="Measure how far clipping by value turns",
        points=1,
        needs=("turned_by_value",),
        draw=draw_turned_by_value,
        probe=probe_turned_by_value,
        refuses=("course_lib.clipping.angle.angle_between",),
    ),
    Asked(
        name="most_turned",
        title="Find the gradient that turns the most",
        points=2,
        needs=("most_turned",),
        draw=draw_most_turned,
        probe=probe_most_turned,
    ),
    Asked(
        name="clip_by_global_norm",
        title="Clip a whole model",
        points=1,
        needs=("clip_by_global_norm",),
        draw=draw_clip_by_global_norm,
        probe=probe_clip_by_global_norm,
        refuses=LIBRARY_CLIPPING + TORCH_CLIPPING + READY_NORMS,
    ),
    Asked(
        name="train",
        title="Mend a training loop with five mistakes",
        points=2,
        needs=("train",),
        draw=draw_train,
        probe=probe_train,
        prepare=_standardised_patients,
    ),
    Asked(
        name="rule_and_threshold",
        title="Choose a rule and a threshold for data in the wrong unit",
        points=2,
        needs=("my_rule", "my_threshold"),
        draw=draw_rule_and_threshold,
        probe=probe_rule_and_threshold,
        prepare=prepare_rule_and_threshold,
    ),
)
