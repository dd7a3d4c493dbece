"""What `gan_step` asks: fresh cases, and how the learner's code is called on them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from course_lib.checks.asking import Asked, Namespace
from course_lib.checks.case import Case, Plain
from course_lib.checks.probes.e09_gans.real_digits import real_digits

if TYPE_CHECKING:
    from torch import Tensor, nn


def tiny_gan(seed: int) -> tuple[nn.Module, nn.Module, list[tuple[Tensor, Tensor]]]:
    """A generator and a discriminator of real digits (8 by 8 pixels), and four pairs of batches: real, noise.

    Batches hold 16 digits, shape (16, 64), and noise of shape (16, 4). The discriminator gives a logit, shape
    (16, 1): positive where it takes a digit for real.
    """
    import torch
    from torch import nn

    generator = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 64), nn.Sigmoid()).double()
    discriminator = nn.Sequential(nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 1)).double()
    rng, X = np.random.default_rng(seed), real_digits().X
    with torch.no_grad():
        for weight in (*generator.parameters(), *discriminator.parameters()):
            spread = math.sqrt(2 / weight.shape[-1]) if weight.ndim == 2 else 0.1
            weight.copy_(torch.from_numpy(rng.normal(scale=spread, size=weight.shape)))
    batches = [
        (torch.from_numpy(X[rng.choice(len(X), 16)]), torch.from_numpy(rng.normal(size=(16, 4))))
        for _ in range(4)
    ]
    return generator, discriminator, batches


def draw(rng: np.random.Generator) -> list[Case]:
    """Steps, each of which brings in one thing that the ones before do not ask for."""

    def case(label: str, steps: int, max_norm: float) -> Case:
        return Case(
            label, {"seed": int(rng.integers(2**31)), "steps": steps, "lr": 0.5, "max_norm": max_norm}
        )

    return [
        case("one step, nothing to clip", 1, 1e6),
        case("two steps, nothing to clip", 2, 1e6),
        case("one step, both clipped", 1, 0.02),
        case("two steps, both clipped", 2, 0.02),
    ]


def probe(names: Namespace, case: Case) -> Plain:
    """`gan_step(generator, discriminator, g_optimizer, d_optimizer, real, noise, max_norm)`, several times."""
    import torch

    generator, discriminator, batches = tiny_gan(case["seed"])
    g_optimizer = torch.optim.SGD(generator.parameters(), lr=case["lr"])
    d_optimizer = torch.optim.SGD(discriminator.parameters(), lr=case["lr"])

    def weights(model: nn.Module) -> Tensor:
        return torch.cat([weight.detach().flatten() for weight in model.parameters()])

    starts = weights(discriminator), weights(generator)
    norms = [
        names["gan_step"](generator, discriminator, g_optimizer, d_optimizer, real, noise, case["max_norm"])
        for real, noise in batches[: case["steps"]]
    ]
    ends = weights(discriminator), weights(generator)
    moved = [float((end - start).norm()) for start, end in zip(starts, ends, strict=True)]
    return {
        "D moved by": moved[0],
        "G moved by": moved[1],
        "norms of D and G": norms,
        "weights": torch.cat(ends),
    }


ASKED = Asked(
    name="gan_step",
    title="Mend a training step with four mistakes",
    points=2,
    needs=("gan_step",),
    draw=draw,
    probe=probe,
)
