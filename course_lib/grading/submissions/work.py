"""What each learner's files come to: one notebook for each exercise, or a sentence that says why there is none."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from course_lib.errors import CourseError
from course_lib.grading import notebook as reader
from course_lib.grading.filetypes import HEAD, what_it_is
from course_lib.grading.identify import LessonError, exercise_of, spoken_of
from course_lib.grading.notebook import Notebook, NotebookError
from course_lib.grading.submissions.handed import Handed, inside
from course_lib.grading.submissions.layouts import Belonging
from course_lib.work import course_root

_DOCUMENTS = {
    ".py": "Python code",
    ".html": "an HTML page",
    ".pdf": "a PDF",
    ".docx": "a text document",
    ".rar": "a packed archive",
    ".7z": "a packed archive",
    ".gz": "a packed archive",
    ".tar": "a packed archive",
}


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
    handed: Handed | None = field(default=None, compare=False, repr=False)


def read(submission: Submission, exercises: Sequence[str]) -> Notebook:
    """The notebook of a submission; raises `NotebookError` where there is none, or another one than it should be."""
    if submission.problem or submission.handed is None:
        raise NotebookError(submission.problem or "is not there.")
    found = _read(submission.handed)
    told = exercise_of(found, exercises)
    if told not in (None, submission.exercise):
        raise NotebookError(f"holds exercise {told}, but was handed in as {submission.exercise}.")
    return found


def _read(handed: Handed) -> Notebook:
    if handed.problem:
        raise NotebookError(handed.problem)
    with handed.fetch() as path:
        return reader.read(path)


def of_learner(
    files: Sequence[Belonging], exercises: Sequence[str], encoding: str | None
) -> list[Submission]:
    """What one learner handed in, of each exercise once."""
    notebooks: list[Submission] = []
    others: list[tuple[Belonging, str]] = []
    for belonging in files:
        if belonging.handed.is_notebook:
            notebooks.append(_recognised(belonging, exercises))
        elif belonging.handed.is_zip:
            try:
                notebooks += _in_zip(belonging, exercises, encoding)
            except NotebookError as error:
                others.append((belonging, str(error)))
        else:
            others.append((belonging, belonging.typed or belonging.handed.problem))
    notebooks += _disguised(others, {entry.exercise for entry in notebooks}, exercises, bool(notebooks))
    covered = {entry.exercise for entry in notebooks}
    missed: dict[str, list[tuple[Belonging, str]]] = defaultdict(list)
    for belonging, problem in others:
        spoken = _spoken_of(belonging.inner, exercises)
        if not notebooks or (spoken and spoken not in covered and not belonging.handed.is_folder):
            missed[spoken].append((belonging, problem))
    if not notebooks and len(missed) > 1:
        missed.pop("", None)
    return [*_one_of_each(notebooks, exercises), *(_missed(name, left) for name, left in missed.items())]


def _entry(belonging: Belonging, exercise: str, problem: str = "") -> Submission:
    handed = belonging.handed
    return Submission(
        belonging.learner, exercise, handed.path, belonging.late, problem, belonging.attempt, handed
    )


def _recognised(belonging: Belonging, exercises: Sequence[str]) -> Submission:
    """A notebook with its exercise: as its own name says, its content, or the folders it lies in."""
    spoken = spoken_of(belonging.inner[-1], exercises)
    if spoken:
        return _entry(belonging, spoken, belonging.handed.problem)
    around = _spoken_of(belonging.inner[:-1], exercises)
    try:
        told = exercise_of(_read(belonging.handed), exercises) or around
    except LessonError as lesson:
        return _entry(belonging, lesson.name)
    except NotebookError as error:
        return _entry(belonging, around or PurePosixPath(belonging.inner[-1]).stem, str(error))
    if told:
        return _entry(belonging, told)
    known = ", ".join(exercises)
    problem = f"is of no exercise of this course; the exercises are {known}."
    return _entry(belonging, PurePosixPath(belonging.inner[-1]).stem, problem)


def _spoken_of(parts: Iterable[str], exercises: Sequence[str]) -> str:
    """The exercise that the last part that speaks of one speaks of."""
    return next((told for part in reversed(tuple(parts)) if (told := spoken_of(part, exercises))), "")


def _in_zip(outer: Belonging, exercises: Sequence[str], encoding: str | None) -> list[Submission]:
    """The notebooks in a zip; where there is none, those in a zip inside it."""
    found = inside(outer.handed, encoding)
    notebooks = [handed for handed in found if handed.is_notebook]
    if not notebooks:
        zips = [handed for handed in found if handed.is_zip]
        if len(zips) == 1:
            notebooks = [handed for handed in inside(zips[0], encoding) if handed.is_notebook]
    if not notebooks:
        raise NotebookError("is a zip in which no notebook lies; hand in the .ipynb file.")
    start = len(outer.handed.parts)
    return [
        _recognised(replace(outer, handed=handed, inner=(*outer.inner, *handed.parts[start:])), exercises)
        for handed in notebooks
    ]


def _disguised(
    others: list[tuple[Belonging, str]], covered: set[str], exercises: Sequence[str], has_notebooks: bool
) -> list[Submission]:
    """Notebooks under other names (`.ipynb.txt`, `.json`, ...), where the learner has no other for that exercise."""
    found = []
    for belonging, problem in list(others):
        spoken = _spoken_of(belonging.inner, exercises)
        if problem or (has_notebooks and (not spoken or spoken in covered)):
            continue
        begins = belonging.handed.beginning(HEAD).removeprefix(b"\xef\xbb\xbf").lstrip()
        if not begins.startswith((b"{", b"\xff\xfe", b"\xfe\xff")) or what_it_is(begins):
            continue
        try:
            _read(belonging.handed)
        except NotebookError as error:
            if ".ipynb" in belonging.handed.name.lower():
                others[others.index((belonging, problem))] = (belonging, str(error))
            continue
        found.append(_recognised(belonging, exercises))
        others.remove((belonging, problem))
    return found


def _missed(exercise: str, left: list[tuple[Belonging, str]]) -> Submission:
    """The row of somebody who handed something in, and no notebook."""
    files = [(belonging, problem) for belonging, problem in left if not belonging.handed.is_folder] or left
    told = [(belonging, problem or _what(belonging.handed)) for belonging, problem in files]
    told.sort(key=lambda pair: bool(pair[0].typed))
    belonging, problem = told[0]
    if len(told) > 1:
        more = ", ".join(other.handed.name for other, _ in told[1:4])
        problem += f" Nor is there a notebook in {more}{' and others' if len(told) > 4 else ''}."
    return _entry(belonging, exercise, problem)


def _what(handed: Handed) -> str:
    """Why a file that is no notebook cannot be graded."""
    try:
        with handed.fetch() as path, path.open("rb") as file:
            head = file.read(HEAD)
    except NotebookError as error:
        return str(error)
    except OSError as error:
        return f"cannot be read ({error.strerror})."
    suffix = PurePosixPath(handed.name).suffix
    what = _DOCUMENTS.get(suffix.lower()) or what_it_is(head) or (f"a {suffix} file" if suffix else "a file")
    if not head:
        what = "an empty file"
    return f"is no notebook but {what}; hand in the .ipynb file."


def _one_of_each(found: list[Submission], exercises: Sequence[str]) -> list[Submission]:
    groups: dict[str, list[Submission]] = defaultdict(list)
    for entry in found:
        groups[entry.exercise].append(entry)
    return [_one_of(group, exercises) for group in groups.values()]


def _one_of(group: list[Submission], exercises: Sequence[str]) -> Submission:
    """The only one, the last of several attempts, or the only one that is the learner's own work.

    Lessons, solutions and the exercise as it was handed out, which all lie in a zip of the whole course, are passed
    over beside the learner's own; copies with the same bytes are one.
    """
    group = sorted(group, key=lambda entry: (-entry.attempt, entry.path))
    if len({entry.attempt for entry in group}) == len(group):
        return group[0]
    own: dict[str, Submission] = {}
    untouched: dict[str, Submission] = {}
    solutions: dict[str, Submission] = {}
    lessons: dict[str, Submission] = {}
    for entry in [entry for entry in group if entry.attempt == group[0].attempt]:
        try:
            content = read(entry, exercises)
        except LessonError:
            lessons["lesson"] = entry
        except NotebookError:
            own[f"?{entry.path}"] = entry
        else:
            kept = untouched if content.digest == _handed_out(entry.exercise) else own
            (solutions if content.kind == "solution" else kept).setdefault(content.digest, entry)
    rest = list((own or untouched or solutions or lessons).values())
    if len(rest) == 1:
        return rest[0]
    others = " and ".join(entry.path for entry in rest[1:])
    problem = f"is not the only file of this learner for this exercise; keep it or {others}."
    folders = {entry.path.rpartition("/")[0] for entry in rest}
    if len(folders) > 2:
        problem += " (Is this a folder of several learners? Then grade it by itself.)"
    return replace(rest[0], problem=problem)


def _handed_out(exercise: str) -> str:
    """The digest of the learners' copy of an exercise; nothing where there is none."""
    try:
        return reader.read(course_root() / "exercises" / f"{exercise}.ipynb").digest
    except CourseError:
        return ""
