"""The two tables that other programs read: `grades.csv`, a row a submission, and `results.jsonl`, a line a question."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

from course_lib.clean import clean_line
from course_lib.grading.ledger import Entry
from course_lib.grading.whole import write_whole

GRADES = ("learner", "exercise", "points", "out_of", "status", "late", "attempt", "reason")
_FORMULA = r"['\s]*[=+\-@\uff1d\uff0b\uff0d\uff20](?!\s*\Z)"
"""How a formula begins, and what might be taken for one that was made harmless; a sign alone is none."""
_BEGINS = re.compile(rf"(?:\A|(?<=;))(?={_FORMULA})")
_BEGAN = re.compile(rf"(?:\A|(?<=;))'(?={_FORMULA})")


def write_grades(entries: Iterable[Entry], path: Path) -> None:
    """One row a submission. Nothing in it depends on when or how fast it was graded."""

    def write(file: IO[str]) -> None:
        table = rows_to(file)
        table.writerow(GRADES)
        for entry in entries:
            late, attempt = "yes" if entry.late else "", entry.attempt or ""
            # Points of another version of the exercise would stand beside points on another scale.
            points = ("", "") if entry.outdated else (entry.points, entry.out_of)
            told = (entry.status, late, attempt, cell(entry.reason))
            table.writerow((cell(entry.learner), cell(entry.exercise), *points, *told))

    write_whole(path, write)


def write_results(entries: Iterable[Entry], path: Path) -> None:
    """One JSON object a line for each question of each submission whose results are not out of date."""

    def write(file: IO[str]) -> None:
        for entry in entries:
            for result in () if entry.outdated else entry.graded.results:
                line = {
                    "learner": clean_line(entry.learner),
                    "exercise": clean_line(entry.exercise),
                    "question": result.question,
                    "status": result.status,
                    "points": result.points,
                    "out_of": result.out_of,
                    "misconception": result.misconception or None,
                    "message": result.message,
                    "submission": {
                        "path": clean_line(entry.path),
                        "status": entry.status,
                        "reason": clean_line(entry.reason),
                        "late": entry.late,
                        "attempt": entry.attempt or None,
                        "seconds": entry.graded.seconds,
                    },
                }
                file.write(json.dumps(line, ensure_ascii=False) + "\n")

    write_whole(path, write)


def rows_to(file: IO[str]) -> Any:
    """A writer of rows that quotes every cell, so that no reader of CSV parts what a cell holds."""
    return csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL)


def cell(text: str) -> str:
    """What others wrote, as a cell of a table: clean, in one line, and no formula."""
    return defused(clean_line(text))


def defused(text: str) -> str:
    """Text that a spreadsheet shows and does not run; `undefused` gives it back.

    What would begin a formula gets an apostrophe before it: at the start of a cell, and after a semicolon, which
    parts cells where commas do not, whatever quotes stand around them.
    """
    return _BEGINS.sub("'", text)


def undefused(text: str) -> str:
    """The text from which `defused` made this."""
    return _BEGAN.sub("", text)
