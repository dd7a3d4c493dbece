"""Without a sandbox grading stops with a sentence; `course check` answers as the notebook does."""

from __future__ import annotations

import argparse
import signal

import pytest
from handwritten import DOUBLE, RIGHT, hand_in, notebook

from course_lib.errors import CourseError
from course_lib.grading import check_command, command, confine, process
from course_lib.teach import store


def graded_without(monkeypatch, tmp_path, *arguments):
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    hand_in(tmp_path / "in", "ann", notebook(*RIGHT))
    args = parser.parse_args([str(tmp_path / "in"), "--out", str(tmp_path / "out"), *arguments])
    return command.run(args)


def test_a_missing_sandbox_is_said_before_anything_runs(toy_exercise, monkeypatch, tmp_path):
    monkeypatch.setattr(confine.shutil, "which", lambda name: None)
    with pytest.raises(CourseError, match=r"bubblewrap is missing .* With --no-sandbox"):
        graded_without(monkeypatch, tmp_path)
    assert not (tmp_path / "out").exists()


def test_a_kernel_that_refuses_is_quoted(toy_exercise, monkeypatch, tmp_path):
    refusing = tmp_path / "bwrap"
    refusing.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
    refusing.chmod(0o755)
    monkeypatch.setattr(confine.shutil, "which", lambda name: str(refusing))
    with pytest.raises(CourseError, match="No permissions to create new namespace"):
        graded_without(monkeypatch, tmp_path)


def test_the_report_carries_the_warning_for_good(grade, tmp_path):
    hand_in(tmp_path / "in", "ann", notebook(*RIGHT))
    assert "without a sandbox" in grade(tmp_path / "in", "--no-sandbox").said
    batch = grade(tmp_path / "in")
    assert "without a sandbox" not in batch.said
    assert "without a sandbox" in (batch.out / "report.html").read_text(encoding="utf-8")


def test_nothing_warns_where_the_sandbox_holds(grade, tmp_path):
    hand_in(tmp_path / "in", "ann", notebook(*RIGHT))
    batch = grade(tmp_path / "in")
    assert "without a sandbox" not in (batch.out / "report.html").read_text(encoding="utf-8")


def test_check_prints_every_verdict_and_the_points(worker, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(check_command, "open_worker", lambda sandbox, exercise: worker)
    monkeypatch.setattr(type(worker), "close", lambda self: None)
    path = hand_in(tmp_path, "ann", notebook(DOUBLE.replace("2 * x", "x ** 2"), *RIGHT[1:], "1 / 0"))
    assert check_command.run(argparse.Namespace(notebook=path)) == 0
    said = capsys.readouterr().out
    assert "double: misconception (0 of 2 points)\nThis squares; doubling adds x to itself." in said
    assert "Cell 5 stopped with ZeroDivisionError: division by zero." in said
    assert said.endswith("90_toy: 8 of 10 points\n")


@pytest.mark.parametrize("where", ["work", "inbox"])
def test_check_counts_for_the_progress_of_whose_work_it_is(worker, monkeypatch, tmp_path, where):
    monkeypatch.setenv("COURSE_WORK", str(tmp_path / "work"))
    monkeypatch.setattr(check_command, "open_worker", lambda sandbox, exercise: worker)
    monkeypatch.setattr(type(worker), "close", lambda self: None)
    path = hand_in(tmp_path / where, "ann", notebook(*RIGHT))
    assert check_command.run(argparse.Namespace(notebook=path)) == 0
    kept = {record["id"]: record["points"] for record in store.read("events").records}
    assert sum(kept.values()) == (10 if where == "work" else 0)
    assert {record["lesson"] for record in store.read("events").records} <= {"90_toy"}


def test_check_refuses_what_is_no_exercise_in_one_sentence(toy_exercise, tmp_path):
    path = hand_in(tmp_path, "ann", notebook(*RIGHT, name=None, checks=False), "notes.ipynb")
    with pytest.raises(CourseError, match=r"notes.ipynb is of no exercise"):
        check_command.run(argparse.Namespace(notebook=path))
    with pytest.raises(CourseError, match="cannot be read"):
        check_command.run(argparse.Namespace(notebook=tmp_path / "none.ipynb"))


@pytest.mark.parametrize("number", sorted({*signal.valid_signals(), signal.SIGRTMIN + 6}))
def test_an_end_by_any_signal_is_told(number):
    assert process.how(-number).startswith("it was ended by ")
