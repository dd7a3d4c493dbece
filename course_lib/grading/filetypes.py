"""What a file really is, whatever its name says: told from its first bytes, for sentences to people."""

from __future__ import annotations

import re

HEAD = 512
"""How many of a file's first bytes are enough to tell."""

_BEGINNINGS = (
    (rb"%PDF-", "a PDF"),
    (rb"\x89PNG|\xff\xd8\xff|GIF8|RIFF....WEBP", "a picture"),
    (rb"PK\x03\x04.{26}(?:\[Content_Types\]|_rels/|word/|xl/|ppt/)", "an Office document"),
    (rb"PK\x03\x04|PK\x05\x06|PK\x07\x08", "a zip"),
    (rb"Rar!|7z\xbc\xaf|\x1f\x8b|BZh|\xfd7zXZ", "a packed archive"),
    (rb"\xd0\xcf\x11\xe0", "an old Office document"),
    (rb"\s*\{\\rtf", "a text document (RTF)"),
    (rb"version https://git-lfs", "a pointer of Git LFS, without the file itself"),
    (rb"\[InternetShortcut\]", "a shortcut to a web page"),
    (rb"(?i)\s*(?:<!--.{0,200}?-->\s*)?<(?:!doctype html|html|head|body|p|div)\b", "an HTML page"),
    (rb"\s*<\?xml|\s*<svg", "an XML file"),
    (rb"\s*(?:#|import |from \w+ import |def |\"\"\"|%)", "Python code or plain text"),
    (rb"\0+\Z", "a file of zero bytes alone, as a broken disk or transfer leaves it"),
)
_KNOWN = [(re.compile(pattern, re.DOTALL), what) for pattern, what in _BEGINNINGS]


def what_it_is(head: bytes) -> str:
    """What a file that begins with these bytes is, with its article; empty when that cannot be told."""
    head = head[:HEAD].removeprefix(b"\xef\xbb\xbf")
    return next((what for pattern, what in _KNOWN if pattern.match(head)), "")
