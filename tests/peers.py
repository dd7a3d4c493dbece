"""nbgrader as its users have it: in an environment of its own, beside which the course is importable."""

from __future__ import annotations

import os
import sysconfig
from pathlib import Path

import needs
from needs import ROOT


def python_with_nbgrader() -> str:
    """The interpreter that has nbgrader, for a test that says that it needs it."""
    python = needs.python_with_nbgrader()
    assert python, 'a test that asks nbgrader is marked `needs("nbgrader")`'
    return python


def beside_the_course(**settings: str) -> dict[str, str]:
    """The environment in which that interpreter also finds the course and all that the course needs.

    Both environments hold what they share at the versions of requirements.lock.
    """
    folders = [str(ROOT), sysconfig.get_path("purelib")]
    # nbgrader calls `alembic`, which lies beside its Python.
    path = f"{Path(python_with_nbgrader()).parent}{os.pathsep}{os.environ['PATH']}"
    return os.environ | {"PYTHONPATH": os.pathsep.join(folders), "PATH": path} | settings
