"""What a trusted process may take over one notebook: memory, processor time, and seconds for one judgement.

Limits of the system hold a process whatever its code does; where the system has none (Windows), the clock outside is
all there is. They are soft ones, so that what a trusted process starts (`lifted`) does not inherit them.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

if sys.platform != "win32":
    import resource

MEMORY = 256 << 20
"""Bytes that a trusted process may take beyond what it holds when it begins to grade."""

SECONDS = 120.0
"""Of processor time, for all that a trusted process does about one notebook; a whole exercise takes a few."""

JUDGING_SECONDS = 20.0
"""Of processor time, for judging one question and drawing its card."""


class TooLong(KeyboardInterrupt):
    """Judging one question takes longer than it may. A `KeyboardInterrupt`, which no probe takes for an answer."""


@contextmanager
def judging() -> Iterator[None]:
    """Raises `TooLong` inside once this process has used `JUDGING_SECONDS` of processor time.

    It counts in the main thread of a process; elsewhere the limit of the whole notebook has to do.
    """
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(signum: int, frame: FrameType | None) -> None:
        raise TooLong

    before = signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, JUDGING_SECONDS, 1.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def hold_memory() -> None:
    """From here on this process may take `MEMORY` more than it holds now; more is a `MemoryError`."""
    if sys.platform == "linux":
        held = _private_bytes()
        _soften(resource.RLIMIT_DATA, held + MEMORY)


def hold_time() -> None:
    """From here on this process may take `SECONDS` of processor time; then the system ends it."""
    if sys.platform != "win32":
        usage = resource.getrusage(resource.RUSAGE_SELF)
        _soften(resource.RLIMIT_CPU, int(usage.ru_utime + usage.ru_stime + SECONDS) + 1)


def _private_bytes() -> int:
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) << 10 for line in status.split("\n") if line.startswith("VmData:"))


def _soften(kind: int, most: int) -> None:
    _, hard = resource.getrlimit(kind)
    resource.setrlimit(kind, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


@contextmanager
def lifted() -> Iterator[None]:
    """What is started inside inherits none of these limits."""
    if sys.platform == "win32":
        yield
        return
    before = {kind: resource.getrlimit(kind) for kind in (resource.RLIMIT_DATA, resource.RLIMIT_CPU)}
    for kind, (_, hard) in before.items():
        resource.setrlimit(kind, (hard, hard))
    try:
        yield
    finally:
        for kind, limits in before.items():
            resource.setrlimit(kind, limits)
