"""Text of others, made fit to be shown: one place decides what no file, terminal or reader of ours has to bear."""

from __future__ import annotations

import re

_UNFIT = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f"  # control characters, ESC and the tab among them
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # what turns the direction of reading
    "\u2028\u2029\ufff9-\ufffb"  # ends of lines that only some readers see, and marks between lines
    "\ud800-\udfff]"  # halves of characters
)


def clean(text: str) -> str:
    """Text that any file, terminal and reader can hold.

    Control characters, halves of characters, lone ends of lines and turned reading directions become blanks; the
    newline stays.
    """
    return _UNFIT.sub(" ", text)


def clean_line(text: str) -> str:
    """The same in one line: a newline becomes a blank too."""
    return clean(text).replace("\n", " ")
