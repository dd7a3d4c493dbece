"""The groups: fair clipping's ratio against the metrics of both groups, from real training runs on ten splits."""

from __future__ import annotations

from course_lib.demos.groups import picture
from course_lib.demos.groups.model import BATCHES, METRICS, NOTCHES, recorded
from course_lib.demos.stage import Between, OneOf, RecordedDemo

__all__ = ["Groups", "groups_demo"]


class Groups(RecordedDemo):
    """Ratio, batch and metric of lesson 11_fairness; `notch`, `batch` and `metric` can be read and set.

    The ratio is 2 ** (notch / 2); the highest notch switches the rule off.
    """

    drawing = picture
    recorded = staticmethod(recorded)
    title = "Demo: the ratio and the groups"
    parts = ("notch", "batch", "metric")

    notch = Between(NOTCHES[0], NOTCHES[-1], default=2)
    batch = OneOf(*BATCHES)
    metric = OneOf(*METRICS)


def groups_demo(notch: int = 2, batch: str = "everybody", metric: str = "accuracy") -> Groups:
    """The groups as a demo that starts where you say; raises `DemoError` for what its controls cannot reach."""
    return Groups(notch=notch, batch=batch, metric=metric)
