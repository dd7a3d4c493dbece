"""The last hints of exercise 11_fairness: its answers are a line each, so no part of one may stand in a hint."""

from __future__ import annotations

from course_lib.checks.exercises import load


def test_no_last_hint_holds_a_part_of_the_answer():
    for question in load("11_fairness").questions:
        worked = question.judged.hints[2].lower()
        assert not [code for code in ("np.", ".sum(", "does it.") if code in worked], question.name
