"""Both halves of an exercise name the same questions, in one order."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from course_lib.checks import exercises

EXERCISE = "03_clipping_mechanics"


def test_loading_an_exercise_that_is_out_of_order_is_told_in_one_sentence(monkeypatch: pytest.MonkeyPatch):
    judged = exercises.load(EXERCISE).questions
    swapped = ModuleType("swapped")
    swapped.JUDGED = tuple(question.judged for question in judged[::-1])
    monkeypatch.setitem(sys.modules, f"course_lib.checks.judges.e{EXERCISE}", swapped)
    with pytest.raises(
        exercises.OutOfOrder, match=rf"^Exercise {EXERCISE} asks breaking_gradients, .+, but judges "
    ):
        exercises.load(EXERCISE)
    monkeypatch.setitem(sys.modules, f"course_lib.checks.probes.e{EXERCISE}", ModuleType("empty"))
    with pytest.raises(exercises.OutOfOrder, match=r"__init__\.py does not name its questions; set ASKED"):
        exercises.load_asked(EXERCISE)
