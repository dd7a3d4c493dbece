"""The chain: depth and gain to move, a signal forward, a gradient backward, and where each format gives up."""

from __future__ import annotations

from course_lib.demos.chain import picture
from course_lib.demos.stage import Between, Demo, OneOf

__all__ = ["Chain", "chain_demo"]


class Chain(Demo):
    """The scalar chain of lesson 01_explosion; `unit`, `gain`, `depth` and `start` can be read and set."""

    drawing = picture
    title = "Demo: a chain of layers, all with the same gain"
    parts = ("unit", "gain", "depth", "start")

    unit = OneOf("linear", "tanh")
    gain = Between(0.5, 2.0, default=1.2)
    depth = Between(1, 200, default=50)
    start = Between(1e-12, 1.0, default=1.0)


def chain_demo(unit: str = "linear", gain: float = 1.2, depth: int = 50, start: float = 1.0) -> Chain:
    """The chain as a demo that starts where you say; raises `DemoError` for what its controls cannot reach."""
    return Chain(unit=unit, gain=gain, depth=depth, start=start)
