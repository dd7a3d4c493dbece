"""Question cycle_threshold: right answers in other styles, near misses, and what is said to each."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from verdicts import (
    assert_earns_nothing_and_is_told_why,
    find,
    ids,
    verdict,
    words_of,
)

from course_lib.dynamics.games import cycle_radius, play

QUESTION = find("cycle_threshold")


def test_the_example_of_the_text_is_right():
    reference = QUESTION.judged.reference["cycle_threshold"]
    assert reference(0.1, 0.01, 5.0) == pytest.approx(2.236, abs=5e-4)
    text = (Path(__file__).resolve().parents[3] / "source" / "exercises" / "09_gans.py").read_text()
    assert "`cycle_threshold(0.1, 0.01, 5.0)` is `2.236`" in text


def threshold_by_the_ratio(lr, decay, radius):
    if not decay:
        return None
    a = 1 - lr * decay
    return None if a**2 + lr**2 <= 1 else torch.tensor(radius * math.sqrt((1 - a) * (1 + a)) / lr)


def threshold_by_bisection(lr, decay, radius):
    low, high = 0.0, radius
    for _ in range(60):
        c = (low + high) / 2
        grows = ((1 - lr * decay) * radius) ** 2 + (lr * c) ** 2 > radius**2
        low, high = (low, c) if grows else (c, high)
    return np.float64(high) if 0 < high < radius * (1 - 1e-9) and decay > 0 else None


THRESHOLDS = [threshold_by_the_ratio, threshold_by_bisection]


@pytest.mark.parametrize("cycle_threshold", THRESHOLDS, ids=ids(THRESHOLDS))
def test_a_threshold_in_any_style(cycle_threshold):
    got = verdict("cycle_threshold", cycle_threshold=cycle_threshold)
    assert got.right, got.text()


def test_the_reference_threshold_gives_the_circle():
    reference = QUESTION.judged.reference["cycle_threshold"]
    c = reference(0.1, 0.02, 7.0)
    assert cycle_radius(0.1, c, 0.02) == pytest.approx(7.0, rel=1e-12)
    for start in ((0.1, 0.0), (30.0, 30.0)):
        assert play(start, 0.1, 20_000, clip=c, decay=0.02).radii[-1] == pytest.approx(7.0, rel=1e-9)
    assert reference(0.1, 0.2, 7.0) is None
    assert cycle_radius(0.1, 1.0, 0.2) is None


NEAR_MISSES = [lambda lr, decay, radius: None, lambda lr, decay, radius: radius]


@pytest.mark.parametrize("answer", NEAR_MISSES, ids=ids(NEAR_MISSES))
def test_near_misses_earn_nothing_and_are_told_why(answer):
    assert_earns_nothing_and_is_told_why(verdict("cycle_threshold", cycle_threshold=answer))


def test_half_the_learning_rate_is_not_quite_the_edge():
    def cycle_threshold(lr, decay, radius):
        return radius * math.sqrt(1 - (1 - lr * decay) ** 2) / lr if 0 < decay < lr / 2 else None

    for seed in range(4):
        got = verdict("cycle_threshold", seed, cycle_threshold=cycle_threshold)
        assert got.misconception == "half the learning rate as the edge", got.text()
        assert cycle_radius(got.case["lr"], 1.0, got.case["decay"]) is not None


def test_the_worked_step_of_the_last_hint_is_right():
    hint = QUESTION.judged.hints[2]
    reference = QUESTION.judged.reference["cycle_threshold"]
    assert reference(0.8, 0.25, 5.0) == pytest.approx(3.75)
    assert "3 / 0.8 = 3.75" in hint


def test_the_picture_of_a_threshold_says_where_play_ends():
    got = verdict("cycle_threshold", cycle_threshold=lambda lr, decay, radius: radius / 3)
    assert f"clipped at your {got.case['radius'] / 3:.4g}" in words_of(got.picture)
