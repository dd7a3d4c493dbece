"""Gradebooks for Canvas and Moodle, made from the `grades.csv` of a graded folder.

What Canvas does with a column or a row is read from its importer (`lib/gradebook_importer.rb`): a column that it does
not know becomes a new assignment unless its heading speaks of a total ("Final Grade"), an empty cell takes a grade
away, and a row that is not there changes nothing.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

from course_lib.grading.export.errors import ExportError
from course_lib.grading.tables import cell as written
from course_lib.grading.tables import rows_to, undefused
from course_lib.grading.whole import write_whole

System = Literal["canvas", "moodle"]

CANVAS_COLUMNS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
MOODLE_COLUMNS = (
    *("Identifier", "User ID", "ID number", "Username", "Email address"),
    *("Full name", "First name", "Last name"),
)

_IDS = {
    *("id", "sis user id", "sis login id", "identifier", "user id", "id number", "username", "login"),
    *("email", "email address"),
}
_NUMBERS = {"id", "identifier"}
"""Where Canvas and Moodle keep the number that they put behind the name of a file or folder in their zips."""
_NAMES = {"student", "full name", "name"}
_NEEDED = {"learner", "exercise", "points", "out_of", "status"}


@dataclass(frozen=True)
class Grade:
    """What one learner earned in one exercise; `notes` holds what else is told of it (`late`, `attempt`)."""

    points: str
    out_of: float
    notes: Mapping[str, str]


@dataclass(frozen=True)
class Graded:
    """A graded folder: the grades of each learner by exercise, and a sentence for each that has no grade."""

    learners: dict[str, dict[str, Grade]]
    problems: list[str]

    @property
    def exercises(self) -> list[str]:
        """The exercises that anybody has a grade in."""
        return sorted({exercise for grades in self.learners.values() for exercise in grades})

    def out_of(self, exercise: str) -> float:
        """What can be earned in one exercise."""
        return max(grades[exercise].out_of for grades in self.learners.values() if exercise in grades)

    def notes(self, exercise: str) -> list[str]:
        """The kinds of notes that anybody's grade in this exercise carries."""
        told = [grades[exercise].notes for grades in self.learners.values() if exercise in grades]
        return [kind for kind in ("late", "attempt") if any(kind in notes for notes in told)]


def export(system: System, folder: Path, roster: Path | None, out: Path) -> list[str]:
    """Write the gradebook of a graded folder; a sentence for each learner or submission that is not in it.

    Raises `ExportError` where the folder or the roster cannot be read.
    """
    graded = read_grades(folder / "grades.csv")
    headings: list[str] = []
    problems: list[str] = []
    if roster is None:
        rows = {learner: _by_folder(system, learner) for learner in graded.learners}
    else:
        headings, people, possible = read_roster(roster)
        rows, problems = _matched(graded, people, roster)
        if system == "canvas":
            problems += _differing_points(graded, headings, possible, roster)
    _write(system, graded, headings, rows, out)
    return graded.problems + problems


def read_grades(path: Path) -> Graded:
    """`grades.csv` as `course grade` writes it; raises `ExportError`. What was not graded is told, not exported."""
    if not path.is_file():
        raise ExportError(f"{path.parent} holds no grades.csv; name the --out folder of `course grade`.")
    headings, rows = _read_table(path)
    if missing := _NEEDED - set(headings):
        raise ExportError(
            f"{path} has no column {', '.join(sorted(missing))}; run `course grade` again, which writes it anew."
        )
    learners: dict[str, dict[str, Grade]] = {}
    problems = []
    for row in rows:
        learner, exercise = undefused(row["learner"]), undefused(row["exercise"])
        if row["status"] == "unreadable":
            problems.append(f"{learner}, {exercise}: not graded, so not in the gradebook.")
            continue
        grades = learners.setdefault(learner, {})
        if exercise in grades:
            raise ExportError(f"{path} holds {learner}, {exercise} twice; run `course grade` again.")
        notes = {kind: row[kind] for kind in ("late", "attempt") if row.get(kind)}
        grades[exercise] = Grade(_number(row["points"], path), float(_number(row["out_of"], path)), notes)
    if not learners:
        raise ExportError(f"{path} holds no grades; look into report.html beside it for the reason.")
    return Graded(learners, problems)


