"""What `surviving_shares` asks: fresh cases, and how the learner's code is called on them."""

from __future__ import annotations

import numpy as np

from course_lib.checks.asking import Asked, Namespace
from course_lib.checks.case import Case, Floats, Plain


def draw(rng: np.random.Generator) -> list[Case]:
    """A group of long gradients beside one of short ones; nothing to clip; one example against its group."""

    def around(direction: list[float], lengths: list[float], noise: float = 0.3) -> Floats:
        rows = np.array(direction) + rng.normal(0, noise, (len(lengths), len(direction)))
        return np.asarray(np.array(lengths)[:, None] * rows / np.linalg.norm(rows, axis=1, keepdims=True))

    def case(label: str, max_norm: float, *groups: Floats) -> Case:
        G = np.round(np.concatenate(groups), 2)
        group = np.repeat(np.arange(len(groups)), [len(rows) for rows in groups])
        order = rng.permutation(len(G))
        return Case(label, {"G": G[order], "group": group[order], "max_norm": max_norm})

    u = float(rng.uniform(0.9, 1.1))
    common = around([1.0, 0.2, -0.3], [0.5 * u, 0.7, 1.6 * u, 0.9, 0.6])
    rare = around([-0.2, 1.0, 0.4], [2.6 * u, 4.1, 0.8 * u])
    against = around([0.3, 0.1, 1.0], [1.0 * u, 1.2, 0.9, -3.8], noise=0.1)
    return [
        case("longer gradients in the smaller group", 1.0, common, rare),
        case("a threshold that nobody reaches", 50.0, common, rare),
        case("one example that pulls against its group", 1.0, common, against),
    ]


def probe(names: Namespace, case: Case) -> Plain:
    """`surviving_shares(G, group, max_norm)`."""
    return names["surviving_shares"](case["G"], case["group"], case["max_norm"])


ASKED = Asked(
    name="surviving_shares",
    title="Say whose gradient private clipping costs most",
    points=1,
    needs=("surviving_shares",),
    draw=draw,
    probe=probe,
)
