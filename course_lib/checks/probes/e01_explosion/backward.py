"""What `backward` asks: fresh cases, and how the learner's code is called on them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from course_lib.checks.asking import Asked, Namespace
from course_lib.checks.case import Case, Plain


def draw(rng: np.random.Generator) -> list[Case]:
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


def probe(names: Namespace, case: Case) -> Plain:
    """`backward(weights, activations, output_gradient)`, after a forward pass of our own."""
    return names["backward"](case["weights"], forward(case["weights"], case["x"]), case["output_gradient"])


def forward(weights: list[NDArray[np.float64]], x: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """The activations h_0 = x, h_1, ..., h_L of a tanh network, as the exercise's own `forward` gives them."""
    activations = [x]
    for weight in weights:
        activations.append(np.tanh(weight @ activations[-1]))
    return activations


ASKED = Asked(
    name="backward",
    title="Mend a backward pass with three faults",
    points=2,
    needs=("backward",),
    draw=draw,
    probe=probe,
    refuses=(
        "torch._tensor.Tensor.backward",
        "torch.autograd.backward",
        "torch.autograd.grad",
        "torch.autograd.functional",
        "torch._functorch.apis.grad",
        "torch._functorch.apis.grad_and_value",
        "torch._functorch.eager_transforms",
    ),
)
