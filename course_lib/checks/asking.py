"""The half of a question that may stand beside learner code: it draws cases, runs the learner's code, reads it."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from course_lib.checks.case import Answer, Case, Plain, Unreadable, copy_plain, to_plain
from course_lib.checks.refusing import Leant, refusing

Namespace = Mapping[str, Any]
"""The learner's global names after all cells have run."""


@dataclass(frozen=True)
class Asked:
    """What is asked: everything about a question except how it is judged.

    - `name`: one word in text, check, test and grade; `title`: what it asks, in half a line.
    - `points`: what a right answer earns.
    - `needs`: the names that the learner's cell defines. A name that is `None` counts as left blank.
    - `draw(rng)`: the whole set of fresh cases, ordinary ones and edges together.
    - `probe(namespace, case)`: calls the learner's function, or reads the learner's variable.
    - `refuses`: dotted names of functions, by place of definition, that an answer may not lean on.
    - `prepare()`: reads and draws what this question's experiment starts from, whoever runs it; what it finds stays in
      the probe's caches. A grader calls it once, before the submissions.
    - `keeps`: the inputs that the learner's function must leave as they are. They travel beside the answer as they
      are afterwards; `settled` compares them, where no learner's code runs.
    """

    name: str
    title: str
    points: int
    needs: tuple[str, ...]
    draw: Callable[[np.random.Generator], list[Case]]
    probe: Callable[[Namespace, Case], Plain]
    refuses: tuple[str, ...] = ()
    prepare: Callable[[], object] = lambda: None
    keeps: tuple[str, ...] = ()


def ask(asked: Asked, namespace: Namespace, cases: list[Case]) -> list[Answer]:
    """One answer a case, not `settled` yet. Runs the learner's code; raises nothing but `KeyboardInterrupt`."""
    return list(asking(asked, namespace, cases))


def ask_ours(asked: Asked, namespace: Namespace, cases: list[Case]) -> list[Answer]:
    """What a reference or a misconception answers: the same probe, without the guard that refuses them."""
    return [_probed(asked, namespace, _copied(case)) for case in cases]


def settled(asked: Asked, case: Case, answer: Answer) -> Answer:
    """What was answered, and the inputs in `keeps` that the call has changed beside it."""
    if answer.status != "given" or not asked.keeps:
        return answer
    match answer.value:
        case {"returned": returned, "left": dict(left)} if set(left) == set(asked.keeps):
            changed = {
                f"your {name} afterwards": left[name]
                for name in asked.keeps
                if not _unchanged(case[name], left[name])
            }
            return Answer("given", {"returned": returned} | changed if changed else returned)
    return Answer("unreadable", detail="The answer came without what it was computed from.")


def _unchanged(before: Plain, after: Plain) -> bool:
    """Whether an input is what it was, nan where it was nan."""
    if isinstance(before, list):
        return (
            isinstance(after, list)
            and len(after) == len(before)
            and all(_unchanged(*pair) for pair in zip(before, after, strict=True))
        )
    if before is None or after is None:
        return before is after
    return np.array_equal(np.asarray(before), np.asarray(after), equal_nan=True)


def asking(asked: Asked, namespace: Namespace, cases: list[Case]) -> Iterator[Answer]:
    """The same, one answer at a time, so that what was answered before a crash or a time limit counts."""
    for name in asked.needs:
        if name not in namespace:
            yield from (Answer("missing", detail=name) for _ in cases)
            return
        if namespace[name] is None:
            yield from (Answer("blank", detail=name) for _ in cases)
            return
    for case in cases:
        yield _one(asked, namespace, case)


def _one(asked: Asked, namespace: Namespace, case: Case) -> Answer:
    with refusing(asked.refuses) as guard:
        answer = _probed(asked, namespace, _copied(case))
    return Answer("refused", detail=guard.leant_on) if guard.leant_on else answer


def _copied(case: Case) -> Case:
    """The inputs as the learner's code may have them: its own, and without what the case is called."""
    return Case("", {name: copy_plain(value) for name, value in case.inputs.items()})


def _probed(asked: Asked, namespace: Namespace, case: Case) -> Answer:
    try:
        with _quiet():
            value = to_plain(asked.probe(namespace, case))
            if asked.keeps:
                left = {name: to_plain(case[name]) for name in asked.keeps}
                value = {"returned": value, "left": left}
            return Answer("given", value)
    except KeyboardInterrupt:
        raise
    except NotImplementedError:
        return Answer("blank")
    except Unreadable as problem:
        return Answer("unreadable", detail=str(problem))
    except Leant as leant:
        return Answer("refused", detail=leant.name)
    except BaseException as error:  # SystemExit and the like are the learner's, and cost this answer only.
        return Answer("raised", error=type(error).__name__, detail=first_line(error))


def first_line(error: BaseException) -> str:
    """What an exception says, in one short line; whatever its own `__str__` does."""
    try:
        lines = str(error).strip().splitlines()
    except Exception as second:  # a learner's exception whose own __str__ fails
        return f"(its message cannot be read: {type(second).__name__})"
    return lines[0][:300] if lines else ""


class _Sink(io.TextIOBase):
    """Takes whatever a learner's function prints while it is being checked, and keeps none of it."""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        return len(text)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    with contextlib.redirect_stdout(_Sink()), contextlib.redirect_stderr(_Sink()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
