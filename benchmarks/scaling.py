"""How soon the first result is there, and what more jobs bring: `python benchmarks/scaling.py`.

The same class is graded with one job, then with two, and so on up to the cores of this machine; each in a process of
its own that is started anew, as a teacher starts it, and says when each result is on disk. The pace is that of the
last three quarters of the results, when every worker has long begun.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from statistics import median

from grading import ROOT, honest, write

CODE = """
import os, sys, time
from course_lib.grading.ledger import Ledger
kept = Ledger.add
def add(self, *result):
    kept(self, *result)
    print("result", time.monotonic(), flush=True)
Ledger.add = add
from course_lib.cli import main
sys.exit(main(sys.argv[1:]))
"""


def results(folder: Path, jobs: int) -> list[float]:
    """The seconds from the start of `course grade` to each result."""
    out = folder / f"out{jobs}"
    arguments = ["grade", str(folder / "in"), "--out", str(out), "--jobs", str(jobs), "--seed", "benchmark"]
    began = time.monotonic()
    said = subprocess.run(
        [sys.executable, "-c", CODE, *arguments],
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    return [float(line.split()[1]) - began for line in said.splitlines() if line.startswith("result ")]


def main() -> None:
    """Print a row for each number of jobs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--exercise", default="03_clipping_mechanics")
    parser.add_argument(
        "--first", type=int, default=5, metavar="N", help="the notebooks end after N questions"
    )
    parser.add_argument("--submissions", type=int, default=200)
    parser.add_argument(
        "--jobs", type=int, nargs="+", default=range(1, (os.cpu_count() or 1) + 1), metavar="N"
    )
    args = parser.parse_args()
    given = honest(args.exercise, args.submissions, [], args.first)
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
        folder = Path(name)
        for learner, notebook in given.notebooks.items():
            write(folder / "in" / learner / f"{given.exercise}.ipynb", notebook)
        print(f"{datetime.now(UTC):%Y-%m-%d}: {args.submissions} submissions of {args.exercise}", end="; ")
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start", end="\n\n")
        print(
            "| jobs | first result after | results a second | against one job | median s between two | load after |"
        )
        print("|---|---|---|---|---|---|")
        base = None
        soonest: list[float] = []
        for jobs in args.jobs:
            at = results(folder, jobs)
            steady = at[len(at) // 4 :]
            pace = (len(steady) - 1) / (steady[-1] - steady[0])
            base = base or pace
            soonest.append(at[0])
            between = median(b - a for a, b in pairwise(steady))
            row = (f"{jobs}", f"{at[0]:.1f} s", f"{pace:.1f}", f"{pace / base:.2f}x", f"{between:.3f}")
            print(f"| {' | '.join(row)} | {os.getloadavg()[0]:.1f} |", flush=True)
        print(f"\nfirst result: {min(soonest):.1f} s at the soonest, the aim is 5 s")


if __name__ == "__main__":
    main()
