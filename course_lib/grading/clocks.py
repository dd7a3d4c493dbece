"""The clock that counts: held by the trusted side, and charging nothing for a core that others had."""

from __future__ import annotations

import time

from course_lib.grading.process import Late, Worker

_LEAST = 0.05
"""Seconds of waiting below which nothing is granted."""


class Clock:
    """The clock of one run: it ends at `deadline`, or when a frame is `each` seconds late.

    Both move by the seconds that the process had to wait for a core, as far as `patience` reaches; `waited` says how
    many these were.
    """

    def __init__(self, worker: Worker, deadline: float, each: float, patience: float) -> None:
        self._worker = worker
        self._deadline = deadline
        self._each = each
        self._patience = patience
        self.waited = 0.0

    def receive(self) -> tuple[str, bytes] | None:
        """The next frame, as the worker has it; raises `Late` when the time is over, and `FrameError`."""
        until = time.monotonic() + self._each
        while True:
            try:
                return self._worker.receive(min(self._deadline, until))
            except Late:
                more = min(self._worker.waited(), self._patience) - self.waited
                if more < _LEAST:
                    raise
                self.waited += more
                self._deadline += more
                until += more
