"""What is built from which source: the notebooks of each, and where they lie."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from course_lib.build import notebook
from course_lib.build.notebook import Notebook, Points
from course_lib.build.points import told
from course_lib.build.source import Kind, Source

BUILT: dict[Kind, tuple[str, ...]] = {"lesson": ("notebooks",), "exercise": ("solutions", "exercises")}
EXECUTED: dict[Kind, str] = {"lesson": "notebooks", "exercise": "solutions"}
FOLDERS = tuple(folder for folders in BUILT.values() for folder in folders)


@dataclass(frozen=True)
class Product:
    """One notebook of the course: its source, its folder, and what it holds before it is run."""

    source: Source
    folder: str
    notebook: Notebook
    executed: bool

    @property
    def path(self) -> str:
        """Where it lies, relative to the course."""
        return f"{self.folder}/{self.source.name}.ipynb"

    def file(self, root: Path) -> Path:
        """Where it lies on disk."""
        return root / self.path


def products(source: Source) -> list[Product]:
    """What is built from a source: a lesson, or an exercise's solution and learner's copy."""
    if source.kind == "lesson":
        return [Product(source, EXECUTED["lesson"], notebook.lesson(source), executed=True)]
    points = points_of(source.name)
    notebook.check_questions(source, points)
    source = told(source, points)
    return [
        Product(source, EXECUTED["exercise"], notebook.solution(source, points), executed=True),
        Product(source, "exercises", notebook.exercise(source, points), executed=False),
    ]


def points_of(exercise: str) -> Points:
    """The points of each question, as `course_lib.checks` gives them; loaded only when an exercise is built."""
    from course_lib.checks.exercises import load_asked

    return {asked.name: asked.points for asked in load_asked(exercise)}