def _number(text: str, path: Path) -> str:
    if not re.fullmatch(r"\d+(\.\d+)?", text):
        raise ExportError(f"{path} holds {text!r} where points should be; run `course grade` again.")
    return text


def read_roster(path: Path) -> tuple[list[str], list[dict[str, str]], dict[str, str]]:
    """The headings of a roster, its people, and the row of points possible that Canvas puts before them."""
    headings, rows = _read_table(path)
    if not any(_plain(heading) in _IDS | _NAMES for heading in headings):
        raise ExportError(
            f"{path} has no column that says who is who (Student, ID, Email address, ...); "
            "export the gradebook from Canvas, or the grading worksheet from Moodle."
        )
    people, possible = [], {}
    for row in rows:
        first = row[headings[0]].strip()
        if first == "Points Possible":
            possible = row
        elif any(row[heading] for heading in headings if _plain(heading) in _IDS | _NAMES):
            people.append(row)
    if not people:
        raise ExportError(f"{path} holds nobody; export it again from a course that has learners.")
    return headings, people, possible


def _read_table(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    """Headings and rows of a table whose cells commas, semicolons or tabs part, short rows filled up."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ExportError(f"{path} is not a CSV file in UTF-8; export it again as one.") from None
    except OSError as error:
        raise ExportError(f"{path} cannot be read ({error.strerror}); name a CSV file.") from None
    head = text.partition("\n")[0]
    try:
        lines = list(csv.reader(text.splitlines(keepends=True), delimiter=max(",;\t", key=head.count)))
    except csv.Error as error:
        raise ExportError(f"{path} is not a CSV file ({error}); export it again.") from None
    if not lines:
        raise ExportError(f"{path} is empty; export it again.")
    headings = [heading.strip() for heading in lines[0]]
    filled = ([*line, *[""] * len(headings)] for line in lines[1:] if any(line))
    return headings, [dict(zip(headings, line, strict=False)) for line in filled]


def _by_folder(system: System, learner: str) -> dict[str, str]:
    """What the name of a learner's folder says of the learner, where there is no roster."""
    if system == "moodle":
        return {"Learner": learner}
    return {"Student": learner, "ID": _number_behind(learner), "SIS Login ID": learner}


def _number_behind(learner: str) -> str:
    """Canvas and Moodle end a learner's file or folder with `_12345`, their own number of the learner."""
    found = re.search(r"_(\d+)$", learner)
    return found.group(1) if found else ""


def _matched(
    graded: Graded, people: list[dict[str, str]], roster: Path
) -> tuple[dict[str, dict[str, str]], list[str]]:
    """The roster's row of each learner, and a sentence for each who has none of their own."""
    ways = [_index(people, key) for key in (_ids, _mailboxes, _numbers, _names)]
    found: dict[str, int] = {}
    problems = []
    for learner in sorted(graded.learners):
        number = _number_behind(learner)
        sought = (_plain(learner), _plain(learner), number, _letters(learner.removesuffix(f"_{number}")))
        places = next((way[key] for way, key in zip(ways, sought, strict=True) if key and key in way), set())
        if len(places) == 1:
            found[learner] = next(iter(places))
        elif places:
            problems.append(f"{learner}: {len(places)} rows of {roster} fit, so not in the gradebook.")
        else:
            problems.append(f"{learner}: no row of {roster} fits, so not in the gradebook.")
    taken = list(found.values())
    for learner, place in sorted(found.items()):
        if taken.count(place) > 1:
            problems.append(
                f"{learner}: fits a row of {roster} that another fits too, so not in the gradebook."
            )
    return {learner: people[place] for learner, place in found.items() if taken.count(place) == 1}, problems


Keys = Callable[[Mapping[str, str]], Iterator[str]]


def _index(people: Sequence[Mapping[str, str]], keys: Keys) -> dict[str, set[int]]:
    index: dict[str, set[int]] = {}
    for place, person in enumerate(people):
        for key in keys(person):
            index.setdefault(key, set()).add(place)
    return index


def _ids(person: Mapping[str, str]) -> Iterator[str]:
    return (_plain(cell) for heading, cell in person.items() if _plain(heading) in _IDS and cell.strip())


def _mailboxes(person: Mapping[str, str]) -> Iterator[str]:
    return (key.partition("@")[0] for key in _ids(person) if "@" in key)


def _numbers(person: Mapping[str, str]) -> Iterator[str]:
    """`12345`, of Canvas's `12345` and of Moodle's `Participant 12345` in whatever language."""
    for heading, cell in person.items():
        found = re.search(r"(\d+)\s*$", cell)
        if _plain(heading) in _NUMBERS and found:
            yield found.group(1)


def _names(person: Mapping[str, str]) -> Iterator[str]:
    """A name without spaces and signs, whichever of its words it begins with: `doejane`, `janedoe`."""
    cells = {_plain(heading): cell for heading, cell in person.items()}
    family = cells.get("last name") or cells.get("surname") or ""
    names = [cells[heading] for heading in _NAMES if heading in cells]
    for name in [*names, f"{cells.get('first name', '')} {family}"]:
        words = re.findall(r"[^\W_]+", _plain(name))
        yield from {"".join(words[start:] + words[:start]) for start in range(len(words))}


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().casefold()


def _letters(text: str) -> str:
    return "".join(re.findall(r"[^\W_]+", _plain(text)))


def _differing_points(
    graded: Graded, headings: Sequence[str], possible: Mapping[str, str], roster: Path
) -> list[str]:
    """Canvas takes the points possible from the file, so a different number would change the assignment."""
    problems = []
    for exercise in graded.exercises:
        theirs = possible.get(_heading(exercise, headings), "").strip()
        ours = f"{graded.out_of(exercise):g}"
        if re.fullmatch(r"\d+(\.\d+)?", theirs) and float(theirs) != float(ours):
            problems.append(f"{exercise}: {ours} points here, {theirs} in {roster}; Canvas would change it.")
    return problems


def _heading(exercise: str, headings: Sequence[str]) -> str:
    """The roster's own column for this exercise (`03_clipping_mechanics (4711)`), or the exercise's name."""
    return next((h for h in headings if re.sub(r"\s*\(\d+\)$", "", h) == exercise), exercise)


def _write(
    system: System, graded: Graded, headings: Sequence[str], rows: Mapping[str, dict[str, str]], out: Path
) -> None:
    who = CANVAS_COLUMNS if system == "canvas" else _moodle_columns(headings)
    columns = [(exercise, _heading(exercise, headings)) for exercise in graded.exercises]
    notes = [(exercise, kind) for exercise in graded.exercises for kind in graded.notes(exercise)]
    prefix = "Final Grade note: " if system == "canvas" else ""

    def write(file: IO[str]) -> None:
        table = rows_to(file)
        told = [f"{prefix}{exercise} {kind}" for exercise, kind in notes]
        table.writerow(map(written, [*who, *(heading for _, heading in columns), *told]))
        if system == "canvas":
            possible = [f"{graded.out_of(exercise):g}" for exercise, _ in columns]
            blank = [""] * (len(who) - 1)
            table.writerow(["    Points Possible", *blank, *possible, *["(read only)"] * len(notes)])
        for learner, person in sorted(rows.items()):
            grades = graded.learners[learner]
            points = [grades[e].points if e in grades else person.get(heading, "") for e, heading in columns]
            remarks = [grades[e].notes.get(kind, "") if e in grades else "" for e, kind in notes]
            table.writerow(map(written, [*(person.get(heading, "") for heading in who), *points, *remarks]))

    write_whole(out, write)


def _moodle_columns(headings: Sequence[str]) -> Sequence[str]:
    known = {_plain(heading) for heading in MOODLE_COLUMNS} | _IDS | _NAMES | {"surname"}
    return [heading for heading in headings if _plain(heading) in known] or ["Learner"]
