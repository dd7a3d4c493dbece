"""How far a batch is: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from typing import TextIO

_WIDTH = 30
_SELDOM = 10.0


class Progress:
    """Counts submissions on `stream` (standard error)."""

    def __init__(self, total: int, stream: TextIO) -> None:
        self._total = total
        self._done = 0
        self._began = time.monotonic()
        self._spoke = self._began
        self._stream = stream
        self._live = stream.isatty()

    def step(self) -> None:
        """One more is done."""
        self._done += 1
        now = time.monotonic()
        if self._live:
            full = _WIDTH * self._done // self._total
            marks = "#" * full + "." * (_WIDTH - full)
            self._stream.write(f"\r[{marks}] {self._count()} {self._left(now)}\x1b[K")
        elif now - self._spoke >= _SELDOM or self._done == self._total:
            self._spoke = now
            self._stream.write(f"{self._count()} {self._left(now)}\n")
        self._stream.flush()

    def end(self) -> None:
        """Leave the line."""
        if self._live and self._done:
            self._stream.write("\n")

    def _count(self) -> str:
        return f"{self._done} of {self._total}"

    def _left(self, now: float) -> str:
        taken = now - self._began
        left = taken / self._done * (self._total - self._done)
        return f"in {taken:.0f} s" if self._done == self._total else f"about {left:.0f} s left"
