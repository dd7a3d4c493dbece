"""Everything a folder of submissions can hold that is no proper notebook: one sentence each, and the batch goes on."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from handwritten import QUESTIONS, RIGHT, cell, hand_in, notebook

from course_lib.errors import CourseError
from course_lib.grading import notebook as reader
from course_lib.grading.export import gradebooks
from course_lib.grading.notebook import NotebookError, read
from course_lib.grading.submissions import Submissions

BAD = {
    "empty_file": ("", "is empty"),
    "not_json": ("<html>404</html>", "is not a notebook"),
    "torn": (json.dumps(notebook(*RIGHT))[:-40], "is not JSON"),
    "two_in_one": (json.dumps(notebook(*RIGHT)) * 2, "is not JSON"),
    "a_list": ("[1, 2]", "is not a notebook"),
    "no_cells": ('{"nbformat": 4}', "has no cells"),
    "cells_is_a_word": ('{"cells": "none"}', "cells are no list"),
    "cell_is_a_word": ('{"cells": ["none"]}', "is no cell"),
    "very_old": ('{"worksheets": [], "nbformat": 3}', "format of 2013"),
    "deep": ("[" * 200_000, "is not a notebook"),
    "deep_inside": ('{"cells": [{"cell_type": ' + "[" * 200_000 + "}", "is not JSON"),
    "deep_and_closed": ('{"cells": [{"metadata": ' + "[" * 50_000 + "]" * 50_000 + "}]}", "is not JSON"),
    "binary": (bytes(range(256)) * 10, "is not a notebook"),
    "other_exercise": (notebook(*RIGHT, name="91_other"), "holds exercise 91_other"),
}


def test_each_gets_one_sentence_and_the_batch_goes_on(grade, tmp_path, monkeypatch):
    import course_lib.checks.exercises as registry

    for learner, (content, _) in BAD.items():
        hand_in(tmp_path / "in", learner, content)
    hand_in(tmp_path / "in", "honest", notebook(*RIGHT))
    monkeypatch.setattr(registry, "EXERCISES", (*registry.EXERCISES, "91_other"))
    batch = grade(tmp_path / "in", "--jobs", "1")
    assert batch.code == 1
    assert batch.points("honest") == 10
    for learner, (_, said) in BAD.items():
        row = batch.grades[learner]
        assert (row["status"], row["points"], row["out_of"]) == ("unreadable", "0", "10"), learner
        assert said in row["reason"], (learner, row["reason"])
        assert f"{learner}/90_toy.ipynb: " in batch.said
        assert "Not graded." in batch.feedback(learner)


def harmless():
    checks = [cell(f'check("{name}")') for name in QUESTIONS]
    plain = [cell(source) for source in RIGHT]
    yield "deleted_checks", {"cells": plain}, "The check cell of double is missing or edited"
    yield "doubled_checks", {"cells": [*plain, *checks, *checks]}, "double is checked in 2 cells"
    edited = [*plain, cell("assert True"), *checks[1:]]
    yield "edited_check", {"cells": edited}, "The check cell of double is missing or edited"
    unknown = notebook(*RIGHT) | {"metadata": {"kernelspec": {"name": "cuda-lab-7", "display_name": 3}}}
    yield "unknown_kernel", unknown, ""
    yield "empty_cells", {"cells": [cell(""), cell([]), *plain, *checks]}, ""
    lines = [cell([line + "\n" for line in source.splitlines()]) for source in RIGHT]
    yield "lines", {"cells": [*lines, {"cell_type": "raw"}, *checks]}, ""


def test_what_is_odd_and_harmless_costs_nothing_and_is_noted(grade, tmp_path):
    for learner, content, _ in harmless():
        hand_in(tmp_path / "in", learner, content)
    hand_in(tmp_path / "in", "bom", b"\xef\xbb\xbf" + json.dumps(notebook(*RIGHT)).encode())
    hand_in(tmp_path / "in", "utf16", json.dumps(notebook(*RIGHT)).encode("utf-16"))
    batch = grade(tmp_path / "in", "--jobs", "1")
    assert batch.code == 0
    assert {name: row["points"] for name, row in batch.grades.items()} == dict.fromkeys(batch.grades, "10")
    for learner, _, said in harmless():
        assert said in batch.feedback(learner)


def test_200_mb_of_output_are_passed_over_in_little_memory(tmp_path):
    path = tmp_path / "large.ipynb"
    line = json.dumps("x" * 78 + "\n").encode() + b", "
    with path.open("wb") as file:
        file.write(b'{"cells": [{"cell_type": "code", "outputs": [{"text": [')
        for _ in range(100):
            file.write(line * 12_500)
        file.write(b'""]}, {"data": {"image/png": "' + b"A" * 100_000_000 + b'"}}], "source": "a = 1"}]}')
    assert path.stat().st_size > 200_000_000
    before = anonymous_memory()
    assert read(path).sources == ["a = 1"]
    assert anonymous_memory() - before < 20_000


def anonymous_memory() -> int:
    """This process's own memory now, in kB; what a file is mapped to does not count."""
    with Path("/proc/self/status").open() as status:
        return next(int(row.split()[1]) for row in status if row.startswith("RssAnon"))


