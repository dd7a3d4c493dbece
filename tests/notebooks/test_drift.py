"""Every way in which a stored notebook can slip from its source is found and named."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import EXERCISE, LESSON, write_source

from course_lib.build import command, drift, execute, products, source
from course_lib.teach import learning_map

LESSON_FILE = "notebooks/01_tiny.ipynb"
EXERCISE_FILE = "exercises/01_tiny.ipynb"


def change(root: Path, path: str, edit: Callable[[Any], object]) -> None:
    """Load a stored notebook's JSON, edit it in place, store it as it was laid out."""
    file = root / path
    loaded = json.loads(file.read_text(encoding="utf-8"))
    edit(loaded)
    file.write_text(json.dumps(loaded, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")


def cell(notebook: Any, cell_id: str) -> Any:
    return next(cell for cell in notebook["cells"] if cell["id"] == cell_id)


def test_what_was_just_built_has_not_drifted(course: Path) -> None:
    assert command.check(course) == []
    change(course, LESSON_FILE, lambda notebook: None)
    assert command.check(course) == []


WIDGET = {"application/vnd.jupyter.widget-view+json": {"model_id": "9f3c"}}
DRIFTS: list[tuple[str, Callable[[Any], object], str]] = [
    (
        LESSON_FILE,
        lambda nb: nb["cells"][0]["source"].append("!"),
        "source is not as in source/lessons/01_tiny.py:8",
    ),
    (
        LESSON_FILE,
        lambda nb: cell(nb, "spike")["source"].append("#"),
        'cell 3 ("spike"): source is not as in',
    ),
    (LESSON_FILE, lambda nb: cell(nb, "spike").update(id="other"), 'cell 3 ("other"): id is not as in'),
    (LESSON_FILE, lambda nb: nb["cells"][1].pop("id"), 'cell 2 ("None"): id is not as in'),
    (LESSON_FILE, lambda nb: nb["cells"][0].update(cell_type="raw"), "cell_type is not as in"),
    (LESSON_FILE, lambda nb: cell(nb, "spike")["metadata"].update(tags=["x"]), "metadata is not as in"),
    (LESSON_FILE, lambda nb: nb["cells"][1]["metadata"].update(execution={}), "metadata is not as in"),
    (LESSON_FILE, lambda nb: nb["cells"][0].update(attachments={"a.png": {}}), "attachments is not as in"),
    (LESSON_FILE, lambda nb: nb["cells"].pop(), "it has 4 cells, its source 5"),
    (LESSON_FILE, lambda nb: nb["cells"].append(nb["cells"][0]), "it has 6 cells, its source 5"),
    (LESSON_FILE, lambda nb: nb["cells"].reverse(), 'cell 5 ("'),
    (LESSON_FILE, lambda nb: nb["metadata"]["kernelspec"].update(name="ir"), "metadata kernelspec is not as"),
    (LESSON_FILE, lambda nb: nb["metadata"].update(widgets={}), "metadata widgets is not as"),
    (LESSON_FILE, lambda nb: nb["metadata"]["course"].update(name="02_x"), "metadata course is not as"),
    (LESSON_FILE, lambda nb: nb["metadata"]["course"].pop("code"), "outputs are older than its code"),
    (LESSON_FILE, lambda nb: nb.update(nbformat_minor=4), "not of nbformat 4.5"),
    (LESSON_FILE, lambda nb: cell(nb, "spike").update(execution_count=None), "it has no stored execution"),
    (LESSON_FILE, lambda nb: cell(nb, "spike").update(execution_count=7), "run out of order ([7], not [2])"),
    (
        LESSON_FILE,
        lambda nb: nb["cells"][-1]["outputs"][0]["data"].update(WIDGET),
        "not as the build stores them",
    ),
    ("solutions/01_tiny.ipynb", lambda nb: cell(nb, "half")["source"].append(" "), "source is not as in"),
    (EXERCISE_FILE, lambda nb: cell(nb, "half-answer")["source"].append("x"), "source is not as in"),
    (
        EXERCISE_FILE,
        lambda nb: cell(nb, "half")["metadata"]["nbgrader"].update(points=9),
        "metadata is not as in",
    ),
    (EXERCISE_FILE, lambda nb: cell(nb, "half")["metadata"].pop("editable"), "metadata is not as in"),
    (EXERCISE_FILE, lambda nb: cell(nb, "half").update(execution_count=1), "a learner's copy has none"),
]


@pytest.mark.parametrize(
    ("path", "edit", "sentence"), DRIFTS, ids=[str(number) for number in range(len(DRIFTS))]
)
def test_a_changed_notebook_is_found(
    course: Path, path: str, edit: Callable[[Any], object], sentence: str
) -> None:
    change(course, path, edit)
    found = command.check(course)
    assert found
    assert all(line.startswith(f"{path}: ") and "\n" not in line for line in found)
    assert any(sentence in line for line in found), found


SLIPS = [
    ("lesson", "# # Tiny", "# # Tinier", ["notebooks"], False),
    ("lesson", "1.2**50", "1.2**51", ["notebooks"], True),
    ("lesson", 'id="spike"', 'id="spoke"', ["notebooks"], False),
    ("exercise", "x / 2", "x / 3", ["solutions"], True),
    ("exercise", "asked", "asks", ["solutions", "exercises"], True),
]


@pytest.mark.parametrize(("kind", "old", "new", "folders", "older"), SLIPS)
def test_a_changed_source_is_found_in_every_notebook_made_from_it(
    course: Path, kind: Any, old: str, new: str, folders: list[str], older: bool
) -> None:
    write_source(course, kind, (LESSON if kind == "lesson" else EXERCISE).replace(old, new, 1))
    found = command.check(course)
    assert {line.split("/")[0] for line in found} == set(folders)
    assert any("outputs are older than its code" in line for line in found) is older


def test_outputs_are_not_judged_here(course: Path) -> None:
    change(course, LESSON_FILE, lambda nb: cell(nb, "spike")["outputs"][0].update(text=["grows by 9101\n"]))
    assert command.check(course) == []


def test_changed_points_are_found(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "points_of", lambda name: {"half": 5})
    complaints = command.check(course)
    assert {line.split(":")[0] for line in complaints} == {"solutions/01_tiny.ipynb", EXERCISE_FILE}
    for file in ("solutions/01_tiny.ipynb", EXERCISE_FILE):
        told, cell = (line for line in complaints if line.startswith(file))
        assert "source" in told and "metadata" in cell


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"\xff\xfe", b'{"nbformat": 4, "metadata": {}, "cells": [1]}']
)
def test_a_file_that_is_no_notebook_is_named(course: Path, content: bytes) -> None:
    (course / LESSON_FILE).write_bytes(content)
    (found,) = command.check(course)
    assert found.startswith(f"{LESSON_FILE}: it cannot be read as a notebook")


