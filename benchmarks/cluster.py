"""Many submissions through a Dask cluster on this machine: `python benchmarks/cluster.py`.

Real: the files, `course grade --scheduler` with its ledger, tables and pages, Dask's scheduler and worker processes
and all that passes between them, the drawing of cases and the judging. Each notebook is one of the toy exercise of
`tests/grading`, with bytes of its own. Simulated: the process that runs a learner's code. Its part is done inside the
Dask worker, without a fork and without the sandbox, because 100,000 real ones would take this machine hours;
`--real` leaves that part real too. On the way some workers are killed (kill -9; Dask's nanny starts them again).

Every five seconds the memory of client, scheduler and workers is read from /proc, as `benchmarks/memory.py` does. In
the end the ledger must hold each submission once and every grade must be what it ought to be. Times depend on what
else the machine does; the processor time that each part used depends on it less, and stands beside them.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import os
import queue
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent

sys.path[:0] = [str(HERE), str(HERE.parent / "tests" / "grading"), str(HERE.parent)]
from memory import Progress, Sample, environment, family, hand_in, header, megabytes, table  # noqa: E402

from course_lib.grading import local, worker  # noqa: E402
from course_lib.grading.frames import LARGEST_JOB, Unpacker  # noqa: E402

POINTS = ("5", "10", "10")
"""What the notebooks of `hand_in` deserve, in turn."""

_SECONDS = 5.0


class _Shell:
    """As much of an IPython shell as the toy's cells need."""

    def __init__(self) -> None:
        self.user_ns: dict[str, Any] = {}
        self.passed: list[Any] = []

    def run(self, source: str) -> None:
        exec(source, self.user_ns)


class Simulated:
    """Does a submission's part at once, in this very process; says what the real one says."""

    def begin(self, job: bytes, seconds: int) -> None:
        """Do all of it."""
        self._handed: queue.Queue[bytes] = queue.Queue()
        self._said: queue.Queue[bytes | None] = queue.Queue()
        self._unpacker = Unpacker()
        self.send(job, 0.0)
        threading.Thread(target=self._sit, daemon=True).start()

    def _sit(self) -> None:
        try:
            worker.Sitting(_Shell(), self._take, self._said.put, self.waited).run()
        finally:
            self._said.put(None)

    def _take(self) -> bytes:
        unpacker = Unpacker(LARGEST_JOB)
        unpacker.feed(self._handed.get())
        frame = unpacker.take()
        assert frame is not None
        return frame[1]

    def send(self, frame: bytes, deadline: float) -> None:
        """Hand in one frame more."""
        self._handed.put(frame)

    def receive(self, deadline: float) -> tuple[str, bytes] | None:
        """What was said, frame by frame."""
        block = self._said.get()
        if block is None:
            return None
        self._unpacker.feed(block)
        return self._unpacker.take()

    def waited(self) -> float:
        """Nobody has a core before it."""
        return 0.0

    def finish(self) -> str:
        """It had not ended by itself."""
        return ""

    def close(self) -> None:
        """There is nothing to end."""


def dask_setup(dask_worker: object) -> None:
    """What Dask calls in each worker that preloads this file: from here on its desk has a simulated worker."""
    setattr(local, "open_worker", lambda sandbox, exercise, place=None: Simulated())  # noqa: B010
    alarms = lambda seconds, waited: contextlib.nullcontext()  # noqa: E731
    setattr(worker, "_within", alarms)  # noqa: B010 (they are for main threads)


@contextlib.contextmanager
def cluster(workers: int, real: bool, log: Path) -> Iterator[tuple[str, int, int]]:
    """A scheduler and its workers: address, and the two processes."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    dask = [sys.executable, "-m", "distributed.cli.dask_scheduler"]
    simulated = [] if real else ["--preload", str(Path(__file__).resolve())]
    commands = [
        [*dask, "--host", "127.0.0.1", "--port", address.rpartition(":")[2], "--no-dashboard"],
        [
            *(sys.executable, "-m", "distributed.cli.dask_worker", address, "--no-dashboard"),
            *("--nworkers", str(workers), "--nthreads", "1", "--local-directory", str(log.parent)),
            *("--preload", "toy.dask_worker", *simulated),
        ],
    ]
    started = []
    try:
        with log.open("ab") as said:
            for command in commands:
                started.append(
                    subprocess.Popen(command, env=environment(), stdout=said, stderr=said, cwd=log.parent)
                )
        yield address, started[0].pid, started[1].pid
    finally:
        for process in reversed(started):
            process.terminate()
        for process in reversed(started):
            process.wait(60)


def processor_seconds(process: int) -> float:
    """What a process and its family have used, with those of its children that are gone."""
    ticks = 0
    for member in family(process):
        with contextlib.suppress(OSError):
            fields = Path("/proc", str(member), "stat").read_text().rpartition(")")[2].split()
            ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def kill_a_worker(workers: int) -> None:
    """Kill -9 to the largest process beneath the workers' own: one that grades."""
    largest = max((p for p in family(workers) if p != workers), key=lambda process: megabytes([process]))
    os.kill(largest, signal.SIGKILL)


