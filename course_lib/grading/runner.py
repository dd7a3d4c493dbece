"""The trusted side: draws the cases, listens to the answers, decides. No line of a learner's runs here.

One rule says what a notebook earns. Its cells run in order, then each question is put to what they left behind.
A cell or a question that ends the process, or that no clock inside could stop, is left out, and the notebook runs
again without it; answers already given stand. So what follows a crash counts as what came before it.
"""

from __future__ import annotations

import hashlib
import re
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Literal

import numpy as np

from course_lib.checks import card, wire
from course_lib.checks.case import Answer, Case
from course_lib.checks.exercises import LEARNERS_SEED, Exercise, load, load_asked
from course_lib.checks.judging import Question, Verdict, decide
from course_lib.clean import clean
from course_lib.grading import bounds
from course_lib.grading.clocks import Clock
from course_lib.grading.explaining import Fate, is_cost_of
from course_lib.grading.frames import FrameError, pack
from course_lib.grading.notebook import Notebook
from course_lib.grading.process import Again, Late, Worker

MOST_RUNS = 8
"""How often one notebook is run: once, and again for each cell or question that ended the process."""

MOST_BYTES = 32 << 20
"""What one run may send before it counts as a flood."""

MOST_ENTRIES = 1_000_000
"""What all answers of one notebook may hold in lists, dicts and words (`wire.entries`), over all its runs."""

_LONGEST_FAULT = 20_000
_GRACE = 2.0
_BUSY = "The machine was busy: it waited"
_NEARLY = 0.99
"""Of all patience, from which on it counts as used up."""

Status = Literal["graded", "stopped", "unreadable"]


@dataclass(frozen=True)
class Limits:
    """Seconds for a whole submission, and for one cell or one question of it (a quarter)."""

    submission: float = 120.0

    @property
    def cell(self) -> float:
        """Seconds for one cell or one question."""
        return self.submission / 4

    @property
    def patience(self) -> float:
        """Seconds that a submission may wait for a core, beside its own; even on a busy machine it ends."""
        return self.submission * 4


@dataclass(frozen=True)
class Result:
    """One question's verdict as the ledger keeps it; `card` is the verdict as HTML, all text escaped."""

    question: str
    title: str
    status: str
    points: int
    out_of: int
    message: str
    misconception: str
    hints: tuple[str, ...]
    card: str


@dataclass(frozen=True)
class Graded:
    """What one submission earned.

    `status` is "graded" (it ran to its end), "stopped" (something was left out or cut short; `reason` says what,
    and the points are those earned all the same) or "unreadable" (nothing could be run).
    """

    status: Status
    reason: str
    notes: tuple[str, ...]
    seconds: float
    results: tuple[Result, ...]
    faults: tuple[str, ...] = ()
    """What went wrong in the grader itself, for its maintainer: one traceback each; no ledger keeps them."""

    @property
    def crowded(self) -> bool:
        """Whether it was cut short after it had waited for a core as long as it may: alone it might earn more."""
        return _BUSY in self.reason

    @property
    def points(self) -> int:
        """What all questions earned together."""
        return sum(result.points for result in self.results)


@dataclass
class _Log:
    """What is known of one submission while it runs, over all its runs."""

    cases: dict[str, list[Case]]
    """Of each question, as they were drawn."""
    order: dict[str, list[int]]
    """Of each question, in which order its cases are put."""
    fate: Fate
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    """Of each question, in the order in which its cases were put."""
    finished: set[str] = field(default_factory=set)
    reasons: list[str] = field(default_factory=list)
    defects: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    entries: int = MOST_ENTRIES
    waited: float = 0.0
    """Seconds that the worker took to start; they are not the notebook's."""
    queued: float = 0.0
    """Seconds that it waited for a core while others had it; no clock charges them."""
    place: int | str | None = None
    """The cell (by number) or the question (by name) that is running."""
    to_come: list[int] = field(default_factory=list)
    """The cells of this run that have not begun, the next one last."""

    def open_questions(self) -> list[str]:
        return [name for name in self.cases if name not in self.finished]

    def case_to_put(self) -> Case | None:
        """The next case of the question that is running, without what it is called."""
        if not isinstance(self.place, str) or self.place in self.finished:
            return None
        place = self.order[self.place][len(self.answers[self.place])]
        return Case("", self.cases[self.place][place].inputs)

    def answers_as_drawn(self, name: str) -> list[Answer]:
        """The answers to one question, each in its case's place; none where it was never asked."""
        by_place = dict(zip(self.order[name], self.answers.get(name, []), strict=False))
        return [by_place[place] for place in sorted(by_place)]


@cache
def exercise(name: str) -> Exercise:
    """Both halves of an exercise, loaded once; judging keeps to one thread, since every job judges."""
    import torch

    torch.set_num_threads(1)
    return load(name)


