"""What the sandbox shows to every notebook holds no submission, no ledger, no home and no copy of the references."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import pytest
from handwritten import RIGHT, hand_in, notebook

from course_lib.errors import CourseError
from course_lib.grading import command, confine


@pytest.fixture
def environment(monkeypatch, tmp_path):
    """A folder that the sandbox shows beside what it shows anyway, as an environment made in the class's folder is."""
    shown = confine.visible()
    folder = tmp_path / "class"
    folder.mkdir()
    monkeypatch.setattr(confine, "visible", lambda: [*shown, folder])
    return folder


def seen_inside(path: Path) -> list[str]:
    """What a process in the sandbox finds in a folder."""
    start = confine.sandboxed()
    listing = f"import os; print(*os.listdir({str(path)!r}), sep='\\n')"
    words = [*start.command[: start.command.index("--")], "--", sys.executable, "-c", listing]
    said = subprocess.run(words, env=start.environment, capture_output=True, text=True, check=True)
    return said.stdout.split()


@pytest.mark.parametrize("where", ["submissions", "out", "a link"])
def test_a_class_in_a_folder_that_is_shown_is_refused_before_anything_runs(environment, tmp_path, where):
    inside, outside = environment / "in", tmp_path / "elsewhere"
    submissions, out = (outside, inside) if where == "out" else (inside, outside)
    hand_in(submissions, "ann", notebook(*RIGHT))
    if where == "a link":
        submissions = tmp_path / "link"
        submissions.symlink_to(inside)
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    args = parser.parse_args([str(submissions), "--out", str(out)])
    with pytest.raises(
        CourseError, match="which the sandbox shows to every notebook, since Python lies there; move"
    ):
        command.run(args)
    assert not (out / "ledger.sqlite").exists()


def test_an_environment_that_is_the_home_folder_is_refused(environment, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(environment))
    with pytest.raises(confine.ConfineError, match="and with it your home folder"):
        confine.keep_apart(tmp_path / "in", tmp_path / "out")


def test_the_systems_own_folders_are_no_place_for_a_class(tmp_path):
    with pytest.raises(confine.ConfineError, match="/usr/local/class lies in /usr"):
        confine.keep_apart(Path("/usr/local/class"), tmp_path)


def test_what_lies_elsewhere_is_fine(tmp_path):
    confine.keep_apart(tmp_path / "in", tmp_path / "out")


@pytest.mark.needs("sandbox")
def test_another_copy_of_the_references_is_covered(environment, monkeypatch):
    copy = environment / "course_lib" / "checks" / "judges"
    copy.mkdir(parents=True)
    (copy / "answers.py").write_text("the reference")
    assert seen_inside(copy) == ["answers.py"]  # where Python would not look for it, nobody does
    monkeypatch.syspath_prepend(str(environment))
    assert seen_inside(copy) == []
    assert seen_inside(environment / "course_lib" / "checks") == ["judges"]


@pytest.mark.needs("sandbox")
def test_the_courses_own_solutions_are_covered_where_the_course_itself_is_shown(monkeypatch):
    course = confine._PACKAGE.parent
    shown = confine.visible()
    assert (course / "solutions").is_dir()
    monkeypatch.setattr(confine, "visible", lambda: [*shown, course])
    for name in ("solutions", "source", "tests"):
        assert seen_inside(course / name) == []
    assert seen_inside(course / "course_lib" / "checks" / "judges") == []
