"""Question adam_step: right answers in other styles, near misses, and what is said to each."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from verdicts import assert_earns_nothing_and_is_told_why, ids, verdict


def adam_in_a_loop(w, g, m, v, t, lr, beta1, beta2, eps):
    w, m, v = list(w), list(m * np.ones(3)), list(v * np.ones(3))
    for i in range(len(w)):
        m[i] += (1 - beta1) * (g[i] - m[i])
        v[i] += (1 - beta2) * (g[i] ** 2 - v[i])
        w[i] -= lr * m[i] / (1 - beta1**t) / (math.sqrt(v[i] / (1 - beta2**t)) + eps)
    return w, m, v


def adam_in_torch(w, g, m, v, t, lr, beta1, beta2, eps):
    w, g, m, v = (torch.tensor(part) for part in (w, g, m, v))
    m, v = torch.lerp(g, m, beta1), beta2 * v + (1 - beta2) * g * g
    scale = lr * math.sqrt(1 - beta2**t) / (1 - beta1**t)
    return [w - scale * m / (v.sqrt() + eps * math.sqrt(1 - beta2**t)), m, v]


@pytest.mark.parametrize("adam_step", [adam_in_a_loop, adam_in_torch], ids=ids(range(2)))
def test_adam_in_any_style(adam_step):
    got = verdict("adam_step", adam_step=adam_step)
    assert got.right, got.text()


def test_a_ready_adam_is_refused():
    from course_lib.training.optimizers import Adam

    def adam_step(w, g, m, v, t, lr, beta1, beta2, eps):
        ready = Adam(lr, beta1, beta2, eps, t=t - 1, m=m, v=v)
        return ready.step(w, g), ready.m, ready.v

    assert verdict("adam_step", adam_step=adam_step).status == "refused"


NEAR_MISSES = [
    lambda w, g, m, v, t, lr, beta1, beta2, eps: w,
    lambda **inputs: adam_in_a_loop(**inputs)[:2],
    lambda **inputs: adam_in_a_loop(**(inputs | {"lr": 2 * inputs["lr"]})),
]


@pytest.mark.parametrize("answer", NEAR_MISSES, ids=ids(NEAR_MISSES))
def test_near_misses_earn_nothing_and_are_told_why(answer):
    assert_earns_nothing_and_is_told_why(verdict("adam_step", adam_step=answer))
