"""Reading one file: what it really is, what its cells are, and files that change while they are read."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from handwritten import DOUBLE, NORM, RIGHT, THRESHOLD, TOP, cell, hand_in, notebook

import course_lib.checks.exercises as exercises
from course_lib.grading import notebook as reader
from course_lib.grading.notebook import NotebookError, read
from course_lib.work import course_root

WHOLE = json.dumps(notebook(*RIGHT), indent=1)
CONFLICT = WHOLE.replace("\n", '\n<<<<<<< HEAD\n  "x",\n=======\n  "y",\n>>>>>>> mine\n', 1)

NO_NOTEBOOKS = {
    "html": (b"<!DOCTYPE html><html>", "an HTML page"),
    "html_with_comment": (b"\xef\xbb\xbf\n<!-- saved -->\n<HTML>", "an HTML page"),
    "pdf": (b"%PDF-1.7\n", "a PDF"),
    "zip": (b"PK\x03\x04" + bytes(40), "a zip"),
    "docx": (b"PK\x03\x04" + bytes(26) + b"[Content_Types].xml", "an Office document"),
    "rtf": (b"{\\rtf1\\ansi {\\fonttbl}", "a text document (RTF)"),
    "picture": (b"\x89PNG\r\n", "a picture"),
    "packed": (b"\x1f\x8b\x08", "a packed archive"),
    "python": (b"# %%\nimport numpy as np\n", "Python code or plain text"),
    "lfs": (b"version https://git-lfs.github.com/spec/v1\n", "a pointer of Git LFS"),
    "zeros": (bytes(900), "a file of zero bytes alone"),
}


@pytest.mark.parametrize("name", NO_NOTEBOOKS)
def test_what_a_file_really_is(tmp_path, name):
    content, what = NO_NOTEBOOKS[name]
    with pytest.raises(NotebookError) as told:
        read(hand_in(tmp_path, "ann", content))
    assert str(told.value).startswith(f"is not a notebook but {what}")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (CONFLICT, "conflict markers of git (line 2)"),
        (WHOLE[:-40], "damaged"),
        (WHOLE * 2, "damaged"),
        ("", "is empty"),
    ],
    ids=["conflict", "torn", "twice", "empty"],
)
def test_no_advice_that_cannot_be_followed(tmp_path, content, said):
    """JupyterLab opens none of these, so nobody is told to save them there."""
    with pytest.raises(NotebookError) as told:
        read(hand_in(tmp_path, "ann", content))
    assert said in str(told.value)
    assert "save it" not in str(told.value)


def test_what_is_whole_in_spite_of_its_surroundings_is_read(tmp_path):
    whole = json.dumps(notebook(*RIGHT)).encode()
    utf16 = json.dumps(notebook(*RIGHT)).encode("utf-16-le")
    large_state = notebook(*RIGHT)
    large_state["metadata"]["widgets"] = {"state": "x" * (reader.LARGEST_CODE + 1)}
    for content in (
        whole + bytes(512),
        whole + b"\r\n\0 \0",
        utf16,
        b"\xff\xfe" + utf16,
        json.dumps(large_state).encode(),
    ):
        found = read(hand_in(tmp_path, "ann", content))
        assert found.sources[:4] == list(RIGHT)
        assert found.exercise == "90_toy"


def test_a_file_that_shrinks_or_goes_while_it_is_read_spoils_itself_only(tmp_path, monkeypatch):
    """In a process of its own: the old reader was ended by a bus error."""
    code = """if True:
        import io, os, sys
        from pathlib import Path
        from course_lib.grading import notebook
        path = Path(sys.argv[1])
        opener = notebook._without_waiting
        parse = notebook._parse
        def shrink(*given):
            os.truncate(path, 10)
            return parse(*given)
        notebook._parse = shrink
        try:
            print(len(notebook.read(path).cells))
        except notebook.NotebookError as error:
            print("told:", error)
        path.unlink()
        try:
            notebook.read(path)
        except notebook.NotebookError as error:
            print("told:", error)
    """
    large = notebook(*RIGHT)
    large["cells"][0]["outputs"] = ["x" * 78] * 200_000
    path = hand_in(tmp_path, "ann", large)
    ran = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.splitlines() == ["9", "told: cannot be read (No such file or directory)."]


def test_a_pipe_in_the_place_of_a_file_keeps_nobody_waiting(tmp_path):
    os.mkfifo(tmp_path / "90_toy.ipynb")
    with pytest.raises(NotebookError, match="is not a file"):
        read(tmp_path / "90_toy.ipynb")


def test_what_a_cell_of_text_would_define_is_known(tmp_path):
    content = {
        "cells": [
            cell(DOUBLE, cell_type="markdown"),
            cell(THRESHOLD, cell_type="raw"),
            cell("@cache\nasync def later(x: int) -> int: ...\nclass Norm:\n  pass", cell_type="raw"),
            cell("Write `top`:\n```python\ndef top(x): ...\n```\nSo top == 3.", cell_type="markdown"),
            cell(NORM),
        ]
    }
    kinds = {"double": "Markdown", "threshold": "raw", "later": "raw", "Norm": "raw"}
    assert read(hand_in(tmp_path, "ann", content)).in_text == kinds


@pytest.mark.parametrize("name", exercises.EXERCISES)
def test_no_text_of_an_exercise_is_taken_for_an_answer(name):
    handed_out = read(course_root() / "exercises" / f"{name}.ipynb")
    needed = {need for asked in exercises.load_asked(name) for need in asked.needs}
    assert not needed & set(handed_out.in_text)


def test_the_question_says_that_its_cell_is_no_code(grade, tmp_path):
    content = notebook(NORM, TOP)
    content["cells"] = [
        cell(DOUBLE, cell_type="markdown"),
        cell(THRESHOLD, cell_type="raw"),
        *content["cells"],
    ]
    content["cells"].insert(0, cell("import numpy as np"))
    hand_in(tmp_path / "in", "ann", content)
    batch = grade(tmp_path / "in")
    assert (
        "The name double is not defined: the cell that would define it is of type Markdown"
        in batch.results["ann", "double"]["message"]
    )
    assert "is of type raw" in batch.results["ann", "threshold"]["message"]
    assert batch.points("ann") == 7


def test_reading_takes_time_in_proportion(tmp_path):
    """Newlines, blanks and brackets without end were gone through again from each of them."""
    import time

    def seconds(size: int) -> float:
        source = "\n" * size + "check(" * size + "(" * size + " " * size + "x" * size + "=" * size
        path = hand_in(tmp_path, "ann", {"cells": [cell(source), cell(source, cell_type="raw")]})
        began = time.process_time()
        read(path).notes(["double"])
        return time.process_time() - began

    small = max(min(seconds(100_000) for _ in range(3)), 0.01)
    assert seconds(400_000) < 20 * small


def test_the_kinds_of_the_courses_own_files():
    root, name = course_root(), exercises.EXERCISES[0]
    kinds = [read(root / folder / f"{name}.ipynb").kind for folder in ("notebooks", "exercises", "solutions")]
    assert kinds == ["lesson", "exercise", "solution"]
    assert "solution" in read(root / "solutions" / f"{name}.ipynb").notes([])[0]
