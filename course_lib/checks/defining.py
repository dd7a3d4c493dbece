"""Which piece of a notebook's code would define a name; told from its lines, since it may be no valid Python."""

from __future__ import annotations

import re
from collections.abc import Iterator

_LONGEST_LINE = 500
"""Characters of a line that are looked at; a definition begins its line."""

_BLOCK = re.compile(r"(?:async\s++)?(?:def|class)\s++(\w++)|for\s++(.*?)\s++in\b|with\b.*\bas\s++(\w++)")
_IMPORT = re.compile(r"(?:from\s++[\w.]++\s++)?import\s++([^#;]++)")
_ASSIGNS = re.compile(r"(?<![=<>!:+\-*/%&|^@~])=(?!=)")
_CALL = re.compile(r"\w\s?\(")
_WALRUS = re.compile(r"(\w++) ?:=")


def defines(source: str, name: str) -> bool:
    """Whether some line of `source` defines, imports or assigns `name`, as far as a line can tell."""
    return any(name in line and name in _names(line) for line in _lines(source))


def deletes(source: str, name: str) -> bool:
    """Whether some line of `source` deletes `name`, or all names."""
    for line in _lines(source):
        if line.startswith("%reset"):
            return True
        if line.startswith("del ") and name in _bare(line[4:]):
            return True
    return False


def _lines(source: str) -> Iterator[str]:
    return (line[:_LONGEST_LINE].strip() for line in source.split("\n"))


def _names(line: str) -> list[str]:
    """The names that one line binds."""
    if line.startswith("#"):
        return []
    if block := _BLOCK.match(line):
        return _bare(",".join(filter(None, block.groups())))
    if imported := _IMPORT.match(line):
        return [
            entry.rpartition(" as ")[2].strip(" ()").partition(".")[0] for entry in imported[1].split(",")
        ]
    names = _WALRUS.findall(line)
    for target in _ASSIGNS.split(line)[:-1]:
        if _CALL.search(target):
            break
        names += _bare(target.partition(":")[0])
    return names


def _bare(targets: str) -> list[str]:
    return [target.strip(" ()[]*") for target in targets.split(",")]
