"""Writing notebooks by hand: honest ones, odd ones, and files that are none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

DOUBLE = "import numpy as np\n\ndef double(x):\n    return 2 * x"
NORM = "def norm(x):\n    return np.sqrt((x ** 2).sum())"
THRESHOLD = "threshold = 0.25"
TOP = "def top(x):\n    return max(x)"
RIGHT = (DOUBLE, NORM, THRESHOLD, TOP)
BLANK = tuple(f"def {name}(x):\n    raise NotImplementedError" for name in ("double", "norm", "top"))
QUESTIONS = ("double", "norm", "threshold", "top")


def cell(source: str, **fields: Any) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "source": source,
        "metadata": {},
        "outputs": [],
        "execution_count": None,
    } | fields


def notebook(*sources: str, checks: bool = True, name: str | None = "90_toy") -> dict[str, Any]:
    cells = [cell(source) for source in sources]
    if checks:
        cells += [cell("from course_lib.teach import check")] + [cell(f'check("{q}")') for q in QUESTIONS]
    metadata = {"course": {"kind": "exercise", "name": name}} if name else {}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def hand_in(
    folder: Path, learner: str, content: dict[str, Any] | str | bytes, file: str = "90_toy.ipynb"
) -> Path:
    path = folder / learner / file
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, dict):
        content = json.dumps(content)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path
