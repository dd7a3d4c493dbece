"""The arithmetic of the spike: Adam's two averages and its step over time, with and without clipping.

`compute` in `demo.js` is the same arithmetic; `tests/unit/test_demo_arithmetic.py` holds the two together.
"""

from __future__ import annotations

from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from course_lib.training.optimizers import Adam, braked_share, recovery_steps

SPANS = {"0.999": 4000, "0.99": 600, "0.9": 200}
"""For each memory (beta2) as many steps as show how it forgets."""


class State(TypedDict):
    """What the reader can move: size and step of the spike, the clipping threshold, beta2 as it is written."""

    spike: float
    at: int
    threshold: float
    memory: str


class Course(TypedDict):
    """Adam's averages (corrected for their start) and its step in learning rates, for steps 1, 2, ...

    `share` is the effective step 1 / sqrt(v) right after the spike, `recovery` how many ordinary gradients it
    takes to come back to 0.9, `longest` the longest step.
    """

    m: NDArray[np.float64]
    v: NDArray[np.float64]
    step: NDArray[np.float64]
    share: float
    recovery: int
    longest: float


class Outcome(TypedDict):
    """What happens to the spike as it comes, and to the spike clipped."""

    raw: Course
    clipped: Course


def compute(state: State) -> Outcome:
    """Gradients of size 1 with one of size K = `spike` among them; beta1 is 0.9 and epsilon 0.

    Every gradient is a single number, so clipping at c by norm and by value are the same here.
    Kingma & Ba 2015, Algorithm 1; taught in lesson 05_optimizers.
    """
    spikes = np.array([state["spike"], min(state["spike"], state["threshold"])])
    beta2, at = float(state["memory"]), state["at"]
    adam = Adam(1.0, beta2=beta2, eps=0.0)
    w: NDArray[np.floating[Any]] = np.zeros(2)
    m, v, step = (np.empty((SPANS[state["memory"]], 2)) for _ in range(3))
    for t in range(1, len(step) + 1):
        moved = adam.step(w, spikes if t == at else np.ones(2))
        m[t - 1], v[t - 1], step[t - 1] = adam.m / (1 - adam.beta1**t), adam.v_hat, w - moved
        w = moved
    raw, clipped = (
        Course(
            m=m[:, place],
            v=v[:, place],
            step=step[:, place],
            share=braked_share(float(spike), beta2, at),
            recovery=recovery_steps(float(spike), beta2, 0.9, at),
            longest=float(step[:, place].max()),
        )
        for place, spike in enumerate(spikes)
    )
    return Outcome(raw=raw, clipped=clipped)
