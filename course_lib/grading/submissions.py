"""Finding submissions: folders as teachers keep them, and zips as Canvas, Moodle and nbgrader hand them out.

What counts is the path of each notebook inside the folder or zip:

- `<learner>/<exercise>.ipynb`
- `<learner>/<exercise>/<exercise>.ipynb` (nbgrader)
- `<name>_<user id>_<file id>_<file>.ipynb`, with `_LATE` after the name where it is, and `-1` after the file's name at
  the second attempt, `-2` at the third (Canvas)
- `<Name>_<id>_assignsubmission_file_/<file>.ipynb` (Moodle)
"""

from __future__ import annotations

import re
import stat
import tempfile
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from course_lib.errors import CourseError
from course_lib.grading import notebook
from course_lib.grading.notebook import NotebookError

LARGEST_MEMBER = 300 << 20
"""Bytes that one notebook in a zip may expand to."""

_CANVAS = re.compile(r"(?P<name>[^_]+)(?P<late>_LATE)?_(?P<user>\d+)_\d+_(?P<file>.+)", re.IGNORECASE)
_MOODLE = re.compile(r"(?P<name>.+)_(?P<user>\d+)_assignsubmission_file_?")
_COPY = re.compile(r"(?:[ _-]?\(\d+\)|-\d+)$")
_RESUBMITTED = re.compile(r"-(\d{1,3})$")
_SKIPPED = (".ipynb_checkpoints", "__MACOSX")


class SubmissionsError(CourseError):
    """Nothing can be graded; the message says what to hand over instead."""


@dataclass(frozen=True)
class Submission:
    """One learner's notebook for one exercise.

    `path` is its path inside the folder or zip, `problem` why it cannot be graded (empty when it can):
    a sentence that follows the path. `attempt` counts from 1, where the layout tells it; otherwise it is 0.
    """

    learner: str
    exercise: str
    path: str
    late: bool = False
    problem: str = ""
    attempt: int = 0


