"""`check("name")`: the verdict on the learner's own answer, in the learner's own notebook."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from html import escape
from typing import Any

from course_lib.checks import card
from course_lib.checks.exercises import answer_and_decide, find_question
from course_lib.checks.judging import Verdict
from course_lib.errors import CourseError
from course_lib.teach import store
from course_lib.teach.telling import Telling

_GRADED_BY_NBGRADER = ("autograde", "validate")
"""What nbgrader 0.9 puts into `NBGRADER_EXECUTION` while it runs a notebook (its converters and its validator)."""


class Checked(Telling):
    """A verdict as a notebook shows it: its plain text and its card, and `note`, where it could not be kept."""

    def __init__(self, verdict: Verdict, note: str = "") -> None:
        self.verdict = verdict
        self.note = note

    def text(self) -> str:
        """The verdict in plain lines."""
        return "\n".join(part for part in (self.verdict.text(), self.note) if part)

    def html(self) -> str:
        """The verdict as a card."""
        return card.html(self.verdict) + (f"<p>{escape(self.note)}</p>" if self.note else "")


class _CheckedByNbgrader(Checked):
    """The same as a plain display: nbgrader takes the result of a check cell for points, and warns of any other."""

    def _ipython_display_(self) -> None:
        from IPython.display import display

        display(self._repr_mimebundle_(), raw=True)  # type: ignore[no-untyped-call]


def check(name: str) -> Checked:
    """Check the caller's answer to the question `name`, keep the result, and show it.

    Raises `UnknownQuestion` for a question there is not. Where nbgrader runs the notebook, an answer that is not
    right raises `AssertionError` with the same words, so that nbgrader gives the same points.
    """
    return check_in(name, sys._getframe(1).f_globals)


def check_in(name: str, namespace: Mapping[str, Any]) -> Checked:
    """The same, for the names in `namespace`."""
    exercise, question = find_question(name)
    verdict = answer_and_decide(question, namespace)
    if os.environ.get("NBGRADER_EXECUTION") in _GRADED_BY_NBGRADER:
        if not verdict.right:
            raise AssertionError(verdict.text())
        return _CheckedByNbgrader(verdict)
    return Checked(verdict, keep(exercise.name, verdict))


def keep(exercise: str, verdict: Verdict) -> str:
    """Keep the result; where that fails, say so beside the verdict, which the learner came for."""
    result = {
        "kind": "check",
        "lesson": exercise,
        "id": verdict.question,
        "status": verdict.status,
        "points": verdict.points,
        "misconception": verdict.misconception,
    }
    try:
        store.append("events", result)
    except CourseError as error:
        return f"Your progress was not kept: {error}"
    return ""
