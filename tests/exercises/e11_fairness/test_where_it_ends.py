"""Question where_it_ends: right answers in other styles, near misses, and what is said to each."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from verdicts import assert_earns_nothing_and_is_told_why, ids, verdict, words_of

from course_lib.checks.judges.e11_fairness import where_it_ends as judges


def ended_by_simulation(larger, smaller, ratio, start):
    n, w = len(larger) + len(smaller), float(start)
    for _ in range(3000):
        a, b = np.sum(w - larger) / n, np.sum(w - smaller) / n
        if abs(a) > ratio * abs(b):
            a = math.copysign(ratio * abs(b), a)
        w -= 0.05 * (a + b)
    return w


def ended_with_longer_steps(larger, smaller, ratio, start):
    w, n = torch.tensor(float(start)), len(larger) + len(smaller)
    for _ in range(2000):
        a = (w - torch.tensor(larger)).sum() / n
        b = (w - torch.tensor(smaller)).sum() / n
        scale = min(1.0, ratio * abs(b).item() / max(abs(a).item(), 1e-30))
        w = w - 0.2 * (scale * a + b)
    return w


def ended_by_cases(larger, smaller, ratio, start):
    trap, rest = sum(smaller) / len(smaller), float(np.r_[larger, smaller].mean())
    if ratio < 1 or start == trap:
        return trap
    return trap if (start < trap) == (trap < rest) else rest


def ended_by_bisection(larger, smaller, ratio, start):
    """The first root of the capped sum in the direction it pushes."""

    def push(w):
        a, b = np.sum(w - larger), np.sum(w - smaller)
        return -(b + math.copysign(min(abs(a), ratio * abs(b)), a))

    ends = np.sort([np.mean(smaller), np.mean(np.r_[larger, smaller])])
    if push(start) == 0:
        return start
    ahead = [end for end in ends if (end - start) * push(start) > 0 and abs(push(end)) < 1e-9]
    return min(ahead, key=lambda end: abs(end - start))


ENDS = [ended_by_simulation, ended_with_longer_steps, ended_by_cases, ended_by_bisection]


@pytest.mark.parametrize("where_it_ends", ENDS, ids=ids(ENDS))
def test_an_end_in_any_style(where_it_ends):
    for seed in (1, 2):
        got = verdict("where_it_ends", seed, where_it_ends=where_it_ends)
        assert got.right, got.text()


def test_thought_and_simulation_agree_everywhere():
    """Also at starts, ratios and groups that no case asks for."""
    rng = np.random.default_rng(0)
    for _ in range(30):
        larger, smaller = rng.integers(-8, 8, 8) / 2 + 9, rng.integers(-8, 8, 2) / 2 - 3
        ratio, start = float(rng.choice([0.3, 0.6, 1.5, 2.5, 5])), float(rng.integers(-14, 14))
        thought = judges._ended()(larger, smaller, ratio, start)
        assert ended_by_simulation(larger, smaller, ratio, start) == pytest.approx(thought, abs=0.05)


def test_an_end_that_ran_away_is_told():
    got = verdict("where_it_ends", where_it_ends=lambda larger, smaller, ratio, start: math.nan)
    assert got.status == "wrong"
    assert "steps are too long" in got.message


def test_a_simulation_stopped_too_early_is_told_so():
    def where_it_ends(larger, smaller, ratio, start):
        n, w = len(larger) + len(smaller), float(start)
        for _ in range(60):
            a, b = np.sum(w - larger) / n, np.sum(w - smaller) / n
            if abs(a) > ratio * abs(b):
                a = math.copysign(ratio * abs(b), a)
            w -= 0.02 * (a + b)
        return w

    got = verdict("where_it_ends", where_it_ends=where_it_ends)
    assert got.status == "wrong"
    assert "still moving" in got.message


def half_way_by_thought(larger, smaller, ratio, start):
    return float(np.mean(smaller)) if ratio < 1 else float(np.mean(larger) + np.mean(smaller)) / 2


def half_way_by_simulation(larger, smaller, ratio, start):
    w, middle, other = float(start), float(np.mean(larger)), float(np.mean(smaller))
    for _ in range(5000):
        a, b = w - middle, w - other
        if abs(a) > ratio * abs(b):
            a = math.copysign(ratio * abs(b), a)
        w -= 0.01 * (a + b)
    return w


@pytest.mark.parametrize("where_it_ends", [half_way_by_thought, half_way_by_simulation], ids=ids(range(2)))
def test_equal_weight_for_both_groups_is_told_whatever_else_is_seen(where_it_ends):
    for seed in range(20):
        got = verdict("where_it_ends", seed, where_it_ends=where_it_ends)
        assert "you give both groups the same weight" in got.message, f"seed {seed}: {got.text()}"


def test_a_median_is_not_called_a_simulation():
    got = verdict("where_it_ends", where_it_ends=lambda a, b, ratio, start: float(np.median(np.r_[a, b])))
    assert "simulation" not in got.message


NEAR_MISSES = [
    lambda larger, smaller, ratio, start: start,
    lambda larger, smaller, ratio, start: float(np.mean(larger)),
    lambda larger, smaller, ratio, start: "at the mean",
]


@pytest.mark.parametrize("answer", NEAR_MISSES, ids=ids(NEAR_MISSES))
def test_near_misses_earn_nothing_and_are_told_why(answer):
    assert_earns_nothing_and_is_told_why(verdict("where_it_ends", where_it_ends=answer))


def test_the_picture_of_an_end_says_start_end_and_answer():
    got = verdict("where_it_ends", where_it_ends=lambda larger, smaller, ratio, start: 3.25)
    assert f"From {got.case['start']:g} the descent goes to" in words_of(got.picture)
    assert "your answer is 3.25" in words_of(got.picture)
