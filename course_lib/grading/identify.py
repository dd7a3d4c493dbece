"""Which exercise a notebook is: what its metadata say, or its check cells where those are lost."""

from __future__ import annotations

from collections.abc import Sequence

from course_lib.checks import exercises as registry
from course_lib.grading.notebook import Notebook, NotebookError


class LessonError(NotebookError):
    """The notebook is the lesson called `name`, and no exercise."""

    def __init__(self, name: str, has_exercise: bool) -> None:
        self.name = name
        super().__init__(
            f"is the lesson {name}, not its exercise; hand in the notebook that `course open {name}` opens."
            if has_exercise
            else f"is the lesson {name}, which has no exercise."
        )


def exercise_of(notebook: Notebook, exercises: Sequence[str]) -> str | None:
    """The exercise that a notebook says it is, or `None`; raises `LessonError` for a lesson."""
    if notebook.exercise is not None:
        if notebook.kind == "lesson":
            raise LessonError(notebook.exercise, notebook.exercise in exercises)
        return notebook.exercise if notebook.exercise in exercises else None
    asked = notebook.checks.keys() | notebook.grade_ids
    if not asked:
        return None
    known = {name: {question.name for question in registry.load_asked(name)} for name in exercises}
    shared = {name: len(asked & questions) for name, questions in known.items()}
    most = max(shared.values(), default=0)
    best = [name for name, count in shared.items() if count == most]
    return best[0] if most and len(best) == 1 else None


def spoken_of(name: str, exercises: Sequence[str]) -> str:
    """The one exercise that a file's or folder's name speaks of, or nothing."""
    found = [exercise for exercise in exercises if exercise.lower() in name.lower()]
    return found[0] if len(found) == 1 else ""
