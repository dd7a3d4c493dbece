"""A small exercise that stands in for the course's own, so that the grader is tested whatever those ask.

`enter(probes)` makes it known where learner code runs, `enter(probes, judges)` where it never does.
"""

from __future__ import annotations

import sys
from types import ModuleType

import course_lib.checks.exercises as registry

NAME = "90_toy"


def enter(probes: ModuleType, judges: ModuleType | None = None) -> None:
    """Make the toy exercise the only one there is."""
    registry.EXERCISES = (NAME,)
    sys.modules[f"course_lib.checks.probes.e{NAME}"] = probes
    if judges is not None:
        sys.modules[f"course_lib.checks.judges.e{NAME}"] = judges
