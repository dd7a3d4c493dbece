"""What holds for every question, for more seeds than `tests/unit/test_exercises.py` has time for; and of every hint."""

from __future__ import annotations

from collections import Counter

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


WORDS = {"diagnose", "first_nonfinite", "overflow_layer", "balance_threshold", "cycle_threshold"}
"""Questions of which some answers are a word or `None`, which one could give by counting."""


def words(name: str, seed: int) -> Counter[str | None]:
    """How often the reference answers with each word, and with `None`."""
    question, cases = find(name), drawn(name, seed)
    answers = ask_ours(question.asked, question.judged.reference, cases)
    return Counter(answer.value for answer in answers if answer.value is None or type(answer.value) is str)


def test_these_are_the_questions_with_words_for_answers():
    names = [asked.name for asked in ASKED if len(drawn(asked.name, 0)) > 1]
    assert {name for name in names if words(name, 0)} == WORDS


@pytest.mark.parametrize("name", sorted(WORDS))
def test_how_many_cases_have_the_same_word_for_an_answer_is_not_to_be_known(name):
    counts = [words(name, seed) for seed in range(12)]
    for word in set().union(*counts):
        assert len({count[word] for count in counts}) > 1, word


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
