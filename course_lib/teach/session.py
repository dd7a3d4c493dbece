"""What this kernel knows of itself: which lesson it runs, which cells have run, and how long they took."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from course_lib.curriculum import LESSONS


@dataclass(frozen=True)
class RanCell:
    """A cell that has run: its id in the notebook (empty where the front end does not tell) and its first line."""

    id: str
    line: str


class Session:
    """Listens to the kernel's cells, from the moment this module was loaded."""

    def __init__(self) -> None:
        self.lesson = ""  # as the notebook itself says, by its map or its journal
        self.seconds = 0.0
        self.cells: list[RanCell] = []
        self._began: float | None = time.perf_counter()  # inside the cell that loads the course

    def begin(self, info: Any) -> None:
        """A cell begins; `info` is IPython's `ExecutionInfo`."""
        self._began = time.perf_counter()
        ran = RanCell(str(getattr(info, "cell_id", None) or ""), first_line(str(info.raw_cell)))
        if ran.line and ran not in self.cells:
            self.cells.append(ran)

    def end(self, *_: Any) -> None:
        """A cell has ended."""
        if self._began is not None:
            self.seconds += time.perf_counter() - self._began
        self._began = None

    def measured(self) -> float:
        """Seconds that cells have run so far, the one that is running included."""
        running = time.perf_counter() - self._began if self._began is not None else 0.0
        return self.seconds + running


def first_line(code: str) -> str:
    """The first line of code that says something, kept short; empty where there is none."""
    for line in code.splitlines():
        if line.strip() and not line.lstrip().startswith(("#", "%")):
            said = line.strip()
            return said if len(said) <= 60 else said[:59] + "…"
    return ""


def current_lesson() -> str:
    """The lesson whose notebook this kernel runs, or an empty string where nothing tells.

    Jupyter and VS Code name the notebook, and a renamed copy (`01_explosion-Copy1.ipynb`) still counts as its
    lesson; elsewhere the notebook's own map or journal has said it.
    """
    stem = PurePath(_notebook().replace("\\", "/")).stem
    return next((lesson.name for lesson in LESSONS if stem.startswith(lesson.name)), SESSION.lesson)


def _notebook() -> str:
    shell = _shell()
    in_code = str(shell.user_ns.get("__vsc_ipynb_file__", "")) if shell is not None else ""
    return in_code or os.environ.get("JPY_SESSION_NAME", "")


def _shell() -> Any:
    from IPython import get_ipython

    return get_ipython()


def _listening() -> Session:
    session = Session()
    shell = _shell()
    if shell is None:
        session.end()
    else:
        shell.events.register("pre_run_cell", session.begin)
        shell.events.register("post_run_cell", session.end)
    return session


SESSION = _listening()
