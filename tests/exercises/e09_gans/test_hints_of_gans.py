"""The last hints of exercise 09_gans: no word of an answer stands in one."""

from __future__ import annotations

from course_lib.checks.exercises import load


def test_no_last_hint_holds_a_part_of_the_answer():
    for question in load("09_gans").questions:
        worked = question.judged.hints[2].lower()
        assert not [code for code in ("return", "extragradient") if code in worked], question.name
