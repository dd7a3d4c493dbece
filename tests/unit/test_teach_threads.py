"""A notebook of the course computes with one thread of torch, in whatever order it imports what it needs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted(
    path.relative_to(ROOT).as_posix()
    for folder in ("notebooks", "exercises")
    for path in (ROOT / folder).glob("*.ipynb")
)


@pytest.mark.parametrize("first", ["torch", "course_lib.teach"])
def test_one_thread_whichever_is_imported_first(first: str) -> None:
    code = f"import {first}, course_lib.teach, torch; print(torch.get_num_threads())"
    said = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "OMP_NUM_THREADS": "3"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == "1\n"


@pytest.mark.parametrize("path", NOTEBOOKS)
def test_every_notebook_imports_the_room_that_sees_to_it(path: str) -> None:
    cells = json.loads((ROOT / path).read_text(encoding="utf-8"))["cells"]
    first = next("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    assert "from course_lib.teach import" in first
