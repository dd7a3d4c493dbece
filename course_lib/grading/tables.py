"""The two tables that other programs read: `grades.csv`, a row a submission, and `results.jsonl`, a line a question."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO

from course_lib.grading.ledger import Entry

GRADES = ("learner", "exercise", "points", "out_of", "status", "late", "attempt", "reason")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def write_grades(entries: Iterable[Entry], path: Path) -> None:
    """One row a submission. Nothing in it depends on when or how fast it was graded."""

    def write(file: IO[str]) -> None:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(GRADES)
        for entry in entries:
            graded = entry.graded
            table.writerow(
                (
                    *(defused(entry.learner), defused(entry.exercise), entry.points, entry.out_of),
                    *(
                        graded.status,
                        "yes" if entry.late else "",
                        entry.attempt or "",
                        defused(graded.reason),
                    ),
                )
            )

    write_whole(path, write)


def write_results(entries: Iterable[Entry], path: Path) -> None:
    """One JSON object a line for each question of each submission."""

    def write(file: IO[str]) -> None:
        for entry in entries:
            for result in entry.graded.results:
                line = {
                    "learner": entry.learner,
                    "exercise": entry.exercise,
                    "question": result.question,
                    "status": result.status,
                    "points": result.points,
                    "out_of": result.out_of,
                    "misconception": result.misconception or None,
                    "message": result.message,
                    "submission": {
                        "path": entry.path,
                        "status": entry.graded.status,
                        "reason": entry.graded.reason,
                        "late": entry.late,
                        "attempt": entry.attempt or None,
                        "seconds": entry.graded.seconds,
                    },
                }
                file.write(json.dumps(line, ensure_ascii=False) + "\n")

    write_whole(path, write)


def defused(text: str) -> str:
    """Text that a spreadsheet shows and does not run: what would begin a formula gets an apostrophe before it."""
    return f"'{text}" if text.lstrip(" \n").startswith(_FORMULA) else text


def write_whole(path: Path, write: Callable[[IO[str]], None]) -> None:
    """Write a file so that at every moment either the old one or the whole new one is there."""
    half = path.with_name(path.name + ".part")
    with half.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        write(file)
        file.flush()
        os.fsync(file.fileno())
    half.replace(path)
