"""What became of a notebook's cells, in sentences: which of them failed, why, and what that cost.

A cell that failed is said where it matters, at the question whose name it would have defined. It goes on into the
ledger as a note, and reports find those notes again by how they begin (`costs`, `missing_modules`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from course_lib.checks.case import Answer
from course_lib.checks.defining import defines, deletes
from course_lib.checks.judging import Verdict
from course_lib.clean import clean

MOST_TOLD = 100
"""Errors, and statements passed over, that are kept of one notebook."""

_PLACE = re.compile(r" \(<ipython-input[^>]{0,80}>, line (\d+)\)")
_UNDEFINED = re.compile(r"name '(\w+)' is not defined")
_COST = re.compile(r"(\w+) lost its points: (.*)", re.DOTALL)
_MISSING = "Not there when this was run: "
_BROKEN = ("SyntaxError", "IndentationError", "TabError")


@dataclass(frozen=True)
class PassedOver:
    """A statement that could not be run where this was run, for no fault of its cell: the rest of the cell ran."""

    cell: int
    statement: str
    error: str
    detail: str
    module: str


@dataclass
class Fate:
    """What became of the cells: by number the error that stopped it, or why it was left out."""

    sources: Sequence[str]
    in_text: Mapping[str, str] = field(default_factory=dict)
    raised: dict[int, tuple[str, str]] = field(default_factory=dict)
    left_out: dict[int, str] = field(default_factory=dict)
    passed: list[PassedOver] = field(default_factory=list)

    def stops(self, number: int, error: str, detail: str) -> None:
        """Cell `number` ended with an error."""
        if len(self.raised) < MOST_TOLD:
            self.raised[number] = clean(error)[:100], _PLACE.sub(r" (line \1)", clean(detail)[:400])

    def passes(self, number: int, statement: str, error: str, detail: str, module: str) -> None:
        """A statement of cell `number` was passed over."""
        if len(self.passed) < MOST_TOLD:
            told = PassedOver(
                number, clean(statement)[:100], clean(error)[:100], clean(detail)[:300], clean(module)[:100]
            )
            self.passed.append(told)

    def told(self) -> list[str]:
        """A sentence for each cell that stopped, and for each statement passed over, in order."""
        stopped = [
            (number, f"Cell {number} {_ended(error, detail)}.")
            for number, (error, detail) in self.raised.items()
            if error != "NotImplementedError"  # what a blank answer that is called does
        ]
        passed = [
            (
                entry.cell,
                f"Cell {entry.cell} passed over `{entry.statement}` ({_said(entry.error, entry.detail)}).",
            )
            for entry in self.passed
        ]
        missing = sorted({entry.module for entry in self.passed if entry.module})
        last = [_MISSING + ", ".join(missing) + "."] if missing else []
        return [sentence for _, sentence in sorted(passed + stopped, key=lambda told: told[0])] + last

    def explained(
        self, verdict: Verdict, needs: Iterable[str], answers: Sequence[Answer]
    ) -> tuple[Verdict, str]:
        """The verdict, with the failure that explains it where one does; and the note of what that cost, or nothing."""
        if verdict.right:
            return verdict, ""
        undefined = answers[0].detail if verdict.status == "missing" else ""
        told = undefined and self._of(undefined)
        asked_for = [_UNDEFINED.search(answer.detail) for answer in answers if answer.error == "NameError"]
        for name in (*needs, *(found[1] for found in asked_for if found)):
            told = told or self._of(name)
        if not told and any(answer.error == "ModuleNotFoundError" for answer in answers):
            module = next(answer.detail for answer in answers if answer.error == "ModuleNotFoundError")
            told = f"{module}; grading has the packages that the course brings"
        if told:
            message = f"The name {undefined} is not defined." if undefined else verdict.message.rstrip()
            message += "" if message.endswith((".", "!", "?")) else "."
            return replace(
                verdict, message=f"{message} {told}."
            ), f"{verdict.question} lost its points: {told}."
        return (replace(verdict, message=self._not_defined(undefined)), "") if undefined else (verdict, "")

    def _of(self, name: str) -> str:
        """What became of the last cell that would define `name`, where that explains why it is not there."""
        number = self._last_defining(name)
        if number is None:
            return ""
        cell = f"Cell {number}, which should define {name},"
        if number in self.left_out:
            return f"{cell} was left out: {self.left_out[number]}"
        passed = next((p for p in self.passed if p.cell == number and defines(p.statement, name)), None)
        if passed is not None:
            return f"Cell {number} passed over `{passed.statement}`: {_said(passed.error, passed.detail)}"
        if number not in self.raised:
            return ""
        error, detail = self.raised[number]
        if error in _BROKEN:
            return f"Nothing of cell {number}, which should define {name}, could run: {_said(error, detail)}"
        return f"{cell} {_ended(error, detail)}"

    def _last_defining(self, name: str) -> int | None:
        backwards = range(len(self.sources), 0, -1)
        return next((number for number in backwards if defines(self.sources[number - 1], name)), None)

    def _not_defined(self, name: str) -> str:
        """Why a name is missing although no cell failed over it."""
        if name in self.in_text:
            return (
                f"The name {name} is not defined: the cell that would define it is of type {self.in_text[name]}, and "
                "only code cells are run. Make it a code cell again (in JupyterLab: click beside it and press Y)."
            )
        number = self._last_defining(name)
        if number is None:
            return (
                f"The name {name} is not defined: no cell defines it. Keep the name as the exercise gives it."
            )
        after = enumerate(self.sources[number - 1 :], number)
        deleting = next((later for later, source in after if deletes(source, name)), None)
        if deleting is not None:
            return f"The name {name} is not defined: cell {deleting} deletes it again."
        return f"The name {name} is not defined: cell {number} could define it, and when it ran it did not."


def costs(notes: Iterable[str]) -> dict[str, list[str]]:
    """What failed cells cost, from a submission's notes: each sentence, and the questions it cost."""
    found: dict[str, list[str]] = {}
    for note in notes:
        if told := _COST.fullmatch(note):
            found.setdefault(told[2], []).append(told[1])
    return found


def is_cost_of(note: str, question: str) -> bool:
    """Whether a note says what the failure of a cell cost this question."""
    told = _COST.fullmatch(note)
    return told is not None and told[1] == question


def missing_modules(notes: Iterable[str]) -> list[str]:
    """The modules that a submission imported and that were not there, from its notes."""
    lists = [note.removeprefix(_MISSING).rstrip(".") for note in notes if note.startswith(_MISSING)]
    return [module for told in lists for module in told.split(", ")]


def _ended(error: str, detail: str) -> str:
    if error == "OutOfTime":
        return f"took too long: it was {detail}"
    return f"stopped with {_said(error, detail)}"


def _said(error: str, detail: str) -> str:
    return f"{error}: {detail}".removesuffix(": ").removesuffix(".")
