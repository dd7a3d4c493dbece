"""Question matching_lr: right answers in other styles, near misses, and what is said to each."""

from __future__ import annotations

from verdicts import find

QUESTION = find("matching_lr")


def test_the_worked_step_of_the_last_hint_is_right():
    hint = QUESTION.judged.hints[2]
    assert QUESTION.judged.reference["matching_lr"](0.1, 4.0, 2.0) == 0.2
    assert "lr 0.1 at threshold 4" in hint
