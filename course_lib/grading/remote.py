"""A desk on another machine: what it is sent, what it sends back, and how it sits in a process of a Dask cluster.

Both are one line of JSON each. Dask pickles what it carries, so what it is given here is bytes and nothing else:
no class of ours or a learner's is ever built by unpickling. What comes back is read as strictly as what learner code
says: every field is there, each is of its very type, and no question earns more than it can.

The seed stays with whoever grades: a desk gets the secrets of one notebook's questions, from which nothing follows
for the next. The warm worker is opened for the first notebook and stays for those that follow.
"""

from __future__ import annotations

import hashlib
import json
import math
import platform
import threading
from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import course_lib
from course_lib.checks.exercises import load_asked
from course_lib.clean import clean
from course_lib.errors import CourseError
from course_lib.grading.local import Desk, Task, given_up
from course_lib.grading.notebook import Cell, Notebook
from course_lib.grading.runner import Graded, Limits

LARGEST_RESULT = 16 << 20
"""Bytes of one notebook's results: a few thousand are usual."""

_IDLE_SECONDS = 600.0
"""How long a warm worker waits for the next notebook before it leaves."""

_Record = TypeVar("_Record")


class RemoteError(CourseError):
    """A desk on another machine could not do its work, or sent something that is no result."""


@cache
def release() -> str:
    """What must be the same on all machines, so that the same bytes earn the same points: course, Python, libraries."""
    package = Path(course_lib.__file__).parent
    content = hashlib.sha256()
    for file in sorted(package.rglob("*.py")):
        content.update(file.relative_to(package).as_posix().encode() + b"\0")
        content.update(file.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    python = ".".join(platform.python_version_tuple()[:2])
    libraries = ", ".join(f"{name} {version(name)}" for name in ("numpy", "torch"))
    return f"{course_lib.__version__} ({content.hexdigest()[:8]}) with Python {python}, {libraries}"


def pack_job(task: Task, secrets: Mapping[str, bytes], limits: Limits, sandbox: bool) -> bytes:
    """One notebook to grade, as bytes."""
    job = {
        "release": release(),
        "exercise": task.exercise,
        "question": task.question,
        "digest": task.notebook.digest,
        "cells": task.notebook.sources,
        "kind": task.notebook.kind,
        "in_text": dict(task.notebook.in_text),
        "secrets": {name: secret.hex() for name, secret in secrets.items()},
        "seconds": limits.submission,
        "sandbox": sandbox,
    }
    return json.dumps(job).encode("ascii")


def grade_remotely(job: bytes) -> bytes:
    """What a process of the cluster does with one job: grade it at this process's desk, and say what came of it."""
    answer: dict[str, Any]
    try:
        answer = {"graded": asdict(_grade(json.loads(job)))}
    except CourseError as error:
        answer = {"problem": f"On {platform.node()}: {error}"}
    except Exception as error:  # it must not travel as an exception: those are pickled
        answer = {"problem": f"On {platform.node()} the grader failed ({type(error).__name__}: {error})."}
    return json.dumps(answer).encode("ascii")


def _grade(job: dict[str, Any]) -> Graded:
    if job["release"] != release():
        raise RemoteError(
            f"course {release()} is installed, but {job['release']} where the submissions are; "
            "install the same on all machines."
        )
    cells = tuple(Cell(source, {}) for source in job["cells"])
    notebook = Notebook(cells, job["exercise"], job["digest"], job["kind"], job["in_text"])
    task = Task(notebook, job["exercise"], job["question"])
    secrets = {name: bytes.fromhex(secret) for name, secret in job["secrets"].items()}
    try:
        return _seat(job["sandbox"]).grade(task, secrets, Limits(job["seconds"]))
    except MemoryError:
        return given_up(task.exercise, "it took more memory than there was")


class _Seat:
    """The one desk of a process. Dask may call from several threads; judging is for one at a time."""

    def __init__(self, sandbox: bool) -> None:
        self._desk = Desk(sandbox)
        self._turn = threading.Lock()
        self._leaving: threading.Timer | None = None

    def grade(self, task: Task, secrets: Mapping[str, bytes], limits: Limits) -> Graded:
        """Grade one notebook; a worker that was left in the middle of one is not used again."""
        with self._turn:
            if self._leaving is not None:
                self._leaving.cancel()
            try:
                graded = self._desk.grade(task, secrets, limits)
            except BaseException:
                self._desk.close()
                raise
            self._leaving = threading.Timer(_IDLE_SECONDS, self._leave)
            self._leaving.daemon = True
            self._leaving.start()
            return graded

    def _leave(self) -> None:
        """End the worker when nothing has come for a while: the cluster may have other work."""
        if self._turn.acquire(blocking=False):
            self._desk.close()
            self._turn.release()


@cache
def _seat(sandbox: bool) -> _Seat:
    return _Seat(sandbox)


def unpack_result(answer: object, task: Task) -> Graded:
    """What a desk said of `task`; raises `RemoteError` with its own words where it could not grade."""
    if not isinstance(answer, bytes) or len(answer) > LARGEST_RESULT:
        raise RemoteError("A worker of the cluster sent something that is no result.")
    try:
        match json.loads(answer):
            case {"problem": str(problem)}:
                raise RemoteError(clean(problem))
            case {"graded": record}:
                graded = _record(Graded, record)
            case _:
                raise ValueError("neither a result nor a problem")
        _fits(graded, task)
    except (ValueError, RecursionError) as error:
        raise RemoteError(f"A worker of the cluster sent something that is no result ({error}).") from None
    return graded


def _fits(graded: Graded, task: Task) -> None:
    """Whether these are the results of what was asked, each with points that it can earn."""
    asked = [a for a in load_asked(task.exercise) if task.question in (None, a.name)]
    if [(r.question, r.out_of) for r in graded.results] != [(a.name, a.points) for a in asked]:
        raise ValueError("other questions than were asked")
    if not all(0 <= result.points <= result.out_of for result in graded.results):
        raise ValueError("points that cannot be earned")


def _record(kind: type[_Record], value: Any) -> _Record:
    """A record of this kind from an object that holds its fields, each of its very type, and nothing else."""
    kinds = get_type_hints(kind)
    names = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    if not isinstance(value, dict) or sorted(value) != sorted(names):
        raise ValueError(f"no {kind.__name__}")
    return kind(**{name: _value(kinds[name], value[name]) for name in names})


def _value(kind: Any, value: Any) -> Any:
    if is_dataclass(kind):
        return _record(kind, value)  # type: ignore[arg-type]
    if get_origin(kind) is tuple and isinstance(value, list):
        return tuple(_value(get_args(kind)[0], entry) for entry in value)
    if get_origin(kind) is Literal and value in get_args(kind):
        return value
    if kind is float and type(value) is int:
        value = float(value)
    if type(value) is not kind or (kind is float and not math.isfinite(value)):
        raise ValueError(f"a {type(value).__name__} in the wrong place")
    return value
