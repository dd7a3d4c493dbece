"""The graded exercises there are, and their questions."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

from course_lib.checks.asking import Asked, Namespace, ask
from course_lib.checks.judging import Question, Verdict, decide
from course_lib.curriculum import LESSONS
from course_lib.errors import CourseError

LEARNERS_SEED = 20_13
"""The seed of the cases a learner sees: fixed, so that a verdict reads the same at every run of a notebook.

Grading draws its own cases from another seed, so a hard-coded answer passes here and fails there.
"""


class UnknownQuestion(CourseError):
    """There is no such exercise or question; the message names those there are."""


class OutOfOrder(CourseError):
    """The questions of an exercise are not in order; the message says what is missing or twice, and where."""


@dataclass(frozen=True)
class Exercise:
    """One graded exercise: its name, which is its lesson's, and its questions in order."""

    name: str
    questions: tuple[Question, ...]

    @property
    def points(self) -> int:
        """What all right answers earn together."""
        return sum(question.points for question in self.questions)


EXERCISES: tuple[str, ...] = tuple(lesson.name for lesson in LESSONS if lesson.exercise)


def load_asked(exercise: str) -> tuple[Asked, ...]:
    """What an exercise asks, without how it is judged: all that the sandbox needs.

    Raises `UnknownQuestion`, or `OutOfOrder` where the package has no face.
    """
    _known(exercise)
    return _face("probes", exercise, "ASKED")


def load(exercise: str) -> Exercise:
    """An exercise with both halves of its questions; raises `UnknownQuestion`, or `OutOfOrder`."""
    asked = load_asked(exercise)
    judged = _face("judges", exercise, "JUDGED")
    orders = [[entry.name for entry in half] for half in (asked, judged)]
    if orders[0] != orders[1]:
        asks, judges = (", ".join(names) for names in orders)
        raise OutOfOrder(
            f"Exercise {exercise} asks {asks}, but judges {judges}; "
            f"name the same questions in the same order in e{exercise}/__init__.py of probes/ and of judges/."
        )
    return Exercise(exercise, tuple(Question(*halves) for halves in zip(asked, judged, strict=True)))


def find_question(name: str) -> tuple[Exercise, Question]:
    """The exercise and the question called `name`; raises `UnknownQuestion` with the names there are."""
    for exercise in EXERCISES:
        if any(asked.name == name for asked in load_asked(exercise)):
            loaded = load(exercise)
            return loaded, next(question for question in loaded.questions if question.name == name)
    names = ", ".join(asked.name for exercise in EXERCISES for asked in load_asked(exercise))
    raise UnknownQuestion(f"There is no question {name!r}; the questions are {names}.")


def answer_and_decide(question: Question, namespace: Namespace, seed: int = LEARNERS_SEED) -> Verdict:
    """Draw cases, ask the learner's code, decide: the whole check, for a kernel that is the learner's own."""
    cases = question.asked.draw(np.random.default_rng(seed))
    return decide(question, cases, ask(question.asked, namespace, cases))


def _known(exercise: str) -> None:
    if exercise not in EXERCISES:
        raise UnknownQuestion(f"There is no exercise {exercise!r}; the exercises are {', '.join(EXERCISES)}.")


def _face(half: str, exercise: str, constant: str) -> tuple[Any, ...]:
    """The questions that a package names, in its order."""
    package = f"course_lib.checks.{half}.e{exercise}"
    try:
        questions: tuple[Any, ...] = getattr(import_module(package), constant, ())
    except ModuleNotFoundError as error:
        if error.name != package:
            raise
        raise OutOfOrder(
            f"checks/{half}/e{exercise}/ is missing; `course new question NAME --exercise {exercise}` makes it."
        ) from None
    if not questions:
        raise OutOfOrder(
            f"checks/{half}/e{exercise}/__init__.py does not name its questions; "
            f"set {constant} there to all of them, in their order."
        )
    return questions
