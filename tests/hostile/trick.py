"""A hostile notebook, and what it deserves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from handwritten import DOUBLE, NORM, THRESHOLD, TOP

ANSWERS = {"double": DOUBLE, "norm": NORM, "threshold": THRESHOLD, "top": TOP}
WORTH = {"double": 2, "norm": 3, "threshold": 1, "top": 4}


@dataclass(frozen=True)
class Trick:
    """One trick: its cells stand after the right answers to `double` and before those to the rest.

    `honest` names the questions that the notebook answers rightly; it deserves exactly their points. `status` is
    how the run must end, where that is certain. A trick that tries to reach or to find something sets
    `threshold = 0.25`, which is right, if and only if it succeeded; so it must not be among the honest. `edit` bends
    the notebook's file where code alone cannot.
    """

    name: str
    cells: tuple[str, ...]
    honest: tuple[str, ...] = ("double", "norm", "threshold", "top")
    status: str = ""
    edit: Callable[[dict[str, Any]], object] = lambda notebook: None

    @property
    def deserves(self) -> int:
        return sum(WORTH[name] for name in self.honest)

    def sources(self) -> list[str]:
        before = [ANSWERS[name] for name in self.honest[:1]]
        return [*before, *self.cells, *(ANSWERS[name] for name in self.honest[1:])]


def reach(name: str, attempt: str, honest: tuple[str, ...] = ("double",)) -> Trick:
    """A trick that sets `reached` when it got where it must not."""
    lines = "\n".join(f"    {line}" for line in attempt.strip().splitlines())
    cell = (
        f"reached = False\ntry:\n{lines}\nexcept BaseException:\n    pass\nif reached:\n    threshold = 0.25"
    )
    return Trick(name, (cell,), honest)


ALL_BUT = {name: tuple(other for other in WORTH if other != name) for name in WORTH}
NOTHING: tuple[str, ...] = ()
