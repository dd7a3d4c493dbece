"""Run every notebook with nbval: `python tests/notebooks/run_nbval.py`.

Lessons and solutions are compared with their stored outputs, except in cells tagged `nbval-ignore-output`; the
learner's copies, which have none, must run to their end unsolved. Ends with 0 when both hold, with 1 otherwise.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
SECONDS_PER_CELL = 300

COMPARED = ("--nbval", "notebooks", "solutions")
RUN_ONLY = ("--nbval-lax", "exercises")


def arguments(root: Path, *mode_and_folders: str) -> list[str]:
    """What pytest is called with, for one mode of nbval and the folders of the course in `root` it is for.

    The root is named, since pytest tells `notebooks/01_x.ipynb` from `solutions/01_x.ipynb` only by the path from it,
    and pytest-xdist passes over cells of the same name without a word.
    """
    return [
        f"--rootdir={root}",
        *("-p", "fresh_work", "-p", "no:cacheprovider", "-q"),
        *("-n", "auto", "--maxprocesses=4", "--dist", "loadfile"),
        *("--nbval-current-env", f"--nbval-cell-timeout={SECONDS_PER_CELL}"),
        *("--nbval-sanitize-with", str(HERE / "sanitize.cfg")),
        *mode_and_folders,
    ]


def run(root: Path, *mode_and_folders: str) -> subprocess.CompletedProcess[str]:
    """Run nbval over folders of the course in `root`, and let it say what it finds."""
    paths = [str(HERE), str(HERE.parent.parent), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {
        "COURSE_ROOT": str(root),
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
    }
    command = [sys.executable, "-m", "pytest", *arguments(root, *mode_and_folders)]
    return subprocess.run(command, cwd=root, env=environment, text=True, check=False)


def main() -> int:
    """Both modes over the course, one after the other: both always run."""
    root = HERE.parent.parent
    codes = [run(root, *COMPARED).returncode, run(root, *RUN_ONLY).returncode]
    return 1 if any(codes) else 0


if __name__ == "__main__":
    sys.exit(main())
