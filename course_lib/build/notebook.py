"""Laying a source out as a notebook: the same source gives the same bytes, on every machine.

Notebooks are nbformat 4.5. Cell ids are explicit or derived from the content; there are no timestamps, no paths
and no execution metadata; what the kernel and the language say of themselves is fixed. Answer and check cells carry
nbgrader's metadata (schema version 3), so that nbgrader takes an exercise as it is.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

import nbformat

from course_lib.build import numbers, transform
from course_lib.build.panels import only_shows_a_panel
from course_lib.build.source import Cell, Source

Notebook = nbformat.NotebookNode
Points = Mapping[str, float]
"""The points of each question of an exercise, by its name."""

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
LANGUAGE = {"file_extension": ".py", "mimetype": "text/x-python", "name": "python"}
NBGRADER_SCHEMA = 3


def lesson(source: Source) -> Notebook:
    """The notebook of a lesson, without outputs."""
    return _notebook(source, [(cell, cell.text, _metadata(cell)) for cell in source.cells])


def solution(source: Source, points: Points) -> Notebook:
    """The notebook of an exercise with its answers, without outputs."""
    return _notebook(
        source,
        [(cell, transform.solution_copy(cell.text), _graded(cell, points)) for cell in source.cells],
    )


def exercise(source: Source, points: Points) -> Notebook:
    """The learner's copy of an exercise: no answers, check cells locked against a slip of the hand."""
    return _notebook(
        source,
        [(cell, _handed_out(cell), _graded(cell, points) | _locks(cell)) for cell in source.cells],
    )


def text(notebook: Notebook) -> str:
    """The notebook as it is stored: JSON in nbformat's own layout, with a newline at its end."""
    return f"{nbformat.v4.writes(notebook)}\n"  # type: ignore[no-untyped-call]


def parse(stored: str) -> Notebook:
    """A stored notebook, as written and unrepaired; raises `ValueError` when it is none.

    nbformat's own reader repairs what it reads (it gives ids to cells that have none), which would hide drift.
    """
    loaded = json.loads(stored)
    if not _is_notebook(loaded):
        raise ValueError("no notebook of format 4")
    notebook: Notebook = nbformat.v4.to_notebook(loaded)  # type: ignore[no-untyped-call]
    return notebook


def fingerprint(notebook: Notebook) -> str:
    """The SHA-1 of a notebook's code cells, in order: stored outputs belong to this code and to no other."""
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    return hashlib.sha1(json.dumps(code).encode()).hexdigest()


def _is_notebook(loaded: object) -> bool:
    """Whether parsed JSON has a notebook's shape, as far as reading its cells needs it."""
    return (
        isinstance(loaded, dict)
        and loaded.get("nbformat") == 4
        and isinstance(loaded.get("metadata"), dict)
        and isinstance(loaded.get("cells"), list)
        and all(_is_cell(cell) for cell in loaded["cells"])
    )


def _is_cell(cell: object) -> bool:
    return (
        isinstance(cell, dict)
        and isinstance(cell.get("metadata"), dict)
        and isinstance(cell.get("source"), str | list)
        and isinstance(cell.get("outputs", []), list)
        and all(isinstance(output, dict) for output in cell.get("outputs", []))
        and cell.get("cell_type") in ("markdown", "raw", "code")
        and (cell["cell_type"] != "code" or "outputs" in cell)
    )


def _notebook(source: Source, cells: list[tuple[Cell, str, dict[str, Any]]]) -> Notebook:
    occurrences: Counter[str] = Counter()
    built = []
    for cell, content, metadata in cells:
        node: dict[str, Any] = {"cell_type": cell.kind, "id": _id(cell, occurrences)}
        node |= {"metadata": metadata, "source": content}
        if cell.kind == "code":
            node |= {"execution_count": None, "outputs": []}
        built.append(node)
    notebook: Notebook = nbformat.from_dict(  # type: ignore[no-untyped-call]
        {
            "cells": built,
            "metadata": {
                "course": {"kind": source.kind, "name": source.name},
                "kernelspec": KERNEL,
                "language_info": LANGUAGE,
            },
            "nbformat": 4,
            "nbformat_minor": 5,
        }
    )
    return notebook


def _id(cell: Cell, occurrences: Counter[str]) -> str:
    """The cell's own id, its question's, or the SHA-1 of its content and of how often that came before."""
    if cell.id:
        return cell.id
    if cell.answer or cell.check:
        return _grade_id(cell)
    content = f"{cell.kind}\n{cell.text}"
    occurrences[content] += 1
    return hashlib.sha1(f"{occurrences[content]}\n{content}".encode()).hexdigest()[:12]


def _metadata(cell: Cell) -> dict[str, Any]:
    """What a lesson's cell carries. An explicit id stands here too: jupytext writes it back from here."""
    metadata: dict[str, Any] = {}
    if cell.id:
        metadata["id"] = cell.id
    if cell.tags:
        metadata["tags"] = list(cell.tags)
    return metadata | _folded(cell)


def _folded(cell: Cell) -> dict[str, Any]:
    """Written by the build alone, and not written back by jupytext: `cell_metadata_filter` leaves it out."""
    if cell.kind == "code" and only_shows_a_panel(cell.text):
        return {"jupyter": {"source_hidden": True}}
    return {}


def _graded(cell: Cell, points: Points) -> dict[str, Any]:
    metadata: dict[str, Any] = ({"tags": list(cell.tags)} if cell.tags else {}) | _folded(cell)
    if cell.answer or cell.check:
        graded = cell.check is not None
        metadata["nbgrader"] = {
            "grade": graded,
            "grade_id": _grade_id(cell),
            "locked": graded,
            "schema_version": NBGRADER_SCHEMA,
            "solution": not graded,
        }
    if cell.check:
        metadata["nbgrader"]["points"] = points[cell.check]
    return metadata


def _grade_id(cell: Cell) -> str:
    return f"{cell.answer}-answer" if cell.answer else str(cell.check)


def _locks(cell: Cell) -> dict[str, bool]:
    """What nbgrader sets on release: neither cell may be deleted, and a check cell not be edited either."""
    if cell.check:
        return {"deletable": False, "editable": False}
    return {"deletable": False} if cell.answer else {}


def _handed_out(cell: Cell) -> str:
    """A learner's copy shows neither the answer nor, in the hidden proof of a number, how to compute it."""
    if cell.kind == "markdown":
        return numbers.without_proofs(cell.text)
    return transform.learners_copy(cell.text)


def check_questions(source: Source, points: Points) -> None:
    """Raise `SourceError` unless the questions of the source are those of `course_lib.checks`, in their order."""
    asked = {cell.check: cell.line for cell in source.cells if cell.check}
    for name, line in asked.items():
        if name not in points:
            known = ", ".join(points)
            raise source.error(line, f'course_lib.checks knows no question "{name}" here; it knows {known}')
    for name in points:
        if name not in asked:
            raise source.error(
                1, f'the question "{name}" of course_lib.checks has no cells; add answer="{name}"'
            )
