"""What holds for every question, for more seeds than `tests/unit/test_exercises.py` has time for; and of every hint."""

from __future__ import annotations

import pytest
from verdicts import drawn, find

from course_lib.checks.asking import ask_ours
from course_lib.checks.exercises import EXERCISES, load_asked
from course_lib.checks.judging import decide

ASKED = [asked for exercise in EXERCISES for asked in load_asked(exercise)]
MORE_SEEDS = {
    "01_explosion": range(1000, 1050),
    "03_clipping_mechanics": range(50),
    "04_threshold": range(100, 115),
    "05_optimizers": range(100, 115),
    "09_gans": range(100, 115),
    "11_fairness": range(100, 115),
}
FEWER = {
    "initial_gain": "trains sixteen networks",
    "train": "trains a network",
    "rule_and_threshold": "trains on ten splits",
    "sunspot_threshold": "trains recurrent networks",
    "cure_and_strength": "trains digit networks",
    "gan_step": "differs in its weights only",
    "gap_interval": "resamples thousands of times",
    "rule_and_value": "trains digit networks",
}
"""Whose cases are long, or tell nothing apart by chance: one seed more, and why."""


CODE = ("while ", "sqrt(", "argmin", "backward()", "softplus", ".mean(", " otherwise ")
OF_ITS_OWN = {"09_gans": ("return", "extragradient"), "11_fairness": ("np.", ".sum(", "does it.")}


def test_the_questions_with_fewer_seeds_are_questions():
    assert FEWER.keys() <= {asked.name for asked in ASKED}


@pytest.mark.parametrize(
    ("name", "seeds"),
    [
        pytest.param(
            asked.name,
            MORE_SEEDS[exercise][:1] if asked.name in FEWER else MORE_SEEDS[exercise],
            id=asked.name,
        )
        for exercise in EXERCISES
        for asked in load_asked(exercise)
    ],
)
def test_more_seeds_tell_every_misconception_apart(name, seeds):
    question = find(name)
    for seed in seeds:
        cases = drawn(name, seed)
        assert decide(question, cases, ask_ours(question.asked, question.judged.reference, cases)).right
        for held in question.judged.misconceptions:
            got = decide(question, cases, ask_ours(question.asked, held.wrong, cases))
            assert got.misconception == held.name, f"seed {seed}, {held.name}: {got.text()}"


@pytest.mark.parametrize(
    ("name", "more"),
    [
        pytest.param(asked.name, OF_ITS_OWN.get(exercise, ()), id=asked.name)
        for exercise in EXERCISES
        for asked in load_asked(exercise)
    ],
)
def test_the_last_hint_is_a_worked_step_and_none_of_the_code_that_would_be_copied(name, more):
    worked = find(name).judged.hints[2].lower()
    for code in (*CODE, *more):
        assert code not in worked
