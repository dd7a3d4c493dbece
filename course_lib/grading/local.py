"""Grading on this machine: a few trusted processes, each with a worker process of its own."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import sys
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from course_lib.errors import CourseError
from course_lib.grading.notebook import Notebook
from course_lib.grading.process import Worker, open_worker
from course_lib.grading.runner import Graded, Limits, exercise, grade, secrets_of


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
    """Where one notebook at a time is graded: its worker is opened when it is needed."""

    def __init__(self, sandbox: bool) -> None:
        self._sandbox = sandbox
        self._worker: Worker | None = None

    def grade(self, task: Task, secrets: Mapping[str, bytes], limits: Limits) -> Graded:
        """Grade one notebook, on the cases that follow from its questions' secrets."""
        if self._worker is None:
            self._worker = open_worker(self._sandbox, task.exercise)
        exercise(task.exercise)  # its references load while the worker starts
        return grade(task.notebook, task.exercise, secrets, limits, self._worker, task.question)

    def close(self) -> None:
        """End the worker."""
        if self._worker is not None:
            self._worker.close()
            self._worker = None


def grade_here(
    tasks: Iterable[Task], seed: str, limits: Limits, sandbox: bool
) -> Generator[tuple[Task, Graded], None, None]:
    """Grade one after another, in this process."""
    desk = Desk(sandbox)
    try:
        for task in tasks:
            yield task, desk.grade(task, secrets_of(seed, *task.key), limits)
    finally:
        desk.close()


_PATIENCE = 10.0
"""Seconds that a trusted process may take to leave when there is nothing left to do."""


def grade_beside(
    tasks: Iterable[Task], seed: str, limits: Limits, sandbox: bool, jobs: int
) -> Generator[tuple[Task, Graded], None, None]:
    """Grade `jobs` at a time, each in a trusted process of its own; results come as they are ready.

    Processes and not threads: judging keeps a core as busy as running does, and it redirects the standard streams,
    which a process has only once. Tasks are taken as they are needed, so that few are held at a time.
    """
    spawn = multiprocessing.get_context("spawn")
    waiting = iter(tasks)
    running: dict[Connection, Task] = {}
    processes: list[BaseProcess] = []

    def occupy(desk: Connection) -> None:
        task = next(waiting, None)
        if task is None:
            desk.close()
        else:
            desk.send(task)
            running[desk] = task

    try:
        for _ in range(jobs):
            ours, theirs = spawn.Pipe()
            with theirs:
                process: BaseProcess = spawn.Process(
                    target=_sit_at_desk, args=(theirs, seed, limits, sandbox)
                )
                process.start()
            processes.append(process)
            occupy(ours)
        while running:
            for desk in wait(list(running)):
                assert isinstance(desk, Connection)
                task, graded = running.pop(desk), _result_from(desk)
                occupy(desk)
                yield task, graded
        for process in processes:
            process.join(_PATIENCE)
    finally:
        for process in processes:
            process.terminate()
            process.join()


def _result_from(desk: Connection) -> Graded:
    try:
        result = desk.recv()
    except EOFError:
        raise CourseError(
            "A process of the grader ended; memory may have run out. Nothing graded is lost: "
            "give the same command again, with fewer --jobs."
        ) from None
    if isinstance(result, CourseError):
        raise result
    assert isinstance(result, Graded)
    return result


def _sit_at_desk(tasks: Connection, seed: str, limits: Limits, sandbox: bool) -> None:
    """One trusted process: ends when the first one does, and leaves interrupts from the keyboard to it."""
    signal.signal(signal.SIGINT, lambda *_: None)  # not ignored: that the worker would inherit
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    desk = Desk(sandbox)
    try:
        with contextlib.suppress(EOFError, OSError):
            while True:
                task = tasks.recv()
                try:
                    tasks.send(desk.grade(task, secrets_of(seed, *task.key), limits))
                except CourseError as error:
                    tasks.send(error)
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        desk.close()
