"""The clock that counts: held by the trusted side, and charging nothing for a core that others had."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from course_lib.grading.process import Late, Worker
from course_lib.grading.waiting import LEAST

T = TypeVar("T")


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
        return self._within(self._worker.receive)

    def send(self, frame: bytes) -> None:
        """Hand in a frame; raises `Late` when the time is over."""
        left = [frame]
        self._within(lambda until: self._worker.send(left.pop() if left else b"", until))

    def _within(self, do: Callable[[float], T]) -> T:
        until = time.monotonic() + self._each
        while True:
            try:
                return do(min(self._deadline, until))
            except Late:
                more = min(self._worker.waited(), self._patience) - self.waited
                if more < LEAST:
                    raise
                self.waited += more
                self._deadline += more
                until += more
