"""What a graded folder holds for a gradebook: the points of `grades.csv`, as far as they count and are up to date."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from course_lib.grading import confine
from course_lib.grading.export.errors import ExportError
from course_lib.grading.export.reading import read_table
from course_lib.grading.ledger import FILE, Ledger
from course_lib.grading.tables import undefused

_NEEDED = {"learner", "exercise", "points", "out_of", "status"}
_NOT_EXPORTED = {
    "unreadable": "not graded, so not in the gradebook.",
    "withdrawn": "no longer handed in, so not in the gradebook.",
    "outdated": "graded before its questions were changed, so not in the gradebook; grade its folder once more, or "
    "remove the learner with `course grade --forget`.",
}


@dataclass(frozen=True)
class Grade:
    """What one learner earned in one exercise; `notes` holds what else is told of it (`late`, `attempt`)."""

    points: str
    out_of: float
    notes: Mapping[str, str]


@dataclass(frozen=True)
class Graded:
    """A graded folder: the grades of each learner by exercise, and a sentence for each that has no grade.

    `given` is what the same system's gradebook was last given, by learner and exercise.
    """

    learners: dict[str, dict[str, Grade]]
    problems: list[str]
    warnings: list[str] = field(default_factory=list)
    given: dict[tuple[str, str], str] = field(default_factory=dict)

    @property
    def exercises(self) -> list[str]:
        """The exercises that anybody has a grade in."""
        return sorted({exercise for grades in self.learners.values() for exercise in grades})

    def out_of(self, exercise: str) -> float:
        """What can be earned in one exercise; it is the same for everybody."""
        return next(grades[exercise].out_of for grades in self.learners.values() if exercise in grades)

    def notes(self, exercise: str) -> list[str]:
        """The kinds of notes that anybody's grade in this exercise carries."""
        told = [grades[exercise].notes for grades in self.learners.values() if exercise in grades]
        return [kind for kind in ("late", "attempt") if any(kind in notes for notes in told)]


def read_graded(folder: Path, system: str) -> Graded:
    """A graded folder as it stands; raises `ExportError` where its results are of different versions of a question."""
    graded, outdated = _read_grades(folder / "grades.csv")
    if not (folder / FILE).exists():
        return graded
    with contextlib.closing(Ledger(folder)) as ledger:
        entries = [
            (entry.learner, entry.exercise) for entry in ledger.entries() if entry.status == "outdated"
        ]
        if len(entries) > outdated:
            raise ExportError(
                f"{folder} holds {len(entries)} submissions that were graded by another version of the course's "
                "questions; run `course grade` again, which brings them up to date."
            )
        graded.warnings.extend([confine.UNCONFINED] if ledger.unconfined() else [])
        graded.given.update(ledger.exported(system))
    return graded


def note_given(folder: Path, system: str, given: Mapping[tuple[str, str], str]) -> None:
    """Keep in the folder's ledger what a gradebook was given; without a ledger nothing is kept."""
    if given and (folder / FILE).exists():
        with contextlib.closing(Ledger(folder)) as ledger:
            ledger.note_exported(system, ((*key, points) for key, points in given.items()))


def _read_grades(path: Path) -> tuple[Graded, int]:
    """`grades.csv` as `course grade` writes it, and how many of its rows are out of date."""
    if not path.is_file():
        raise ExportError(f"{path.parent} holds no grades.csv; name the --out folder of `course grade`.")
    headings, lines = read_table(path)
    if missing := _NEEDED - set(headings):
        raise ExportError(
            f"{path} has no column {', '.join(sorted(missing))}; run `course grade` again, which writes it anew."
        )
    learners: dict[str, dict[str, Grade]] = {}
    problems: dict[tuple[str, str], str] = {}
    twice = set()
    outdated = 0
    for line in lines:
        row = dict(zip(headings, line, strict=False))
        learner, exercise = key = undefused(row["learner"]), undefused(row["exercise"])
        outdated += row["status"] == "outdated"
        if why := _NOT_EXPORTED.get(row["status"]):
            problems.setdefault(key, f"{learner}, {exercise}: {why}")
        elif exercise in learners.setdefault(learner, {}):
            twice.add(key)
        else:
            notes = {kind: row[kind] for kind in ("late", "attempt") if row.get(kind)}
            points, out_of = _number(row["points"], path), float(_number(row["out_of"], path))
            learners[learner][exercise] = Grade(points, out_of, notes)
    for learner, exercise in sorted(twice):
        del learners[learner][exercise]
        problems[learner, exercise] = (
            f"{learner}, {exercise}: {path} holds it twice, so not in the gradebook."
        )
    told = list(problems.values())
    learners = {learner: grades for learner, grades in learners.items() if grades}
    if not learners:
        why = told[0] if twice else "look into report.html beside it for the reason."
        raise ExportError(f"{path} holds no grades; {why}")
    _one_scale(learners, path)
    return Graded(learners, told), outdated


def _one_scale(learners: Mapping[str, Mapping[str, Grade]], path: Path) -> None:
    scales: dict[str, set[float]] = {}
    for grades in learners.values():
        for exercise, grade in grades.items():
            scales.setdefault(exercise, set()).add(grade.out_of)
    for exercise, found in sorted(scales.items()):
        if len(found) > 1:
            told = " and of ".join(f"{points:g}" for points in sorted(found))
            raise ExportError(
                f"{path} holds rows of {told} points for {exercise}; run `course grade` again, which brings all "
                "submissions to the points of today."
            )


def _number(text: str, path: Path) -> str:
    if not re.fullmatch(r"\d+(\.\d+)?", text):
        raise ExportError(f"{path} holds {text!r} where points should be; run `course grade` again.")
    return text
