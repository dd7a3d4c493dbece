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
    """A cell that has run: its id in the notebook (empty where the front end does not tell), number and beginning."""

    id: str
    number: int
    beginning: str

    @property
    def label(self) -> str:
        """The cell as its reader finds it in the notebook: `[12] def clip_by_norm(g, max_norm):`."""
        return f"[{self.number}] {self.beginning}"


class Session:
    """Listens to the kernel's cells, from the moment this module was loaded."""

    def __init__(self) -> None:
        self.lesson = ""  # as the notebook itself says, by its map or its journal
        self.seconds = 0.0
        self.cells: dict[
            str, RanCell
        ] = {}  # by id, or by beginning where there is none; the latest run counts
        self._began: float | None = time.perf_counter()  # inside the cell that loads the course

    def begin(self, info: Any) -> None:
        """A cell begins; `info` is IPython's `ExecutionInfo`."""
        self._began = time.perf_counter()
        shell = _shell()
        number = shell.execution_count if shell is not None else len(self.cells) + 1
        ran = RanCell(str(getattr(info, "cell_id", None) or ""), number, beginning(str(info.raw_cell)))
        if ran.beginning:
            self.cells[ran.id or ran.beginning] = ran

    def end(self, *_: Any) -> None:
        """A cell has ended."""
        if self._began is not None:
            self.seconds += time.perf_counter() - self._began
        self._began = None

    def measured(self) -> float:
        """Seconds that cells have run so far, the one that is running included."""
        running = time.perf_counter() - self._began if self._began is not None else 0.0
        return self.seconds + running


def beginning(code: str) -> str:
    """The first code that says something, in one short line; imports only where there is nothing else."""
    lines = [line.strip() for line in code.splitlines()]
    said = [line for line in lines if line and not line.startswith(("#", "%"))]
    telling = [line for line in said if not line.startswith(("import ", "from "))]
    words = " ".join(telling or said).replace("( ", "(")
    return words if len(words) <= 60 else words[:59] + "…"


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
