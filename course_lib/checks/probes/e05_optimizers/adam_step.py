"""What `adam_step` asks: fresh cases, and how the learner's code is called on them."""

from __future__ import annotations

import numpy as np

from course_lib.checks.asking import Asked, Namespace
from course_lib.checks.case import Case, Plain

READY_OPTIMIZERS = (
    "course_lib.training.optimizers.Adam.step",
    "torch.optim.adam.adam",
    "torch.optim.adam.Adam.step",
)


def draw(rng: np.random.Generator) -> list[Case]:
    """The first step, later steps, a long memory, and gradients so small that epsilon counts."""

    def case(label: str, t: int, size: float = 1.0, beta1: float = 0.9, beta2: float = 0.999) -> Case:
        past = 0.0 if t == 1 else 1.0
        g = np.round(rng.uniform(0.5, 2, 3) * rng.choice([-1, 1], 3), 2) * size
        inputs = {
            "w": np.round(rng.normal(size=3), 2),
            "g": g,
            "m": past * np.round(rng.uniform(0.2, 0.8, 3), 2) * size,
            "v": past * np.round(rng.uniform(0.2, 0.8, 3), 2) * size**2,
            "t": t,
            "lr": 0.1,
            "beta1": beta1,
            "beta2": beta2,
            "eps": 1e-8,
        }
        return Case(label, inputs)

    return [
        case("the first step", 1),
        case("the third step", 3),
        case("step 500, other betas", 500, beta1=0.8, beta2=0.99),
        case("the fifth step, with gradients as small as epsilon", 5, size=1e-8),
    ]


def probe(names: Namespace, case: Case) -> Plain:
    """`adam_step(w, g, m, v, t, lr, beta1, beta2, eps)`, whose three parts get their names here."""
    result = names["adam_step"](**case.inputs)
    if isinstance(result, list | tuple) and len(result) == 3:
        return dict(zip(("w", "m", "v"), result, strict=True))
    return result


ASKED = Asked(
    name="adam_step",
    title="Write one step of Adam",
    points=2,
    needs=("adam_step",),
    draw=draw,
    probe=probe,
    refuses=READY_OPTIMIZERS,
    keeps=("w", "g", "m", "v"),
)
