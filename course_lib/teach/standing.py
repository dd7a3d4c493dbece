"""What a learner has done, read from the events: per lesson, per question, and what comes next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from course_lib.curriculum import LESSONS, Lesson
from course_lib.teach import store
from course_lib.teach.store import Record

POINTS = 10
"""What one exercise is worth when every answer is right."""


@dataclass(frozen=True)
class Standing:
    """One lesson in the learner's record.

    - `predictions`, `held`: predictions committed to, and how many of them were as it happened.
    - `points`: what the last check of each question earned, together; `solved`: how many questions are right.
    - `exit`: whether the exit check was written.
    """

    lesson: Lesson
    opened: bool
    predictions: int
    held: int
    quizzes: int
    claims: int
    exit: bool
    points: int
    solved: int

    @property
    def done(self) -> bool:
        """The prediction is made and, where an exercise goes with the lesson, exit check and exercise are done."""
        return self.opened and (not self.lesson.exercise or (self.exit and self.points == POINTS))


def standings(records: Sequence[Record]) -> list[Standing]:
    """Where the learner stands in every lesson there is."""
    return [_standing(lesson, records) for lesson in LESSONS]


def _standing(lesson: Lesson, records: Sequence[Record]) -> Standing:
    own = [record for record in records if record.get("lesson") == lesson.name]
    committed = _ids(record for record in store.only(own, "prediction") if "choice" in record)
    held = _ids(record for record in store.only(own, "prediction") if record.get("right") is True)
    made = _ids(record for record in store.only(records, "prediction") if "choice" in record)
    last = {str(record.get("id")): record for record in store.only(own, "check")}
    points = [record["points"] for record in last.values() if isinstance(record.get("points"), int)]
    return Standing(
        lesson=lesson,
        opened=lesson.opens_with in made,
        predictions=len(committed),
        held=len(held & committed),
        quizzes=len(_ids(record for record in store.only(own, "quiz") if record.get("right") is True)),
        claims=len(_ids(store.only(own, "claim"))),
        exit=any("text" in record for record in store.only(own, "exit")),
        points=sum(points),
        solved=sum(record.get("status") == "right" for record in last.values()),
    )


def _ids(records: Iterable[Record]) -> set[str]:
    return {str(record.get("id")) for record in records}


def what_next(stands: Sequence[Standing]) -> str:
    """One sentence: the first thing that is not done yet, in the order of the lessons."""
    for stand in stands:
        title = f"{stand.lesson.number} {stand.lesson.title}"
        if not stand.opened:
            return f"Next: open lesson {title} and commit to its prediction."
        if stand.lesson.exercise and not stand.exit:
            return f"Next: read lesson {title} to its exit check."
        if stand.lesson.exercise and stand.points < POINTS:
            return f"Next: the exercise of lesson {title} ({stand.points} of {POINTS} points so far)."
    return "You have done all there is. Your journal may hold a question that is still open."
