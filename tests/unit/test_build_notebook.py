"""Laying cells out: deterministic ids, fixed metadata, nbgrader's schema."""

from __future__ import annotations

import json
from typing import Any

import nbformat
import pytest

from course_lib.build import notebook
from course_lib.build.source import Cell, Source, SourceError

POINTS = {"f": 2.0, "g": 8.0}
EXERCISE = Source(
    "source/exercises/01_tiny.py",
    "exercise",
    "01_tiny",
    (
        Cell("markdown", "Halve it: 1.5<!--= answer -->.", 8),
        Cell("code", "def f():\n    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION", 11, answer="f"),
        Cell("code", 'check("f")', 17, check="f"),
        Cell("code", "### STUB g = None\n### BEGIN SOLUTION\ng = 2\n### END SOLUTION", 20, answer="g"),
        Cell("code", 'check("g")', 26, check="g"),
    ),
)
LESSON = Source(
    "source/lessons/01_tiny.py",
    "lesson",
    "01_tiny",
    (
        Cell("markdown", "# Title", 8),
        Cell("code", "x = 1", 11),
        Cell("code", "x = 1", 14),
        Cell("code", "x = 2", 17, id="spike", tags=("nbval-ignore-output",)),
    ),
)


def test_ids_are_explicit_or_follow_from_content_and_occurrence() -> None:
    ids = [cell.id for cell in notebook.lesson(LESSON).cells]
    assert ids == [cell.id for cell in notebook.lesson(LESSON).cells]
    assert len(set(ids)) == 4
    assert ids[3] == "spike"
    shorter = Source(LESSON.path, "lesson", LESSON.name, LESSON.cells[1:])
    assert [cell.id for cell in notebook.lesson(shorter).cells] == ids[1:]


def test_solution_and_learners_copy_share_their_ids() -> None:
    solved, handed_out = notebook.solution(EXERCISE, POINTS), notebook.exercise(EXERCISE, POINTS)
    assert [cell.id for cell in solved.cells] == [cell.id for cell in handed_out.cells]
    assert [cell.id for cell in solved.cells[1:]] == ["f-answer", "f", "g-answer", "g"]


@pytest.mark.parametrize(
    "built",
    [notebook.lesson(LESSON), notebook.solution(EXERCISE, POINTS), notebook.exercise(EXERCISE, POINTS)],
    ids=["lesson", "solution", "exercise"],
)
def test_every_notebook_is_valid_and_its_metadata_fixed(built: notebook.Notebook) -> None:
    nbformat.validate(built)
    assert (built.nbformat, built.nbformat_minor) == (4, 5)
    assert set(built.metadata) == {"course", "kernelspec", "language_info"}
    assert built.metadata.kernelspec == {"display_name": "Python 3", "language": "python", "name": "python3"}
    assert notebook.text(notebook.parse(notebook.text(built))) == notebook.text(built)


def test_an_exercise_says_which_one_it_is() -> None:
    for built in (notebook.solution(EXERCISE, POINTS), notebook.exercise(EXERCISE, POINTS)):
        assert built.metadata.course == {"kind": "exercise", "name": "01_tiny"}


def test_the_learners_copy_holds_no_answer_and_no_proof() -> None:
    sources = [cell.source for cell in notebook.exercise(EXERCISE, POINTS).cells]
    assert sources[0] == "Halve it: 1.5."
    assert sources[1] == "def f():\n    raise NotImplementedError"
    assert sources[3] == "g = None"
    solved = [cell.source for cell in notebook.solution(EXERCISE, POINTS).cells]
    assert solved[0].endswith("<!--= answer -->.")
    assert (solved[1], solved[3]) == ("def f():\n    return 1", "g = 2")


def test_answer_and_check_cells_carry_nbgraders_metadata() -> None:
    _, answer, check, *_ = notebook.exercise(EXERCISE, POINTS).cells
    assert answer.metadata == {
        "deletable": False,
        "nbgrader": {
            "grade": False,
            "grade_id": "f-answer",
            "locked": False,
            "schema_version": 3,
            "solution": True,
        },
    }
    assert check.metadata == {
        "deletable": False,
        "editable": False,
        "nbgrader": {
            "grade": True,
            "grade_id": "f",
            "locked": True,
            "points": 2.0,
            "schema_version": 3,
            "solution": False,
        },
    }
    assert not any(
        {"deletable", "editable"} & set(cell.metadata) for cell in notebook.solution(EXERCISE, POINTS).cells
    )


def test_an_explicit_id_stands_in_the_metadata_too_where_jupytext_finds_it() -> None:
    assert notebook.lesson(LESSON).cells[3].metadata == {"id": "spike", "tags": ["nbval-ignore-output"]}


def test_questions_and_cells_must_be_the_same() -> None:
    with pytest.raises(SourceError, match=r'tiny.py:26: .* knows no question "g" here; it knows f'):
        notebook.check_questions(EXERCISE, {"f": 2})
    with pytest.raises(SourceError, match=r'the question "h" of course_lib\.checks has no cells'):
        notebook.check_questions(EXERCISE, POINTS | {"h": 1})


def test_the_fingerprint_is_that_of_the_code_alone() -> None:
    built = notebook.lesson(LESSON)
    before = notebook.fingerprint(built)
    built.cells[0].source = "# Another title"
    built.cells[1].outputs = [{"output_type": "stream", "name": "stdout", "text": "1"}]
    assert notebook.fingerprint(built) == before
    built.cells[1].source = "x = 3"
    assert notebook.fingerprint(built) != before


@pytest.mark.parametrize(
    "stored",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"nbformat": 3, "metadata": {}, "cells": []}',
        '{"nbformat": 4, "metadata": {}, "cells": [1]}',
        '{"nbformat": 4, "metadata": {}, "cells": [{"cell_type": "code", "metadata": {}, "source": ""}]}',
    ],
)
def test_what_is_no_notebook_is_refused(stored: str) -> None:
    with pytest.raises(ValueError, match=r"notebook|Expecting"):
        notebook.parse(stored)


def test_reading_repairs_nothing() -> None:
    cell: dict[str, Any] = {"cell_type": "markdown", "metadata": {}, "source": ["a\n", "b"]}
    parsed = notebook.parse(json.dumps({"nbformat": 4, "metadata": {}, "cells": [cell]}))
    assert parsed.cells == [{"cell_type": "markdown", "metadata": {}, "source": "a\nb"}]
