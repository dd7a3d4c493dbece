"""From a solution to the learner's copy: a transform of text, cell by cell."""

from __future__ import annotations

from dataclasses import dataclass

BEGIN = "### BEGIN SOLUTION"
END = "### END SOLUTION"
STUB = "### STUB"
BLANK = "raise NotImplementedError"


class MarkError(ValueError):
    """Marks that do not pair up; `line` counts from 1 at the cell's first line of code."""

    def __init__(self, line: int, sentence: str) -> None:
        super().__init__(sentence)
        self.line = line


@dataclass(frozen=True)
class Answer:
    """One answer within a cell: lines `first` to `last` with its marks, and what the learner gets instead."""

    first: int
    last: int
    stub: tuple[str, ...]
    body: tuple[str, ...]


def answers(text: str) -> list[Answer]:
    """The marked answers of a cell, in order; raises `MarkError` where the marks do not pair up."""
    found: list[Answer] = []
    lines = text.split("\n")
    begun: int | None = None
    for number, line in enumerate(lines):
        mark = line.strip()
        if mark == BEGIN:
            if begun is not None:
                raise MarkError(number + 1, f"{BEGIN} stands inside another one; close that with {END} first")
            begun = number
        elif mark == END:
            if begun is None:
                raise MarkError(number + 1, f"{END} has no {BEGIN} before it")
            found.append(_answer(lines, begun, number))
            begun = None
        elif mark.startswith(STUB) and not _leads_to_begin(lines, number):
            raise MarkError(number + 1, f"{STUB} must stand directly above {BEGIN}")
    if begun is not None:
        raise MarkError(begun + 1, f"{BEGIN} is never closed; add {END}")
    return found


def learners_copy(text: str) -> str:
    """The cell as a learner gets it: each answer replaced by its stub, or by `raise NotImplementedError`."""
    return _replaced(text, [answer.stub for answer in answers(text)])


def solution_copy(text: str) -> str:
    """The cell as a solution reads: the answers stay, the marks and the stubs go."""
    return _replaced(text, [answer.body for answer in answers(text)])


def _replaced(text: str, replacements: list[tuple[str, ...]]) -> str:
    lines = text.split("\n")
    for answer, replacement in reversed(list(zip(answers(text), replacements, strict=True))):
        lines[answer.first : answer.last + 1] = replacement
    return "\n".join(lines)


def _answer(lines: list[str], begin: int, end: int) -> Answer:
    indent = _indent(lines[begin])
    if _indent(lines[end]) != indent:
        raise MarkError(end + 1, f"{END} must be indented as its {BEGIN} is")
    first = begin
    while first > 0 and lines[first - 1].strip().startswith(STUB):
        first -= 1
    stub = [line.strip()[len(STUB) :].removeprefix(" ") for line in lines[first:begin]] or [BLANK]
    return Answer(
        first,
        end,
        stub=tuple(f"{indent}{line}".rstrip() for line in stub),
        body=tuple(lines[begin + 1 : end]),
    )


def _leads_to_begin(lines: list[str], number: int) -> bool:
    following = (line.strip() for line in lines[number:])
    return next((line for line in following if not line.startswith(STUB)), "") == BEGIN


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]
