"""Our own expressions look at each letter of a learner's text about once: four times the text, four times the work."""

from __future__ import annotations

import time

import pytest

from course_lib.clean import clean
from course_lib.grading import likeness
from course_lib.grading.notebook import Cell, Notebook

SIZE = 10_000_000

PIECES = {
    "newlines": "\n",
    "blanks": " ",
    "blank lines": " \n\t",
    "calls": "check(",
    "calls in lines": "check(\n",
    "calls with a quote": 'check("',
    "calls without an end": 'check("a\n',
    "names": "norm ",
    "names in lines": "norm\n",
    "annotations": "norm: ",
    "definitions": "def\n",
    "a string of escapes": '\\"',
    "other escapes": "\\'",
    "backslashes": "\\",
    "continued lines": "\\\n",
    "quotes": '"',
    "single quotes": "'",
    "both quotes": "\"'",
    "openings of texts": "'''\n",
    "openings of both": "\"\"\"'''",
    "prefixes": 'rb"',
    "digits": "1",
    "comments": "#",
    "controls": "\x00",
    "brackets": "(((",
}


def notes(text: str) -> object:
    return Notebook((Cell(text, {}),), None, "").notes(["norm"])


def prints(text: str) -> object:
    return likeness._tokens(text)


def defines(text: str) -> object:
    return likeness._defines(("norm", "top")).search(text)


def seconds(work, text: str) -> float:
    begun = time.process_time()
    work(text)
    return time.process_time() - begun


@pytest.mark.parametrize("work", [notes, defines, prints, clean], ids=lambda work: work.__name__)
@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize("opening", ["", '"', "'''", "norm", "check("])
def test_four_times_the_text_is_four_times_the_work(work, piece, opening, monkeypatch):
    monkeypatch.setattr(likeness, "MOST_TOKENS", 1 << 60)
    # Tokens are built for each letter; of more than SIZE // 20 nothing is looked at (below).
    most = SIZE // 20 if work is prints or opening else SIZE
    text = opening + PIECES[piece] * (most // len(PIECES[piece]))
    # From a size at which a quadratic expression shows, up, so that it fails soon and never runs for days.
    short = seconds(work, text[: most // 64])
    for part in (16, 4, 1):
        longer = seconds(work, text[: most // part])
        assert longer < 0.2 + 12 * short, (
            f"{most // part} letters: {longer:.2f} s, a quarter of them {short:.2f} s"
        )
        short = longer


@pytest.mark.parametrize("piece", PIECES)
def test_likeness_looks_at_so_much_of_a_cell_and_no_more(piece):
    text = "def norm(x):\n" + PIECES[piece] * (SIZE // len(PIECES[piece]))
    assert len(likeness.fingerprints(text)) <= likeness.MOST_TOKENS
    assert seconds(likeness.fingerprints, text) < 5  # a tenth of a second, on a machine that is not busy