def test_a_missing_notebook_and_another_layout_of_the_json_are_found(course: Path) -> None:
    file = course / LESSON_FILE
    file.write_text(json.dumps(json.loads(file.read_text())))
    assert command.check(course) == [f"{LESSON_FILE}: its JSON is not laid out as the build lays it out"]
    file.unlink()
    assert command.check(course) == [f"{LESSON_FILE}: it is missing"]


def test_stray_files_are_found_and_hidden_ones_are_not(course: Path) -> None:
    for path in ("notebooks/02_gone.ipynb", "solutions/notes.txt", "source/lessons/01_tiny.ipynb"):
        (course / path).write_text("")
    hidden = course / "notebooks" / ".ipynb_checkpoints" / "01_tiny-checkpoint.ipynb"
    hidden.parent.mkdir()
    hidden.write_text("")
    assert command.check(course) == [
        "notebooks/02_gone.ipynb: no source stands behind it; delete it",
        "solutions/notes.txt: no source stands behind it; delete it",
        "source/lessons/01_tiny.ipynb: it is no percent script; move it out of source/",
    ]


def test_a_source_that_cannot_be_read_does_not_make_its_notebook_a_stray(course: Path) -> None:
    write_source(course, "lesson", LESSON.replace('id="spike"', "colour=3"))
    (found,) = command.check(course)
    assert found.startswith("source/lessons/01_tiny.py:20: unknown cell metadata")


def test_a_new_lesson_shows_in_the_map_that_the_first_has_stored_and_in_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = Path(__file__).resolve().parents[2]
    for folder in ("source/lessons", "notebooks"):
        shutil.copytree(root / folder, tmp_path / folder)
    monkeypatch.setattr(learning_map, "LESSONS", learning_map.LESSONS[:-1])
    monkeypatch.setattr(execute, "run", lambda *_: pytest.fail("a map was run"))
    others = [lesson.name for lesson in learning_map.LESSONS[1:]]
    assert command.check(tmp_path, others) == []
    first = learning_map.LESSONS[0].name
    [sentence] = command.check(tmp_path, [first])
    assert sentence.startswith(f"notebooks/{first}.ipynb: cell ")
    assert sentence.endswith("its map of lessons is not what course_lib.curriculum now says")
    capsys.readouterr()
    assert command.build(tmp_path, [first]) == []
    assert capsys.readouterr().out.split() == [f"notebooks/{first}.ipynb", *"its map of lessons".split()]
    assert command.check(tmp_path, [first]) == []


def test_a_map_hides_no_other_drift(course: Path) -> None:
    change(course, LESSON_FILE, lambda nb: nb["cells"][0]["source"].append("!"))
    read = source.read(course / "source" / "lessons" / "01_tiny.py", course)
    (lesson,) = products.products(read)
    assert drift.with_todays_map(lesson, course) is None
