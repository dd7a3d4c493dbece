"""Everyone who runs the tests runs the linter, the formatter and the strict type checker."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

UNANNOTATED = "def double(x):\n    return 2 * x\n"
ROOT = Path(__file__).resolve().parents[2]
CODE = ("course_lib", "start.py", "source", "tests", "tools")


def run(*command: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run one of the tools that are installed beside this Python; in the course's folder it reads our settings."""
    return subprocess.run([sys.executable, "-m", *command], cwd=folder, capture_output=True, text=True)


@pytest.mark.parametrize(
    "command",
    [
        ("ruff", "check", "--output-format=concise", *CODE),
        ("ruff", "format", "--check", *CODE),
        ("mypy", "--strict", "course_lib", "start.py", "tools", "source"),
    ],
    ids=["ruff", "format", "types"],
)
def test_clean(command: tuple[str, ...]) -> None:
    checked = run(*command)
    assert checked.returncode == 0, f"`{' '.join(command)}` says:\n{checked.stdout}{checked.stderr}"


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (("ruff", "check"), "import os\n"),
        (("ruff", "format", "--check"), "x = [1,2]\n"),
        (("mypy", "--strict"), "def double(x: int) -> str:\n    return 2 * x\n"),
        (("mypy", "--strict"), UNANNOTATED),
    ],
    ids=["ruff", "format", "types", "unannotated"],
)
def test_not_clean(tmp_path: Path, command: tuple[str, ...], code: str) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text(code)
    assert run(*command, str(bad)).returncode == 1


@pytest.mark.parametrize("folder", ["lessons", "exercises"])
@pytest.mark.parametrize(
    ("code", "clean"),
    [(UNANNOTATED, True), ("def double(x):\n    return 2 * 'x'.nothing\n", False)],
    ids=["no annotations", "an attribute there is not"],
)
def test_any_lesson_and_exercise_needs_no_annotations_and_is_checked_all_the_same(
    tmp_path: Path, folder: str, code: str, clean: bool
) -> None:
    """A new one too: no list names them."""
    written = tmp_path / "source" / folder / "02_new.py"
    written.parent.mkdir(parents=True)
    written.write_text(code)
    settings = f"--config-file={ROOT / 'pyproject.toml'}"
    checked = run("mypy", "--strict", settings, "source", folder=tmp_path)
    assert (checked.returncode == 0) is clean, checked.stdout + checked.stderr
