"""Building: what comes out, that it comes out the same twice, and what a person is told when it does not."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat
import pytest
from conftest import EXERCISE, LESSON, write_source

from course_lib.build import command, execute
from course_lib.build.notebook import parse
from course_lib.errors import CourseError


def run(root: Path, monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setenv("COURSE_ROOT", str(root))
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return command.run(parser.parse_args(words))


def notebooks(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.glob("*/*.ipynb"))}


def stored(root: Path, path: str = "notebooks/01_tiny.ipynb") -> Any:
    return parse((root / path).read_text(encoding="utf-8"))


def outputs(root: Path, cell_id: str) -> list[Any]:
    return next(list(cell.outputs) for cell in stored(root).cells if cell.id == cell_id)


def test_a_lesson_makes_one_notebook_and_an_exercise_two(built_course: Path) -> None:
    assert list(notebooks(built_course)) == [
        "exercises/01_tiny.ipynb",
        "notebooks/01_tiny.ipynb",
        "solutions/01_tiny.ipynb",
    ]


def test_everything_built_is_valid_and_holds_nothing_of_this_machine(built_course: Path) -> None:
    for path, content in notebooks(built_course).items():
        nbformat.validate(json.loads(content))
        text = content.decode("utf-8")
        assert str(built_course) not in text, path
        assert str(Path.home()) + "/" not in text, path
        assert not re.search(r"0x[0-9a-f]{6,}|widget-view|\"execution\":|T\d\d:\d\d:\d\d", text), path


def test_lessons_and_solutions_are_run_and_the_learners_copy_is_not(built_course: Path) -> None:
    for folder in ("notebooks", "solutions"):
        code = [
            cell for cell in stored(built_course, f"{folder}/01_tiny.ipynb").cells if cell.cell_type == "code"
        ]
        assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    for cell in stored(built_course, "exercises/01_tiny.ipynb").cells:
        assert cell.get("execution_count") is None
        assert cell.get("outputs", []) == []


def test_outputs_are_tidy(built_course: Path) -> None:
    printed, warned, result = outputs(built_course, "spike")
    assert printed.text == "grows by 9100\n"
    assert warned.text.startswith("<cell>:2: RuntimeWarning: overflow")
    assert result.data == {"text/plain": "np.float32(inf)"}
    dot = stored(built_course).cells[-1].outputs
    assert [output.data for output in dot] == [{"text/plain": "Dot()", "text/html": "<p>a dot</p>"}]
    (here,) = stored(built_course).cells[-2].outputs
    assert re.fullmatch(r"<course>/notebooks <object object at 0x\.\.\.> \d+\.\d+\n", here.text)


def test_a_rebuild_changes_not_one_byte(course: Path) -> None:
    before = notebooks(course)
    assert command.build(course, force=True) == []
    assert notebooks(course) == before


def test_only_what_changed_is_built(
    course: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = notebooks(course)
    write_source(course, "exercise", EXERCISE.replace("Halve it", "Halve this"))
    ran: list[str] = []
    really_run = execute.run

    def recorded(notebook: Any, read: Any, folder: Path, root: Path, expressions: Sequence[str] = ()) -> Any:
        ran.append(folder.name)
        return really_run(notebook, read, folder, root, expressions)

    monkeypatch.setattr(execute, "run", recorded)
    assert command.build(course) == []
    assert ran == ["solutions"]
    after = notebooks(course)
    assert [path for path in after if after[path] != before[path]] == [
        "exercises/01_tiny.ipynb",
        "solutions/01_tiny.ipynb",
    ]
    said = capsys.readouterr().out.splitlines()
    assert said[0].split() == ["notebooks/01_tiny.ipynb", "up", "to", "date"]
    assert re.fullmatch(r"solutions/01_tiny\.ipynb +\d+\.\d s", said[1])


def test_a_cell_that_raises_is_named_and_the_rest_is_built(
    course: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = notebooks(course)["notebooks/01_tiny.ipynb"]
    source = write_source(course, "lesson", LESSON.replace('print("grows', '1 / 0\nprint("grows'))
    write_source(course, "exercise", EXERCISE.replace("Halve it", "Halve this"))
    assert run(course, monkeypatch) == 1
    said = capsys.readouterr()
    line = source.read_text().splitlines().index('# %% id="spike"') + 1
    assert said.err.splitlines() == [
        f'source/lessons/01_tiny.py:{line}: cell 3 "spike": in its line 1, ZeroDivisionError: division by zero'
    ]
    assert "solutions/01_tiny.ipynb" in said.out
    assert notebooks(course)["notebooks/01_tiny.ipynb"] == before


def test_a_cell_that_hangs_and_one_that_ends_its_kernel_are_named(
    course: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execute, "SECONDS_PER_CELL", 1)
    write_source(course, "lesson", "\n# %%\nimport time\n\ntime.sleep(60)\n")
    assert command.build(course) == [
        "source/lessons/01_tiny.py:8: cell 1: it ran for more than 1 s and was stopped"
    ]
    write_source(course, "lesson", "\n# %%\nimport os\n\nos._exit(3)\n")
    (said,) = command.build(course)
    assert said.startswith("source/lessons/01_tiny.py:8: cell 1: its kernel died")


def test_a_number_that_differs_fails_the_build(course: Path) -> None:
    wrong = LESSON.replace("9,100<!--", "9,101<!--").replace("9,000<!--< growth", "9,000<!--< grwth")
    write_source(course, "lesson", wrong)
    (said,) = command.build(course)
    assert said.splitlines() == [
        "source/lessons/01_tiny.py:11: the text says 9,101 is a rounding of growth, which is 9100.438150002134.",
        "source/lessons/01_tiny.py:11: the proof of 9,000 cannot be evaluated "
        "(NameError: name 'grwth' is not defined).",
    ]


def test_a_compared_cell_may_not_print_a_folder(course: Path) -> None:
    write_source(course, "lesson", LESSON.replace('# %% tags=["nbval-ignore-output"]', "# %%"))
    (said,) = command.build(course)
    assert "cell 4: it prints a folder of this machine" in said


def test_checking_runs_and_writes_nothing(
    course: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = notebooks(course)
    monkeypatch.setattr(execute, "run", lambda *_: pytest.fail("--check ran a notebook"))
    assert run(course, monkeypatch, "--check") == 0
    assert capsys.readouterr().out == "3 notebooks are as their sources say.\n"
    write_source(course, "lesson", LESSON.replace("Tiny", "Tinier"))
    assert run(course, monkeypatch, "--check") == 1
    said = capsys.readouterr().err.splitlines()
    assert said[0].startswith("notebooks/01_tiny.ipynb: cell 1 ")
    assert said[-1] == f"{len(said) - 1} to mend; `course build` builds what has drifted."
    assert notebooks(course) == before


def test_names_choose_what_is_built(
    course: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(course, monkeypatch, "--check", "01_tiny") == 0
    assert run(course, monkeypatch, "--check", "07_other") == 2
    assert capsys.readouterr().err == "There is no source called 07_other; there are 01_tiny.\n"


def test_a_folder_without_sources_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CourseError, match="holds no source/ to build from"):
        run(tmp_path, monkeypatch)
