"""Hints in stages: each is offered only where the one before was opened."""

from __future__ import annotations

from course_lib.teach.telling import Telling, folded, inline, plain

_STAGES = ("A nudge", "A strategy", "A worked step")


class Hint(Telling):
    """A nudge, a strategy and a worked step, folded into one another; raises `ValueError` where one is empty."""

    def __init__(self, nudge: str, strategy: str, worked_step: str) -> None:
        self.stages = (nudge, strategy, worked_step)
        for name, stage in zip(_STAGES, self.stages, strict=True):
            if not stage.strip():
                raise ValueError(f"{name} is empty; a hint has three stages: {', '.join(_STAGES).lower()}.")

    def text(self) -> str:
        """The three stages, numbered."""
        rows = zip(_STAGES, self.stages, strict=True)
        return "\n".join(
            f"Hint {place}, {name.lower()}: {plain(stage)}" for place, (name, stage) in enumerate(rows, 1)
        )

    def html(self) -> str:
        """Three nested `<details>`: they open with the keyboard, and without a kernel."""
        nested = ""
        for name, stage in reversed(list(zip(_STAGES, self.stages, strict=True))):
            nested = folded(f"Hint: {name.lower()}", f"<p>{inline(stage)}</p>{nested}")
        return nested
