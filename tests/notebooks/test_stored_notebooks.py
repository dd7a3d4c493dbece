"""The notebooks as they are committed: in step with their sources, valid, and to nbgrader's liking."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import nbformat
import pytest
from peers import python_with_nbgrader

from course_lib.build import command, products

ROOT = Path(__file__).resolve().parents[2]

NBGRADERS_OWN = """
import sys
import nbformat
from nbgrader.nbgraderformat import MetadataValidator, SCHEMA_VERSION
assert SCHEMA_VERSION == 3
for path in sys.argv[1:]:
    MetadataValidator().validate_nb(nbformat.read(path, as_version=4))
"""


def stored(*folders: str) -> list[str]:
    return [
        path.relative_to(ROOT).as_posix()
        for folder in folders
        for path in sorted((ROOT / folder).glob("*.ipynb"))
    ]


def load(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


MACHINES_OWN = re.compile(
    r"(?<![\w.])\d+(?:\.\d+)? ?(?:s|ms|µs|seconds?|milliseconds?|GB|MB|threads?|cores?)(?![\w'])"
    r"|this machine|\d\+cpu|\+cu\d|[Pp]ython 3\.\d|torch \d|numpy \d|\bWall time|\bCPU times"
)
"""What an output says of the machine that ran it: a time, a size, a version."""

NAMES_A_DIGIT = re.compile(r"\bthe 8s\b")
"""The pictures of an eight, whose name is a number."""


def told(cell: Any) -> str:
    """The words that a cell's outputs show, without pictures and what draws them."""
    parts = []
    for output in cell.get("outputs", []):
        data = output.get("data", {})
        parts += [output.get("text", ""), *(data.get(kind, "") for kind in ("text/plain", "text/html"))]
    words = "\n".join("".join(part) for part in parts)
    return re.sub(r"(?s)<(style|script|svg)\b.*?</\1>|data:image/[^'\"]*", "", words)


def graded(notebook: Any) -> list[Any]:
    return [cell for cell in notebook["cells"] if "nbgrader" in cell["metadata"]]


def test_the_course_is_in_step_with_its_sources() -> None:
    assert command.check(ROOT) == []


@pytest.mark.parametrize("path", stored(*products.FOLDERS))
def test_a_stored_notebook_is_valid(path: str) -> None:
    nbformat.validate(load(ROOT / path))


@pytest.mark.parametrize("path", stored("notebooks", "solutions"))
def test_every_code_cell_of_a_lesson_or_solution_has_a_stored_execution(path: str) -> None:
    code = [cell for cell in load(ROOT / path)["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    assert any(cell["outputs"] for cell in code)


@pytest.mark.parametrize("path", stored("notebooks", "solutions"))
def test_no_figure_of_the_builders_machine_is_stored(path: str) -> None:
    said = {
        cell["id"]: found
        for cell in load(ROOT / path)["cells"]
        if (found := MACHINES_OWN.findall(NAMES_A_DIGIT.sub("", told(cell))))
    }
    assert said == {}


@pytest.mark.parametrize("path", stored("solutions", "exercises"))
def test_an_exercise_meets_nbgraders_schema(path: str) -> None:
    check_schema(load(ROOT / path))


def test_the_tiny_exercise_meets_nbgraders_schema(built_course: Path) -> None:
    for folder in ("solutions", "exercises"):
        check_schema(load(built_course / folder / "01_tiny.ipynb"))


def check_schema(notebook: Any) -> None:
    """nbgrader's cell metadata of schema version 3, as its documentation and its validator state it."""
    cells = graded(notebook)
    assert cells
    ids = [cell["metadata"]["nbgrader"]["grade_id"] for cell in cells]
    assert len(set(ids)) == len(ids)
    for cell in cells:
        metadata = cell["metadata"]["nbgrader"]
        assert cell["cell_type"] == "code"
        assert metadata["schema_version"] == 3
        assert metadata["grade"] is not metadata["solution"]
        assert metadata["locked"] is metadata["grade"]
        assert re.fullmatch(r"[a-zA-Z0-9_\-]+", metadata["grade_id"])
        keys = {"schema_version", "grade", "solution", "locked", "grade_id"}
        assert set(metadata) == (keys | {"points"} if metadata["grade"] else keys)
        if metadata["grade"]:
            assert metadata["points"] > 0
            assert f"{metadata['grade_id']}-answer" in ids


def validated_by_nbgrader(paths: list[Path]) -> subprocess.CompletedProcess[str]:
    command_line = [python_with_nbgrader(), "-c", NBGRADERS_OWN, *map(str, paths)]
    return subprocess.run(command_line, capture_output=True, text=True, check=False)


@pytest.mark.needs("nbgrader")
def test_nbgraders_own_validator_takes_every_exercise(built_course: Path) -> None:
    tiny = [built_course / folder / "01_tiny.ipynb" for folder in ("solutions", "exercises")]
    said = validated_by_nbgrader([*tiny, *(ROOT / path for path in stored("solutions", "exercises"))])
    assert said.returncode == 0, said.stderr


@pytest.mark.needs("nbgrader")
def test_nbgraders_own_validator_refuses_what_is_wrong(course: Path) -> None:
    path = course / "exercises" / "01_tiny.ipynb"
    notebook = load(path)
    del graded(notebook)[1]["metadata"]["nbgrader"]["points"]
    path.write_text(json.dumps(notebook))
    said = validated_by_nbgrader([path])
    assert said.returncode != 0
    assert "does not have points" in said.stderr
