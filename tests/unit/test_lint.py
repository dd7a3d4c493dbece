"""Everyone who runs the tests runs the linter, the formatter and the strict type checker."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

UNANNOTATED = "def double(x):\n    return 2 * x\n"
ROOT = Path(__file__).resolve().parents[2]
CODE = ("course_lib", "start.py", "source", "tests", "tools")


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run one of the tools that are installed beside this Python, in the folder whose settings they read."""
    return subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True)


@pytest.mark.parametrize(
    "command",
    [
        ("ruff", "check", "--output-format=concise", *CODE),
        ("ruff", "format", "--check", *CODE),
        ("mypy", "--strict", "course_lib", "start.py", "tools"),
        # Apart, since a lesson and its exercise have one name; with one set of flags, so that they share a cache.
        ("mypy", "--strict", "source/lessons"),
        ("mypy", "--strict", "source/exercises"),
    ],
    ids=["ruff", "format", "types", "types-lessons", "types-exercises"],
)
def test_clean(command: tuple[str, ...]) -> None:
    checked = run(*command)
    assert checked.returncode == 0, f"`{' '.join(command)}` says:\n{checked.stdout}{checked.stderr}"


@pytest.mark.parametrize(
    ("command", "name", "code"),
    [
        (("ruff", "check"), "bad", "import os\n"),
        (("ruff", "format", "--check"), "bad", "x = [1,2]\n"),
        (("mypy", "--strict"), "bad", "def double(x: int) -> str:\n    return 2 * x\n"),
        (("mypy", "--strict"), "bad", UNANNOTATED),
        (("mypy", "--strict"), "01_explosion", "def double(x):\n    return 2 * 'x'.nothing\n"),
    ],
    ids=["ruff", "format", "types", "unannotated", "types-lessons"],
)
def test_not_clean(tmp_path: Path, command: tuple[str, ...], name: str, code: str) -> None:
    bad = tmp_path / f"{name}.py"
    bad.write_text(code)
    assert run(*command, str(bad)).returncode == 1


def test_lessons_and_exercises_need_no_annotations(tmp_path: Path) -> None:
    lesson = tmp_path / "01_explosion.py"
    lesson.write_text(UNANNOTATED)
    assert run("mypy", "--strict", str(lesson)).returncode == 0
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mypy"]
    named = [entry["module"] for entry in settings["overrides"] if "disallow_untyped_defs" in entry]
    assert named == [sorted({path.stem for path in (ROOT / "source").rglob("*.py")})]
