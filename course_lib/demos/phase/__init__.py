"""The phase plane: two walks of the bilinear game, under clipping, decay and three ways to step."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from course_lib.demos import svg
from course_lib.demos.phase import picture
from course_lib.demos.phase.model import CLIPPED, SCHEMES, State
from course_lib.demos.stage import Between, Demo, OneOf

__all__ = ["Phase", "phase_demo"]

_HERE = Path(__file__).parent


class Phase(Demo):
    """The phase plane of lesson 09_gans; `scheme`, `clipped`, `threshold`, `lr`, `decay` can be read and set."""

    script = _HERE / "demo.js"
    sheet = _HERE / "demo.css"
    title = "Demo: does the spiral close?"
    parts = ("scheme", "clipped", "threshold", "lr", "decay")

    scheme = OneOf(*SCHEMES)
    clipped = OneOf(*CLIPPED)
    threshold = Between(0.5, 3.0, default=1.0)
    lr = Between(0.05, 0.5, default=0.1)
    decay = Between(0.0, 0.2, default=0.0)

    def words(self) -> list[str]:
        """The law of the state in view, and between which radii the two walks end."""
        return picture.words(cast(State, self.state()))

    def picture(self) -> str:
        """Both walks in the plane, and their radii over time."""
        marks = picture.marks(cast(State, self.state()))
        return svg.document(marks, picture.WIDTH, picture.HEIGHT, "phase", self.marks_sheet)


def phase_demo(
    scheme: str = "simultaneous",
    clipped: str = "both",
    threshold: float = 1.0,
    lr: float = 0.1,
    decay: float = 0.0,
) -> Phase:
    """The plane as a demo that starts where you say; raises `DemoError` for what its controls cannot reach."""
    return Phase(scheme=scheme, clipped=clipped, threshold=threshold, lr=lr, decay=decay)
