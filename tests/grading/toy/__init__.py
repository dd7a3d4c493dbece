"""A small exercise that stands in for the course's own, so that the grader is tested whatever those ask.

`enter(probes)` makes it known where learner code runs, `enter(probes, judges)` where it never does.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import course_lib.checks.exercises as registry
from course_lib.grading import confine

NAME = "90_toy"


HERE = Path(__file__).parent


def show_to_workers(set_in_confine: Callable[[str, Any], None]) -> None:
    """Let workers find the toy's probes; its judges stay hidden from the sandbox."""
    plain, shown = confine._environment, confine.visible()

    def environment(folder: Path) -> dict[str, str]:
        settings = plain(folder)
        return settings | {"PYTHONPATH": os.pathsep.join((settings["PYTHONPATH"], str(HERE.parent)))}

    set_in_confine("MODULE", "toy.worker")
    set_in_confine("_environment", environment)
    set_in_confine(
        "visible", lambda: [*shown, *(HERE / f"{name}.py" for name in ("__init__", "probes", "worker"))]
    )


def enter(probes: ModuleType, judges: ModuleType | None = None) -> None:
    """Make the toy exercise the only one there is."""
    registry.EXERCISES = (NAME,)
    sys.modules[f"course_lib.checks.probes.e{NAME}"] = probes
    if judges is not None:
        sys.modules[f"course_lib.checks.judges.e{NAME}"] = judges
