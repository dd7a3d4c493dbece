"""Where the course and the learner's own files lie; copies of exercises that updates never touch."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from course_lib.curriculum import LESSONS
from course_lib.errors import CourseError


class WorkError(CourseError):
    """One sentence for the learner: what is wrong with a path or a name, and what to do."""


def course_root() -> Path:
    """The folder that holds `source/`, `notebooks/` and `exercises/`.

    The environment variable `COURSE_ROOT` wins; otherwise it is the folder this package lies in.
    Raises `WorkError` where the package was installed without the course around it.
    """
    named = os.environ.get("COURSE_ROOT")
    root = Path(named) if named else Path(__file__).resolve().parent.parent
    if not (root / "exercises").is_dir():
        raise WorkError(
            f"{root} does not hold the course (no exercises/ folder); "
            "set COURSE_ROOT to the folder you cloned the course into."
        )
    return root


def work_folder() -> Path:
    """The learner's own folder, made when missing: `COURSE_WORK`, or `work/` in the course."""
    named = os.environ.get("COURSE_WORK")
    folder = Path(named) if named else course_root() / "work"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def exercise_names() -> list[str]:
    """The exercises there are, in the order of their lessons."""
    return [lesson.name for lesson in LESSONS if lesson.exercise]


def _handed_out(name: str) -> Path:
    """The learner's copy as the course hands it out; raises `WorkError` for an unknown name."""
    names = exercise_names()
    if name not in names:
        raise WorkError(f"There is no exercise {name!r}; the exercises are {', '.join(names)}.")
    path = course_root() / "exercises" / f"{name}.ipynb"
    if not path.is_file():
        raise WorkError(f"{path} is missing; run `course build {name}` or clone the course again.")
    return path


def open_exercise(name: str) -> Path:
    """The learner's copy of an exercise in the work folder, made on first use and never overwritten."""
    source = _handed_out(name)
    copy = work_folder() / source.name
    if not copy.exists():
        shutil.copyfile(source, copy)
    return copy


def reset_exercise(name: str) -> Path:
    """A fresh copy of an exercise; the old one is kept beside it as `NAME.1.ipynb`, `NAME.2.ipynb`, ..."""
    source = _handed_out(name)
    copy = work_folder() / source.name
    if copy.exists():
        number = 1
        while (kept := copy.with_suffix(f".{number}.ipynb")).exists():
            number += 1
        copy.rename(kept)
    shutil.copyfile(source, copy)
    return copy
