"""A tolerant reader of notebooks that others wrote: only the code, whatever else the file holds.

Stored outputs are passed over byte by byte and never kept, so 200 MB of them cost no memory. The file need not be
a valid notebook in every corner; it must be JSON whose `cells` are cells. It is read once, from beginning to end,
into a copy of our own: whoever shortens or deletes it meanwhile spoils that notebook and nothing else.
"""

from __future__ import annotations

import codecs
import hashlib
import json
import mmap
import os
import re
import stat
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from course_lib.errors import CourseError
from course_lib.grading.filetypes import HEAD, what_it_is

LARGEST_FILE = 1 << 30
"""Bytes of one notebook file; the largest seen with honest outputs is a tenth of it."""

LARGEST_CODE = 10 << 20
"""Bytes of all cells' text together, outputs not counted."""

_SPACE = re.compile(rb"[ \t\r\n]*+")
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_SCALAR = re.compile(rb'[^ \t\r\n,:"\[\]{}]++')
_TO_NEXT_BRACKET = re.compile(rb'(?:[^"\[\]{}]++|"(?:[^"\\]++|\\.)*+")*+', re.DOTALL)
_HELD = 4 << 20
"""Up to this size a file is held in memory; a larger one is copied to the disk first."""

_CHECK = re.compile(r"""^[ \t]*check\(\s*+["']([\w-]++)["']\s*+\)""", re.MULTILINE)
_DEFINED = re.compile(
    r"^(?:(?:async[ ]+)?def|class)[ \t]+(\w{1,100})|^(\w{1,100})[ \t]*(?::[^=\n]{0,100})?=(?!=)", re.MULTILINE
)
_CONFLICT = re.compile(rb"^(?:<{7}|>{7}) ", re.MULTILINE)
_NOTHING_MORE = re.compile(rb"[\0 \t\r\n]*+\Z")


class NotebookError(CourseError):
    """The file cannot be graded; the message says why, in one sentence that follows the file's name."""


@dataclass(frozen=True)
class Cell:
    """One code cell: its text and its metadata."""

    source: str
    metadata: dict[str, Any]


@dataclass(frozen=True)
class Notebook:
    """What grading needs of a notebook.

    `digest` is the SHA-256 of the file's bytes. `exercise` is what its own metadata says it belongs to, or `None`,
    and `kind` what they say it is: "exercise", "lesson", "solution" or nothing. `in_text` has the names that a cell
    would define if it were code, each with the type of that cell ("Markdown", "raw").
    """

    cells: tuple[Cell, ...]
    exercise: str | None
    digest: str
    kind: str = ""
    in_text: Mapping[str, str] = field(default_factory=dict)

    @property
    def sources(self) -> list[str]:
        """The text of each code cell, in order."""
        return [cell.source for cell in self.cells]

    @property
    def checks(self) -> Counter[str]:
        """How often each question is checked."""
        return Counter(name for cell in self.cells for name in _CHECK.findall(cell.source))

    @property
    def grade_ids(self) -> set[str]:
        """The names that nbgrader's metadata give to cells."""
        kept = (cell.metadata.get("nbgrader") for cell in self.cells)
        names = (entry.get("grade_id") for entry in kept if isinstance(entry, dict))
        return {name for name in names if isinstance(name, str)}

    def notes(self, questions: Sequence[str]) -> list[str]:
        """What is unusual about the notebook, in one sentence each; none of it changes a point."""
        checks = self.checks
        notes = []
        if self.kind == "solution":
            notes.append(
                "By its metadata this is the solution that comes with the course, or was made from it."
            )
        for name in questions:
            if not checks[name]:
                notes.append(
                    f"The check cell of {name} is missing or edited; {name} was graded all the same."
                )
            elif checks[name] > 1:
                notes.append(f"{name} is checked in {checks[name]} cells; it was graded once.")
        return notes


def read(path: Path) -> Notebook:
    """The notebook in `path`; raises `NotebookError`, whatever the file holds."""
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            return _read(file)
    except OSError as error:
        raise NotebookError(f"cannot be read ({error.strerror or error}).") from None


