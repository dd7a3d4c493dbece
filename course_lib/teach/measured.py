"""The time a lesson asks for, beside the time it took to run."""

from __future__ import annotations

from course_lib.curriculum import Lesson
from course_lib.curriculum import lesson as find_lesson
from course_lib.teach.session import SESSION
from course_lib.teach.telling import Telling
from course_lib.work import being_built


class Measured(Telling):
    """Minutes as stated for a reader, and seconds as measured in this kernel."""

    def __init__(self, lesson: Lesson, seconds: float) -> None:
        self.lesson = lesson
        self.seconds = seconds

    def text(self) -> str:
        """Both times in one line."""
        measured = (
            "run this notebook, and here stand the seconds that its cells took on your machine."
            if being_built()
            else f"the cells of this notebook have run for {self.seconds:.1f} s so far."
        )
        return f"Stated: {self.lesson.minutes} minutes to read and think. Measured: {measured}"

    def html(self) -> str:
        """The same, as a paragraph."""
        return f"<p>{self.text()}</p>"


def measured_minutes(lesson: str) -> Measured:
    """The stated minutes of `lesson`, and how long the cells of this kernel have run, waiting left out.

    Raises `KeyError` for a lesson there is not.
    """
    return Measured(find_lesson(lesson), SESSION.measured())
