"""Question train_adamw: right answers in other styles, near misses, and what is said to each."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from verdicts import assert_earns_nothing_and_is_told_why, find, ids, verdict

QUESTION = find("train_adamw")


def adamw_by_torch(gradient, w, steps, lr, decay, max_norm):
    p = torch.nn.Parameter(torch.tensor(w))
    optimizer, norms = torch.optim.AdamW([p], lr=lr, weight_decay=decay), []
    for step in range(steps):
        g = gradient(p.detach().numpy(), step)
        norms.append(float(np.linalg.norm(g)))
        p.grad = torch.from_numpy(g * min(1, max_norm / norms[-1]))
        optimizer.step()
    return p, norms


def test_adamw_by_torch():
    got = verdict("train_adamw", train_adamw=adamw_by_torch)
    assert got.right, got.text()


NEAR_MISSES = [
    lambda gradient, w, steps, lr, decay, max_norm: w,
    lambda gradient, w, steps, lr, decay, max_norm: adamw_by_torch(gradient, w, steps, lr, 0, max_norm),
]


@pytest.mark.parametrize("answer", NEAR_MISSES, ids=ids(NEAR_MISSES))
def test_near_misses_earn_nothing_and_are_told_why(answer):
    assert_earns_nothing_and_is_told_why(verdict("train_adamw", train_adamw=answer))


def test_the_worked_step_of_the_last_hint_is_right():
    hint = QUESTION.judged.hints[2]
    assert f"multiplied by {1 - 0.1 * 0.5:g}" in hint
