"""What leaves the grader: learner text is shown and never run, by a browser or a spreadsheet."""

from __future__ import annotations

import csv
import json

import pytest
from handwritten import RIGHT, hand_in, notebook

from course_lib.grading.reports import feedback_name
from course_lib.grading.tables import defused


@pytest.mark.parametrize("text", ["=1+1", "+cmd", "-2", "@SUM(A1)", "\t=1", "\r=1", "  =1", "\uff1d1"])
def test_formulas_are_defused(text):
    assert defused(text) == "'" + text


@pytest.mark.parametrize("text", ["ann", "", "a=b", "1-2"])
def test_other_text_stays_as_it_is(text):
    assert defused(text) == text


LEARNERS = [
    "=HYPERLINK(1)",
    "<script>alert(1)<",
    'ann & "bob"',
    "Zo\u00eb \u6e05",
    "a\u202eb",
    "-",
    "x" * 200,
]


def test_any_learners_name_is_safe_everywhere(grade, tmp_path):
    for learner in LEARNERS:
        hand_in(tmp_path / "in", learner, notebook(*RIGHT, "raise ValueError('<img src=x> \u202e \\ud800')"))
    batch = grade(tmp_path / "in")
    assert batch.code == 0
    with (batch.out / "grades.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["learner"] for row in rows} == {defused(learner) for learner in LEARNERS}
    pages = [*(batch.out / "feedback").iterdir(), batch.out / "report.html"]
    assert len(pages) == len(LEARNERS) + 1
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert "<script" not in text
        assert "<img" not in text
        assert "\u202e" not in text
    lines = (batch.out / "results.jsonl").read_text(encoding="utf-8").splitlines()
    assert {json.loads(line)["learner"] for line in lines} == set(LEARNERS)


def test_feedback_names_never_meet():
    names = {
        feedback_name(learner, "90_toy") for learner in ("a b", "a-b", "a/b", "A b", "../a", "", "b", "CON")
    }
    assert len(names) == 8
    assert all(name.endswith(".html") and "/" not in name and not name.startswith(".") for name in names)
