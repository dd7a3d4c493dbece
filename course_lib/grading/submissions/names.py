"""Names of files and learners become clean text once, here, where they enter."""

from __future__ import annotations

import hashlib
import unicodedata

LONGEST = 255
"""Characters of one name, as on any disk; longer ones, which zips may hold, are cut in the middle."""

_JOINERS = "\u200c\u200d"  # invisible, and part of names in Persian and in Indian scripts
_HIDDEN = ("__macosx", "thumbs.db", "desktop.ini", "icon\r")


def clear(name: str) -> str:
    """A name that any file, terminal and reader can hold, and no other name's.

    What cannot be seen (control characters, ends of lines, marks that turn the reading direction) and bytes that are
    no text are written as escapes, so that two names that differ stay two names. All letters are kept.
    """
    text = "".join(character if _is_seen(character) else _escaped(character) for character in name)
    if len(text) <= LONGEST:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:8]
    return f"{text[:180]}...{digest}...{text[-60:]}"


def learner(name: str) -> str:
    """The learner that a folder names. Accents stored in two ways (as one character, or as two) are one learner's:
    the same folder has one form on a Mac and the other elsewhere.
    """
    return unicodedata.normalize("NFC", name)


def is_hidden(name: str) -> bool:
    """Whether a file or folder is put there by a system or a program, and by no learner."""
    return (name.startswith(".") and name not in (".", "..")) or name.lower() in _HIDDEN


def _is_seen(character: str) -> bool:
    if character.isprintable() or character in _JOINERS:
        return True
    return unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Zl", "Zp")


def _escaped(character: str) -> str:
    if "\udc80" <= character <= "\udcff":  # Python's stand-in for a byte that is no text
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")