def _without_waiting(path: str, flags: int) -> int:
    """A pipe in the place of a file must not keep the grader waiting for somebody to write into it."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _read(file: IO[bytes]) -> Notebook:
    status = os.fstat(file.fileno())
    if not stat.S_ISREG(status.st_mode):
        raise NotebookError("is not a file.")
    head = file.read(HEAD)
    if not head:
        raise NotebookError(
            "is empty: nothing was ever written into it; hand in the file that holds the work."
        )
    encoding, what = _utf16(head), what_it_is(head)
    begins = head.removeprefix(codecs.BOM_UTF8).lstrip()[:1]
    if what or (encoding is None and begins != b"{"):
        raise NotebookError(
            f"is not a notebook{f' but {what}' if what else ''}; hand in the .ipynb file itself."
        )
    with _own_copy(head, file, encoding) as (text, digest):
        return _parse(text, digest)


def _utf16(head: bytes) -> str | None:
    """The encoding of text in two bytes a character, which some editors on Windows write."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    return {b"{\0": "utf-16-le", b"\0{": "utf-16-be"}.get(head[:2])


@contextmanager
def _own_copy(head: bytes, file: IO[bytes], encoding: str | None) -> Iterator[tuple[mmap.mmap | bytes, str]]:
    """The whole text in UTF-8, and the digest of the file's bytes. Only what is large goes to the disk.

    The file itself is not mapped: who shortens a mapped file ends the process that reads it.
    """
    digest, size = hashlib.sha256(), 0
    decoder = codecs.getincrementaldecoder(encoding)("replace") if encoding else None
    with tempfile.SpooledTemporaryFile(_HELD) as copy:
        block = head
        while block:
            size += len(block)
            if size > LARGEST_FILE:
                raise NotebookError(
                    f"holds more than {LARGEST_FILE >> 20:,} MB; take its outputs out "
                    "(jupyter nbconvert --clear-output --inplace FILE) and hand it in again."
                )
            digest.update(block)
            copy.write(decoder.decode(block).encode() if decoder else block)
            block = file.read(1 << 20)
        copy.seek(0)
        if size <= _HELD:
            yield copy.read(), digest.hexdigest()
            return
        copy.rollover()
        with mmap.mmap(copy.fileno(), 0, access=mmap.ACCESS_READ) as content:
            yield content, digest.hexdigest()


def _parse(text: mmap.mmap | bytes, digest: str) -> Notebook:
    scanner = _Scanner(text, len(codecs.BOM_UTF8) if text[:3] == codecs.BOM_UTF8 else 0)
    if scanner.peek() != b"{":
        raise NotebookError("is not a notebook; hand in the .ipynb file itself.")
    cells: list[Cell] | None = None
    in_text: dict[str, str] = {}
    exercise, kind = None, ""
    for key in scanner.members():
        if key == "cells":
            cells = list(_code_cells(scanner, in_text))
        elif key == "metadata":
            exercise, kind = _course(scanner)
        elif key == "worksheets":
            raise NotebookError("is in the notebook format of 2013; open and save it in JupyterLab.")
        else:
            scanner.skip()
    if not _NOTHING_MORE.match(text, scanner.at):
        raise scanner.error("something stands after its end")
    if cells is None:
        raise NotebookError("is JSON but not a notebook: it has no cells; hand in the .ipynb file itself.")
    return Notebook(tuple(cells), exercise, digest, kind, in_text)


def _code_cells(scanner: _Scanner, in_text: dict[str, str]) -> Iterator[Cell]:
    """Each code cell; what the others would define goes into `in_text`."""
    for _ in scanner.entries():
        if scanner.peek() != b"{":
            raise NotebookError("is not a notebook: one of its cells is no cell.")
        fields: dict[str, Any] = {}
        for key in scanner.members():
            if key in ("cell_type", "source", "metadata"):
                fields[key] = scanner.value()
            else:
                scanner.skip()
        source, metadata = _source(fields.get("source")), fields.get("metadata")
        match fields.get("cell_type"):
            case "code":
                yield Cell(source, metadata if isinstance(metadata, dict) else {})
            case "markdown" | "raw" as kind if "```" not in source:
                for name in _DEFINED.findall(source)[:100]:
                    in_text["".join(name)] = {"markdown": "Markdown", "raw": "raw"}[kind]


def _source(value: Any) -> str:
    if isinstance(value, list):
        return "".join(line for line in value if isinstance(line, str))
    return value if isinstance(value, str) else ""


def _course(scanner: _Scanner) -> tuple[str | None, str]:
    """Name and kind in the course's own metadata; all others (the state of widgets, say) may be large."""
    name: str | None = None
    kind = ""
    if scanner.peek() != b"{":
        scanner.skip()
        return None, ""
    for key in scanner.members():
        if key != "course":
            scanner.skip()
            continue
        course = scanner.value()
        if isinstance(course, dict) and isinstance(course.get("name"), str):
            name, kind = course["name"], str(course.get("kind", ""))
            # Only what the build has executed knows its code: of exercises those are the solutions.
            kind = "solution" if kind == "exercise" and "code" in course else kind
    return name, kind


class _Scanner:
    """Walks JSON without building what is not asked for. Only what `value()` returns is ever held."""

    def __init__(self, text: mmap.mmap | bytes, start: int = 0) -> None:
        self.text = text
        self.at = start
        self.room = LARGEST_CODE

    def error(self, what: str) -> NotebookError:
        """Why this is no JSON. JupyterLab cannot open such a file, so saving it there again is no way out."""
        mark = _CONFLICT.search(self.text)
        if mark:
            return NotebookError(
                f"is not JSON: it holds conflict markers of git (line {self._line(mark.start()):,}); "
                "settle the conflict, see that JupyterLab opens the file, and hand it in again."
            )
        return NotebookError(
            f"is not JSON ({what}, byte {self.at:,}): the file is damaged, and JupyterLab cannot open it either; "
            "hand in an undamaged copy."
        )

    def _line(self, at: int) -> int:
        """The line of byte `at`, counted piece by piece: the text may be larger than memory should be."""
        return 1 + sum(
            self.text[start : min(start + (1 << 20), at)].count(b"\n") for start in range(0, at, 1 << 20)
        )

    def peek(self) -> bytes:
        space = _SPACE.match(self.text, self.at)
        self.at = space.end() if space else self.at
        return self.text[self.at : self.at + 1]

    def expect(self, *wanted: bytes) -> bytes:
        found = self.peek()
        if found not in wanted:
            raise self.error("it breaks off" if not found else f"{found!r} stands in the wrong place")
        self.at += 1
        return found

    def members(self) -> Iterator[str]:
        """Each key of the object that begins here; whoever asks consumes the value before asking again."""
        self.expect(b"{")
        if self.peek() == b"}":
            self.at += 1
            return
        while True:
            if self.peek() != b'"':
                raise self.error("a key is missing")
            key = self.value()
            self.expect(b":")
            yield str(key)
            if self.expect(b",", b"}") == b"}":
                return

    def entries(self) -> Iterator[None]:
        """Stops before each entry of the list that begins here."""
        if self.peek() != b"[":
            raise NotebookError("is not a notebook: its cells are no list.")
        self.at += 1
        if self.peek() == b"]":
            self.at += 1
            return
        while True:
            yield None
            if self.expect(b",", b"]") == b"]":
                return

    def skip(self) -> None:
        """Pass over one value of any size, in constant memory and without recursion."""
        first = self.peek()
        if first == b'"':
            self._advance(_STRING, "a string has no end")
        elif first in (b"{", b"["):
            self.at += 1
            depth = 1
            while depth:
                self._advance(_TO_NEXT_BRACKET, "it breaks off")
                bracket = self.text[self.at : self.at + 1]
                if bracket not in (b"{", b"[", b"}", b"]"):
                    raise self.error("it breaks off")
                depth += 1 if bracket in (b"{", b"[") else -1
                self.at += 1
        else:
            self._advance(_SCALAR, "a value is missing")

    def _advance(self, pattern: re.Pattern[bytes], otherwise: str) -> None:
        found = pattern.match(self.text, self.at)
        if found is None:
            raise self.error(otherwise)
        self.at = found.end()

    def value(self) -> Any:
        """One value, read whole; raises when all that was read so exceeds `LARGEST_CODE`."""
        self.peek()
        start = self.at
        self.skip()
        self.room -= self.at - start
        if self.room < 0:
            raise NotebookError(
                f"holds more than {LARGEST_CODE >> 20} MB of code and text; take data and pictures out of its cells."
            )
        try:
            return json.loads(self.text[start : self.at].decode("utf-8", "replace"), strict=False)
        except (ValueError, RecursionError):
            self.at = start
            raise self.error("a value cannot be read") from None
