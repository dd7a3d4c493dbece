"""Gradebooks for Canvas and Moodle, made from the `grades.csv` of a graded folder.

What Canvas does with a column or a row is read from its importer (`lib/gradebook_importer.rb`): a column that it does
not know becomes a new assignment unless its heading speaks of a total ("Final Grade"), an empty cell takes a grade
away, and a row that is not there changes nothing.

Moodle has two imports. "Upload grading worksheet" of an assignment (`mod/assign/feedback/offline/importgradeslib.php`)
refuses a file without Identifier, Grade and Last modified (grade), parted by commas; all other columns it passes over.
"Import > CSV file" of the gradebook (`grade/import/csv`) asks which column is what.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Literal

from course_lib.grading.export.errors import ExportError
from course_lib.grading.export.graded import Graded, note_given, read_graded
from course_lib.grading.export.roster import CANVAS, Roster, Row, matched, number_behind, plain, read_roster
from course_lib.grading.tables import cell, rows_to
from course_lib.grading.whole import write_whole

System = Literal["canvas", "moodle"]

_CANVAS_COLUMNS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
_WORKSHEET = ("Identifier", "Full name", "Grade", "Last modified (grade)", "Feedback comments")
_GRADE = {
    *(
        "grade",
        "bewertung",
        "note",
        "calificación",
        "valutazione",
        "nota",
        "cijfer",
        "betyg",
        "karakter",
        "ocena",
    ),
    *("avaliação", "оценка", "成绩", "成績", "評点"),
}
_COMMENTS = {"feedback comments", "feedback als kommentar", "comentarios de retroalimentación"}
_MAXIMUM = {"maximum grade", "bestwertung", "note maximale", "calificación máxima"}
_NOTHING = ("", "-", "–")


@dataclass(frozen=True)
class Wishes:
    """What a teacher asked for: which column of the roster an exercise's points go to, and whether what a person
    entered there may be replaced.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    overwrite: bool = False


