"""What others wrote reaches files and terminals without what would steer them."""

from __future__ import annotations

import unicodedata

import pytest

from course_lib.clean import clean, clean_line
from course_lib.cli import main

BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


@pytest.mark.parametrize(
    "letter",
    [chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) in ("Cc", "Zl", "Zp")]
    + [*BIDI, "\ud800", "\udfff", "\udc80"],
)
def test_what_steers_becomes_a_blank(letter):
    assert clean_line(f"a{letter}b") == "a b"
    assert clean(f"a{letter}b") == ("a\nb" if letter == "\n" else "a b")


@pytest.mark.parametrize("text", ["Zoë 清", "a\u00a0b", "👩\u200d🔬", "مريم", "x\u0301"])
def test_letters_of_every_script_stay(text):
    assert clean(text) == text


def test_an_error_reaches_the_terminal_in_one_clean_line(capsys, tmp_path):
    assert main(["export", "moodle", str(tmp_path / "a\x1b[31m\nb"), "--out", str(tmp_path / "x.csv")]) == 1
    said = capsys.readouterr().err
    assert "\x1b" not in said
    assert said.count("\n") == 1
