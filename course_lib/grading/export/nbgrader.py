"""A course folder for nbgrader 0.9: what `generate_assignment`, `autograde` and `generate_feedback` begin with.

The notebooks in its `source/` are laid together from what the course hands out and from its solutions: what the two
do not share stands between nbgrader's own marks, so that nbgrader releases the very notebook that the course does.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from course_lib.checks.exercises import EXERCISES
from course_lib.grading.export.errors import ExportError
from course_lib.grading.whole import write_all
from course_lib.work import course_root

BEGIN, END, STUB = "### BEGIN SOLUTION", "### END SOLUTION", "### STUB "
BLANK = "raise NotImplementedError"

CONFIG = f'''\
"""An nbgrader course, as `course export nbgrader` writes it. The course must be installed where nbgrader runs."""

from nbgrader.converters import GenerateAssignment
from nbgrader.preprocessors import ClearSolutions

STUB = "{STUB}"


class ClearSolutionsToStubs(ClearSolutions):
    """Lines that begin with `{STUB.strip()}` are what a learner gets in the place of the solution below them."""

    def preprocess_cell(self, cell, resources, cell_index):
        lines = cell.source.split("\\n")
        stub = [line[len(STUB) :] for line in lines if line.startswith(STUB)]
        usual = self.code_stub
        if stub:
            cell.source = "\\n".join(line for line in lines if not line.startswith(STUB))
            self.code_stub = {{**usual, resources["language"]: "\\n".join(stub)}}
        try:
            return super().preprocess_cell(cell, resources, cell_index)
        finally:
            self.code_stub = usual


c = get_config()
c.ClearSolutions.code_stub = {{"python": "{BLANK}"}}
c.GenerateAssignment.preprocessors = [
    ClearSolutionsToStubs if step is ClearSolutions else step
    for step in GenerateAssignment.preprocessors.default()
]
c.Execute.timeout = 30  # seconds for a cell, as `course grade` gives
'''

Notebook = dict[str, Any]


def write(exercises: Iterable[str], out: Path) -> None:
    """Write the course folder; raises `ExportError` before anything is written that was changed there since."""
    files = {out / "nbgrader_config.py": CONFIG}
    for exercise in exercises:
        if exercise not in EXERCISES:
            known = ", ".join(EXERCISES)
            raise ExportError(f"There is no exercise {exercise!r}; the exercises are {known}.")
        text = json.dumps(source(exercise), ensure_ascii=False, indent=1) + "\n"
        files[out / "source" / exercise / f"{exercise}.ipynb"] = text
    for path, text in files.items():
        if path.exists() and path.read_bytes() != text.encode():
            raise ExportError(f"{path} is there already and differs; move it away, or choose another --out.")
    write_all(files)


def source(exercise: str) -> Notebook:
    """The notebook for nbgrader's `source/`: the learner's copy, its answers filled in between marks."""
    handed_out, solved = (_built(folder, exercise) for folder in ("exercises", "solutions"))
    ids = [[cell["id"] for cell in notebook["cells"]] for notebook in (handed_out, solved)]
    if ids[0] != ids[1]:
        raise ExportError(
            f"exercises/{exercise}.ipynb and its solution are not of one build; run `course build {exercise}`."
        )
    made = copy.deepcopy(handed_out)
    for cell, answer in zip(made["cells"], solved["cells"], strict=True):
        # nbgrader locks what it releases; in its source a teacher may edit every cell.
        for lock in ("deletable", "editable"):
            cell["metadata"].pop(lock, None)
        if cell["metadata"].get("nbgrader", {}).get("solution"):
            cell["source"] = marked(_text(cell), _text(answer))
    return made


def marked(handed_out: str, solved: str) -> str:
    """The solved cell, with marks around what the learner's copy lacks, and above them what it holds instead."""
    theirs, ours = handed_out.split("\n"), solved.split("\n")
    shared = min(len(theirs), len(ours))
    before = next((n for n in range(shared) if theirs[n] != ours[n]), shared)
    rest = shared - before
    after = next((n for n in range(rest) if theirs[-1 - n] != ours[-1 - n]), rest)
    stub, body = theirs[before : len(theirs) - after], ours[before : len(ours) - after]
    if [line.strip() for line in stub] == [BLANK]:
        indent = stub[0][: -len(BLANK)]
        stub = []
    else:
        indent = ""
    told = [f"{STUB}{line}" for line in stub]
    return "\n".join([*ours[:before], *told, indent + BEGIN, *body, indent + END, *ours[len(ours) - after :]])


def _built(folder: str, exercise: str) -> Notebook:
    path = course_root() / folder / f"{exercise}.ipynb"
    try:
        notebook: Notebook = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise ExportError(f"{path} cannot be read; run `course build {exercise}`.") from None
    return notebook


def _text(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])
