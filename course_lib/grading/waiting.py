"""A submission among others on a busy machine (Linux): where it stands in the queue, and how long it stood there.

Each gives way to all else on the machine, and keeps to one core, so that what it starts crowds out nobody but itself.
The time that it waited for that core because others had it is no fault of its own, and no clock charges it. The
kernel counts it; the worker's parent reads it, and writes it where the child can look.
"""

from __future__ import annotations

import mmap
import os
import struct
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

LEAST = 0.05
"""Seconds of waiting below which no clock grants any, neither the one inside nor the one that counts."""

_LAST = 19
"""The lowest priority there is."""

_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
_SECONDS = struct.Struct("d")


def stand_last(place: int | None) -> None:
    """Give this process, and all that it starts, the lowest priority, and the core of its place, if it has one."""
    os.setpriority(os.PRIO_PROCESS, 0, _LAST)
    if place is not None:
        cores = sorted(os.sched_getaffinity(0))
        with suppress(OSError):  # the core was taken from this machine just now; any other will do
            os.sched_setaffinity(0, {cores[place % len(cores)]})


class Wait:
    """How long one child has waited; made before the fork, kept up to date by the parent, read by both.

    The child could write it, so the parent only reads what it measured itself.
    """

    def __init__(self) -> None:
        self._page = mmap.mmap(-1, mmap.PAGESIZE)
        self._began = time.monotonic()

    def told(self) -> float:
        """What the parent saw last, in seconds."""
        seconds: float = _SECONDS.unpack_from(self._page)[0]
        return seconds

    def measured(self, child: int, processes: Iterable[int]) -> float:
        """In the parent: the seconds that `child` waited for a core while none of its own `processes` had it.

        Whoever starts sixty processes on one core waits for them as well; the processor time that they took is not
        what others took. 0 where the kernel does not count.
        """
        try:
            waited = int(Path(f"/proc/{child}/schedstat").read_text().split()[1]) / 1e9
        except (OSError, IndexError, ValueError):
            return 0.0
        taken = sum(_processor_seconds(process) for process in processes)
        seconds = max(0.0, min(waited, time.monotonic() - self._began - taken))
        _SECONDS.pack_into(self._page, 0, seconds)
        return seconds


def _processor_seconds(process: int) -> float:
    """Of this process, and of those that it started and has taken leave of; 0 when it is gone."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / _TICKS
