"""Every test here may grade on the toy exercise."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from grader import grade, idle, lend, toy_exercise, worker

__all__ = ["grade", "idle", "lend", "toy_exercise", "worker"]