@dataclass(frozen=True)
class Outcome:
    """What came of running one notebook: a verdict a question, whether it ran to its end, and what to say about it.

    `reasons` tell what was left out or cut short; `told` which cells stopped, and which statements were passed over;
    `costs` which questions lost their points to that; `defects` the checks that failed on an answer, which is the
    course's fault.
    """

    verdicts: tuple[Verdict, ...]
    reasons: tuple[str, ...]
    told: tuple[str, ...]
    costs: tuple[str, ...]
    defects: tuple[str, ...]
    seconds: float
    faults: tuple[str, ...]


def grade(
    notebook: Notebook,
    name: str,
    secrets: Mapping[str, bytes],
    limits: Limits,
    worker: Worker,
    question: str | None = None,
) -> Graded:
    """Run one notebook as exercise `name`, put the questions on cases of its own, and decide.

    The cases follow from the questions' `secrets`. With `question`, only that one is put, on the same cases.
    """
    questions = [q for q in exercise(name).questions if question in (None, q.name)]
    cases = {q.name: draw(q, secrets[q.name]) for q in questions}
    order = {q.name: secret_order(secrets[q.name], len(cases[q.name])) for q in questions}
    outcome = _outcome(notebook, name, cases, order, limits, worker)
    return Graded(
        status="stopped" if outcome.reasons else "graded",
        reason=" ".join(outcome.reasons),
        notes=(*notebook.notes(list(cases)), *outcome.costs, *outcome.told, *outcome.defects),
        seconds=round(outcome.seconds, 3),
        results=tuple(_result(verdict) for verdict in outcome.verdicts),
        faults=outcome.faults,
    )


def check(notebook: Notebook, name: str, limits: Limits, worker: Worker) -> Outcome:
    """The same for a learner's own eyes, on the very cases that `check(...)` puts in the notebook, in their order."""
    cases = {
        question.name: question.asked.draw(np.random.default_rng(LEARNERS_SEED))
        for question in exercise(name).questions
    }
    order = {question: list(range(len(drawn))) for question, drawn in cases.items()}
    return _outcome(notebook, name, cases, order, limits, worker)


def _outcome(
    notebook: Notebook,
    name: str,
    cases: dict[str, list[Case]],
    order: dict[str, list[int]],
    limits: Limits,
    worker: Worker,
) -> Outcome:
    began = time.monotonic()
    log = _Log(cases, order, Fate(notebook.sources, notebook.in_text))
    _run(notebook, name, log, limits, worker)
    log.reasons += _interrupted(log, limits)
    if log.reasons and log.queued >= limits.patience * _NEARLY:
        log.reasons.append(f"{_BUSY} {log.queued:.0f} s for a processor core.")
    decided = [_decided(question, log) for question in exercise(name).questions if question.name in cases]
    return Outcome(
        verdicts=tuple(verdict for verdict, _ in decided),
        reasons=tuple(dict.fromkeys(log.reasons)),
        told=tuple(log.fate.told()),
        costs=tuple(cost for _, cost in decided if cost),
        defects=tuple(log.defects),
        seconds=time.monotonic() - began - log.waited,
        faults=tuple(log.faults),
    )


def _interrupted(log: _Log, limits: Limits) -> list[str]:
    """Which cells and questions were interrupted because they took too long, though all went on after them."""
    stopped = [number for number, (error, _) in log.fate.raised.items() if error == "OutOfTime"]
    asked = [name for name, answers in log.answers.items() if Answer("timed out") in answers]
    return [f"Cell {number} was stopped after {limits.cell:g} s." for number in stopped] + [
        f"Asking {name} did not end: it was stopped after {limits.cell:g} s." for name in asked
    ]


def renewed(before: Graded, again: Graded, question: str) -> Graded:
    """`before`, with the record of one question, and what was said of asking it, as `again` has them."""
    fresh = {result.question: result for result in again.results}
    results = [fresh.pop(result.question, result) for result in before.results]
    asking = re.compile(rf"Asking {re.escape(question)} did not end: .*?\.(?= |$)")
    sentences = [asking.sub("", before.reason), *asking.findall(again.reason)]
    reason = " ".join(" ".join(sentences).split())
    notes = [
        note
        for note in before.notes
        if not note.startswith(_defect(question)) and not is_cost_of(note, question)
    ]
    return Graded(
        status="stopped" if reason else "graded",
        reason=reason,
        notes=(*notes, *(note for note in again.notes if note not in notes)),
        seconds=before.seconds,
        results=(*results, *fresh.values()),
    )


def _defect(question: str) -> str:
    """How the note begins that a check failed on an answer."""
    return f"The check of {question} failed:"


def fault_of(defect: BaseException) -> str:
    """What the maintainer of the grader needs to see of a defect of ours: its traceback, the end of it."""
    return "".join(traceback.format_exception(defect))[-_LONGEST_FAULT:]


