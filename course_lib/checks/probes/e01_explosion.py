"""What exercise 01_explosion asks: fresh cases, and how the learner's code is called on them."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_lib.checks.asking import Asked, Namespace
from course_lib.checks.case import Case, Plain
from course_lib.data import digits

LARGEST = {
    "float16": 65504.0,
    "bfloat16": 3.3895313892515355e38,
    "float32": 3.4028234663852886e38,
    "float64": 1.7976931348623157e308,
}
"""The largest finite number of each format, as `torch.finfo(...).max` gives it."""


# gradient_ladder ------------------------------------------------------------------------------------------


def draw_gradient_ladder(rng: np.random.Generator) -> list[Case]:
    """Chains whose order, sign and zeros can all be told from the answer."""
    first, second = rng.choice([0.5, 1.5, 2.0, 2.5, 3.0], size=2, replace=False)
    mixed = np.round(rng.uniform(0.4, 1.8, size=6), 1)
    mixed[mixed == 1.0] = 0.9
    mixed[0], mixed[-1] = 0.5, 1.9
    mixed[rng.integers(1, 5)] *= -1
    dead = np.round(rng.uniform(1.1, 1.9, size=5), 1)
    dead[rng.integers(1, 4)] = 0.0
    steady = np.full(50, np.round(rng.uniform(1.15, 1.3), 2))
    return [
        Case("a chain of two layers", {"gains": np.array([first, second])}),
        Case("six layers, one of which turns the sign", {"gains": mixed}),
        Case("five layers, one of which is dead: its gain is 0", {"gains": dead}),
        Case("fifty equal layers", {"gains": steady}),
    ]


def probe_gradient_ladder(names: Namespace, case: Case) -> Plain:
    """`gradient_ladder(gains)`."""
    return names["gradient_ladder"](case["gains"])


# overflow_layer -------------------------------------------------------------------------------------------


def draw_overflow_layer(rng: np.random.Generator) -> list[Case]:
    """Chains that leave their format well inside a layer, so that the rounding of one layer decides nothing."""

    def chain(label: str, kind: str, last: int, spare: int, sign: int = 1) -> Case:
        # The signal reaches the format's limit between layer `last` and the next one.
        gain = sign * round(float(LARGEST[kind] ** (1 / (last + rng.uniform(0.4, 0.6)))), 3)
        return Case(label, {"gain": gain, "layers": last + 1 + spare, "number_format": kind})

    return [
        chain("a deep chain", "float16", int(rng.integers(9, 15)), spare=int(rng.integers(60, 90))),
        chain("a deep chain", "bfloat16", int(rng.integers(50, 80)), spare=int(rng.integers(20, 40))),
        # The layer after an even one has a negative output: who looks at y > largest sees it one layer late.
        chain(
            "a gain below -1",
            "float32",
            2 * int(rng.integers(25, 40)),
            spare=int(rng.integers(20, 40)),
            sign=-1,
        ),
        chain("the last layer is the one that overflows", "float32", int(rng.integers(30, 60)), spare=0),
        chain("a chain that ends just in time", "float32", int(rng.integers(30, 60)), spare=-1),
        chain("a deep chain", "float64", int(rng.integers(300, 400)), spare=int(rng.integers(20, 40))),
        Case(
            "a gain below 1",
            {"gain": round(float(rng.uniform(0.5, 0.95)), 2), "layers": 200, "number_format": "float16"},
        ),
    ]


def probe_overflow_layer(names: Namespace, case: Case) -> Plain:
    """`overflow_layer(gain, layers, number_format)`."""
    return names["overflow_layer"](case["gain"], case["layers"], case["number_format"])


# shared_weight --------------------------------------------------------------------------------------------


def draw_shared_weight(rng: np.random.Generator) -> list[Case]:
    """Chains in which a, L and x0 each leave their own mark on the answer."""

    def away_from_one(low: float, high: float) -> float:
        value = round(float(rng.uniform(low, high)), 1)
        return value if value != 1.0 else 1.2

    return [
        Case("a short chain", {"a": away_from_one(1.3, 2.5), "layers": 3, "x0": away_from_one(2.0, 4.0)}),
        Case(
            "a negative weight",
            {"a": -away_from_one(1.2, 1.9), "layers": int(rng.integers(4, 9)), "x0": away_from_one(1.5, 3.0)},
        ),
        Case(
            "a deep chain",
            {"a": away_from_one(1.1, 1.3), "layers": 50, "x0": -away_from_one(1.5, 3.0)},
        ),
        Case("a single layer", {"a": away_from_one(1.3, 2.5), "layers": 1, "x0": away_from_one(2.0, 4.0)}),
        Case("a weight of 0", {"a": 0.0, "layers": 4, "x0": away_from_one(2.0, 4.0)}),
    ]


def probe_shared_weight(names: Namespace, case: Case) -> Plain:
    """`shared_weight(a, layers, x0)`."""
    return names["shared_weight"](case["a"], case["layers"], case["x0"])


# backward -------------------------------------------------------------------------------------------------


def draw_backward(rng: np.random.Generator) -> list[Case]:
    """Tanh networks: tiny and square, deep and square, and one whose layers differ in width."""

    def network(label: str, widths: tuple[int, ...]) -> Case:
        return Case(
            label,
            {
                "weights": [
                    np.round(rng.normal(size=(after, before)) * 1.5 / np.sqrt(before), 2)
                    for before, after in pairwise(widths)
                ],
                "x": np.round(rng.uniform(0.3, 0.9, size=widths[0]) * rng.choice([-1, 1], size=widths[0]), 2),
                "output_gradient": np.round(rng.uniform(0.5, 1.5, size=widths[-1]), 2),
            },
        )

    return [
        network("two layers of two units", (2, 2, 2)),
        network("five layers of three units", (3, 3, 3, 3, 3, 3)),
        network("layers of different widths", (6, 4, 5, 3)),
    ]


def probe_backward(names: Namespace, case: Case) -> Plain:
    """`backward(weights, activations, output_gradient)`, after a forward pass of our own."""
    return names["backward"](case["weights"], forward(case["weights"], case["x"]), case["output_gradient"])


def forward(weights: list[NDArray[np.float64]], x: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """The activations h_0 = x, h_1, ..., h_L of a tanh network, as the exercise's own `forward` gives them."""
    activations = [x]
    for weight in weights:
        activations.append(np.tanh(weight @ activations[-1]))
    return activations


