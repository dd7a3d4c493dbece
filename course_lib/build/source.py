"""Reading `source/`: percent scripts into cells, with the file and the line of everything that is wrong."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from course_lib.build import numbers, transform
from course_lib.errors import CourseError

Kind = Literal["lesson", "exercise"]
FOLDERS: dict[Kind, str] = {"lesson": "source/lessons", "exercise": "source/exercises"}
TAGS = ("nbval-ignore-output", "raises-exception")

_MARKER = re.compile(r"^\s*#\s*%%(%*\s.*)?$")
_ID = re.compile(r"^[A-Za-z0-9_-]{1,64}$")
_NAME = re.compile(r"^[0-9]{2}_[a-z0-9_]+$")
_METADATA = ("id", "answer", "check", "tags")
_LEFT_BY_JUPYTEXT = "lines_to_next_cell"


class SourceError(CourseError):
    """A source file that cannot be built: `FILE:LINE: what is wrong, and what to do`."""


@dataclass(frozen=True)
class Cell:
    """One cell as its source states it; `line` is the line of its `# %%` in the file."""

    kind: Literal["markdown", "code"]
    text: str
    line: int
    id: str | None = None
    answer: str | None = None
    check: str | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """One lesson or exercise: where it lies (relative to the course), its kind, its name and its cells."""

    path: str
    kind: Kind
    name: str
    cells: tuple[Cell, ...]

    def error(self, line: int, sentence: str) -> SourceError:
        """An error that names the file and the line."""
        return SourceError(f"{self.path}:{line}: {sentence}.")


def source_paths(root: Path, kind: Kind) -> list[Path]:
    """The files of one kind, in the order of their names."""
    return sorted((root / FOLDERS[kind]).glob("*.py"))


def read(path: Path, root: Path) -> Source:
    """Read one source file of the course in `root`; raises `SourceError` with the file and the line.

    Empty cells are left out: JupyterLab adds one whenever the last cell is run.
    """
    kind = next(kind for kind, folder in FOLDERS.items() if path.parent == root / folder)
    relative = path.relative_to(root).as_posix()
    if not _NAME.match(path.stem):
        raise SourceError(f"{relative}: name the file like 03_clipping_mechanics.py.")
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise SourceError(f"{relative}: byte {error.start} is not UTF-8; save the file as UTF-8.") from None
    header_end = _check_header(text, relative, kind, path.stem)
    cells = tuple(cell for cell in _cells(text, relative, header_end) if cell.text.strip())
    source = Source(relative, kind, path.stem, cells)
    _check_cells(source)
    return source


def header(kind: Kind, name: str) -> list[str]:
    """The lines every source file begins with; jupytext writes the same ones back when a notebook is saved."""
    yaml = ["---", "jupyter:", "  course:", f"    kind: {kind}", f"    name: {name}", "---"]
    return [f"# {line}" for line in yaml]


def _check_header(text: str, path: str, kind: Kind, name: str) -> int:
    """The number of header lines; raises `SourceError` unless the header is exactly the one of this file."""
    expected = header(kind, name)
    written = text.split("\n")[: len(expected)]
    for number, (line, should) in enumerate(zip(written, expected, strict=False), start=1):
        if line.rstrip("\r") != should:
            raise SourceError(
                f"{path}:{number}: the header must begin with these {len(expected)} lines and hold no others: "
                f"{' / '.join(expected)}"
            )
    if len(written) < len(expected):
        raise SourceError(f"{path}:1: the file is too short; it begins with {' / '.join(expected)}")
    return len(expected)


def _cells(text: str, path: str, header_end: int) -> Iterator[Cell]:
    """The cells as jupytext reads them, each with the line of its marker."""
    import jupytext

    lines = text.splitlines()
    try:
        notebook = jupytext.reads(text, fmt="py:percent")
    except Exception as error:  # jupytext raises what its YAML and metadata readers raise
        reason = str(error).partition("\n")[0]
        raise SourceError(
            f"{path}: jupytext cannot read it ({reason}); compare its first lines and its markers."
        ) from None
    markers = [number for number, line in enumerate(lines, start=1) if _MARKER.match(line)]
    before = [line for line in lines[header_end : markers[0] - 1 if markers else None] if line.strip()]
    if before:
        raise SourceError(
            f"{path}:{header_end + 1}: something stands before the first cell; begin it with `# %%`."
        )
    if len(markers) != len(notebook.cells):
        raise SourceError(
            f"{path}: a line that begins with `# %%` stands inside a string or a fenced block; write it otherwise."
        )
    for line, cell in zip(markers, notebook.cells, strict=True):
        yield _cell(cell.cell_type, cell.source, line, dict(cell.metadata), path)


def _cell(kind: str, text: str, line: int, metadata: Mapping[str, Any], path: str) -> Cell:
    where = f"{path}:{line}"
    if kind not in ("markdown", "code"):
        raise SourceError(f"{where}: a {kind} cell; cells are Markdown (`# %% [markdown]`) or code (`# %%`).")
    for key in metadata:
        if key not in (*_METADATA, _LEFT_BY_JUPYTEXT):
            raise SourceError(
                f"{where}: unknown cell metadata `{key}`; a cell has id=, answer=, check= or tags=, nothing else."
            )
    for key in ("id", "answer", "check"):
        value = metadata.get(key)
        if value is not None and not (isinstance(value, str) and _ID.match(value)):
            raise SourceError(
                f"{where}: {key}={value!r} must be a string of letters, digits, - and _ (at most 64)."
            )
    tags = metadata.get("tags", [])
    if not isinstance(tags, list) or any(tag not in TAGS for tag in tags):
        raise SourceError(f"{where}: tags={tags!r}; the tags are {', '.join(TAGS)}, in a list.")
    return Cell(
        "markdown" if kind == "markdown" else "code",
        text,
        line,
        id=metadata.get("id"),
        answer=metadata.get("answer"),
        check=metadata.get("check"),
        tags=tuple(tags),
    )


def _check_cells(source: Source) -> None:
    _check_ids(source)
    for cell in source.cells:
        _check_roles(source, cell)
        _check_marks(source, cell)
        _check_numbers(source, cell)
    _check_questions(source)


def _check_ids(source: Source) -> None:
    seen: dict[str, int] = {}
    for cell in source.cells:
        implied = f"{cell.answer}-answer" if cell.answer else cell.check
        name = cell.id or implied
        if name is None:
            continue
        if name in seen:
            raise source.error(
                cell.line, f'the id "{name}" is also that of the cell in line {seen[name]}; rename one'
            )
        seen[name] = cell.line


def _check_roles(source: Source, cell: Cell) -> None:
    role = "answer" if cell.answer else "check" if cell.check else None
    if role is None:
        return
    if source.kind == "lesson":
        raise source.error(cell.line, f"{role}= belongs into an exercise, and this is a lesson")
    if cell.kind != "code":
        raise source.error(cell.line, f"{role}= belongs to a code cell, and this is Markdown")
    if cell.answer and cell.check:
        raise source.error(cell.line, "a cell is an answer or a check, not both; split it")
    if cell.check and not _is_check_of(cell.text, cell.check):
        raise source.error(cell.line, f'a check cell holds check("{cell.check}") and nothing else')


def _is_check_of(text: str, question: str) -> bool:
    return text.strip() == f'check("{question}")'


def _check_marks(source: Source, cell: Cell) -> None:
    if cell.kind != "code":
        return
    try:
        marked = transform.answers(cell.text)
    except transform.MarkError as error:
        raise source.error(cell.line + error.line, str(error)) from None
    if marked and not cell.answer:
        raise source.error(
            cell.line + marked[0].first + 1, f"{transform.BEGIN} stands in a cell without answer="
        )
    if cell.answer and not marked:
        raise source.error(cell.line, f"the answer cell has no {transform.BEGIN} and {transform.END}")
    if cell.answer:
        try:
            ast.parse(transform.learners_copy(cell.text))
        except SyntaxError as error:
            raise source.error(
                cell.line, f"the learner's copy of this cell is not Python ({error.msg})"
            ) from None


def _check_numbers(source: Source, cell: Cell) -> None:
    """Every proof has a number, and every number that makes a claim has a proof or is marked as plain."""
    if cell.kind != "markdown":
        return
    try:
        numbers.check_all_proven(cell.text)
    except numbers.NumberError as error:
        raise source.error(cell.line + error.line, str(error)) from None


def _check_questions(source: Source) -> None:
    answered = {cell.answer: cell.line for cell in source.cells if cell.answer}
    checked = {cell.check: cell.line for cell in source.cells if cell.check}
    for name, line in answered.items():
        if name not in checked:
            raise source.error(line, f'the answer "{name}" has no check cell; add `# %% check="{name}"`')
        if checked[name] < line:
            raise source.error(checked[name], f'the check of "{name}" stands before its answer')
    for name, line in checked.items():
        if name not in answered:
            raise source.error(line, f'the check "{name}" has no answer cell; add `# %% answer="{name}"`')
