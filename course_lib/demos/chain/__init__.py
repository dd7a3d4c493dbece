"""The chain: depth and gain to move, a signal forward, a gradient backward, and where each format gives up."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from course_lib.demos import svg
from course_lib.demos.chain import picture
from course_lib.demos.chain.model import State
from course_lib.demos.stage import Between, Demo, OneOf

__all__ = ["Chain", "chain_demo"]

_HERE = Path(__file__).parent


class Chain(Demo):
    """The scalar chain of lesson 01_explosion; `unit`, `gain`, `depth` and `start` can be read and set."""

    script = _HERE / "demo.js"
    sheet = _HERE / "demo.css"
    title = "Demo: a chain of layers, all with the same gain"
    parts = ("unit", "gain", "depth", "start")

    unit = OneOf("linear", "tanh")
    gain = Between(0.5, 2.0, default=1.2)
    depth = Between(1, 200, default=50)
    start = Between(1e-12, 1.0, default=1.0)

    def words(self) -> list[str]:
        """How the gradient and the signal fare, and what each format makes of it."""
        return picture.words(cast(State, self.state()))

    def picture(self) -> str:
        """Both curves, layer by layer, on a logarithmic axis."""
        marks = picture.marks(cast(State, self.state()))
        return svg.document(marks, picture.WIDTH, picture.HEIGHT, "chain", self.marks_sheet)


def chain_demo(unit: str = "linear", gain: float = 1.2, depth: int = 50, start: float = 1.0) -> Chain:
    """The chain as a demo that starts where you say; raises `DemoError` for what its controls cannot reach."""
    return Chain(unit=unit, gain=gain, depth=depth, start=start)
