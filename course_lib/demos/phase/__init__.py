"""The phase plane: two walks of the bilinear game, under clipping, decay and three ways to step."""

from __future__ import annotations

from course_lib.demos.phase import picture
from course_lib.demos.phase.model import CLIPPED, SCHEMES
from course_lib.demos.stage import Between, Demo, OneOf

__all__ = ["Phase", "phase_demo"]


class Phase(Demo):
    """The phase plane of lesson 09_gans; `scheme`, `clipped`, `threshold`, `lr`, `decay` can be read and set."""

    drawing = picture
    title = "Demo: does the spiral close?"
    parts = ("scheme", "clipped", "threshold", "lr", "decay")

    scheme = OneOf(*SCHEMES)
    clipped = OneOf(*CLIPPED)
    threshold = Between(0.5, 3.0, default=1.0)
    lr = Between(0.05, 0.5, default=0.1)
    decay = Between(0.0, 0.2, default=0.0)


def phase_demo(
    scheme: str = "simultaneous",
    clipped: str = "both",
    threshold: float = 1.0,
    lr: float = 0.1,
    decay: float = 0.0,
) -> Phase:
    """The plane as a demo that starts where you say; raises `DemoError` for what its controls cannot reach."""
    return Phase(scheme=scheme, clipped=clipped, threshold=threshold, lr=lr, decay=decay)
