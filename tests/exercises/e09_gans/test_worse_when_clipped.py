"""Question worse_when_clipped: right answers in other styles, near misses, and what is said to each."""

from __future__ import annotations

import math

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

from course_lib.dynamics.games import play

QUESTION = find("worse_when_clipped")


EXAMPLES = [
    lambda lr, steps: ("extragradient", (1.0, 0.0), 1e-6),
    lambda lr, steps: ["extragradient", np.array([-300.0, 20.0]), np.float64(1)],
    lambda lr, steps: {"scheme": "extragradient", "start": [50, 0], "max_norm": torch.tensor(0.5)},
]


@pytest.mark.parametrize("worse_when_clipped", EXAMPLES, ids=ids(EXAMPLES))
def test_any_counterexample_passes(worse_when_clipped):
    got = verdict("worse_when_clipped", worse_when_clipped=worse_when_clipped)
    assert got.right, got.text()


def test_clipped_extragradient_comes_home_as_slowly_as_the_hints_say():
    squares = play((4.0, 0.0), 0.3, 100, "extragradient", 0.2).radii ** 2
    assert np.diff(squares) == pytest.approx(-(0.06**2), rel=0.01)


def test_twice_as_far_is_not_enough():
    [case, *_] = QUESTION.asked.draw(np.random.default_rng(1))
    judge = QUESTION.judged.judge
    found = judge(case, {"scheme": "extragradient", "start": [10, 0], "max_norm": 5})
    assert not found.right
    assert "times as far out; 10 times is asked" in found.message


@pytest.mark.parametrize("scheme", ["simultaneous", "alternating"])
def test_no_other_scheme_is_ten_times_worse_when_clipped(scheme):
    for lr, steps in ((0.1, 1300), (0.2, 500), (0.3, 250)):
        for turn in np.linspace(0, math.pi, 6):
            start = (math.cos(turn), math.sin(turn))
            free = play(start, lr, steps, scheme).radii[-1]
            for c in (0.01, 0.1, 0.3, 0.7, 0.9):
                assert play(start, lr, steps, scheme, c).radii[-1] < 4 * free


NEAR_MISSES = [lambda lr, steps: "extragradient", lambda lr, steps: ("extragradient", (3.0, 4.0), 4.5)]


@pytest.mark.parametrize("answer", NEAR_MISSES, ids=ids(NEAR_MISSES))
def test_near_misses_earn_nothing_and_are_told_why(answer):
    assert_earns_nothing_and_is_told_why(verdict("worse_when_clipped", worse_when_clipped=answer))


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (("extra", (1, 1), 1), "scheme must be"),
        ((3, (1, 1), 1), "scheme must be"),
        (("extragradient", 1, 1), "two numbers"),
        (("extragradient", (1, 1, 1), 1), "two numbers"),
        (("extragradient", (1, math.nan), 1), "two numbers"),
        (("extragradient", (1, "1"), 1), "two numbers"),
        (("extragradient", (1e9, 1), 1), "two numbers"),
        (("extragradient", (1, 1), 0), "above 0"),
        (("extragradient", (1, 1), -1), "above 0"),
        (("extragradient", (1, 1), None), "above 0"),
    ],
)
def test_an_example_of_the_wrong_form_gets_one_sentence(answer, said):
    got = verdict("worse_when_clipped", worse_when_clipped=lambda lr, steps: answer)
    assert got.status == "wrong"
    assert said in got.message


def test_the_worked_step_of_the_last_hint_is_right():
    hint = QUESTION.judged.hints[2]
    home, cut = 8 * 0.5**10, 8 - 10 * 0.1
    assert f"ends at {home:.4f}" in hint
    assert f"ends at {cut:g}, {cut / home:.0f} times" in hint


def test_the_picture_of_two_runs_says_both_ends():
    got = verdict(
        "worse_when_clipped", worse_when_clipped=lambda lr, steps: ("simultaneous", (3.0, 4.0), 1.0)
    )
    assert "simultaneous play from 5: the clipped run ends at" in words_of(got.picture)