def check(out: Path, size: int) -> list[str]:
    """What is wrong with the results."""
    wrong = []
    with contextlib.closing(sqlite3.connect(out / "ledger.sqlite")) as base:
        for rows, wanted in (("graded", size), ("submissions", size), ("results", 4 * size)):
            (count,) = base.execute(f"SELECT count(*) FROM {rows}").fetchone()
            if count != wanted:
                wrong.append(f"the ledger has {count:,} rows in {rows}, not {wanted:,}")
    with (out / "grades.csv").open(encoding="utf-8", newline="") as file:
        grades = [(row["learner"], row["points"], row["status"]) for row in csv.DictReader(file)]
    if grades != [(f"learner{n:06d}", POINTS[n % 3], "graded") for n in range(size)]:
        wrong.append("grades.csv is not what it ought to be")
    return wrong


def main() -> int:
    """Print the table and the cost; 1 where memory was not flat or a result is lost, doubled or wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--submissions", type=int, default=100_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--real", action="store_true", help="run each submission in its sandbox")
    args = parser.parse_args()
    size = args.submissions
    with tempfile.TemporaryDirectory(prefix="cluster-") as name:
        folder = Path(name)
        hand_in(folder / "in", size)
        log = folder / "log"
        with cluster(args.workers, args.real, log) as (address, scheduler, workers):
            command = [sys.executable, "-m", "toy.grade", str(folder / "in"), "--out", str(folder / "out")]
            began = time.monotonic()
            client = subprocess.Popen(
                [*command, "--scheduler", address], env=environment(), stderr=subprocess.PIPE, text=True
            )
            progress = Progress(client)
            kills = [size * (number + 1) // (args.kills + 1) for number in range(args.kills)]
            used: dict[str, float] = {}
            samples: list[Sample] = []
            graded = 0.0
            while client.poll() is None:
                parts = {"client": client.pid, "scheduler": scheduler, "workers": workers}
                samples.append(
                    Sample(progress.done, {part: megabytes(family(p)) for part, p in parts.items()})
                )
                if progress.done < size:
                    used = {part: processor_seconds(process) for part, process in parts.items()}
                    graded = time.monotonic() - began
                if kills and progress.done >= kills[0]:
                    kill_a_worker(workers)
                    kills.pop(0)
                time.sleep(_SECONDS)
            taken = time.monotonic() - began
        said = progress.end()
        if client.returncode or progress.done != size:
            print(
                f"The client ended with {client.returncode} after {progress.done:,}: {said}{log.read_text()[-3000:]}"
            )
            return 1
        wrong = check(folder / "out", size)
        kind = "real" if args.real else "simulated"
        header(
            f"distributed {version('distributed')}; {size:,} submissions, {kind}; {args.workers} workers, "
            f"{args.kills - len(kills)} of them killed on the way"
        )
        flat = table(samples, size)
        each = {part: 1000 * seconds / size for part, seconds in used.items()}
        print(
            f"{graded:.0f} s to grade, {1000 * graded / size:.1f} ms a submission; {taken:.0f} s with tables and pages."
        )
        print(
            "Processor time a submission: "
            + ", ".join(f"{part} {ms:.1f} ms" for part, ms in each.items())
            + "."
        )
        print(
            "Nothing lost, nothing doubled, every grade right."
            if not wrong
            else f"WRONG: {'; '.join(wrong)}."
        )
    return 0 if flat and not wrong else 1


if __name__ == "__main__":
    sys.exit(main())
