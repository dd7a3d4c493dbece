"""The monitor: real training runs, their gradient norms, updates and losses, with a threshold to move."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import traitlets

from course_lib.demos import svg
from course_lib.demos.monitor import picture
from course_lib.demos.monitor.model import NOTCHES, RATES, State, recorded
from course_lib.demos.stage import Between, Demo, OneOf

__all__ = ["Monitor", "monitor_demo"]

_HERE = Path(__file__).parent


class Monitor(Demo):
    """The training-run monitor of lesson 04_threshold; `notch` and `rate` can be read and set.

    The threshold is 10 ** (notch / 2); the highest notch switches clipping off. `runs` holds the numbers of all
    runs, which a page gets once.
    """

    script = _HERE / "demo.js"
    sheet = _HERE / "demo.css"
    title = "Demo: the monitor of a training run"
    parts = ("notch", "rate")

    notch = Between(NOTCHES[0], NOTCHES[-1], default=6)
    rate = OneOf(*RATES)
    runs = traitlets.Dict().tag(sync=True)

    @traitlets.default("runs")
    def _recorded(self) -> dict[str, Any]:
        return recorded()

    def words(self) -> list[str]:
        """How the run ends, how much was clipped, and how long the updates were."""
        return picture.words(self._with_runs())

    def picture(self) -> str:
        """Norm, update and loss, step by step."""
        marks = picture.marks(self._with_runs())
        return svg.document(marks, picture.WIDTH, picture.HEIGHT, "monitor", self.marks_sheet)

    def _with_runs(self) -> State:
        return cast(State, {**self.state(), "runs": self.runs})


def monitor_demo(notch: int = 6, rate: str = "0.03") -> Monitor:
    """The monitor as a demo that starts where you say; raises `DemoError` for what its controls cannot reach."""
    return Monitor(notch=notch, rate=rate)