# first_nonfinite ------------------------------------------------------------------------------------------


def draw_first_nonfinite(rng: np.random.Generator) -> list[Case]:
    """Records of runs that broke, each in its own way, and of one that only came close."""
    records = {
        "a softmax that is too sure": _sure_softmax(rng),
        "a feature that never varies": _constant_feature(rng),
        "a forward pass in float16": _half_precision(rng),
        "gradient descent with a learning rate that is too large": _diverging_descent(rng),
        "huge numbers, all finite": _close_call(rng),
    }
    return [Case(label, {"record": record}) for label, record in records.items()]


def probe_first_nonfinite(names: Namespace, case: Case) -> Plain:
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


# initial_gain ---------------------------------------------------------------------------------------------


def draw_initial_gain(rng: np.random.Generator) -> list[Case]:
    """Seeds of networks that nobody has seen."""
    return [Case("sixteen fresh networks", {"seeds": rng.integers(0, 2**31, size=16)})]


def probe_initial_gain(names: Namespace, case: Case) -> Plain:
    """The learner's number; `case` matters to the judge only."""
    return names["initial_gain"]


# transient ------------------------------------------------------------------------------------------------


def draw_transient(rng: np.random.Generator) -> list[Case]:
    """A low hump, where the diagonal still counts, and a high one, where it hardly does."""

    def hump(label: str, largest_radius: float, low: float, high: float) -> Case:
        radius, peak = (
            round(float(rng.uniform(0.8, largest_radius)), 2),
            round(float(rng.uniform(low, high)), 1),
        )
        return Case(label, {"radius": radius, "peak": peak})

    # The lesson's matrix peaks at step 9; the radius of the low hump makes it peak sooner.
    return [hump("a low hump", 0.85, 1.3, 1.6), hump("a mountain", 0.93, 20, 300)]


def probe_transient(names: Namespace, case: Case) -> Plain:
    """`transient(radius, peak)`."""
    return names["transient"](case["radius"], case["peak"])


ASKED: tuple[Asked, ...] = (
    Asked(
        name="gradient_ladder",
        title="Carry a gradient back through a chain, rung by rung",
        points=1,
        needs=("gradient_ladder",),
        draw=draw_gradient_ladder,
        probe=probe_gradient_ladder,
        refuses=("course_lib.dynamics.chain.backward_gradients",),
    ),
    Asked(
        name="overflow_layer",
        title="Name the layer at which a number format gives up",
        points=1,
        needs=("overflow_layer",),
        draw=draw_overflow_layer,
        probe=probe_overflow_layer,
        refuses=(
            "course_lib.dynamics.chain.overflow_depth",
            "course_lib.dynamics.chain.overflow_depth_by_running",
        ),
    ),
    Asked(
        name="shared_weight",
        title="Tell three gradients of one chain apart",
        points=1,
        needs=("shared_weight",),
        draw=draw_shared_weight,
        probe=probe_shared_weight,
        refuses=(
            "course_lib.dynamics.chain.backward_gradients",
            "course_lib.dynamics.chain.weight_gradients",
            "course_lib.dynamics.chain.shared_weight_gradient",
        ),
    ),
    Asked(
        name="backward",
        title="Mend a backward pass with three faults",
        points=2,
        needs=("backward",),
        draw=draw_backward,
        probe=probe_backward,
        refuses=(
            "torch._tensor.Tensor.backward",
            "torch.autograd.backward",
            "torch.autograd.grad",
            "torch.autograd.functional",
            "torch._functorch.apis.grad",
            "torch._functorch.apis.grad_and_value",
            "torch._functorch.eager_transforms",
        ),
    ),
    Asked(
        name="first_nonfinite",
        title="Find where a run broke first",
        points=1,
        needs=("first_nonfinite",),
        draw=draw_first_nonfinite,
        probe=probe_first_nonfinite,
    ),
    Asked(
        name="initial_gain",
        title="Choose the gain of a fifty-layer network on digits",
        points=2,
        needs=("initial_gain",),
        draw=draw_initial_gain,
        probe=probe_initial_gain,
        prepare=digits,
    ),
    Asked(
        name="transient",
        title="Build a matrix that grows before it dies",
        points=2,
        needs=("transient",),
        draw=draw_transient,
        probe=probe_transient,
    ),
)
