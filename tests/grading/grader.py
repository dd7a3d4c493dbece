"""The grader on the toy exercise: one call grades a folder, in this process, with real workers."""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import toy
import toy.judges
import toy.probes
from toy.here import grade_here

import course_lib.checks.exercises as registry
from course_lib.grading import command, confine, local, process, runner


@pytest.fixture
def toy_exercise(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The toy is the only exercise there is, here and in every worker."""
    monkeypatch.setattr(registry, "EXERCISES", registry.EXERCISES)
    toy.show_to_workers(lambda name, value: monkeypatch.setattr(confine, name, value))
    toy.enter(toy.probes, toy.judges)
    runner.exercise.cache_clear()
    yield
    runner.exercise.cache_clear()


@dataclass
class Batch:
    """What one call of the grader left behind."""

    code: int
    out: Path
    said: str
    told: str

    @property
    def grades(self) -> dict[str, dict[str, str]]:
        with (self.out / "grades.csv").open(encoding="utf-8", newline="") as file:
            return {row["learner"]: row for row in csv.DictReader(file)}

    @property
    def results(self) -> dict[tuple[str, str], dict[str, Any]]:
        lines = (self.out / "results.jsonl").read_text(encoding="utf-8").splitlines()
        records = [json.loads(line) for line in lines]
        return {(record["learner"], record["question"]): record for record in records}

    def points(self, learner: str) -> int:
        return int(self.grades[learner]["points"])

    def feedback(self, learner: str) -> str:
        return (self.out / "feedback" / f"{learner}--90_toy.html").read_text(encoding="utf-8")


Grade = Callable[..., Batch]


@pytest.fixture(scope="session")
def idle() -> Iterator[list[process.Worker]]:
    """Workers that no test is using; importing torch anew for each test would be all that the tests do."""
    workers: list[process.Worker] = []
    yield workers
    for worker in workers:
        worker.close()


class Lent:
    """A worker that goes back when it is closed."""

    def __init__(self, idle: list[process.Worker]) -> None:
        self._idle = idle
        self._worker = idle.pop() if idle else process.open_worker(True, toy.NAME)

    def close(self) -> None:
        self._idle.append(self._worker)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._worker, name)


@pytest.fixture
def lend(toy_exercise: None, idle: list[process.Worker], monkeypatch: pytest.MonkeyPatch) -> None:
    """The grader's workers are lent to it."""
    monkeypatch.setattr(local, "open_worker", lambda sandbox, exercise, place=None: Lent(idle))
    monkeypatch.setattr(command, "grade_beside", grade_here)


@pytest.fixture
def grade(lend: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Grade:
    """`grade(folder, *arguments)`: what `course grade` does, without the command line around it."""

    def run(submissions: Path, *arguments: str, out: Path | None = None) -> Batch:
        arguments = ("--jobs", "1", *arguments)
        parser = argparse.ArgumentParser()
        command.add_arguments(parser)
        out = out or tmp_path / "out"
        args = parser.parse_args([str(submissions), "--out", str(out), "--seed", "s", *arguments])
        code = command.run(args)
        printed = capsys.readouterr()
        return Batch(code, out, printed.err, printed.out)

    return run


def grade_apart(folder: Path, *arguments: str, command: str = "toy.grade") -> Batch:
    """`course grade` on the toy in a process of its own, with desks as they are in earnest; it grades `folder/in`."""
    out, here = folder / "out", Path(__file__).parent
    graded = subprocess.run(
        [sys.executable, "-m", command, str(folder / "in"), "--out", str(out), "--seed", "s", *arguments],
        env=os.environ | {"PYTHONPATH": os.pathsep.join((str(here), str(here.parent.parent)))},
        capture_output=True,
        text=True,
        check=False,
    )
    return Batch(graded.returncode, out, graded.stderr, graded.stdout)


@pytest.fixture
def worker(toy_exercise: None, idle: list[process.Worker]) -> Iterator[Lent]:
    lent = Lent(idle)
    yield lent
    lent.close()
