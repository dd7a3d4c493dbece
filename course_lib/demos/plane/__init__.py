"""The plane: a gradient arrow to drag, and what clipping by value, by norm and by a wrong formula make of it."""

from __future__ import annotations

from course_lib.demos.plane import picture
from course_lib.demos.plane.model import RULES
from course_lib.demos.stage import Between, Demo, OneOf

__all__ = ["Plane", "plane_demo"]


class Plane(Demo):
    """The plane of lesson 03_clipping_mechanics; `first`, `second`, `threshold`, `rule` can be read and set."""

    drawing = picture
    title = "Demo: one gradient, four ways to clip it"
    parts = ("first", "second", "threshold", "rule")

    first = Between(-11.0, 11.0, default=10.0)
    second = Between(-5.5, 5.5, default=1.0)
    threshold = Between(0.5, 5.0, default=2.0)
    rule = OneOf(*RULES)


def plane_demo(
    first: float = 10.0, second: float = 1.0, threshold: float = 2.0, rule: str = "value"
) -> Plane:
    """The plane as a demo that starts where you say; raises `DemoError` for what its controls cannot reach."""
    return Plane(first=first, second=second, threshold=threshold, rule=rule)
