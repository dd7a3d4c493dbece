"""What a notebook costs the trusted side it costs itself alone: a question, or at worst all of it, by name."""

from __future__ import annotations

import pytest
from grader import grade_apart
from handwritten import DOUBLE, NORM, RIGHT, TOP, hand_in, notebook

ONE_QUESTION = {-2: "time or memory", -4: "The check of threshold failed: LookupError", -5: "time or memory"}
ALL_OF_IT = {-1: "the end of its processor time", -3: "an abort"}


@pytest.mark.needs("sandbox")
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_judge_that_is_dear_costs_one_notebook_and_no_other(tmp_path, jobs):
    for dear in (*ONE_QUESTION, *ALL_OF_IT, -6):
        hand_in(tmp_path / "in", f"dear{-dear}", notebook(DOUBLE, NORM, f"threshold = {dear}", TOP))
    for number in range(3):
        hand_in(tmp_path / "in", f"honest{number}", notebook(*RIGHT, f"# {number}"))
    batch = grade_apart(tmp_path, "--jobs", jobs, command="toy.dear")
    assert batch.code == 1, batch.said
    assert "Traceback" not in batch.said, batch.said
    for number in range(3):
        assert batch.points(f"honest{number}") == 10
    for dear, why in ONE_QUESTION.items():
        assert batch.points(f"dear{-dear}") == 9
        assert why in batch.feedback(f"dear{-dear}")
    for dear, why in ALL_OF_IT.items():
        row = batch.grades[f"dear{-dear}"]
        assert (row["status"], row["points"]) == ("unreadable", "0")
        assert "ended the grader's own process twice" in row["reason"]
        assert why in row["reason"]
        assert f"dear{-dear}" in batch.said
    assert batch.grades["dear6"]["status"] in ("graded", "unreadable")
    assert "the author's own" in (batch.out / "faults.log").read_text(encoding="utf-8")


@pytest.mark.needs("sandbox")
def test_a_file_that_goes_while_it_is_read_is_one_row(grade, tmp_path, monkeypatch):
    from course_lib.grading.submissions import Submissions

    gone = hand_in(tmp_path / "in", "gone", notebook(*RIGHT, "# 1"))
    hand_in(tmp_path / "in", "stays", notebook(*RIGHT, "# 2"))
    plain = Submissions.__init__

    def vanishing(self, *given):
        plain(self, *given)
        gone.unlink()

    monkeypatch.setattr(Submissions, "__init__", vanishing)
    batch = grade(tmp_path / "in")
    assert batch.grades["gone"]["status"] == "unreadable"
    assert batch.points("stays") == 10


@pytest.mark.needs("sandbox")
def test_a_fault_in_reading_is_one_row_and_is_kept(grade, tmp_path, monkeypatch):
    from course_lib.grading import command

    hand_in(tmp_path / "in", "ann", notebook(*RIGHT, "# 1"))
    hand_in(tmp_path / "in", "bob", notebook(*RIGHT, "# 2"))
    plain = command._read

    def failing(found, submission):
        if submission.learner == "ann":
            raise LookupError("of the reader")
        return plain(found, submission)

    monkeypatch.setattr(command, "_read", failing)
    batch = grade(tmp_path / "in")
    assert "a fault of the grader's own (LookupError)" in batch.grades["ann"]["reason"]
    assert batch.points("bob") == 10
    assert "of the reader" in (batch.out / "faults.log").read_text(encoding="utf-8")
