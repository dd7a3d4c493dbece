"""`course grade --regrade QUESTION`: after a correction of one check, its question is put again, and nothing else.

The ledger remembers what each submission had for the question until all of them have been asked again, so that a
grader that is killed goes on where it stopped and still tells every change.
"""

from __future__ import annotations

import hashlib
from importlib import import_module
from pathlib import Path

from course_lib.checks.exercises import find_question
from course_lib.clean import clean
from course_lib.grading.ledger import Ledger


def exercise_of(question: str) -> str:
    """The exercise that asks `question`; raises `UnknownQuestion`."""
    return find_question(question)[0].name


def begin(ledger: Ledger, question: str) -> None:
    """Note whom to ask again: all who were graded, or those who were left when this was interrupted."""
    exercise = exercise_of(question)
    ledger.begin_regrade(question, exercise, _check(exercise))


def _check(exercise: str) -> str:
    """Tells one version of an exercise's checks from the next."""
    files = (import_module(f"course_lib.checks.{half}.e{exercise}").__file__ for half in ("probes", "judges"))
    return hashlib.sha256(b"\0".join(Path(file).read_bytes() for file in files if file)).hexdigest()


def changes(ledger: Ledger, question: str) -> list[str]:
    """Whose points changed, from what to what, and how many that is."""
    changes = ledger.changes(question)
    lines = [
        f"{clean(change.learner)}: {question} {change.before} -> {change.now} of {change.out_of} points, "
        f"all together {change.total - change.now + change.before} -> {change.total}"
        for change in changes
        if change.before != change.now
    ]
    return [*lines, f"{question}: points changed for {len(lines)} of {len(changes)} submissions."]


def unanswered(ledger: Ledger, question: str) -> list[str]:
    """A line for each submission that could not be asked again, since its file is gone or its worker was lost."""
    return [
        f"{clean(path)}: could not be asked again; its record of {question} is the old one."
        for path in ledger.not_regraded(question)
    ]
