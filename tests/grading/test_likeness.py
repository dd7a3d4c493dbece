"""Near-identical answers: copied ones are found however they are dressed, honest ones are left in peace."""

from __future__ import annotations

import random
import re

from handwritten import NORM, RIGHT, THRESHOLD, TOP, hand_in, notebook

from course_lib.grading import likeness
from course_lib.grading.likeness import alike, fingerprints

LONG = '''def double(x):
    """Twice x, with care."""
    values = list(map(float, x))
    result = []
    for place, value in enumerate(values):
        if value == 0:
            result.append(0.0)
            continue
        twice = value + value
        if abs(twice) > 1e300:
            raise OverflowError(place)
        result.append(twice)
    return np.array(result)
'''
RENAMED = (
    """# my own idea
def double(vector):   # takes a vector
    """
    "'''Doubles what it gets; I wrote this alone.'''"
    """
    numbers=list( map(float, vector) )
    out = []   # what comes out
    # go through all of them
    for i, v in enumerate(numbers):
        if v == 0:
            out.append(0.0)
            continue
        d = v + v

        if abs(d) > 1e300: raise OverflowError(i)
        out.append(d)
    return np.array(out)
"""
)
OTHERS = (
    "def double(x):\n    return 2 * x",
    "def double(x):\n    y = np.empty(len(x))\n    for i in range(len(x)):\n        y[i] = x[i] * 2\n    return y",
    "def double(x):\n    out = []\n    for value in x:\n        out.append(2 * value)\n    return np.array(out)",
    "def double(x):\n    total = x.copy()\n    total += x\n    return total",
    "def double(x):\n    if len(x) == 0:\n        return x\n    values = []\n    for i, value in enumerate(x):\n"
    "        if value < 0:\n            values.append(-(abs(value) + abs(value)))\n        else:\n"
    "            values.append(value + value)\n    return np.asarray(values)",
)


def pairs(**answers):
    given = {name: fingerprints(source) for name, source in answers.items()}
    return {(pair.one, pair.other) for pair in alike({"double": given.items()}, {})}


def test_names_comments_and_spacing_hide_nothing():
    assert fingerprints(LONG) & fingerprints(RENAMED)
    others = {f"other{number}": source for number, source in enumerate(OTHERS)}
    assert pairs(ann=LONG, bob=RENAMED, **others) == {("ann", "bob")}


def test_a_line_more_and_parts_moved_hide_little():
    helper = "def unused(a, b):\n    return a - b\n\n\n"
    longer = helper + RENAMED.replace("    out = []", "    count = 0\n    out = []")
    assert pairs(ann=LONG, bob=longer) == {("ann", "bob")}


def test_honest_answers_are_left_in_peace():
    assert pairs(**{f"honest{number}": source for number, source in enumerate(OTHERS)}) == set()


def test_a_short_answer_is_alike_for_all_and_tells_nothing():
    assert pairs(ann=OTHERS[0], bob=OTHERS[0].replace("x", "y"), eve="double = lambda v: 2 * v") == set()


def test_what_many_hold_tells_nothing():
    assert pairs(**{f"learner{number}": LONG.replace("values", f"v{number}") for number in range(4)}) == set()


def test_what_the_copy_held_already_tells_nothing():
    given = {name: fingerprints(source) for name, source in {"ann": LONG, "bob": RENAMED}.items()}
    assert alike({"double": given.items()}, {"double": fingerprints(LONG)}) == []


def test_any_text_is_read():
    for text in (
        "'" * 50_000,
        '"""' * 50_000,
        "\\" * 100_000,
        "(" * 100_000,
        "\ud800é" * 50_000,
        "'''" + "a'" * 50_000,
    ):
        assert len(fingerprints(text)) <= likeness.MOST_TOKENS


def test_thousands_are_compared_through_the_index():
    rng = random.Random(0)

    def program() -> str:
        lines = [
            f"    v{rng.randrange(9)} = v{rng.randrange(9)} {rng.choice('+-*/')} {rng.randrange(99)}"
            for _ in range(25)
        ]
        return "def double(x):\n" + "\n".join(lines)

    answers = {f"learner{number:04d}": program() for number in range(3000)}
    answers["learner2999"] = re.sub(r"v(\d)", r"name_\1", answers["learner0007"])
    assert pairs(**answers) == {("learner0007", "learner2999")}


def test_the_report_names_them_and_no_point_changes(grade, tmp_path):
    for learner, source in {"ann": LONG, "bob": RENAMED, "eve": OTHERS[1]}.items():
        hand_in(tmp_path / "in", learner, notebook("import numpy as np", source, NORM, THRESHOLD, TOP))
    hand_in(tmp_path / "in", "zoe", notebook(*RIGHT))
    batch = grade(tmp_path / "in")
    assert {name: row["points"] for name, row in batch.grades.items()} == dict.fromkeys(
        ("ann", "bob", "eve", "zoe"), "10"
    )
    section = (
        (batch.out / "report.html").read_text(encoding="utf-8").split("Nearly the same")[1].split("<h2>")[0]
    )
    assert "<code>double</code> (" in section
    assert [name for name in ("ann", "bob", "eve", "zoe") if f">{name}<" in section] == ["ann", "bob"]
    assert "it proves nothing" in section
    hand_in(tmp_path / "in", "bob", notebook(*RIGHT, "# anew"))
    again = grade(tmp_path / "in")
    assert "Nearly the same" not in (again.out / "report.html").read_text(encoding="utf-8")


def test_a_fingerprint_spares_no_run_of_its_length():
    """The promise of winnowing: RUN + WINDOW - 1 tokens in a row are enough to share one."""
    shared = " + ".join("abcdefgh")  # 15 tokens
    assert likeness.RUN + likeness.WINDOW - 1 == 15
    assert fingerprints(f"x = 1 ; y = [{shared}]") & fingerprints(f"for i in z : print({shared})")
