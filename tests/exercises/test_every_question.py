"""What holds for every question, for more seeds than `tests/unit/test_exercises.py` has time for; and of every hint."""

from __future__ import annotations

from collections import Counter

import pytest
from verdicts import drawn, find

from course_lib.checks.asking import ask_ours
from course_lib.checks.exercises import EXERCISES, load_asked
from course_lib.checks.judging import decide

ASKED = [pytest.param(asked.name, id=asked.name) for exercise in EXERCISES for asked in load_asked(exercise)]
MORE_SEEDS = range(100, 150)

CODE = ("while ", "sqrt(", "argmin", "backward()", "softplus", ".mean(", " otherwise ")


@pytest.mark.parametrize("name", ASKED)
def test_more_seeds_tell_every_misconception_apart(name):
    question = find(name)
    for seed in MORE_SEEDS[:1] if question.judged.dear else MORE_SEEDS:
        cases = drawn(name, seed)
        assert decide(question, cases, ask_ours(question.asked, question.judged.reference, cases)).right
        for held in question.judged.misconceptions:
            got = decide(question, cases, ask_ours(question.asked, held.wrong, cases))
            assert got.misconception == held.name, f"seed {seed}, {held.name}: {got.text()}"


def words(name: str, seed: int) -> Counter[str | None]:
    """How often the reference answers with each word, and with `None`: both could be given by counting."""
    question, cases = find(name), drawn(name, seed)
    answers = ask_ours(question.asked, question.judged.reference, cases) if len(cases) > 1 else []
    return Counter(answer.value for answer in answers if answer.value is None or type(answer.value) is str)


def test_some_questions_have_words_for_answers():
    assert words("diagnose", 0) and words("overflow_layer", 0)


@pytest.mark.parametrize("name", ASKED)
def test_how_many_cases_have_the_same_word_for_an_answer_is_not_to_be_known(name):
    counts = [words(name, 0)]
    counts += [words(name, seed) for seed in range(1, 12)] if counts[0] else []
    for word in set().union(*counts):
        assert len({count[word] for count in counts}) > 1, word


@pytest.mark.parametrize("name", ASKED)
def test_the_last_hint_is_a_worked_step_and_none_of_the_code_that_would_be_copied(name):
    worked = find(name).judged.hints[2].lower()
    for code in CODE:
        assert code not in worked
