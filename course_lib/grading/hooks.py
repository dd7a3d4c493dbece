"""What a notebook may leave switched on that would see, slow down or end what the grader does after it."""

from __future__ import annotations

import faulthandler
import gc
import signal
import sys
import threading
import tracemalloc


def clear_hooks() -> None:
    """Take away what watches every call, line, allocation or collection, and every clock that is set to go off.

    What changes how numbers are computed (`np.seterr`, default types, decimal contexts) stays: an answer may rely on
    it, and in the learner's own notebook it stands as well.
    """
    sys.setprofile(None)
    sys.settrace(None)
    threading.setprofile(None)
    threading.settrace(None)
    if sys.version_info >= (3, 12):
        for tool in range(6):
            if sys.monitoring.get_tool(tool) is not None:
                sys.monitoring.set_events(tool, 0)
                sys.monitoring.free_tool_id(tool)
    gc.callbacks.clear()
    tracemalloc.stop()
    faulthandler.cancel_dump_traceback_later()
    for clock in ("ITIMER_REAL", "ITIMER_VIRTUAL", "ITIMER_PROF"):
        if hasattr(signal, clock):
            signal.setitimer(getattr(signal, clock), 0)
