"""A tolerant reader of notebooks that others wrote: only the code, whatever else the file holds.

Stored outputs are passed over byte by byte and never kept, so 200 MB of them cost no memory. The file need not be
a valid notebook in every corner; it must be JSON whose `cells` are cells.
"""

from __future__ import annotations

import codecs
import hashlib
import json
import mmap
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from course_lib.errors import CourseError

LARGEST_FILE = 1 << 30
"""Bytes of one notebook file; the largest seen with honest outputs is a tenth of it."""

LARGEST_CODE = 10 << 20
"""Bytes of all cells' text together, outputs not counted."""

_SPACE = re.compile(rb"[ \t\r\n]*+")
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_SCALAR = re.compile(rb'[^ \t\r\n,:"\[\]{}]++')
_TO_NEXT_BRACKET = re.compile(rb'(?:[^"\[\]{}]++|"(?:[^"\\]++|\\.)*+")*+', re.DOTALL)
_CHECK = re.compile(r"""^\s*check\(\s*["']([\w-]+)["']\s*\)""", re.MULTILINE)


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

    `digest` is the SHA-256 of the file's bytes; `exercise` what its own metadata says it is, or `None`.
    """

    cells: tuple[Cell, ...]
    exercise: str | None
    digest: str

    @property
    def sources(self) -> list[str]:
        """The text of each code cell, in order."""
        return [cell.source for cell in self.cells]

    def notes(self, questions: Sequence[str]) -> list[str]:
        """What is unusual about the check cells, in one sentence each; none of it changes a point."""
        checks = Counter(name for cell in self.cells for name in _CHECK.findall(cell.source))
        notes = []
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
        with path.open("rb") as file:
            size = path.stat().st_size
            if size == 0:
                raise NotebookError("is empty; save it in JupyterLab and hand it in again.")
            if size > LARGEST_FILE:
                raise NotebookError(f"holds {size >> 20:,} MB; clear its outputs and hand it in again.")
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                return _parse(content, hashlib.sha256(content).hexdigest())
    except OSError as error:
        raise NotebookError(f"cannot be read ({error.strerror or error}).") from None


def _parse(content: mmap.mmap, digest: str) -> Notebook:
    text: mmap.mmap | bytes = content
    start = 0
    if content[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        if len(content) > LARGEST_CODE:
            raise NotebookError("is written in UTF-16 and too large to convert; save it in JupyterLab.")
        text = content[:].decode("utf-16", "replace").encode("utf-8")
    elif content[:3] == codecs.BOM_UTF8:
        start = 3
    scanner = _Scanner(text, start)
    if scanner.peek() != b"{":
        raise NotebookError("is not a notebook; hand in the .ipynb file that JupyterLab saves.")
    cells: list[Cell] | None = None
    exercise: str | None = None
    for key in scanner.members():
        if key == "cells":
            cells = list(_code_cells(scanner))
        elif key == "metadata":
            exercise = _exercise(scanner.value())
        elif key == "worksheets":
            raise NotebookError("is in the notebook format of 2013; open and save it in JupyterLab.")
        else:
            scanner.skip()
    if scanner.peek() != b"":
        raise scanner.error("something stands after its end")
    if cells is None:
        raise NotebookError("is JSON but not a notebook: it has no cells.")
    return Notebook(tuple(cells), exercise, digest)


def _code_cells(scanner: _Scanner) -> Iterator[Cell]:
    for _ in scanner.entries():
        if scanner.peek() != b"{":
            raise NotebookError("is not a notebook: one of its cells is no cell.")
        fields: dict[str, Any] = {}
        for key in scanner.members():
            if key in ("cell_type", "source", "metadata"):
                fields[key] = scanner.value()
            else:
                scanner.skip()
        if fields.get("cell_type") == "code":
            metadata = fields.get("metadata")
            yield Cell(_source(fields.get("source")), metadata if isinstance(metadata, dict) else {})


def _source(value: Any) -> str:
    if isinstance(value, list):
        return "".join(line for line in value if isinstance(line, str))
    return value if isinstance(value, str) else ""


def _exercise(metadata: Any) -> str | None:
    match metadata:
        case {"course": {"name": str(name)}}:
            return name
    return None


class _Scanner:
    """Walks JSON without building what is not asked for. Only what `value()` returns is ever held."""

    def __init__(self, text: mmap.mmap | bytes, start: int = 0) -> None:
        self.text = text
        self.at = start
        self.room = LARGEST_CODE

    def error(self, what: str) -> NotebookError:
        return NotebookError(f"is not JSON ({what}, byte {self.at:,}); save it in JupyterLab again.")

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
            raise NotebookError(f"holds more than {LARGEST_CODE >> 20} MB of code and text.")
        try:
            return json.loads(self.text[start : self.at].decode("utf-8", "replace"), strict=False)
        except (ValueError, RecursionError):
            self.at = start
            raise self.error("a value cannot be read") from None
