"""The learner's own record: lines of JSON that are only ever added to, in files that never leave the machine."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from course_lib.errors import CourseError
from course_lib.work import work_folder

Book = Literal["events", "journal"]
Record = dict[str, Any]


class StoreError(CourseError):
    """The learner's record cannot be written or read; the message says which file, and what to do."""


@dataclass(frozen=True)
class Pages:
    """What a book holds: its records in the order they were written, and a sentence for each damaged line."""

    records: list[Record] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)


def path_of(book: Book) -> Path:
    """Where a book lies: `events.jsonl` or `journal.jsonl` in the work folder."""
    return work_folder() / f"{book}.jsonl"


def append(book: Book, record: Record) -> Record:
    """Add one record, with the time in UTC as `at`, and return it; raises `StoreError` where that fails.

    The line is written in one piece at the end of the file, so that two notebooks do not tear each other's.
    """
    dated = {"at": datetime.now(UTC).isoformat(timespec="seconds"), **record}
    path = path_of(book)
    line = json.dumps(dated, ensure_ascii=False) + "\n"
    if _is_torn(path):  # what a crash left of the last line stays a line of its own
        line = "\n" + line
    try:
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            data = line.encode("utf-8")
            if os.write(handle, data) != len(data):
                raise StoreError(f"{path} could not be written to its end; make room on the disk.")
        finally:
            os.close(handle)
    except OSError as error:
        raise StoreError(
            f"{path} cannot be written ({error.strerror}); make room or make the file yours, "
            "or set COURSE_WORK to a folder that you may write to."
        ) from None
    return dated


def _is_torn(path: Path) -> bool:
    try:
        with path.open("rb") as book:
            book.seek(0, os.SEEK_END)
            if book.tell() == 0:
                return False
            book.seek(-1, os.SEEK_END)
            return book.read(1) != b"\n"
    except FileNotFoundError:
        return False
    except OSError as error:
        raise StoreError(f"{path} cannot be read ({error.strerror}); make the file yours.") from None


def read(book: Book) -> Pages:
    """Everything in a book; a line that is no record is passed over and named, and stays in the file."""
    path = path_of(book)
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return Pages()
    except OSError as error:
        raise StoreError(f"{path} cannot be read ({error.strerror}); make the file yours.") from None
    pages = Pages()
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        record = _parsed(line)
        if record is None:
            pages.damaged.append(f"Line {number} of {path.name} is damaged and was passed over.")
        else:
            pages.records.append(record)
    return pages


def _parsed(line: bytes) -> Record | None:
    try:
        record = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) and isinstance(record.get("at"), str) else None


def events(kind: str, identity: str) -> list[Record]:
    """The learner's events of one kind about one thing, oldest first."""
    return only(read("events").records, kind, identity)


def only(records: Iterable[Record], kind: str, identity: str | None = None) -> list[Record]:
    """The events of one kind, about one thing where `identity` names it."""
    return [
        record
        for record in records
        if record.get("kind") == kind and (identity is None or record.get("id") == identity)
    ]
