"""What is done before the first fork changes nothing that a notebook could see."""

from __future__ import annotations

import subprocess
import sys

import pytest

CODE = """
import os, threading
from course_lib.grading import warming, worker
shell = worker.prepare()
import matplotlib, matplotlib.pyplot, numpy, torch
def state():
    return (sorted(shell.user_ns), dict(matplotlib.rcParams), numpy.geterr(), torch.get_default_dtype(),
            matplotlib.pyplot.get_fignums(), shell.execution_count)
before = state()
warming.rehearse(shell)
assert state() == before
asked = sum(warming.take_large_pages())
kept = next(line for line in open("/proc/self/smaps_rollup") if line.startswith("AnonHugePages"))
print(threading.active_count(), len(os.listdir("/proc/self/task")), asked, kept.split()[1])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="workers are warm on Linux only")
def test_a_rehearsal_leaves_no_trace_and_no_thread():
    environment = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MPLBACKEND": "Agg"}
    said = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CODE],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stderr
    threads, tasks, asked, kilobytes = map(int, said.stdout.split())
    assert (threads, tasks) == (1, 1)
    assert asked > 20
    # What the kernel makes of it is its own affair; it was told of the process's own memory and of no more.
    assert kilobytes <= 2048 * asked
