"""Whether memory stays flat over a large batch: `python benchmarks/memory.py`.

`course grade` as it is, sandbox and ledger included, grades many small notebooks (the toy exercise of
`tests/grading`, each with bytes of its own). Every second the memory of its whole process tree is read from /proc:
the trusted processes, and the warm workers with the submissions that run at that moment. Pages that processes share
count once (Pss) where the kernel tells; a worker hides its own from all but root, and then its resident pages
(Rss) count, which is more. The batch is cut into tenths; of each tenth the median is printed,
and of the time after it, in which tables and pages are written.

The first tenth holds what is imported and filled once. Memory is called flat when the last tenth's median is less
than a tenth above the second tenth's.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).resolve().parent
TESTS = HERE.parent / "tests" / "grading"

sys.path[:0] = [str(TESTS), str(HERE.parent)]
from handwritten import DOUBLE, NORM, RIGHT, notebook  # noqa: E402
from handwritten import hand_in as write  # noqa: E402

MOST = 1.1
_TENTHS = 10


def hand_in(folder: Path, size: int) -> None:
    """Notebooks of which every third leaves two questions out, each with bytes of its own."""
    for number in range(size):
        answers = RIGHT if number % 3 else (DOUBLE, NORM)
        write(folder, f"learner{number:06d}", notebook(*answers, f"# by learner {number}"))


def environment() -> dict[str, str]:
    """This process's, with the toy exercise and the course on Python's path."""
    return os.environ | {"PYTHONPATH": os.pathsep.join((str(TESTS), str(HERE.parent)))}


def family(process: int) -> Iterator[int]:
    """A process and all that descend from it, as they are now."""
    children: dict[int, list[int]] = defaultdict(list)
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (status := _read(entry / "stat")):
            children[int(status.rpartition(")")[2].split()[1])].append(int(entry.name))
    waiting = [process]
    while waiting:
        yield (now := waiting.pop())
        waiting += children[now]


def megabytes(processes: Iterable[int]) -> float:
    """What they take together: shared pages once where the kernel tells, resident pages where it does not."""
    return sum(map(_kilobytes, processes)) / 1024


def _kilobytes(process: int) -> int:
    for file, field in (("smaps_rollup", "Pss"), ("status", "VmRSS")):
        if found := re.search(rf"^{field}:\s+(\d+)", _read(Path("/proc", str(process), file)), re.MULTILINE):
            return int(found[1])
    return 0  # it is gone


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8", "replace")
    except OSError:
        return ""


@dataclass(frozen=True)
class Sample:
    """What was seen at one moment: how many submissions were done, and megabytes of each part and of all."""

    done: int
    parts: dict[str, float]

    @property
    def total(self) -> float:
        """Megabytes of everything."""
        return sum(self.parts.values())


class Progress:
    """How far a grader is, by what it says on standard error."""

    def __init__(self, grader: subprocess.Popen[str]) -> None:
        self.done = 0
        self.said: list[str] = []
        self._thread = threading.Thread(target=self._listen, args=(grader,), daemon=True)
        self._thread.start()

    def _listen(self, grader: subprocess.Popen[str]) -> None:
        assert grader.stderr is not None
        for line in grader.stderr:
            if counted := re.match(r"(\d+) of \d+ ", line):
                self.done = int(counted[1])
            else:
                self.said.append(line)

    def end(self) -> str:
        """Everything else that it said."""
        self._thread.join()
        return "".join(self.said)


def tenths(samples: list[Sample], size: int) -> list[list[Sample]]:
    """The samples of each tenth of a batch, and those after its last submission."""
    cut: list[list[Sample]] = [[] for _ in range(_TENTHS + 1)]
    for sample in samples:
        cut[sample.done * _TENTHS // size].append(sample)
    return cut


def table(samples: list[Sample], size: int) -> bool:
    """Print the median of each part in each tenth; whether every part but what runs at the moment stayed flat."""
    parts = list(samples[0].parts)
    print("| submissions done | " + " | ".join(f"{part}, MB" for part in parts) + " | all, MB | most, MB |")
    print("|---" * (len(parts) + 3) + "|")
    medians: list[list[float]] = []
    for tenth in filter(None, tenths(samples, size)):
        row = [statistics.median(sample.parts[part] for sample in tenth) for part in parts]
        row += [statistics.median(sample.total for sample in tenth), max(sample.total for sample in tenth)]
        if tenth[-1].done < size:
            medians.append(row)
        print(f"| {tenth[-1].done:,} | " + " | ".join(f"{value:,.0f}" for value in row) + " |", flush=True)
    second, last = medians[1], medians[-1]
    flat = last[-2] < MOST * second[-2]
    grown = ", ".join(
        f"{part} {b - a:+.0f}" for part, a, b in zip([*parts, "all"], second, last, strict=False)
    )
    print(f"From the second tenth to the last, in MB: {grown}. {'Flat.' if flat else 'NOT flat.'}")
    return flat


def header(what: str) -> None:
    """When and where this was measured."""
    print(
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, "
        f"Python {platform.python_version()}, torch {version('torch')}: {what}",
        flush=True,
    )


def _seen(grader: int, done: int) -> Sample:
    """The tree in two parts: the trusted processes; the warm workers, with their sandbox and what they run."""
    parts: dict[str, list[int]] = {"grader": [], "workers": []}
    for process in family(grader):
        of_a_worker = "toy.worker" in _read(Path("/proc", str(process), "cmdline")).split("\0")
        parts["workers" if of_a_worker else "grader"].append(process)
    return Sample(done, {part: megabytes(processes) for part, processes in parts.items()})


def main() -> int:
    """Print the table; 1 where memory was not flat or a result is missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--submissions", type=int, default=10_000)
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="memory-") as name:
        folder = Path(name)
        hand_in(folder / "in", args.submissions)
        command = [sys.executable, "-m", "toy.grade", str(folder / "in"), "--out", str(folder / "out")]
        began = time.monotonic()
        grader = subprocess.Popen(
            [*command, "--jobs", str(args.jobs)], env=environment(), stderr=subprocess.PIPE, text=True
        )
        progress = Progress(grader)
        samples: list[Sample] = []
        while grader.poll() is None:
            samples.append(_seen(grader.pid, progress.done))
            time.sleep(1)
        taken = time.monotonic() - began
        said = progress.end()
        rows = (folder / "out" / "grades.csv").read_text("utf-8").count(",graded,") if not said else 0
    header(f"{args.submissions:,} submissions in their sandbox, --jobs {args.jobs}, {taken:.0f} s")
    if grader.returncode or rows != args.submissions:
        print(f"The grader ended with {grader.returncode}, {rows} graded: {said}")
        return 1
    return 0 if table(samples, args.submissions) else 1


if __name__ == "__main__":
    sys.exit(main())
