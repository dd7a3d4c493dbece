"""The list of lessons in the README: a row for each, written from the curriculum, which alone states them."""

from __future__ import annotations

import re
from pathlib import Path

from course_lib.curriculum import LESSONS, Lesson

_HEAD = "| lesson | you will be able to | minutes | needs |\n|---|---|---|---|\n"
_TABLE = re.compile(re.escape(_HEAD) + r"(?:\|.*\n)*")


def table() -> str:
    """The whole list, a Markdown table."""
    return _HEAD + "".join(f"{_row(lesson)}\n" for lesson in LESSONS)


def problems(root: Path) -> list[str]:
    """One sentence where the README in `root` has another list; none where there is no README."""
    file = root / "README.md"
    if not file.is_file() or table() in file.read_text(encoding="utf-8"):
        return []
    if not _TABLE.search(file.read_text(encoding="utf-8")):
        return [f"README.md: there is no list of lessons; write its head there: {_HEAD.splitlines()[0]}"]
    return [
        "README.md: its list of lessons is not what course_lib/curriculum.py says; `course build` writes it."
    ]


def write(root: Path) -> None:
    """Put today's list in the place of the one that stands in the README, if one does."""
    file = root / "README.md"
    if problems(root):
        written = file.read_text(encoding="utf-8")
        file.write_text(_TABLE.sub(lambda _: table(), written, count=1), encoding="utf-8", newline="\n")


def _row(lesson: Lesson) -> str:
    promise = lesson.promise[0].lower() + lesson.promise[1:].rstrip(".")
    link = f"[{lesson.number:02d} {lesson.title}](notebooks/{lesson.name}.ipynb)"
    needs = ", ".join(need[:2] for need in lesson.needs)
    return f"| {link} | {promise} | {lesson.minutes} | {needs} |".replace("|  |", "| |")
