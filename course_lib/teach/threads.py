"""One thread for torch wherever a notebook of the course runs.

The course's networks are small: on two cores a second thread made the sunspot runs of exercise 04 take thirty times as
long, since handing out so little work costs more than the work. A notebook imports `course_lib.teach` in its first
cell, so this holds for lessons and exercises, for learners, the build and nbgrader alike; `course check` and
`course grade` start their workers so. Who uses the other rooms in a program of their own keeps their own setting.
"""

from __future__ import annotations

import os
import sys


def use_one_thread() -> None:
    """Let torch compute with one thread in this process, whether it is loaded already or will be."""
    torch = sys.modules.get("torch")
    if torch is None:
        os.environ["OMP_NUM_THREADS"] = "1"  # torch reads it as it is loaded
    elif torch.get_num_threads() != 1:
        torch.set_num_threads(1)
