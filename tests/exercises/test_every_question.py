"""What holds for every question, for more seeds than `tests/unit/test_exercises.py` has time for; and of every hint."""

from __future__ import annotations

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


@pytest.mark.parametrize("name", ASKED)
def test_the_last_hint_is_a_worked_step_and_none_of_the_code_that_would_be_copied(name):
    worked = find(name).judged.hints[2].lower()
    for code in CODE:
        assert code not in worked
