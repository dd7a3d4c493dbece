"""Question most_turned: right answers in other styles, near misses, and what is said to each."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
from verdicts import assert_earns_nothing_and_is_told_why, find, ids, verdict, words_of

from course_lib.checks.judges.e03_clipping_mechanics import most_turned as judges

QUESTION = find("most_turned")


MOST = [
    lambda d, v: [1e5 * v] + [v] * (d - 1),
    lambda d, v: np.append(np.full(d - 1, -v), -1000 * v),
    lambda d, v: torch.tensor([v] * (d - 1) + [1e8 * v]),
    lambda d, v: np.where(np.arange(d) == d // 2, 1e300, v * (-1.0) ** np.arange(d)),
    lambda d, v: v * np.r_[2000 * d, np.full(d - 1, 1.5)],
]


@pytest.mark.parametrize("most_turned", MOST, ids=ids(MOST))
def test_most_turned_by_any_gradient(most_turned):
    got = verdict("most_turned", most_turned=most_turned)
    assert got.right, got.text()


NEAR_MISSES = [
    lambda d, v: np.r_[15 * v * d**0.5, np.full(d - 1, v)],
    lambda d, v: np.r_[1e6, np.ones(d - 1)],
    lambda d, v: np.full((d, 1), v),
    lambda d, v: np.r_[1e6 * v, np.full(d - 1, 0.8 * v)],
    lambda d, v: np.random.default_rng(0).normal(size=d) * 1000 * v,
    lambda d, v: "a tall one",
]


@pytest.mark.parametrize("answer", NEAR_MISSES, ids=ids(NEAR_MISSES))
def test_near_misses_earn_nothing_and_are_told_why(answer):
    assert_earns_nothing_and_is_told_why(verdict("most_turned", most_turned=answer))


def test_the_picture_of_a_turn_says_the_angle():
    got = verdict("most_turned", most_turned=lambda d, v: np.r_[1e6 * v, np.full(d - 1, v if d < 5 else 0)])
    assert got.case["d"] > 5
    assert "the most possible" in words_of(got.picture)
    assert words_of(got.picture).endswith("the two arrows span.")


def tall(height, others):
    def most_turned(d, limit):
        g = np.full(d, others * limit)
        g[0] = height(limit)
        return g

    return most_turned


def test_a_gradient_that_is_tall_enough_is_told_of_its_short_others():
    for seed in range(20):
        for others in (0.9, 0.95):
            got = verdict("most_turned", seed, most_turned=tall(lambda limit: 1e6, others))
            assert got.misconception == "the others are short", got.text()
            assert f"The smallest of the others is {others:.3g} times the limit" in got.message
            assert "million" not in got.message + got.hints[0]
        for others in (1.0, 0.995):
            got = verdict("most_turned", seed, most_turned=tall(lambda limit: 3 * limit, others))
            assert got.misconception == "not tall enough", got.text()
            assert "The tall one has 3 times the limit" in got.message


def test_an_entry_near_the_largest_number_is_told_without_a_warning():
    def huge(d, limit):
        return [1e6, limit] if d == 2 else [1e308, *[0.5 * limit] * (d - 1)]

    with warnings.catch_warnings(action="error"):
        got = verdict("most_turned", most_turned=huge)
    assert (got.misconception, got.case["d"]) == ("the others are short", 3)


def test_the_worked_step_of_the_last_hint_is_right():
    hint = QUESTION.judged.hints[2]
    for entry in (3.0, 10.0):
        degrees = judges._turned(np.array([entry, 1.0]), 1.0)
        assert f"({entry:g}, 1) turns by {degrees:.1f}" in hint