def test_too_much_code_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(reader, "LARGEST_CODE", 1000)
    path = hand_in(tmp_path, "ann", notebook("x" * 2000))
    with pytest.raises(NotebookError, match="of code and text"):
        read(path)


@pytest.mark.parametrize("kind", ["missing", "empty", "text"])
def test_nothing_to_grade_is_said(toy_exercise, tmp_path, kind):
    root = tmp_path / "in"
    if kind == "empty":
        root.mkdir()
    elif kind == "text":
        root.write_text("hello")
    with pytest.raises(CourseError, match=r"in (does not exist|holds no notebooks|is neither)"):
        Submissions(root, ["90_toy"])


def test_an_output_folder_that_cannot_be_written_is_said(grade, tmp_path):
    hand_in(tmp_path / "in", "ann", notebook(*RIGHT))
    (tmp_path / "file").write_text("")
    with pytest.raises(CourseError, match="cannot be written"):
        grade(tmp_path / "in", out=tmp_path / "file" / "out")


def test_two_files_of_one_learner_are_left_to_a_person(grade, tmp_path):
    hand_in(tmp_path / "in", "ann", notebook(*RIGHT))
    hand_in(tmp_path / "in", "ann", notebook(), "90_toy/90_toy.ipynb")
    hand_in(tmp_path / "in", "bob", notebook(*RIGHT))
    batch = grade(tmp_path / "in")
    assert batch.points("bob") == 10
    assert batch.grades["ann"]["status"] == "unreadable"
    assert "is not the only file of this learner" in batch.grades["ann"]["reason"]


def test_links_and_unknown_exercises_are_refused(grade, tmp_path):
    right = hand_in(tmp_path / "in", "bob", notebook(*RIGHT))
    hand_in(tmp_path / "in", "ann", notebook(*RIGHT, name=None, checks=False), "55_else.ipynb")
    (tmp_path / "in" / "eve").mkdir()
    (tmp_path / "in" / "eve" / "90_toy.ipynb").symlink_to(right)
    (tmp_path / "in" / "zoe").mkdir()
    batch = grade(tmp_path / "in")
    assert "is a link" in batch.grades["eve"]["reason"]
    assert "the exercises are 90_toy" in batch.grades["ann"]["reason"]
    assert "zoe: handed in no notebook: its folder is empty." in batch.said
    assert batch.points("bob") == 10


def found(root):
    return [
        (entry.learner, entry.exercise, entry.late, entry.attempt, entry.problem)
        for entry in Submissions(root, ["90_toy"]).all
    ]


