"""Question initial_gain: right answers in other styles, near misses, and what is said to each."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from verdicts import assert_earns_nothing_and_is_told_why, drawn, find, verdicts

from course_lib.checks.asking import ask_ours
from course_lib.checks.exercises import answer_and_decide
from course_lib.checks.judges.e01_explosion import initial_gain as judges
from course_lib.checks.judging import decide

QUESTION = find("initial_gain")


STYLES = [1.15, np.float64(1.13), np.float32(1.18), torch.tensor(1.15), [1.16], np.array(1.14)]


@pytest.mark.parametrize("answer", STYLES, ids=str)
def test_right_answers_in_other_styles_pass(answer):
    for got in verdicts("initial_gain", answer, seeds=range(100, 103)):
        assert (got.status, got.points) == ("right", got.out_of), got.text()


NEAR_MISSES = [1.04, 1.3, 0.0, -1.15, "1.15", [1.1, 1.2], math.nan, math.inf, True]


@pytest.mark.parametrize("answer", NEAR_MISSES, ids=str)
def test_near_misses_earn_nothing_and_hear_why(answer):
    for seed in range(3):
        cases = drawn("initial_gain", seed)
        # Ours lean on the reference, which the guard would refuse: so they answer without it.
        answers = ask_ours(QUESTION.asked, {"initial_gain": answer}, cases)
        assert_earns_nothing_and_is_told_why(decide(QUESTION, cases, answers))


def test_a_gain_is_told_apart_by_where_it_comes_from_or_on_which_side_it_lies():
    told = {answer_and_decide(QUESTION, {"initial_gain": gain}).misconception for gain in (0.7, 1.0, 1.05)}
    assert told == {"too small", "the linear theory"}
    told = {
        answer_and_decide(QUESTION, {"initial_gain": gain}).misconception for gain in (1.3, 2**0.5, 1.667)
    }
    assert told == {"too large", "the gain for ReLU"}
    assert answer_and_decide(QUESTION, {"initial_gain": 5 / 3}).misconception == "the default for tanh"


def test_the_notebooks_experiment_is_the_judges(notebook):
    for gain, seed in ((0.9, 1), (1.15, 7), (5 / 3, 123456)):
        np.testing.assert_allclose(
            notebook["gradient_norms"](gain, seed), judges.gradient_norms(gain, [seed])[0], rtol=1e-9
        )


@pytest.mark.parametrize("gain", [1.3, 1.5, 2.0, 3.0, 100.0])
def test_how_much_a_gain_makes_of_the_gradient_in_each_layer_is_measured(gain):
    verdict = answer_and_decide(QUESTION, {"initial_gain": gain})
    ratio = judges._profile(verdict.case, gain)[0]
    assert f"each layer multiplies the gradient by {ratio ** (1 / 50):.3g} on average" in verdict.message
    assert "a little more" not in verdict.message


def test_a_gain_that_saturates_every_unit_is_not_said_to_grow_the_gradient():
    for gain in (300.0, 1e6):
        verdict = answer_and_decide(QUESTION, {"initial_gain": gain})
        assert verdict.misconception == "too large"
        assert "nearly every tanh is saturated, with a slope near 0" in verdict.message
        assert "multiplies" not in verdict.message


def test_the_worked_step_of_the_last_hint_is_right():
    hint = QUESTION.judged.hints[2]
    ratios = [norms[0] / norms[-1] for norms in judges.gradient_norms(1.0, range(3))]
    typical = math.exp(np.mean(np.log(ratios)))
    shown = ", ".join(f"{ratio:.3f}" for ratio in ratios)
    assert f"seeds 0, 1 and 2 give {shown}" in hint
    assert f"exp(mean of the logarithms) is {typical:.3f}" in hint
