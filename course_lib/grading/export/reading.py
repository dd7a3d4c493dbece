"""Reading a table that another program wrote: Excel's, Canvas's, Moodle's or our own."""

from __future__ import annotations

import codecs
import csv
import io
import re
from pathlib import Path

from course_lib.grading.export.errors import ExportError


def read_table(path: Path) -> tuple[list[str], list[list[str]]]:
    """Headings and rows, short rows filled up; raises `ExportError`.

    UTF-8, or the UTF-16 that Excel writes; cells parted by commas, semicolons or tabs, or by what a first line
    `sep=;` says.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ExportError(f"{path} cannot be read ({error.strerror}); name a CSV file.") from None
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError:
        raise ExportError(
            f"{path} is not a CSV file in UTF-8, nor in Excel's UTF-16; export it again as one."
        ) from None
    said = re.match(r'"?sep=(.)"?[ \t,;]*(?:\r\n|\r|\n|\Z)', text, re.IGNORECASE)
    if said:
        text = text[said.end() :]
    try:
        tables = {sign: _parsed(text, sign) for sign in (said[1] if said else ",;\t")}
    except csv.Error as error:
        raise ExportError(f"{path} is not a CSV file ({error}); export it again.") from None
    lines = max(tables.values(), key=lambda table: len(table[0]) if table else 0)
    if not lines:
        raise ExportError(f"{path} is empty; export it again.")
    headings = [heading.strip().lstrip("\ufeff") for heading in lines[0]]
    return headings, [[*line, *[""] * (len(headings) - len(line))] for line in lines[1:]]


def _parsed(text: str, sign: str) -> list[list[str]]:
    return [line for line in csv.reader(io.StringIO(text, newline=""), delimiter=sign) if any(line)]
