"""What leaves the grader: learner text is shown and never run, by a browser or a spreadsheet."""

from __future__ import annotations

import csv
import json
import unicodedata
from io import StringIO
from itertools import product

import pytest
from handwritten import RIGHT, hand_in, notebook

from course_lib.grading.reports import feedback_name
from course_lib.grading.submissions import names
from course_lib.grading.tables import cell, defused, rows_to, undefused


@pytest.mark.parametrize(
    "text", ["=1+1", "+cmd", "-2", "@SUM(A1)", "\t=1", "\r=1", "  =1", "\uff1d1", "'=1", "' '=1"]
)
def test_formulas_are_defused(text):
    assert defused(text) == "'" + text


@pytest.mark.parametrize("text", ["ann", "", "a=b", "1-2", "'t Hooft", "O'Brien", "a, -1", "-", "a; -"])
def test_other_text_stays_as_it_is(text):
    assert defused(text) == text


def test_a_semicolon_begins_no_formula_where_it_parts_cells():
    assert defused("ann;=1+1;b") == "ann;'=1+1;b"
    assert defused("ann; ;'@SUM(A1)") == "ann; ;''@SUM(A1)"


def test_no_two_texts_become_one_and_each_can_be_had_back():
    signs = "'=;- a"
    texts = {"".join(some) for length in range(6) for some in product(signs, repeat=length)}
    assert {undefused(defused(text)) for text in texts} == texts
    assert len({defused(text) for text in texts}) == len(texts)
    assert all(undefused(defused(text)) == text for text in texts)


def test_a_row_is_one_line_and_every_cell_is_quoted():
    told = StringIO()
    rows_to(told).writerow([cell(text) for text in ("a\rb", "c\nd", "e\u2028f", "g;=h")] + [3])
    assert told.getvalue() == """"a b","c d","e f","g;'=h","3"\n"""


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
    assert {row["learner"] for row in rows} == {cell(names.clear(learner)) for learner in LEARNERS}
    pages = [*(batch.out / "feedback").iterdir(), batch.out / "report.html"]
    assert len(pages) == len(LEARNERS) + 1
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert "<script" not in text
        assert "<img" not in text
        assert "\u202e" not in text
    lines = (batch.out / "results.jsonl").read_text(encoding="utf-8").removesuffix("\n").split("\n")
    assert {json.loads(line)["learner"] for line in lines} == {names.clear(learner) for learner in LEARNERS}


NAMES = (
    *(
        "a b",
        "a-b",
        "a/b",
        "A b",
        "../a",
        "",
        "b",
        "CON",
        "con",
        "Ann",
        "ann",
        "ANN",
        "Zoë",
        "Zoe\u0308",
        "zoë",
    ),
    *(
        "清",
        "淸",
        "हिन्दी",
        "ﬁn",
        "fin",
        "ß",
        "ss",
        "x" * 90,
        "x" * 91,
        "清" * 60,
        "清" * 61,
        "a--b",
        "_",
        "-",
        ".",
    ),
)


def test_feedback_names_never_meet_on_any_disk():
    pairs = [*product(NAMES, ("90_toy",)), ("a", "b--90_toy"), ("a--b", "90_toy"), ("a", "B"), ("a", "b")]
    names = [feedback_name(*pair) for pair in dict.fromkeys(pairs)]
    assert len({unicodedata.normalize("NFC", name).casefold() for name in names}) == len(names)
    assert all(
        name.endswith(".html") and "/" not in name and not name.startswith((".", "-")) for name in names
    )
    assert max(len(name.encode()) for name in names) < 255


@pytest.mark.parametrize(
    ("learner", "letters"),
    [("José Müller", "josé-müller"), ("清水", "清水"), ("हिन्दी", "हिन्दी"), ("مريم", "مريم")],
)
def test_feedback_names_keep_their_letters(learner, letters):
    assert feedback_name(learner, "90_toy").startswith(f"{letters}--")


def test_plain_names_stay_as_they_are():
    assert feedback_name("ann_1.b", "90_toy") == "ann_1.b--90_toy.html"
