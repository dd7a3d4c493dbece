"""nbgrader as its users have it: in an environment of its own, beside which the course is importable."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@functools.cache
def _python_with_nbgrader() -> str | None:
    for python in (sys.executable, str(ROOT / ".peers" / "nbgrader" / "bin" / "python")):
        if Path(python).exists():
            imported = subprocess.run([python, "-c", "import nbgrader"], capture_output=True, check=False)
            if imported.returncode == 0:
                return python
    return None


def python_with_nbgrader() -> str:
    """The first interpreter that has nbgrader: this one, or the one in `.peers/nbgrader`; else the test is skipped."""
    python = _python_with_nbgrader()
    if python is None:
        pytest.skip("nbgrader is neither installed here nor in .peers/nbgrader, so it cannot be asked")
    return python


def beside_the_course(**settings: str) -> dict[str, str]:
    """The environment in which that interpreter also finds the course and all that the course needs.

    Both environments hold what they share at the versions of requirements.lock.
    """
    folders = [str(ROOT), sysconfig.get_path("purelib")]
    # nbgrader calls `alembic`, which lies beside its Python.
    path = f"{Path(python_with_nbgrader()).parent}{os.pathsep}{os.environ['PATH']}"
    return os.environ | {"PYTHONPATH": os.pathsep.join(folders), "PATH": path} | settings
