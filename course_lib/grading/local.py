"""Grading on this machine: a few trusted processes, each with a worker process of its own.

What a notebook answers is read, judged and drawn in one of them, under limits of memory and time (`bounds`). Should it
end such a process all the same, it gets another one, once; ends it that too, the notebook is given up and named.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import sys
import time
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from course_lib.errors import CourseError
from course_lib.grading import bounds
from course_lib.grading.notebook import Notebook
from course_lib.grading.process import Worker, how, open_worker
from course_lib.grading.runner import Graded, Limits, by_a_fault, exercise, grade, secrets_of, unreadable


@dataclass(frozen=True)
class Task:
    """One notebook to grade as one exercise, or in one `question` of it again."""

    notebook: Notebook
    exercise: str
    question: str | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What its result belongs to: the bytes, as this exercise."""
        return self.notebook.digest, self.exercise


class Desk:
    """Where one notebook at a time is graded: its worker is opened when it is needed.

    A desk that has a `place` beside others has a process to itself, and limits that process; its memory may run out
    for one notebook.
    """

    def __init__(self, sandbox: bool, place: int | None = None) -> None:
        self._sandbox = sandbox
        self._place = place
        self._loaded: set[str] = set()
        self._worker: Worker | None = None

    def grade(self, task: Task, secrets: Mapping[str, bytes], limits: Limits) -> Graded:
        """Grade one notebook, on the cases that follow from its questions' secrets.

        Raises `CourseError` where nothing can be graded here, and `MemoryError`; whatever else goes wrong is this
        notebook's record.
        """
        try:
            if self._worker is None:
                self._worker = open_worker(self._sandbox, task.exercise, self._place)
            self._load(task.exercise)
            return grade(task.notebook, task.exercise, secrets, limits, self._worker, task.question)
        except (CourseError, MemoryError):
            raise
        except Exception as defect:
            self.close()  # it may be in the middle of something
            return by_a_fault(task.exercise, defect)

    def _load(self, name: str) -> None:
        """Load an exercise's references, which the worker's start leaves time for; then the limits are drawn."""
        exercise(name)
        if self._place is not None:
            if name not in self._loaded:
                bounds.hold_memory()
            bounds.hold_time()
        self._loaded.add(name)

    def close(self) -> None:
        """End the worker."""
        if self._worker is not None:
            self._worker.close()
            self._worker = None


_PATIENCE = 10.0
"""Seconds that a trusted process may take to leave when there is nothing left to do."""

_STARTING = 600.0
"""Seconds beyond three times a notebook's own, and its waits for a core, that a trusted process may take over it."""

_MOST_CROWDED = 100
"""Notebooks that are kept to be graded again alone."""

_NO_MEMORY = 12
"""How a trusted process ends that had no memory left; the number of the system's own error (ENOMEM)."""


def given_up(name: str, why: str) -> Graded:
    """The record of a notebook that ended two trusted processes."""
    problem = (
        f"was not graded: what it answered ended the grader's own process twice ({why}). Look at it yourself; "
        "the same command tries it again."
    )
    return unreadable(name, problem)


class _Seat:
    """A trusted process, and the notebook that it is at work on."""

    def __init__(self, place: int, seed: str, limits: Limits, sandbox: bool) -> None:
        self.place = place
        spawn = multiprocessing.get_context("spawn")
        self.line, theirs = spawn.Pipe()
        with theirs:
            self.process: BaseProcess = spawn.Process(
                target=_sit_at_desk, args=(theirs, place, seed, limits, sandbox)
            )
            self.process.start()
        self._longest = 3 * limits.submission + limits.patience + _STARTING
        self.task: Task | None = None
        self.again = False
        self.deadline = 0.0

    def give(self, task: Task, again: bool = False) -> None:
        """Hand it a notebook; one that has ended is noticed when it is listened to."""
        self.task, self.again = task, again
        self.deadline = time.monotonic() + self._longest
        with contextlib.suppress(OSError):
            self.line.send(task)

    def take(self) -> Graded | str:
        """What it says of its notebook, or in words how it ended; raises what it could not work for."""
        if time.monotonic() >= self.deadline and not self.line.poll():
            self.process.kill()
            return f"it took longer than {self._longest:g} s"
        try:
            result = self.line.recv()
        except (EOFError, OSError):
            self.process.join()
            code = self.process.exitcode or 0
            return (
                f"it took more than {bounds.MEMORY >> 20} MB of memory" if code == _NO_MEMORY else how(code)
            )
        if isinstance(result, CourseError):
            raise result
        assert isinstance(result, Graded)
        return result

    def end(self) -> None:
        """End the process, should it still be there."""
        self.line.close()
        self.process.terminate()
        self.process.join(_PATIENCE)
        self.process.kill()
        self.process.join()


def grade_beside(
    tasks: Iterable[Task], seed: str, limits: Limits, sandbox: bool, jobs: int
) -> Generator[tuple[Task, Graded], None, None]:
    """Grade `jobs` at a time, each in a trusted process of its own; results come as they are ready.

    Processes and not threads: judging keeps a core as busy as running does, it redirects the standard streams,
    which a process has only once, and what ends one of them ends no other. Tasks are taken as they are needed, so
    that few are held at a time. What was cut short because others had its core is graded again at the end, with
    nothing of this batch beside it.
    """
    waiting = iter(tasks)
    seats: dict[Connection, _Seat] = {}
    leaving: list[_Seat] = []
    crowded: list[Task] = []

    def fill(seat: _Seat) -> None:
        task = next(waiting, None)
        if task is None:
            seat.line.close()
            leaving.append(seats.pop(seat.line))
        else:
            seat.give(task)

    def open_seat(place: int) -> _Seat:
        seat = _Seat(place, seed, limits, sandbox)
        seats[seat.line] = seat
        return seat

    try:
        for place in range(jobs):
            fill(open_seat(place))
        while seats:
            soonest = min(seat.deadline for seat in seats.values())
            ready = wait(list(seats), max(0.0, soonest - time.monotonic()))
            overdue = [line for line, seat in seats.items() if time.monotonic() >= seat.deadline]
            for line in dict.fromkeys([*ready, *overdue]):
                assert isinstance(line, Connection)
                seat = seats[line]
                task, result = seat.task, seat.take()
                assert task is not None
                if isinstance(result, Graded):
                    fill(seat)
                    if result.crowded and jobs > 1 and len(crowded) < _MOST_CROWDED:
                        crowded.append(task)
                    else:
                        yield task, result
                    continue
                seats.pop(line).end()
                other = open_seat(seat.place)
                if not seat.again:
                    other.give(task, again=True)
                else:
                    fill(other)
                    yield task, given_up(task.exercise, result)
        for seat in leaving:
            seat.process.join(_PATIENCE)
    finally:
        for seat in (*leaving, *seats.values()):
            seat.end()
    if crowded:
        yield from grade_beside(crowded, seed, limits, sandbox, jobs=1)


def _sit_at_desk(tasks: Connection, place: int, seed: str, limits: Limits, sandbox: bool) -> None:
    """One trusted process: ends when the first one does, and leaves interrupts from the keyboard to it."""
    signal.signal(signal.SIGINT, lambda *_: None)  # not ignored: that the worker would inherit
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    desk = Desk(sandbox, place)
    try:
        with contextlib.suppress(EOFError, OSError):
            while True:
                task = tasks.recv()
                try:
                    tasks.send(desk.grade(task, secrets_of(seed, *task.key), limits))
                except CourseError as error:
                    tasks.send(error)
    except MemoryError:
        sys.exit(_NO_MEMORY)
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        desk.close()
