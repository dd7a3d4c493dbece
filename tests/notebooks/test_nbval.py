"""nbval, as it is run over the course: it passes what is right, and it fails what is not.

What nbval passes and must not (a notebook stripped of its outputs) is what `course build --check` is there for.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
import run_nbval
from conftest import EXERCISE, write_source
from test_drift import LESSON_FILE, cell, change

from course_lib.build import command


def cells_that_failed(reports: Path, mode: str) -> tuple[int, list[str]]:
    """How many cells ran, and which failed, from the report that `start.py test` counts."""
    cases = list(ElementTree.parse(reports / f"notebooks-{mode}.xml").getroot().iter("testcase"))
    failed = [case for case in cases if case.find("failure") is not None or case.find("error") is not None]
    return len(cases), [f"{case.get('classname')} {case.get('name')}" for case in failed]


def nbval(root: Path, mode: str, reports: Path) -> int:
    return run_nbval.run(root, mode, reports, processes="0")


LESSON_PASSES = 4 + 1
SOLUTION_PASSES = 3 + 1
"""The code cells of each, and the numbers of its prose."""


def test_a_course_as_built_passes_cell_by_cell(built_course: Path, tmp_path: Path) -> None:
    assert nbval(built_course, "compared", tmp_path) == 0
    assert cells_that_failed(tmp_path, "compared") == (LESSON_PASSES + SOLUTION_PASSES, [])
    assert nbval(built_course, "run", tmp_path) == 0
    assert cells_that_failed(tmp_path, "run") == (3, [])


def test_a_changed_output_and_a_changed_number_fail_and_an_ignored_output_does_not(
    course: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    change(course, LESSON_FILE, lambda nb: cell(nb, "spike")["outputs"][0].update(text=["grows by 9101\n"]))
    change(course, LESSON_FILE, lambda nb: nb["cells"][3]["outputs"][0].update(text=["elsewhere\n"]))
    write_source(course, "exercise", EXERCISE.replace("1.5<!--= half(3) -->", "1.6<!--= half(3) -->"))
    assert nbval(course, "compared", tmp_path) == 1
    count, failed = cells_that_failed(tmp_path, "compared")
    assert count == LESSON_PASSES + SOLUTION_PASSES
    assert failed == ["notebooks.01_tiny.ipynb Cell 1", "solutions.01_tiny.ipynb the numbers of the prose"]
    said = capfd.readouterr().out
    assert re.search(r"01_tiny\.py:\d+: the text says 1\.6 is a rounding of half\(3\), which is 1\.5\.", said)


def test_a_stripped_notebook_passes_nbval_and_is_found_by_the_check(course: Path, tmp_path: Path) -> None:
    def strip(notebook: dict[str, list[dict[str, object]]]) -> None:
        for entry in notebook["cells"]:
            if entry["cell_type"] == "code":
                entry.update(outputs=[], execution_count=None)

    change(course, LESSON_FILE, strip)
    assert nbval(course, "compared", tmp_path) == 0
    found = command.check(course)
    assert sum("it has no stored execution" in line for line in found) == 4


def test_a_changed_character_of_a_source_is_found_by_the_check(course: Path) -> None:
    write_source(course, "exercise", EXERCISE.replace("x / 2", "x / 4"))
    assert any(line.startswith("solutions/01_tiny.ipynb: cell 3") for line in command.check(course))


def test_a_learners_copy_that_does_not_run_to_its_end_fails(course: Path, tmp_path: Path) -> None:
    change(course, "exercises/01_tiny.ipynb", lambda nb: cell(nb, "half").update(source=["half(2)"]))
    assert nbval(course, "run", tmp_path) == 1
    assert cells_that_failed(tmp_path, "run")[0] == 3


def test_a_folder_without_notebooks_fails(course: Path, tmp_path: Path) -> None:
    (course / "exercises/01_tiny.ipynb").unlink()
    assert nbval(course, "run", tmp_path) != 0


def test_both_modes_run_even_when_the_first_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []

    def first_fails(root: Path, mode: str, reports: Path | None) -> int:
        ran.append(mode)
        return len(ran) % 2

    monkeypatch.setattr(run_nbval, "run", first_fails)
    assert run_nbval.main([]) == 1
    assert ran == ["compared", "run"]
