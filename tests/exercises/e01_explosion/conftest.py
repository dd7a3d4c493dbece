"""The notebook of this exercise, for questions whose experiment or broken function it hands out."""

from __future__ import annotations

from pathlib import Path

import pytest

from course_lib.build import source, transform

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def notebook(tmp_path_factory):
    """The names of the exercise after its given cells have run: what it hands to the learner."""
    read = source.read(ROOT / "source" / "exercises" / "01_explosion.py", ROOT)
    names: dict[str, object] = {"__name__": "__main__"}
    for cell in read.cells:
        if cell.kind == "code" and not cell.check:
            exec(transform.learners_copy(cell.text), names)
    return names
