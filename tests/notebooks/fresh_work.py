"""A pytest plugin: nbval runs each notebook in the environment in which the build ran it.

A notebook gets an empty work folder of its own, so that what one notebook records (a prediction, a checked answer)
never shows in the outputs of the next.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from course_lib.build.command import course_root
from course_lib.build.execute import kernel_environment

_FOLDERS: dict[Path, tempfile.TemporaryDirectory[str]] = {}


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Before nbval starts a notebook's kernel, give that kernel its environment."""
    if item.path.suffix != ".ipynb" or item.path in _FOLDERS:
        return
    scratch = _FOLDERS[item.path] = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
    os.environ.pop("MPLBACKEND", None)
    os.environ.update(kernel_environment(course_root(), Path(scratch.name)))
