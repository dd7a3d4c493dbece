"""Kill the grader again and again in the middle of a batch: `python benchmarks/kills.py`.

A class of cheap notebooks (the toy exercise of `tests/grading`) is graded once quietly. Then it is graded anew, and
the grader's whole process group gets kill -9 at random moments; after each kill the same command is given again.
After the last kill it is left to end. `grades.csv` must hold the same bytes as the quiet run's, and `results.jsonl`
the same but for the seconds that each submission took.

Some kills come while the grader starts. Each of the others comes at a random moment after a random number of new
results, on average a little less than this kill's share of what is left. The grader is forked from a process that
holds its libraries; its worker stands in the product's own sandbox and imports torch anew after each kill, which is
where most of the time goes. With `--no-sandbox` the worker is forked as well: minutes become seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn, cast

HERE = Path(__file__).resolve().parent
TESTS = HERE.parent / "tests" / "grading"
LEDGER = "ledger.sqlite"

sys.path[:0] = [str(TESTS), str(HERE.parent)]
import toy  # noqa: E402
import toy.judges  # noqa: E402
import toy.probes  # noqa: E402
from memory import hand_in  # noqa: E402
from toy.here import grade_here  # noqa: E402

from course_lib.grading import command, confine, local, process, runner, worker  # noqa: E402
from course_lib.grading.ledger import Ledger  # noqa: E402


class Grader:
    """`course grade` in a process group of its own, forked from this one; it tells of each result it has entered."""

    def __init__(self, submissions: Path, out: Path, sandbox: bool) -> None:
        reading, writing = os.pipe()
        self.process = os.fork()
        if self.process == 0:
            os.close(reading)
            _grade(submissions, out, sandbox, writing)
        os.setpgid(self.process, self.process)
        os.close(writing)
        self._results = reading

    def await_results(self, number: int) -> None:
        """Wait until so many more results are in the ledger, or the grader has ended."""
        while number and os.read(self._results, 1):
            number -= 1

    def kill(self) -> bool:
        """Kill -9 to the whole group; `False` where it had ended already."""
        ended, _ = os.waitpid(self.process, os.WNOHANG)
        if not ended:
            os.killpg(self.process, signal.SIGKILL)
            os.waitpid(self.process, 0)
        os.close(self._results)
        return not ended

    def end(self) -> int:
        """Wait until it has ended; its exit code."""
        while os.read(self._results, 1 << 16):
            pass
        os.close(self._results)
        return os.waitstatus_to_exitcode(os.waitpid(self.process, 0)[1])


def _grade(submissions: Path, out: Path, sandbox: bool, told: int) -> NoReturn:
    """The forked process: the command as it is, which says a byte for each result that is on disk."""
    code = 1
    try:
        kept = Ledger.add

        def add(self: Ledger, *result: Any) -> None:
            kept(self, *result)
            os.write(told, b".")

        setattr(Ledger, "add", add)  # noqa: B010
        parser = argparse.ArgumentParser()
        command.add_arguments(parser)
        arguments = [str(submissions), "--out", str(out), "--seed", "s", "--jobs", "1"]
        arguments += [] if sandbox else ["--no-sandbox"]
        log = os.open(out.parent / "log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(log, 1)
        os.dup2(log, 2)
        code = command.run(parser.parse_args(arguments))
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


class ForkedWorker(process.WarmWorker):
    """The product's worker, forked instead of started anew."""

    def _start(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        forked = _Forked(os.fork())
        if forked.pid == 0:
            os.setsid()
            ours.close()
            try:
                worker.serve(theirs, False, self._place, self._exercise)
            finally:
                os._exit(0)
        theirs.close()
        self._process = cast("subprocess.Popen[bytes]", forked)
        self._control = ours
        self._ready = False


@dataclass
class _Forked:
    """What a worker needs of a process."""

    pid: int

    def wait(self) -> None:
        os.waitpid(self.pid, 0)


def load(sandbox: bool) -> None:
    """Import all that is forked later; the toy exercise is the only one."""
    toy.enter(toy.probes, toy.judges)
    runner.exercise(toy.NAME)
    setattr(command, "grade_beside", grade_here)  # noqa: B010
    if sandbox:
        toy.show_to_workers(lambda name, value: setattr(confine, name, value))
        told = confine._environment
        setattr(confine, "_environment", lambda folder: told(folder) | {"TOY_ALONE": "1"})  # noqa: B010
        return
    setattr(worker, "_ROOMS", ())  # noqa: B010
    setattr(worker, "_OTHER_ROOMS", ())  # noqa: B010
    setattr(worker, "_LIBRARIES", ())  # noqa: B010
    setattr(local, "open_worker", ForkedWorker)  # noqa: B010
    shell = worker.prepare(toy.NAME)
    setattr(worker, "prepare", lambda _: shell)  # noqa: B010


def entered(out: Path) -> int:
    """How many submissions the ledger holds, read from a copy, so that the next grader finds it as it was left."""
    with tempfile.TemporaryDirectory() as copy:
        for end in ("", "-wal"):
            if (out / f"{LEDGER}{end}").exists():
                shutil.copy(out / f"{LEDGER}{end}", copy)
        base = sqlite3.connect(Path(copy, LEDGER))
        try:
            return int(base.execute("SELECT count(*) FROM graded").fetchone()[0])
        except sqlite3.OperationalError:  # killed before it made its tables
            return 0
        finally:
            base.close()


def same(one: Path, other: Path) -> bool:
    """Whether two folders hold the same grades and the same results."""

    def results(folder: Path) -> list[dict[str, object]]:
        records = [json.loads(line) for line in (folder / "results.jsonl").read_text("utf-8").splitlines()]
        for record in records:
            del record["submission"]["seconds"]
        return records

    grades = (one / "grades.csv").read_bytes() == (other / "grades.csv").read_bytes()
    return grades and results(one) == results(other)


def main() -> int:
    """Print what was done and whether the files agree; 1 where they do not."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--submissions", type=int, default=300)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=2013, help="of the moments")
    parser.add_argument("--no-sandbox", dest="sandbox", action="store_false", help="fork the worker too")
    args = parser.parse_args()
    rng = random.Random(args.seed)
    load(args.sandbox)
    with tempfile.TemporaryDirectory(prefix="kills-") as name:
        folder = Path(name)
        submissions, quiet, killed = folder / "in", folder / "quiet", folder / "killed"
        hand_in(submissions, args.submissions)
        ready, pace = run_quietly(submissions, quiet, args)
        print(
            f"quiet run: first result after {ready:.1f} s, then {1000 * pace:.0f} ms a submission", flush=True
        )
        began = time.monotonic()
        held = kill_often(submissions, killed, args, rng, ready, pace)
        if code := Grader(submissions, killed, args.sandbox).end():
            raise SystemExit(f"The last run ended with {code}.")
        equal = same(quiet, killed)
    starting = sum(a == b for a, b in zip([0, *held], held, strict=False))
    print(
        f"{datetime.now(UTC):%Y-%m-%d}: {args.submissions} submissions, "
        f"{'in the sandbox' if args.sandbox else 'without the sandbox'}, {len(held)} kills in "
        f"{time.monotonic() - began:.0f} s; {len(held) - starting} came after new results, {starting} before any. "
        f"The ledger held {held[len(held) // 2]} half way and {held[-1]} after the last kill."
    )
    print(
        "The files equal those of the quiet run."
        if equal
        else "The files DIFFER from those of the quiet run."
    )
    return 0 if equal else 1


def run_quietly(submissions: Path, out: Path, args: argparse.Namespace) -> tuple[float, float]:
    """Grade undisturbed: seconds to the first result, and seconds a submission after it."""
    began = time.monotonic()
    grader = Grader(submissions, out, args.sandbox)
    grader.await_results(1)
    first = time.monotonic() - began
    if code := grader.end():
        raise SystemExit(f"The quiet run ended with {code}: {(out.parent / 'log').read_text('utf-8')}")
    return first, (time.monotonic() - began - first) / args.submissions


def kill_often(
    submissions: Path, out: Path, args: argparse.Namespace, rng: random.Random, ready: float, pace: float
) -> list[int]:
    """What the ledger held after each kill."""
    held: list[int] = []
    while len(held) < args.kills:
        grader = Grader(submissions, out, args.sandbox)
        share = (args.submissions - (held[-1] if held else 0)) / (args.kills - len(held))
        more = rng.randint(0, max(0, round(2 * share) - 2))
        if more and rng.random() < 0.9:
            grader.await_results(more)
            time.sleep(rng.uniform(0, pace))
        else:
            time.sleep(rng.uniform(0, ready + pace))
        if grader.kill():
            held.append(entered(out))
            if len(held) % 10 == 0:
                print(f"{len(held)} kills, {held[-1]} results", file=sys.stderr)
    return held


if __name__ == "__main__":
    sys.exit(main())
