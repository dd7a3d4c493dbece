"""The spike: one large gradient among ordinary ones, and what it leaves in Adam's memory, clipped or not."""

from __future__ import annotations

from course_lib.demos.spike import picture
from course_lib.demos.spike.model import SPANS
from course_lib.demos.stage import Between, Demo, OneOf

__all__ = ["Spike", "spike_demo"]


class Spike(Demo):
    """The spike of lesson 05_optimizers; `spike`, `at`, `threshold` and `memory` can be read and set."""

    drawing = picture
    title = "Demo: one spike, and what Adam remembers of it"
    parts = ("spike", "at", "threshold", "memory")

    spike = Between(1.0, 10_000.0, default=100.0)
    at = Between(1, 100, default=100)
    threshold = Between(1.0, 10_000.0, default=1.0)
    memory = OneOf(*SPANS)


def spike_demo(spike: float = 100.0, at: int = 100, threshold: float = 1.0, memory: str = "0.999") -> Spike:
    """The spike as a demo that starts where you say; raises `DemoError` for what its controls cannot reach."""
    return Spike(spike=spike, at=at, threshold=threshold, memory=memory)
