"""What a Dask worker loads first (`--preload toy.dask_worker`), so that the toy exercise is known to it.

A notebook that holds the words of `FATAL` takes the whole process down, as a machine that dies would.
"""

import os
import signal

import toy
import toy.judges
import toy.probes

toy.enter(toy.probes, toy.judges)

from course_lib.grading import confine, local  # noqa: E402

FATAL = "# takes its worker down"

toy.show_to_workers(lambda name, value: setattr(confine, name, value))

_grade = local.grade


def _fatal(notebook, *given):
    if any(FATAL in source for source in notebook.sources):
        os.kill(os.getpid(), signal.SIGKILL)
    return _grade(notebook, *given)


local.grade = _fatal
