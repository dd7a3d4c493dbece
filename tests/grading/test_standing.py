"""What counts: results of the course as it is, of learners who still hand in. The rest has a row and a status."""

from __future__ import annotations

import shutil
import sqlite3
from dataclasses import replace

import pytest
import toy.probes
from handwritten import DOUBLE, NORM, RIGHT, THRESHOLD, TOP, hand_in, notebook

from course_lib.cli import main
from course_lib.errors import CourseError
from course_lib.grading import local, runner, schema
from course_lib.grading.export.gradebooks import export
from course_lib.grading.ledger import FILE


@pytest.fixture
def points(monkeypatch):
    """`points(norm=1)` gives a question other points, as a maintainer would in its file."""

    def change(**wanted):
        asked = tuple(replace(one, points=wanted.get(one.name, one.points)) for one in toy.probes.ASKED)
        monkeypatch.setattr(toy.probes, "ASKED", asked)
        runner.exercise.cache_clear()

    return change


@pytest.fixture
def put(monkeypatch):
    """What is put to submissions: a question, or `None` for all of them."""
    asked = []
    plain = local.grade
    monkeypatch.setattr(local, "grade", lambda *given: asked.append(given[-1]) or plain(*given))
    return asked


@pytest.fixture
def three(tmp_path):
    folder = tmp_path / "in"
    hand_in(folder, "ann", notebook(*RIGHT))
    hand_in(folder, "bob", notebook(DOUBLE, "import os", NORM, "os._exit(3)", THRESHOLD))
    hand_in(folder, "eve", notebook(DOUBLE, TOP, "raise ValueError"))
    hand_in(folder, "torn", "{")
    return folder


def rows(batch):
    return (batch.out / "grades.csv").read_bytes()


@pytest.mark.parametrize("changed", [{"norm": 1}, {"norm": 1, "top": 6}])
def test_other_points_are_brought_to_all_and_give_the_bytes_of_a_first_grading(
    grade, three, points, put, tmp_path, changed
):
    before = grade(three)
    assert before.grades["ann"]["out_of"] == "10"
    points(**changed)
    new = grade(three, out=tmp_path / "new")
    put.clear()
    hand_in(three, "zoe", notebook(DOUBLE))
    after = grade(three)
    assert put == [next(iter(changed)) if len(changed) == 1 else None] * 3 + [None]
    assert "norm: 3 results are of another version of its check" in after.said
    assert "norm: points changed for 2 of 3 submissions." in after.told
    shutil.rmtree(three / "zoe")
    last = grade(three, "--no-sandbox")
    counted = [line for line in rows(last).splitlines(keepends=True) if b"zoe" not in line]
    assert b"".join(counted) == rows(new)
    assert put == put[:4]
    assert {key: line["out_of"] for key, line in last.results.items() if key[0] != "zoe"} == {
        key: line["out_of"] for key, line in new.results.items()
    }


def test_what_is_out_of_date_and_not_there_is_named_and_never_added_up(grade, three, points, tmp_path):
    grade(three)
    points(norm=1)
    hand_in(tmp_path / "more", "zoe", notebook(*RIGHT, "# other bytes than ann's"))
    batch = grade(tmp_path / "more")
    assert batch.code == 1
    assert "ann/90_toy.ipynb: was graded before its questions were changed" in batch.said
    assert batch.grades["ann"] | {"status": "outdated", "points": "", "out_of": ""} == batch.grades["ann"]
    assert batch.grades["torn"]["out_of"] == batch.grades["zoe"]["out_of"] == "8"
    assert ("ann", "norm") not in batch.results
    told = export("moodle", batch.out, None, tmp_path / "out.csv").problems
    assert any(line.startswith("ann, 90_toy: ") and "--forget" in line for line in told)
    assert "ann" not in (tmp_path / "out.csv").read_text()
    assert grade(three).code == 1  # torn alone
    assert grade(three).points("ann") == 8


