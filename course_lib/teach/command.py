"""`course progress`: the table in a terminal, and the learner's record as Markdown."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from course_lib.curriculum import LESSONS
from course_lib.errors import CourseError
from course_lib.teach import journal, store
from course_lib.teach.progress import Progress


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `course progress` takes."""
    parser.add_argument(
        "--export",
        type=Path,
        metavar="FILE.md",
        help="write progress, predictions and journal to a Markdown file",
    )
    parser.add_argument(
        "--journal", type=Path, metavar="FILE.md", help="write only the journal to a Markdown file"
    )


def run(args: argparse.Namespace) -> int:
    """Print the progress, or write what was asked for; 1 where a line of the record is damaged."""
    progress = Progress()
    damaged = [*progress.damaged, *store.read("journal").damaged]
    progress.damaged = []  # they go to stderr below, once
    if args.export is None and args.journal is None:
        print(progress.text())
    if args.export is not None:
        _write(args.export, "\n".join([progress.markdown(), predictions(), journal.markdown()]))
    if args.journal is not None:
        journal.export(args.journal)
        print(f"Written to {args.journal}")
    for sentence in damaged:
        print(sentence, file=sys.stderr)
    return 1 if damaged else 0


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CourseError(f"{path} cannot be written ({error.strerror}); name another file.") from None
    print(f"Written to {path}")


def predictions() -> str:
    """Every prediction as Markdown: what was committed to, revisions included, and what happened."""
    records = store.only(store.read("events").records, "prediction")
    lines = ["# Predictions", ""]
    for lesson in LESSONS:
        own = [record for record in records if record.get("lesson") == lesson.name]
        if own:
            lines += [f"## {lesson.title}", "", *map(_line, own), ""]
    if not any(record.get("lesson") for record in records):
        lines += ["No prediction has been made yet.", ""]
    return "\n".join(lines)


def _line(record: dict[str, Any]) -> str:
    if "choice" in record:
        return f"- {record['at']}: {record.get('id')}: predicted {record['choice']}"
    match record.get("right"):
        case True:
            held = "as predicted"
        case False:
            held = "not as predicted"
        case _:
            held = "seen without a prediction"
    return f"- {record['at']}: {record.get('id')}: what happens is {record.get('seen')} ({held})"
