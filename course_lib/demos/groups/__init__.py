"""The groups: fair clipping's ratio against the metrics of both groups, from real training runs on ten splits."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import traitlets

from course_lib.demos import svg
from course_lib.demos.groups import picture
from course_lib.demos.groups.model import BATCHES, METRICS, NOTCHES, State, recorded
from course_lib.demos.stage import Between, Demo, OneOf

__all__ = ["Groups", "groups_demo"]

_HERE = Path(__file__).parent


class Groups(Demo):
    """Ratio, batch and metric of lesson 11_fairness; `notch`, `batch` and `metric` can be read and set.

    The ratio is 2 ** (notch / 2); the highest notch switches the rule off. `runs` holds the numbers of all runs,
    which a page gets once.
    """

    script = _HERE / "demo.js"
    sheet = _HERE / "demo.css"
    title = "Demo: the ratio and the groups"
    parts = ("notch", "batch", "metric")

    notch = Between(NOTCHES[0], NOTCHES[-1], default=2)
    batch = OneOf(*BATCHES)
    metric = OneOf(*METRICS)
    runs = traitlets.Dict().tag(sync=True)

    @traitlets.default("runs")
    def _recorded(self) -> dict[str, Any]:
        return recorded()

    def words(self) -> list[str]:
        """What the rule did to the gap, how often it acted, and how far it moved the weights."""
        return picture.words(self._with_runs())

    def picture(self) -> str:
        """The metric of both groups on ten splits, with the rule and without it, and the change of the gap."""
        marks = picture.marks(self._with_runs())
        return svg.document(marks, picture.WIDTH, picture.HEIGHT, "groups", self.marks_sheet)

    def _with_runs(self) -> State:
        return cast(State, {**self.state(), "runs": self.runs})


def groups_demo(notch: int = 2, batch: str = "everybody", metric: str = "accuracy") -> Groups:
    """The groups as a demo that starts where you say; raises `DemoError` for what its controls cannot reach."""
    return Groups(notch=notch, batch=batch, metric=metric)
