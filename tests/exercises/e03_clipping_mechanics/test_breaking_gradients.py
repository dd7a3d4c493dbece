"""Question breaking_gradients: right answers in other styles, near misses, and what is said to each."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from verdicts import assert_earns_nothing_and_is_told_why, find, ids, verdict

from course_lib import clipping

QUESTION = find("breaking_gradients")


BREAKING = [
    lambda c: (np.array([-10 * c]), np.array([c, c])),
    lambda c: [[-1.5 * c, 0.0], [0.8 * c] * 3],
    lambda c: (-np.full(7, 1e9 * c), np.full(2, 1e9 * c)),
    lambda c: (torch.tensor([1.0, -c - 1]), torch.full((9,), c / 2)),
    lambda c: np.array([[-2 * c, 3 * c], [3 * c, 2 * c]]),
    lambda c: ((-1e200,), [c, 1e-3 * c]),
]


@pytest.mark.parametrize("breaking_gradients", BREAKING, ids=ids(BREAKING))
def test_breaking_gradients_of_any_kind(breaking_gradients):
    got = verdict("breaking_gradients", breaking_gradients=breaking_gradients)
    assert got.right, got.text()


NEAR_MISSES = [
    lambda c: (np.array([-10 * c]), np.array([c * (1 + 1e-12)])),
    lambda c: (np.array([-c * (1 + 1e-12)]), np.array([c, c])),
    lambda c: np.array([-10 * c, c]),
    lambda c: (-10 * c, c),
    lambda c: (np.array([-10 * c]), np.array([c, c]), np.array([c])),
    lambda c: (np.array([[-10 * c]]), np.array([[c, c]])),
    lambda c: (["-10"], ["c", "c"]),
]


@pytest.mark.parametrize("answer", NEAR_MISSES, ids=ids(NEAR_MISSES))
def test_near_misses_earn_nothing_and_are_told_why(answer):
    assert_earns_nothing_and_is_told_why(verdict("breaking_gradients", breaking_gradients=answer))


def test_what_is_said_of_one_positive_entry_is_true_of_any_number_of_entries():
    for second, said in (
        (lambda c: [c, 0.0], "Only one of its entries is above zero"),
        (lambda c: [100 * c], "Only one of its entries is above zero"),
        (lambda c: [0.0, 100 * c, 0.0], "Only one of its entries is above zero"),
        (lambda c: [0.0, 0.0], "None of its entries is above zero"),
    ):
        got = verdict(
            "breaking_gradients", breaking_gradients=lambda c, second=second: ([-10 * c, c], second(c))
        )
        assert got.misconception == "second: one entry"
        assert said in got.message
        assert "single entry" not in got.message


def test_the_worked_step_of_the_last_hint_is_right():
    hint = QUESTION.judged.hints[2]
    np.testing.assert_array_equal(clipping.published_elementwise(np.array([-10.0]), 1.0), [-10])
    np.testing.assert_array_equal(clipping.published_elementwise(np.array([3.0, 4.0]), 1.0), [1, 1])
    assert f"(1, 1), of length {math.sqrt(2):.2f}" in hint
