"""Question update_lengths: right answers in other styles, near misses, and what is said to each."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from verdicts import drawn, find, verdict

QUESTION = find("update_lengths")


UPDATES = [
    lambda norms, lr, c: [lr * min(float(n), c) for n in norms],
    lambda norms, lr, c: torch.clamp(torch.tensor(norms), max=c) * lr,
    lambda norms, lr, c: lr * norms * np.minimum(1, c / np.maximum(norms, 1e-300)),
    lambda norms, lr, c: np.where(norms > c, lr * c, lr * norms),
]


@pytest.mark.parametrize("update_lengths", UPDATES)
def test_update_lengths_in_any_style(update_lengths):
    got = verdict("update_lengths", update_lengths=update_lengths)
    assert got.right, got.text()


def test_the_worked_step_of_the_last_hint_is_right():
    hint = QUESTION.judged.hints[2]
    steps = QUESTION.judged.reference["update_lengths"](np.array([1.0, 6.0, 600.0]), 0.1, 2.0)
    np.testing.assert_allclose(steps, [0.1, 0.2, 0.2])
    assert "a norm of 1 gives a step of 0.1, a norm of 6 one of 0.2" in hint


def test_one_update_is_beyond_the_threshold_unless_clipped():
    """Else clipping the update instead of the gradient changes nothing."""
    for seed in range(300):
        case, *_ = drawn("update_lengths", seed)
        assert case["lr"] * case["norms"].max() > 1.2 * case["max_norm"], f"seed {seed}"
