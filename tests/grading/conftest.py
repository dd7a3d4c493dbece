"""Every test here may grade on the toy exercise."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from grader import grade, idle, lend, toy_exercise, worker

__all__ = ["grade", "idle", "lend", "toy_exercise", "worker"]


def pytest_itemcollected(item: pytest.Item) -> None:
    """The workers that are lent to tests (`idle`) run in the sandbox, so who borrows one needs it."""
    if "idle" in getattr(item, "fixturenames", ()):
        item.add_marker(pytest.mark.needs("sandbox"))