class Submissions:
    """A folder or a zip of submissions, opened for reading; raises `SubmissionsError` when it holds none."""

    def __init__(self, root: Path, exercises: Sequence[str]) -> None:
        self.root = root
        self._exercises = exercises
        self._zip = _open_zip(root)
        notebooks = sorted(self._notebooks())
        if not notebooks:
            raise SubmissionsError(
                f"{root} holds no notebooks; it should hold LEARNER/EXERCISE.ipynb, "
                "or be a zip that Canvas or Moodle handed out."
            )
        self.all = self._recognise_all(notebooks)

    def empty_handed(self) -> list[str]:
        """The learners' folders in which no notebook lies."""
        if self._zip is not None:
            return []
        with_work = {PurePosixPath(entry.path).parts[0] for entry in self.all}
        folders = (entry for entry in self.root.iterdir() if entry.is_dir() and not _hidden(entry.name))
        return sorted(
            entry.name
            for entry in folders
            if entry.name not in with_work and not (entry / "ledger.sqlite").exists()
        )

    @contextmanager
    def open(self, submission: Submission) -> Iterator[Path]:
        """The submission as a file: its own, or a copy of the zip's member that is gone afterwards.

        Raises `NotebookError` where there is no such file to be had.
        """
        if self._zip is None:
            yield self._file(submission.path)
            return
        with tempfile.TemporaryDirectory(prefix="course-grade-") as folder:
            copy = Path(folder) / "submission.ipynb"
            _extract(self._zip, submission.path, copy)
            yield copy

    def _file(self, path: str) -> Path:
        file = self.root
        for part in PurePosixPath(path).parts:
            file = file / part
            if file.is_symlink():
                raise NotebookError("is a link to another place; hand in the file itself.")
        if not stat.S_ISREG(file.stat().st_mode):
            raise NotebookError("is not a file.")
        return file

    def _notebooks(self) -> Iterator[str]:
        if self._zip is not None:
            names = [info.filename for info in self._zip.infolist() if not info.is_dir()]
        else:
            names = [path.relative_to(self.root).as_posix() for path in self.root.rglob("*.ipynb")]
        for name in names:
            parts = PurePosixPath(name).parts
            if name.lower().endswith(".ipynb") and not any(map(_hidden, parts)):
                yield name

    def _recognise_all(self, notebooks: list[str]) -> list[Submission]:
        found = [self._recognise(name, PurePosixPath(name).parts) for name in notebooks]
        tops = {PurePosixPath(name).parts[0] for name in notebooks}
        if len(tops) == 1:
            # One folder around all others, as some zips have it: looked through when more fits without it.
            inside = [self._recognise(name, PurePosixPath(name).parts[1:]) for name in notebooks]
            if self._fitting(inside) > self._fitting(found):
                found = inside
        return _without_doubles([self._ask_the_notebook(entry) for entry in found])

    def _fitting(self, found: list[Submission]) -> int:
        return sum(1 for entry in found if entry.exercise in self._exercises)

    def _recognise(self, name: str, parts: tuple[str, ...]) -> Submission:
        if name.startswith("/") or ".." in parts or "\\" in name or ":" in name.split("/", 1)[0]:
            return Submission(name, "", name, problem="climbs out of the zip by its name; it was not opened.")
        match parts:
            case (file,) | (_, file) if canvas := _CANVAS.fullmatch(file):
                learner, exercise = f"{canvas['name']}_{canvas['user']}", self._exercise(canvas["file"])
                again = _RESUBMITTED.search(PurePosixPath(canvas["file"]).stem)
                attempt = int(again[1]) + 1 if again else 1
                return Submission(learner, exercise, name, late=bool(canvas["late"]), attempt=attempt)
            case (folder, file) if moodle := _MOODLE.fullmatch(folder):
                return Submission(f"{moodle['name']}_{moodle['user']}", self._exercise(file), name)
            case (learner, folder, file) if self._exercise(file) == folder:
                return Submission(learner, folder, name)
            case (learner, file):
                return Submission(learner, self._exercise(file), name)
        problem = "does not lie in a learner's folder; move it to LEARNER/EXERCISE.ipynb."
        return Submission(name, "", name, problem=problem)

    def _exercise(self, file: str) -> str:
        """The exercise that a file's name speaks of, or the name as it is."""
        stem = PurePosixPath(file).stem
        plain = _COPY.sub("", stem)
        if plain in self._exercises:
            return plain
        spoken_of = [name for name in self._exercises if name in stem]
        return spoken_of[0] if len(spoken_of) == 1 else stem

    def _ask_the_notebook(self, entry: Submission) -> Submission:
        if entry.problem or entry.exercise in self._exercises:
            return entry
        try:
            with self.open(entry) as path:
                exercise = notebook.read(path).exercise
        except NotebookError as error:
            return replace(entry, problem=str(error))
        if exercise is not None and exercise in self._exercises:
            return replace(entry, exercise=exercise)
        known = ", ".join(self._exercises)
        return replace(entry, problem=f"is of no exercise of this course; the exercises are {known}.")


def _hidden(part: str) -> bool:
    return part in _SKIPPED or (part.startswith(".") and part not in (".", ".."))


def _without_doubles(found: list[Submission]) -> list[Submission]:
    groups: dict[tuple[str, str], list[Submission]] = defaultdict(list)
    for entry in found:
        groups[entry.learner, entry.exercise].append(entry)
    return [_one_of(groups[key]) for key in sorted(groups)]


def _one_of(group: list[Submission]) -> Submission:
    """The only one, or the last of several attempts."""
    group = sorted(group, key=lambda entry: -entry.attempt)
    if len({entry.attempt for entry in group}) == len(group):
        return group[0]
    others = " and ".join(entry.path for entry in group[1:])
    problem = f"is not the only file of this learner for this exercise; keep it or {others}."
    return replace(group[0], problem=problem)


def _open_zip(root: Path) -> zipfile.ZipFile | None:
    if root.is_dir():
        return None
    if not root.exists():
        raise SubmissionsError(f"{root} does not exist; name the folder or the zip with the submissions.")
    try:
        return zipfile.ZipFile(root)
    except (zipfile.BadZipFile, OSError):
        raise SubmissionsError(
            f"{root} is neither a folder nor a zip that can be read; name the folder with the submissions."
        ) from None


def _extract(archive: zipfile.ZipFile, member: str, copy: Path) -> None:
    """Write one member to `copy`, block by block, and stop where it outgrows `LARGEST_MEMBER`."""
    try:
        with archive.open(member) as packed, copy.open("wb") as file:
            written = 0
            while block := packed.read(1 << 20):
                written += len(block)
                if written > LARGEST_MEMBER:
                    size = f"{LARGEST_MEMBER >> 20} MB"
                    raise NotebookError(f"expands to more than {size}; it was not opened further.")
                file.write(block)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, OSError, zlib.error) as error:
        raise NotebookError(f"cannot be taken out of the zip ({error}).") from None