def by_a_fault(name: str, defect: Exception) -> Graded:
    """The record of a submission on which the grader itself failed; the learner is not to blame."""
    problem = (
        f"was not graded, by a fault of the grader's own ({type(defect).__name__}); "
        "faults.log says where. The same command tries it again."
    )
    return replace(unreadable(name, clean(problem)), faults=(fault_of(defect),))


def unreadable(name: str, problem: str) -> Graded:
    """The record of a submission that cannot be run: no points, and the sentence that says why."""
    questions = exercise(name).questions if name else ()
    results = tuple(
        Result(q.name, q.asked.title, "missing", 0, q.points, "The notebook could not be run.", "", (), "")
        for q in questions
    )
    return Graded("unreadable", problem, (), 0.0, results)


def secrets_of(seed: str, digest: str, name: str) -> dict[str, bytes]:
    """For each question of exercise `name`, what its cases follow from in the notebook with this digest.

    A secret follows from the secret `seed`, the notebook's bytes and the question's name, so that the same bytes
    earn the same points, and no learner can know the cases. It tells nothing of the seed.
    """
    return {
        asked.name: hashlib.sha256(f"{seed}\0{digest}\0{asked.name}".encode()).digest()
        for asked in load_asked(name)
    }


def draw(question: Question, secret: bytes) -> list[Case]:
    """The question's cases that follow from its secret."""
    return question.asked.draw(np.random.default_rng(int.from_bytes(secret)))


def secret_order(secret: bytes, count: int) -> list[int]:
    """The order in which so many cases are put, so that no answer can go by a case's place."""
    return [int(place) for place in np.random.default_rng((int.from_bytes(secret), count)).permutation(count)]


def _run(notebook: Notebook, name: str, log: _Log, limits: Limits, worker: Worker) -> None:
    """Run until every question is finished, the time is over, or it was tried `MOST_RUNS` times.

    Where that was not enough, one last run goes no further than the first cell that was in the way, so that what
    was answered before it counts.
    """
    deadline = time.monotonic() + limits.submission
    for _ in range(MOST_RUNS):
        deadline = _run_once(notebook, name, log, limits, worker, deadline)
        if not log.open_questions():
            return
        if time.monotonic() >= deadline:
            why = f"its {limits.submission:g} s were over"
            break
    else:
        why = f"it had ended the process {MOST_RUNS} times"
    left_out = log.fate.left_out
    if left_out:
        first = min(left_out)
        log.reasons = [f"It was stopped ({why}), and run again as far as cell {first}."]
        left_out |= {
            number: why for number in range(first, len(notebook.cells) + 1) if number not in left_out
        }
        _run_once(notebook, name, log, limits, worker, time.monotonic() + limits.cell)
    if log.open_questions():
        _cut_short(log, why)


def _run_once(
    notebook: Notebook, name: str, log: _Log, limits: Limits, worker: Worker, deadline: float
) -> float:
    """One run, and what is to be left out of the next; the deadline, moved by starts and waits."""
    began = time.monotonic()
    cells = {number: s for number, s in enumerate(notebook.sources, 1) if number not in log.fate.left_out}
    log.to_come = sorted(cells, reverse=True)
    known = dict(log.answers), set(log.finished), dict(log.fate.raised)
    log.fate.passed.clear()
    worker.begin(_job(cells, name, log, limits), int(limits.submission) + 1)
    waited = time.monotonic() - began
    log.waited += waited
    clock = Clock(worker, deadline + waited, limits.cell + _GRACE, limits.patience - log.queued)
    trouble = _listen(log, clock, limits)
    try:
        how = worker.finish()
    except Again:
        log.answers, log.finished, log.fate.raised = known
        log.waited += time.monotonic() - began - waited
        return _run_once(notebook, name, log, limits, worker, deadline + time.monotonic() - began)
    log.queued += clock.waited
    if log.open_questions():
        _leave_out(log, trouble or how or "it ended without a word")
    return deadline + waited + clock.waited


def _job(cells: dict[int, str], name: str, log: _Log, limits: Limits) -> bytes:
    job = {
        "exercise": name,
        "cells": {str(number): source for number, source in cells.items()},
        "questions": {question: len(log.cases[question]) for question in log.open_questions()},
        "cell_seconds": limits.cell,
    }
    return pack("job", wire.encode(job))


