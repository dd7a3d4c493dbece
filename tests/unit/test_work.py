"""The learner's own folder: copies are made once, kept for ever, and never half made."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from course_lib import cli, opening, work
from course_lib.work import WorkError

NAME = "01_explosion"


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A course with the exercises handed out, and nothing done yet."""
    root = tmp_path / "course"
    (root / "source").mkdir(parents=True)
    (root / "exercises").mkdir()
    for name in work.exercise_names():
        (root / "exercises" / f"{name}.ipynb").write_text(f"as handed out: {name}")
    monkeypatch.setenv("COURSE_ROOT", str(root))
    monkeypatch.delenv("COURSE_WORK", raising=False)
    return root


def test_without_variables_the_course_is_where_the_package_lies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COURSE_ROOT", raising=False)
    assert work.course_root() == Path(__file__).resolve().parents[2]


def test_a_folder_that_is_not_the_course_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSE_ROOT", str(tmp_path))
    with pytest.raises(WorkError, match="does not hold the course") as caught:
        work.course_root()
    assert str(tmp_path) in str(caught.value)


def test_a_relative_root_is_made_whole(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(course.parent)
    monkeypatch.setenv("COURSE_ROOT", "course")
    assert work.course_root() == course.resolve()


def test_the_work_folder_is_in_the_course_or_where_the_learner_says(
    course: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert work.work_folder() == course / "work"
    monkeypatch.setenv("COURSE_WORK", str(tmp_path / "mine" / "deep"))
    assert work.work_folder() == tmp_path / "mine" / "deep"
    assert (tmp_path / "mine" / "deep").is_dir()


def test_a_work_folder_that_cannot_be_made_is_named(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (course / "file").touch()
    monkeypatch.setenv("COURSE_WORK", str(course / "file" / "work"))
    with pytest.raises(WorkError, match=r"cannot be made \(.+\); set COURSE_WORK"):
        work.work_folder()


def test_opening_copies_once_and_never_overwrites(course: Path) -> None:
    copy = work.open_exercise(NAME)
    assert copy == course / "work" / f"{NAME}.ipynb"
    assert copy.read_text() == f"as handed out: {NAME}"
    copy.write_text("my own work")
    (course / "exercises" / f"{NAME}.ipynb").write_text("an update of the course")
    assert work.open_exercise(NAME).read_text() == "my own work"


def test_reset_gives_a_fresh_copy_and_keeps_every_old_one(course: Path) -> None:
    assert work.set_aside(NAME) is None
    for attempt in ("first", "second", "third"):
        work.open_exercise(NAME).write_text(attempt)
        assert work.reset_exercise(NAME).read_text() == f"as handed out: {NAME}"
    kept = {path.name: path.read_text() for path in (course / "work").iterdir()}
    assert kept == {
        f"{NAME}.ipynb": f"as handed out: {NAME}",
        f"{NAME}.1.ipynb": "first",
        f"{NAME}.2.ipynb": "second",
        f"{NAME}.3.ipynb": "third",
    }


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("01_explosio", "did you mean 01_explosion?"),
        ("xyz", "the exercises are 01_explosion, "),
        ("../../etc", "the exer"),
    ],
)
def test_an_unknown_exercise_is_answered_with_those_there_are(course: Path, name: str, hint: str) -> None:
    for ask in (work.open_exercise, work.reset_exercise, work.set_aside):
        with pytest.raises(WorkError) as caught:
            ask(name)
        assert f"There is no exercise {name!r}; {hint}" in str(caught.value)


def test_an_exercise_that_was_not_handed_out_leaves_the_old_copy_alone(course: Path) -> None:
    copy = work.open_exercise(NAME)
    (course / "exercises" / f"{NAME}.ipynb").unlink()
    with pytest.raises(WorkError, match="is missing; run `course build"):
        work.reset_exercise(NAME)
    assert copy.exists()


def test_a_copy_that_was_cut_short_is_no_copy(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full_disk(source: Path, target: Path) -> None:
        Path(target).write_text("as han")
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "copyfile", full_disk)
        with pytest.raises(WorkError, match=r"cannot be written \(No space left on device\)"):
            work.open_exercise(NAME)
    assert list((course / "work").iterdir()) == []
    assert work.open_exercise(NAME).read_text() == f"as handed out: {NAME}"


def test_the_commands_say_where_the_notebook_is(
    course: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(opening, "address_of", lambda path: None)
    assert cli.main(["open", NAME]) == 0
    copy = course / "work" / f"{NAME}.ipynb"
    assert capsys.readouterr().out == (
        f"Your copy of the exercise is {copy}\nRun `course lab`, and open it there from the folder work.\n"
    )
    monkeypatch.setattr(opening, "address_of", lambda path: f"http://lab/{path.name}")
    assert cli.main(["reset", NAME]) == 0
    assert capsys.readouterr().out == (
        f"Your old copy is kept as {copy.with_name(f'{NAME}.1.ipynb')}\n"
        f"Your copy of the exercise is {copy}\nOpen it at http://lab/{NAME}.ipynb\n"
    )


def test_the_commands_answer_an_unknown_name_with_one_sentence(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["open", "explosion"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == "course: There is no exercise 'explosion'; did you mean 01_explosion?\n"
    assert not os.path.lexists(course / "work")
