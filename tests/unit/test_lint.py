"""Everyone who runs the tests runs the linter, the formatter and the strict type checker."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CODE = ("course_lib", "start.py", "source", "tests", "tools")
# A lesson's functions, like a learner's, carry no annotations; all else about them is checked as strictly.
AS_A_LEARNER_WRITES = (
    "--allow-untyped-defs",
    "--allow-incomplete-defs",
    "--allow-untyped-calls",
    "--no-warn-unused-ignores",  # what silences a call to an untyped function is not needed here
)


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run one of the tools that are installed beside this Python, in the folder whose settings they read."""
    return subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True)


@pytest.mark.parametrize(
    "command",
    [
        ("ruff", "check", "--output-format=concise", *CODE),
        ("ruff", "format", "--check", *CODE),
        ("mypy", "--strict", "course_lib", "start.py", "tools"),
        ("mypy", "--strict", *AS_A_LEARNER_WRITES, "source/lessons"),
        ("mypy", "--strict", *AS_A_LEARNER_WRITES, "source/exercises"),
    ],
    ids=["ruff", "format", "types", "types-lessons", "types-exercises"],
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
        (("mypy", "--strict"), "def double(x):\n    return 2 * x\n"),
        (("mypy", "--strict", *AS_A_LEARNER_WRITES), "def double(x):\n    return 2 * 'x'.nothing\n"),
    ],
    ids=["ruff", "format", "types", "unannotated", "types-lessons"],
)
def test_not_clean(tmp_path: Path, command: tuple[str, ...], code: str) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text(code)
    assert run(*command, str(bad)).returncode == 1
