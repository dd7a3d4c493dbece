"""Run every notebook with nbval: `python tests/notebooks/run_nbval.py [--reports FOLDER]`.

Lessons and solutions are compared with their stored outputs, except in cells tagged `nbval-ignore-output`, and the
numbers of their prose with what they compute (`proven_prose.py`); the learner's copies, which have no outputs, must
run to their end unsolved. Ends with 0 when both hold, with 1 otherwise; with `--reports`, pytest leaves a JUnit
report of each in that folder.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SECONDS_PER_CELL = 300

MODES = {
    "compared": ("--nbval", "notebooks", "solutions"),
    "run": ("--nbval-lax", "exercises"),
}
"""What is done with which folders of the course, by the name of its report."""


def run(root: Path, mode: str, reports: Path | None = None, processes: str = "auto") -> int:
    """Run one mode of nbval over the course in `root`, let it say what it finds, and return pytest's exit code.

    `processes` is how many notebooks run at a time; "0" runs them in pytest's own process, soonest for a small course.
    """
    paths = [str(HERE), str(ROOT), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {
        "COURSE_ROOT": str(root),
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
    }
    command = [sys.executable, "-m", "pytest", *_arguments(root, processes), *MODES[mode]]
    if reports:
        command.append(f"--junitxml={reports.resolve() / f'notebooks-{mode}.xml'}")
    return subprocess.run(command, cwd=root, env=environment, check=False).returncode


def _arguments(root: Path, processes: str) -> list[str]:
    """What pytest is called with in every mode.

    The root is named, since pytest tells `notebooks/01_x.ipynb` from `solutions/01_x.ipynb` only by the path from it,
    and pytest-xdist passes over cells of the same name without a word.
    """
    return [
        f"--rootdir={root}",
        *("-q", "-p", "fresh_work", "-p", "proven_prose", "-p", "no:cacheprovider"),
        *("-n", processes, "--maxprocesses=4", "--dist", "loadfile"),
        *("--nbval-current-env", f"--nbval-cell-timeout={SECONDS_PER_CELL}"),
        f"--nbval-sanitize-with={HERE / 'sanitize.cfg'}",
    ]


def main(argv: Sequence[str] | None = None) -> int:
    """Both modes over the course, one after the other, whatever the first one finds."""
    parser = argparse.ArgumentParser(description="Run every notebook of the course with nbval.")
    parser.add_argument(
        "--reports", type=Path, metavar="FOLDER", help="where pytest leaves its JUnit reports"
    )
    reports = parser.parse_args(argv).reports
    codes = [run(ROOT, mode, reports) for mode in MODES]
    return 1 if any(codes) else 0


if __name__ == "__main__":
    sys.exit(main())
