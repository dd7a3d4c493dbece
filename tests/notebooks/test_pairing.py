"""Saving a lesson in JupyterLab writes the edit back to source/: driven through jupytext's contents manager.

The manager is the one that jupytext's server extension puts into JupyterLab, and reads the course's own jupytext.toml.
"""

from __future__ import annotations

import difflib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import LESSON, write_source

from course_lib.build import command, source
from course_lib.build.notebook import parse

ROOT = Path(__file__).resolve().parents[2]
LESSON_FILE = "notebooks/01_tiny.ipynb"
SOURCE_FILE = "source/lessons/01_tiny.py"


@pytest.fixture
def paired(course: Path) -> Path:
    shutil.copy(ROOT / "jupytext.toml", course)
    return course


def manager(root: Path) -> Any:
    from jupytext import TextFileContentsManager

    return TextFileContentsManager(root_dir=str(root))


def as_jupyterlab_saves(content: Any) -> Any:
    """What JupyterLab adds of its own once a kernel has started."""
    content.metadata.kernelspec = {
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
        "name": "python3",
    }
    content.metadata.language_info = {"name": "python", "version": "3.11.7"}
    for cell in content.cells:
        cell.metadata.update({"trusted": True, "collapsed": True, "jupyter": {"outputs_hidden": True}})
    return content


def edit_and_save(root: Path, path: str, replace: tuple[str, str]) -> list[str]:
    """Open, replace a text in every cell, save; the lines of the source that changed."""
    contents = manager(root)
    content = as_jupyterlab_saves(contents.get(path, type="notebook")["content"])
    written = path if path.endswith(".py") else SOURCE_FILE
    before = (root / written).read_text().splitlines()
    for cell in content.cells:
        cell.source = cell.source.replace(*replace)
    contents.save({"type": "notebook", "format": "json", "content": content}, path)
    difference = difflib.ndiff(before, (root / written).read_text().splitlines())
    return [line for line in difference if line[0] in "+-"]


def test_jupytexts_server_extension_is_enabled_here() -> None:
    listed = subprocess.run(
        [sys.executable, "-m", "jupyter", "server", "extension", "list"],
        capture_output=True,
        text=True,
        check=True,
    )
    said = listed.stdout + listed.stderr
    assert "jupyterlab_jupytext" in said
    line = next(line for line in said.splitlines() if "jupyterlab_jupytext" in line)
    assert "enabled" in line


def test_an_edit_of_a_lesson_is_written_back_and_nothing_else(paired: Path) -> None:
    changed = edit_and_save(paired, LESSON_FILE, ("# Tiny", "# Tinier"))
    assert changed == ["- # # Tiny", "+ # # Tinier"]
    found = command.check(paired)
    assert any("outputs are older than its code, or were not stored by the build" in line for line in found)


def test_opening_and_saving_changes_nothing(paired: Path) -> None:
    assert edit_and_save(paired, LESSON_FILE, ("", "")) == []


def test_changed_code_is_written_back_and_asks_for_a_build(paired: Path) -> None:
    changed = edit_and_save(paired, LESSON_FILE, ("1.2**50", "1.21**50"))
    assert changed == ["- growth = 1.2**50", "+ growth = 1.21**50"]
    assert any("older than its code" in line for line in command.check(paired))
    found = command.build(paired)
    assert "the text says 9,100 is a rounding of growth" in found[0]


@pytest.mark.parametrize("seconds", [0, -3600])
def test_an_edit_of_the_source_shows_when_the_lesson_is_opened(paired: Path, seconds: int) -> None:
    """Whichever file is the newer: a clone gives them any order."""
    path = write_source(paired, "lesson", LESSON.replace("# Tiny", "# Tinier"))
    os.utime(path, (time.time() + seconds, time.time() + seconds))
    content = manager(paired).get(LESSON_FILE, type="notebook")["content"]
    assert content.cells[0].source.startswith("# Tinier")
    assert content.cells[2].outputs


def test_a_lesson_saved_without_having_been_opened_through_jupytext_keeps_ids_tags_and_proofs(
    paired: Path,
) -> None:
    content = parse((paired / LESSON_FILE).read_text())
    before = (paired / SOURCE_FILE).read_text()
    manager(paired).save({"type": "notebook", "format": "json", "content": content}, LESSON_FILE)
    after = (paired / SOURCE_FILE).read_text()
    assert source.read(paired / SOURCE_FILE, paired).cells[2].id == "spike"
    assert [line for line in before.splitlines() if line] == [line for line in after.splitlines() if line]


def test_a_learners_copy_is_saved_as_it_is(paired: Path) -> None:
    (paired / "work").mkdir()
    shutil.copy(paired / "exercises/01_tiny.ipynb", paired / "work")
    contents = manager(paired)
    content = contents.get("work/01_tiny.ipynb", type="notebook")["content"]
    contents.save({"type": "notebook", "format": "json", "content": content}, "work/01_tiny.ipynb")
    assert (paired / "work/01_tiny.ipynb").read_bytes() == (paired / "exercises/01_tiny.ipynb").read_bytes()
    assert [path.name for path in (paired / "work").glob("[!.]*")] == ["01_tiny.ipynb"]


def test_an_exercise_is_edited_as_its_source_opened_as_a_notebook(paired: Path) -> None:
    changed = edit_and_save(paired, "source/exercises/01_tiny.py", ("Halve it", "Halve this"))
    assert [line[:14] for line in changed if line[0] == "+"] == ["+ # Halve this"]
    assert "### BEGIN SOLUTION" in (paired / "source/exercises/01_tiny.py").read_text()
    assert source.read(paired / "source/exercises/01_tiny.py", paired).cells[2].answer == "half"


def every_source() -> list[str]:
    paths = [path for kind in source.FOLDERS for path in source.source_paths(ROOT, kind)]
    return [path.relative_to(ROOT).as_posix() for path in paths]


@pytest.mark.parametrize("path", every_source())
def test_every_source_of_the_course_is_written_as_jupytext_writes_it(path: str, tmp_path: Path) -> None:
    """So that the first save in JupyterLab shows the edit and not a hundred lines of layout."""
    shutil.copy(ROOT / "jupytext.toml", tmp_path)
    copy = tmp_path / path
    copy.parent.mkdir(parents=True)
    shutil.copy(ROOT / path, copy)
    contents = manager(tmp_path)
    content = as_jupyterlab_saves(contents.get(path, type="notebook")["content"])
    contents.save({"type": "notebook", "format": "json", "content": content}, path)
    assert copy.read_text().splitlines() == (ROOT / path).read_text().splitlines()
