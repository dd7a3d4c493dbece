"""The monitor: real training runs, their gradient norms, updates and losses, with a threshold to move."""

from __future__ import annotations

from course_lib.demos.monitor import picture
from course_lib.demos.monitor.model import NOTCHES, RATES, recorded
from course_lib.demos.stage import Between, OneOf, RecordedDemo

__all__ = ["Monitor", "monitor_demo"]


class Monitor(RecordedDemo):
    """The training-run monitor of lesson 04_threshold; `notch` and `rate` can be read and set.

    The threshold is 10 ** (notch / 2); the highest notch switches clipping off.
    """

    drawing = picture
    recorded = staticmethod(recorded)
    title = "Demo: the monitor of a training run"
    parts = ("notch", "rate")

    notch = Between(NOTCHES[0], NOTCHES[-1], default=6)
    rate = OneOf(*RATES)


def monitor_demo(notch: int = 6, rate: str = "0.03") -> Monitor:
    """The monitor as a demo that starts where you say; raises `DemoError` for what its controls cannot reach."""
    return Monitor(notch=notch, rate=rate)
