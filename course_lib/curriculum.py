"""The lessons of the course, in order: what each promises, needs and asks of a reader's time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ExerciseSize = Literal["full", "small"]


@dataclass(frozen=True)
class Lesson:
    """One lesson: its place in the sequence, its promise, and what stands before it.

    `minutes` is what it asks of a reader; `opens_with` is the id of its first prediction, which opens the way
    to the lessons after it; `needs` names the lessons that must come first; `exercise` says which graded exercise of
    the same name goes with it, if any. A `tour` shows how the course works and teaches nothing yet, so it has not the
    parts of a lesson (`course_lib.build.rules`).
    """

    number: int
    slug: str
    title: str
    promise: str
    minutes: int
    opens_with: str
    needs: tuple[str, ...] = ()
    exercise: ExerciseSize | None = "full"
    tour: bool = False

    @property
    def name(self) -> str:
        """`01_explosion`: the name of the notebook, the exercise and the source file."""
        return f"{self.number:02d}_{self.slug}"


LESSONS: tuple[Lesson, ...] = (
    Lesson(
        0,
        "start_here",
        "Start here",
        "Know in ten minutes how this course works, and that it works on your machine.",
        10,
        "halving-the-step",
        exercise=None,
        tour=True,
    ),
    Lesson(
        1,
        "explosion",
        "Explosion",
        "Say when, why and how fast a gradient explodes, and what the explosion destroys.",
        70,
        "fifty-layers",
        ("00_start_here",),
    ),
    Lesson(
        3,
        "clipping_mechanics",
        "Clipping mechanics",
        "Clip a gradient by norm and by value, for a model or a layer, and say what each keeps and what it breaks.",
        50,
        "value-turn",
        ("01_explosion",),
    ),
    Lesson(
        4,
        "threshold",
        "Choosing the threshold",
        "Choose a threshold from what a run tells you, and know when the number hardly matters.",
        50,
        "placebo-threshold",
        ("03_clipping_mechanics",),
    ),
    Lesson(
        5,
        "optimizers",
        "Optimizers",
        "Say what a clipped gradient becomes in momentum, Adam and AdamW, and when clipping matters there.",
        50,
        "adam-recovery",
        ("03_clipping_mechanics",),
    ),
    Lesson(
        9,
        "gans",
        "GANs",
        "Say what clipping does to two players who learn against each other, and what it cannot do for them.",
        50,
        "spiral-clipped",
        ("05_optimizers",),
    ),
    Lesson(
        11,
        "fairness",
        "Fairness",
        "Measure how a model serves each group, and say what clipping by group changes and what it cannot.",
        50,
        "cap-of-two",
        ("04_threshold",),
    ),
)


def lesson(name: str) -> Lesson:
    """The lesson called `name`; raises `KeyError` with the names that exist."""
    for entry in LESSONS:
        if entry.name == name:
            return entry
    known = ", ".join(entry.name for entry in LESSONS)
    raise KeyError(f"There is no lesson {name!r}; the lessons are {known}.")
