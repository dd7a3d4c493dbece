"""Where the course and the learner's own files lie; copies of exercises that updates never touch."""

from __future__ import annotations

import difflib
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
    root = (Path(named).expanduser() if named else Path(__file__).parent.parent).resolve()
    if not (root / "source").is_dir():
        raise WorkError(
            f"{root} does not hold the course (it has no source/ folder); "
            "set COURSE_ROOT to the folder you cloned the course into."
        )
    return root


def work_folder() -> Path:
    """The learner's own folder, made when missing: `COURSE_WORK`, or `work/` in the course.

    Raises `WorkError` where it cannot be made.
    """
    named = os.environ.get("COURSE_WORK")
    folder = Path(named).expanduser().resolve() if named else course_root() / "work"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WorkError(
            f"The work folder {folder} cannot be made ({error.strerror}); "
            "set COURSE_WORK to a folder that you may write to."
        ) from None
    return folder


def being_built() -> bool:
    """Whether the build runs this notebook: what it shows is stored, and read by people who have not run it yet.

    So nothing may stand in it that is true of the builder's machine only, such as how long a cell took there.
    """
    return bool(os.environ.get("COURSE_BUILD"))


def exercise_names() -> list[str]:
    """The exercises there are, in the order of their lessons."""
    return [lesson.name for lesson in LESSONS if lesson.exercise]


def _handed_out(name: str) -> Path:
    """The exercise as the course hands it out; raises `WorkError` for an unknown name."""
    names = exercise_names()
    if name not in names:
        near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
        meant = f"did you mean {near[0]}?" if near else f"the exercises are {', '.join(names)}."
        raise WorkError(f"There is no exercise {name!r}; {meant}")
    path = course_root() / "exercises" / f"{name}.ipynb"
    if not path.is_file():
        raise WorkError(f"{path} is missing; run `course build {name}` or clone the course again.")
    return path


def _copy(source: Path, target: Path) -> None:
    """Copy whole or not at all: a copy that was cut short must not pass for the learner's own work."""
    unfinished = target.with_suffix(".unfinished")
    try:
        shutil.copyfile(source, unfinished)
        unfinished.replace(target)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise WorkError(
            f"{target} cannot be written ({error.strerror}); make room or make the folder yours, "
            "or set COURSE_WORK to a folder that you may write to."
        ) from None


def open_exercise(name: str) -> Path:
    """The learner's copy of an exercise in the work folder, made on first use and never overwritten.

    Raises `WorkError` for an unknown name, or where the copy cannot be written.
    """
    source = _handed_out(name)
    copy = work_folder() / source.name
    if not copy.exists():
        _copy(source, copy)
    return copy


def set_aside(name: str) -> Path | None:
    """Rename the learner's copy to `NAME.1.ipynb`, `NAME.2.ipynb`, ...; None where there is no copy yet."""
    copy = work_folder() / _handed_out(name).name
    if not copy.exists():
        return None
    number = 1
    while (kept := copy.with_suffix(f".{number}.ipynb")).exists():
        number += 1
    return copy.rename(kept)


def reset_exercise(name: str) -> Path:
    """A fresh copy of an exercise; the old one is kept beside it, as `set_aside` names it."""
    set_aside(name)
    return open_exercise(name)
