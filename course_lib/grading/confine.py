"""How a worker process is started: its command line, its environment, and what surrounds it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import course_lib

UNCONFINED = (
    "The notebooks run without a sandbox: their code can read your files and use your network. "
    "Grade only work of people you trust."
)


MODULE = "course_lib.grading.worker"


def command(*arguments: str) -> list[str]:
    """The command line of a worker."""
    return [sys.executable, "-m", MODULE, *arguments]


def environment(folder: Path) -> dict[str, str]:
    """All that a worker sees of the environment; `folder` is its home and its place for temporary files."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "SYSTEMROOT", "TZ") if name in os.environ}
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
    return (
        kept
        | dict.fromkeys(threads, "1")
        | dict.fromkeys(("HOME", "USERPROFILE", "TMPDIR", "TEMP", "TMP", "COURSE_WORK"), str(folder))
        | {
            "IPYTHONDIR": str(folder / "ipython"),
            "MPLBACKEND": "Agg",
            "MPLCONFIGDIR": str(folder / "matplotlib"),
            "PIP_NO_INDEX": "1",
            "PYTHONHASHSEED": "0",
            "PYTHONPATH": str(Path(course_lib.__file__).resolve().parent.parent),
            "PYTHONUTF8": "1",
        }
    )
