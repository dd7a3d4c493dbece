"""What `clip_by_global_norm` asks: fresh cases, and how the learner's code is called on them."""

from __future__ import annotations

from typing import Any

import numpy as np

from course_lib.checks.asking import Asked, Namespace
from course_lib.checks.case import Case, Floats, Plain
from course_lib.checks.probes.e03_clipping_mechanics.ready_made import LIBRARY_CLIPPING, TORCH_CLIPPING

READY_NORMS = (
    "course_lib.clipping.norm.global_norm",
    "course_lib.clipping.torch_front.scaled_global_norm",
    "torch.nn.utils.clip_grad._get_total_norm",
)


def draw(rng: np.random.Generator) -> list[Case]:
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


def probe(names: Namespace, case: Case) -> Plain:
    """`clip_by_global_norm(grads, max_norm)`, whose two parts get their names here."""
    result = names["clip_by_global_norm"](case["grads"], case["max_norm"])
    return {"clipped": result[0], "norm": result[1]} if _is_pair(result) else result


def _is_pair(result: object) -> bool:
    """Whether this is (clipped, norm), in either order, and not a list of two clipped gradients alone."""
    if isinstance(result, list):
        return len(result) == 2 and any(isinstance(part, list | tuple) for part in result)
    return isinstance(result, tuple) and len(result) == 2


ASKED = Asked(
    name="clip_by_global_norm",
    title="Clip a whole model",
    points=1,
    needs=("clip_by_global_norm",),
    draw=draw,
    probe=probe,
    refuses=LIBRARY_CLIPPING + TORCH_CLIPPING + READY_NORMS,
    keeps=("grads",),
)
