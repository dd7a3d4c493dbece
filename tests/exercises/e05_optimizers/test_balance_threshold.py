"""Question balance_threshold: right answers in other styles, near misses, and what is said to each."""

from __future__ import annotations

import numpy as np
import pytest
from verdicts import assert_earns_nothing_and_is_told_why, drawn, find, ids, verdict

QUESTION = find("balance_threshold")


def balanced_by_bisection(w, g, decay):
    def along(c):
        return -decay * (w @ w) - c * (g @ w) / np.linalg.norm(g)

    low, high = 0.0, float(np.linalg.norm(g))
    if along(high) < 0 or g @ w >= 0:
        return None
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if along(middle) < 0 else (low, middle)
    return np.array(high)


def test_a_balance_by_bisection():
    got = verdict("balance_threshold", balance_threshold=balanced_by_bisection)
    assert got.right, got.text()


NEAR_MISSES = [lambda w, g, decay: 0.0, lambda w, g, decay: None]


@pytest.mark.parametrize("answer", NEAR_MISSES, ids=ids(NEAR_MISSES))
def test_near_misses_earn_nothing_and_are_told_why(answer):
    assert_earns_nothing_and_is_told_why(verdict("balance_threshold", balance_threshold=answer))


def test_the_worked_step_of_the_last_hint_is_right():
    hint = QUESTION.judged.hints[2]
    w, g = np.array([2.0, 0.0]), np.array([-3.0, 4.0])
    reference = QUESTION.judged.reference["balance_threshold"]
    assert f"cancel at c = {reference(w, g, 0.5):.2f}" in hint
    assert reference(w, -g, 0.5) is None


def test_no_gradient_is_as_long_as_the_weights():
    """Else a length of w that is not squared gives what a forgotten length of g gives."""
    for seed in range(300):
        for case in drawn("balance_threshold", seed):
            assert np.linalg.norm(case["g"]) != pytest.approx(np.linalg.norm(case["w"]), rel=1e-3), (
                f"seed {seed}"
            )
