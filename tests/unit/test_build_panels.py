"""Cells that hold the answer to their own question are folded; cells with something to read are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from course_lib import teach
from course_lib.build import notebook, source
from course_lib.build.panels import PANELS, only_shows_a_panel

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("code", "folded"),
    [
        ('Quiz("q", "?", {"a": "b"}, answer="a")', True),
        ('guess = Predict("p", "?", options=["a"])\nguess', True),
        ('guess.reveal(answer=1, because="so")', True),
        ("chain_demo()", True),
        ('import math\nLearningMap("01_explosion")', False),
        ("x = 1.0\nx", False),
        ("np.mean(x)", False),
        ("%matplotlib inline\nchain_demo()", False),
        ("", False),
    ],
)
def test_only_panels_are_folded(code, folded):
    assert only_shows_a_panel(code) is folded


def test_the_panels_are_those_of_the_teaching_room():
    assert set(teach.__all__) - {"Frame", "check"} == PANELS


def test_no_lesson_shows_an_answer_before_its_question():
    for path in source.source_paths(ROOT, "lesson"):
        for cell in notebook.lesson(source.read(path, ROOT)).cells:
            if cell.cell_type == "code" and ("answer=" in cell.source or "verdict=" in cell.source):
                assert cell.metadata.get("jupyter") == {"source_hidden": True}, (
                    f"{path.stem}: {cell.source[:80]}"
                )
