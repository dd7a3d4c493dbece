"""The hostile class uses the toy exercise of `tests/grading`."""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent / "grading")]