@dataclass
class _Table:
    """The table to write, and what came of filling it."""

    head: list[str]
    rows: list[list[str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    given: dict[tuple[str, str], str] = field(default_factory=dict)
    how: str = ""


@dataclass(frozen=True)
class Exported:
    """What a person should know: who is not in the gradebook or was left as they were, and what else holds."""

    problems: list[str]
    warnings: list[str]
    how: str


def export(
    system: System, folder: Path, roster: Path | None, out: Path, wishes: Wishes | None = None
) -> Exported:
    """Write the gradebook of a graded folder.

    Raises `ExportError` where the folder or the roster cannot be read, or its results are out of date.
    """
    wishes = wishes or Wishes()
    graded = read_graded(folder, system)
    if unknown := set(wishes.columns) - set(graded.exercises):
        raise ExportError(
            f"{folder} holds no grades of {', '.join(sorted(unknown))}; it has {', '.join(graded.exercises)}."
        )
    if roster is None:
        if wishes.columns:
            raise ExportError("--column names a column of a roster; give the roster with --roster.")
        table = _by_folder(system, graded)
    else:
        people = read_roster(roster, system)
        rows, problems = matched(graded.learners, people)
        place = _worksheet_column(people, graded, wishes) if system == "moodle" else None
        if place is not None:
            table = _worksheet(graded, people, rows, place, wishes)
        else:
            table = _gradebook(system, graded, people, rows, wishes)
        table.problems[:0] = problems

    def write(file: IO[str]) -> None:
        lines = rows_to(file)
        for line in (table.head, *table.rows):
            lines.writerow(map(cell, line))

    write_whole(out, write)
    note_given(folder, system, table.given)
    return Exported(graded.problems + table.problems, graded.warnings, table.how)


# without a roster -----------------------------------------------------------------------------------------


def _by_folder(system: System, graded: Graded) -> _Table:
    """What the names of the learners' folders say of them."""
    learners = sorted(graded.learners)
    if system == "canvas":
        who = [[learner, number_behind(learner), "", learner, ""] for learner in learners]
        return _columns(
            system, graded, _CANVAS_COLUMNS, dict(zip(learners, who, strict=True)), {}, None, Wishes()
        )
    if len(graded.exercises) == 1 and all(map(number_behind, learners)):
        (exercise,) = graded.exercises
        table = _Table(list(_WORKSHEET), how=_how_worksheet(exercise))
        for learner in learners:
            number = number_behind(learner)
            grade = graded.learners[learner][exercise]
            name = learner.removesuffix(f"_{number}")
            table.rows.append([f"Participant {number}", name, grade.points, "-", _remarks(grade.notes)])
            table.given[learner, exercise] = grade.points
        return table
    who = [[learner] for learner in learners]
    return _columns(system, graded, ("Learner",), dict(zip(learners, who, strict=True)), {}, None, Wishes())


# Moodle's grading worksheet -------------------------------------------------------------------------------


def _worksheet_column(roster: Roster, graded: Graded, wishes: Wishes) -> int | None:
    """Where the points go in a grading worksheet, which is one of one assignment; `None` where it is none."""
    if "number" not in roster.kinds.values():
        return None
    if len(wishes.columns) == 1:
        ((exercise, heading),) = wishes.columns.items()
        return _wished(roster, exercise, heading)
    if len(graded.exercises) > 1 or wishes.columns:
        return None
    return next((place for place, known in enumerate(roster.headings) if plain(known) in _GRADE), None)


def _worksheet(graded: Graded, roster: Roster, rows: Mapping[str, Row], place: int, wishes: Wishes) -> _Table:
    """The worksheet as Moodle wrote it, with points in it; only the rows for which there are any."""
    exercise = next(iter(wishes.columns), graded.exercises[0])
    table = _Table(list(roster.headings), how=_how_worksheet(exercise))
    headings = [plain(heading) for heading in roster.headings]
    comments = next((n for n, known in enumerate(headings) if known in _COMMENTS), None)
    most = next((n for n, known in enumerate(headings) if known in _MAXIMUM), None)
    for learner, person in sorted(rows.items()):
        grade = graded.learners[learner].get(exercise)
        if grade is None:
            continue
        row = list(person[: len(roster.headings)])
        row[place] = _cell(table, graded, (learner, exercise), row[place], roster, wishes)
        if comments is not None and row[comments].strip() in _NOTHING:
            row[comments] = _remarks(grade.notes)
        table.rows.append(row)
    theirs = _as_number(rows[next(iter(rows))][most]) if most is not None and rows else None
    if theirs is not None and theirs != graded.out_of(exercise):
        table.problems.append(
            f"{exercise}: {graded.out_of(exercise):g} points here, {theirs:g} in {roster.path}; set the assignment's "
            "maximum grade in Moodle before you upload."
        )
    return table


def _how_worksheet(exercise: str) -> str:
    return f'In Moodle: the assignment of {exercise}, Submissions, "Upload grading worksheet".'


def _remarks(notes: Mapping[str, str]) -> str:
    told = ["handed in late"] if notes.get("late") else []
    return ", ".join([*told, *([f"attempt {notes['attempt']}"] if notes.get("attempt") else [])])


# a column for each exercise -------------------------------------------------------------------------------


def _gradebook(
    system: System, graded: Graded, roster: Roster, rows: Mapping[str, Row], wishes: Wishes
) -> _Table:
    """The roster's own columns that say who is who, as they stand there, and one for each exercise."""
    who = [
        place
        for place, heading in enumerate(roster.headings)
        if (plain(heading) in CANVAS if system == "canvas" else place in roster.kinds)
    ]
    columns = {
        exercise: _wished(roster, exercise, wishes.columns[exercise])
        if exercise in wishes.columns
        else roster.column(exercise)
        for exercise in graded.exercises
    }
    names = {learner: [person[place] for place in who] for learner, person in rows.items()}
    entered = {
        (learner, exercise): person[place]
        for learner, person in rows.items()
        for exercise, place in columns.items()
        if place is not None
    }
    headings = {exercise: roster.headings[place] for exercise, place in columns.items() if place is not None}
    table = _columns(
        system, graded, [roster.headings[place] for place in who], names, entered, roster, wishes, headings
    )
    for exercise, place in columns.items() if system == "canvas" and roster.possible else ():
        theirs = _as_number(roster.possible[place]) if place is not None else None
        if theirs is not None and theirs != graded.out_of(exercise):
            table.problems.append(
                f"{exercise}: {graded.out_of(exercise):g} points here, {theirs:g} in {roster.path}; Canvas would "
                "change it."
            )
    return table


def _wished(roster: Roster, exercise: str, heading: str) -> int:
    place = roster.column(heading)
    if place is None:
        known = ", ".join(name for n, name in enumerate(roster.headings) if n not in roster.kinds)
        raise ExportError(f"{roster.path} has no column {heading!r} for {exercise}; it has {known}.")
    return place


def _columns(
    system: System,
    graded: Graded,
    who: Sequence[str],
    names: Mapping[str, Sequence[str]],
    entered: Mapping[tuple[str, str], str],
    roster: Roster | None,
    wishes: Wishes,
    headings: Mapping[str, str] | None = None,
) -> _Table:
    exercises = graded.exercises
    notes = [(exercise, kind) for exercise in exercises for kind in graded.notes(exercise)]
    prefix = "Final Grade note: " if system == "canvas" else ""
    told = [f"{prefix}{exercise} {kind}" for exercise, kind in notes]
    table = _Table([*who, *((headings or {}).get(exercise, exercise) for exercise in exercises), *told])
    if system == "canvas":
        table.how = 'In Canvas: Grades, "Import".'
        possible = [f"{graded.out_of(exercise):g}" for exercise in exercises]
        blank = [""] * (len(who) - 1)
        table.rows.append(["    Points Possible", *blank, *possible, *["(read only)"] * len(notes)])
    else:
        table.how = (
            'In Moodle: the gradebook, "Import", "CSV file". For the grading worksheet of one assignment, give that '
            "worksheet with --roster, and --column EXERCISE=Grade."
        )
    for learner in sorted(names):
        grades = graded.learners[learner]
        points = [
            _cell(table, graded, (learner, exercise), entered.get((learner, exercise), ""), roster, wishes)
            for exercise in exercises
        ]
        remarks = [
            grades[exercise].notes.get(kind, "") if exercise in grades else "" for exercise, kind in notes
        ]
        table.rows.append([*names[learner], *points, *remarks])
    return table


def _cell(
    table: _Table,
    graded: Graded,
    key: tuple[str, str],
    entered: str,
    roster: Roster | None,
    wishes: Wishes,
) -> str:
    """The points, or what a person entered in their place: what is neither ours of today nor of the last time."""
    learner, exercise = key
    grade = graded.learners[learner].get(exercise)
    if grade is None:
        return entered
    ours, theirs = _as_number(grade.points), _as_number(entered)
    last = _as_number(graded.given.get(key, ""))
    free = entered.strip() in _NOTHING or (theirs is not None and theirs in (ours, last))
    if not free and not wishes.overwrite:
        where = roster.path if roster else "the roster"
        table.problems.append(
            f"{learner}, {exercise}: {where} holds {entered.strip()}, which stays; here it is {grade.points}. "
            "--overwrite replaces what was entered there."
        )
        return entered
    table.given[key] = grade.points
    return grade.points


def _as_number(text: str) -> float | None:
    """`8`, `8.00` and `8,00`; nothing for what is no number."""
    return float(text.strip().replace(",", ".")) if re.fullmatch(r"\s*\d+([.,]\d+)?\s*", text) else None