def _listen(log: _Log, clock: Clock, limits: Limits) -> str:
    """Take what the process says until it is done, late, silent or flooding; the trouble in words."""
    log.place = None
    room = MOST_BYTES
    while True:
        try:
            frame = clock.receive()
            if frame is None:
                return ""
            word, payload = frame
            room -= len(payload)
            if room < 0:
                return "it flooded the grader with data"
            if word == "done":
                return "" if not log.open_questions() else "it forged its messages"
            _take(log, word, payload)
            if word in ("question", "answer"):
                _put(log, clock)
        except Late:
            return f"it took longer than {limits.cell:g} s and did not let itself be stopped"
        except (FrameError, wire.WireError, ValueError):
            return "it wrote into the grader's messages"
        except MemoryError:
            return "it flooded the grader with data"


def _put(log: _Log, clock: Clock) -> None:
    """Hand in the next case of the question that is running, now that the one before it is answered."""
    case = log.case_to_put()
    if case is not None:
        clock.send(pack("case", wire.encode_cases([case])))


def _take(log: _Log, word: str, payload: bytes) -> None:
    """One frame from the process: believed as far as it can only harm its sender, and only in its turn.

    All cells begin in their order, then all questions. So what a cell forges is seen while that cell runs, and no
    other pays for it.
    """
    if word == "cell":
        if not log.to_come or payload != str(log.to_come[-1]).encode():
            raise wire.WireError("a cell out of turn")
        log.place = log.to_come.pop()
    elif word == "raised":
        match wire.decode(payload):
            case [int(number), str(error), str(detail)] if number == log.place:
                log.fate.stops(number, error, detail)
    elif word == "passed":
        match wire.decode(payload):
            case [int(number), str(statement), str(error), str(detail), str(module)] if number == log.place:
                log.fate.passes(number, statement, error, detail, module)
    elif word == "question":
        name = payload.decode("ascii", "replace")
        if log.to_come or name not in log.open_questions()[:1]:
            raise wire.WireError("a question out of turn")
        log.place = name
        log.answers[name] = []
    elif word == "answer" and isinstance(log.place, str) and log.place not in log.finished:
        answers = log.answers[log.place]
        log.entries -= wire.entries(payload)
        if log.entries < 0:
            raise wire.WireError("more entries than all answers may hold")
        answers.append(_cleaned(wire.decode_answer(payload)))
        if len(answers) == len(log.cases[log.place]):
            log.finished.add(log.place)
    else:
        raise wire.WireError("a message out of turn")


def _leave_out(log: _Log, trouble: str) -> None:
    """What ended the process is not run again; a question's remaining cases count as not answered."""
    if isinstance(log.place, str):
        log.reasons.append(clean(f"Asking {log.place} did not end: {trouble}."))
        _fill(log, log.place, Answer("timed out", detail=f"Your function did not return: {trouble}."))
    elif log.place is None or log.place in log.fate.left_out:
        _cut_short(log, trouble)
    else:
        log.reasons.append(f"Cell {log.place} was left out: {trouble}.")
        log.fate.left_out[log.place] = trouble


def _cut_short(log: _Log, trouble: str) -> None:
    log.reasons.append(f"The notebook was stopped: {trouble}.")
    for name in log.open_questions():
        _fill(log, name, Answer("timed out", detail=f"This question was not reached: {trouble}."))


def _fill(log: _Log, name: str, answer: Answer) -> None:
    answers = log.answers.setdefault(name, [])
    answers += [answer] * (len(log.cases[name]) - len(answers))
    log.finished.add(name)


def _decided(question: Question, log: _Log) -> tuple[Verdict, str]:
    """The verdict, and the note of what a failed cell cost, if one did."""
    cases = log.cases[question.name]
    answers = log.answers_as_drawn(question.name) or [
        Answer("missing", detail=question.asked.needs[0]) for _ in cases
    ]
    try:
        with bounds.judging():
            decided = log.fate.explained(decide(question, cases, answers), question.asked.needs, answers)
            card.html(decided[0])  # here, so that a value that cannot be shown costs its question only
            return decided
    except (bounds.TooLong, MemoryError):
        log.defects.append(f"{_defect(question.name)} it took more time or memory than a check may.")
        message = "The check could not compare your answer, which took it too much time or memory."
        return Verdict(question.name, question.asked.title, "wrong", 0, question.points, message), ""
    except Exception as defect:  # an answer of a form that the check's author did not foresee
        log.faults.append(fault_of(defect))
        log.defects.append(clean(f"{_defect(question.name)} {type(defect).__name__}: {defect}"))
        message = "The check could not compare your answer; your teacher has been told."
        return Verdict(question.name, question.asked.title, "wrong", 0, question.points, message), ""


def _result(verdict: Verdict) -> Result:
    return Result(
        verdict.question,
        verdict.title,
        verdict.status,
        verdict.points,
        verdict.out_of,
        clean(verdict.message),
        verdict.misconception,
        verdict.hints,
        clean(card.html(verdict)),
    )


def _cleaned(answer: Answer) -> Answer:
    return Answer(answer.status, answer.value, clean(answer.error)[:100], clean(answer.detail)[:400])