@pytest.mark.parametrize(
    ("name", "learner", "late", "attempt"),
    [
        ("ann/90_toy.ipynb", "ann", False, 0),
        ("ann/90_toy (1).ipynb", "ann", False, 0),
        ("ann/90_toy-1.ipynb", "ann", False, 0),
        ("ann/90_toy/90_toy.ipynb", "ann", False, 0),
        ("hand-in/ann/90_toy.ipynb", "ann", False, 0),
        ("doejane_123_456_90_toy.ipynb", "doejane_123", False, 1),
        ("doejane_LATE_123_456_90_toy-2.ipynb", "doejane_123", True, 3),
        ("submissions/doejane_123_456_my 90_toy.ipynb", "doejane_123", False, 1),
        ("Jane Doe_77_assignsubmission_file_/90_toy.ipynb", "Jane Doe_77", False, 0),
        ("Jane Doe_77_assignsubmission_file_/homework.ipynb", "Jane Doe_77", False, 0),
    ],
)
def test_layouts_of_folders_and_zips(tmp_path, name, learner, late, attempt):
    content = json.dumps(notebook(*RIGHT))
    hand_in(tmp_path, "in", content, name)
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        archive.writestr(name, content)
        archive.writestr("__MACOSX/._x.ipynb", "junk")
    assert found(tmp_path / "in") == [(learner, "90_toy", late, attempt, "")]
    assert found(tmp_path / "in.zip") == [(learner, "90_toy", late, attempt, "")]


def test_the_last_attempt_counts_and_is_kept_to_the_gradebook(grade, tmp_path):
    canvas = tmp_path / "in" / "canvas"
    names = ("doejane_7_1_90_toy.ipynb", "doejane_LATE_7_2_90_toy-2.ipynb", "doejane_7_3_90_toy-1.ipynb")
    for name, answers in zip(names, (RIGHT[:1], RIGHT, RIGHT[:2]), strict=True):
        hand_in(canvas.parent, "canvas", notebook(*answers), name)
    batch = grade(canvas)
    row = batch.grades["doejane_7"]
    assert (row["points"], row["late"], row["attempt"]) == ("10", "yes", "3")
    assert batch.results["doejane_7", "top"]["submission"]["attempt"] == 3
    assert "Attempt 3, handed in late." in batch.feedback("doejane_7")
    gradebooks.export("moodle", batch.out, None, tmp_path / "book.csv")
    assert "handed in late, attempt 3" in (tmp_path / "book.csv").read_text(encoding="utf-8")


def test_a_zip_is_graded_like_a_folder_and_its_bad_members_are_refused(grade, tmp_path, monkeypatch):
    monkeypatch.setattr("course_lib.grading.submissions.archive.LARGEST_MEMBER", 1 << 20)
    with zipfile.ZipFile(tmp_path / "in.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ann/90_toy.ipynb", json.dumps(notebook(*RIGHT)))
        archive.writestr("../../evil/90_toy.ipynb", json.dumps(notebook(*RIGHT)))
        archive.writestr("/abs/90_toy.ipynb", json.dumps(notebook(*RIGHT)))
        archive.writestr("bomb/90_toy.ipynb", b" " * (5 << 20))
        archive.writestr("torn/90_toy.ipynb", json.dumps(notebook("pass" * 5000)))
    data = bytearray((tmp_path / "in.zip").read_bytes())
    place = data.index(b"torn/90_toy.ipynb") + 30
    data[place : place + 20] = b"\xff" * 20
    (tmp_path / "in.zip").write_bytes(data)
    batch = grade(tmp_path / "in.zip")
    assert batch.points("ann") == 10
    assert "expands to more than 1 MB" in batch.grades["bomb"]["reason"]
    assert "cannot be taken out of the zip" in batch.grades["torn"]["reason"]
    assert "climbs out" in batch.grades["../../evil/90_toy.ipynb"]["reason"]
    assert "climbs out" in batch.grades["/abs/90_toy.ipynb"]["reason"]
    assert not (tmp_path.parent / "evil").exists()