def test_an_export_refuses_what_the_course_has_outgrown(grade, three, points, tmp_path, capsys):
    batch = grade(three)
    points(norm=1)
    with pytest.raises(CourseError, match="another version of the course"):
        export("canvas", batch.out, None, tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()


def test_a_ledger_of_before_versions_is_brought_up_to_date(grade, three, put):
    first = grade(three)
    kept = rows(first)
    with sqlite3.connect(first.out / FILE) as base:
        for table, columns in schema._LATER.items():
            for column in columns:
                base.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        base.execute("DROP TABLE exported")
        base.execute("PRAGMA user_version = 0")
    base.close()
    put.clear()
    again = grade(three)
    assert put == [None] * 3
    assert rows(again) == kept
    put.clear()
    grade(three)
    assert put == []


def test_a_ledger_of_a_newer_course_is_said(grade, three):
    out = grade(three).out
    with sqlite3.connect(out / FILE) as base:
        base.execute("PRAGMA user_version = 99")
    base.close()
    with pytest.raises(CourseError, match="newer version"):
        grade(three)


def test_stopped_in_the_middle_it_goes_on(grade, three, points, monkeypatch, put):
    grade(three)
    points(norm=1)
    plain = local.grade
    calls = iter((plain,))

    def stopping(*given):
        call = next(calls, None)
        if call is None:
            raise KeyboardInterrupt
        return call(*given)

    monkeypatch.setattr(local, "grade", stopping)
    stopped = grade(three)
    assert stopped.code == 1
    assert {row["out_of"] for row in stopped.grades.values()} == {"8", ""}
    monkeypatch.setattr(local, "grade", plain)
    last = grade(three)
    assert "norm: points changed for 2 of 3 submissions." in last.told
    assert "not finished" not in last.said


def test_who_is_no_longer_there_is_withdrawn_and_may_come_back(grade, three):
    grade(three)
    (three / "ann").rename(three / "anna")
    shutil.rmtree(three / "eve")
    shutil.rmtree(three / "torn")
    batch = grade(three)
    assert batch.code == 0
    assert "ann, 90_toy: no longer in " in batch.said
    assert {name: row["status"] for name, row in batch.grades.items()} == {
        "ann": "withdrawn",
        "anna": "graded",
        "bob": batch.grades["bob"]["status"],
        "eve": "withdrawn",
    }
    report = (batch.out / "report.html").read_text(encoding="utf-8")
    assert "The same file, byte for byte" not in report
    assert "<strong>2</strong>submissions" in report
    told = export("moodle", batch.out, None, batch.out / "out.csv").problems
    assert "ann, 90_toy: no longer handed in, so not in the gradebook." in told
    (three / "anna").rename(three / "ann")
    back = grade(three)
    assert back.grades["ann"]["status"] == "graded"
    assert back.grades["anna"]["status"] == "withdrawn"


def test_another_folder_adds_and_takes_nothing_away(grade, three, tmp_path):
    first = grade(three)
    kept = first.grades
    hand_in(tmp_path / "late", "zoe", notebook(*RIGHT))
    second = grade(tmp_path / "late")
    assert {name: row for name, row in second.grades.items() if name != "zoe"} == kept
    assert kept["torn"]["status"] == "unreadable"
    shutil.make_archive(str(tmp_path / "zipped"), "zip", tmp_path / "late")
    third = grade(tmp_path / "zipped.zip")
    assert third.grades.keys() == second.grades.keys()


def test_a_learner_is_forgotten_for_good(grade, three, tmp_path, capsys):
    grade(three)
    with pytest.raises(CourseError, match="still lies in"):
        grade(three, "--forget", "ann")
    shutil.rmtree(three / "ann")
    batch = grade(three, "--forget", "ann")
    assert "ann" not in batch.grades
    assert not (batch.out / "feedback" / "ann--90_toy.html").exists()
    assert main(["grade", "--out", str(batch.out), "--forget", "eve"]) == 1  # torn is still there
    assert "eve" not in grade(tmp_path / "in").grades or (three / "eve").exists()
    with pytest.raises(CourseError, match="knows no 'nobody'"):
        grade(three, "--forget", "nobody")
    assert main(["grade", "--out", str(batch.out)]) == 2
    assert "name the folder or the zip" in capsys.readouterr().err
