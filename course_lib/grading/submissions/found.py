"""A batch, opened: every learner who handed anything in, with a notebook for each exercise or a sentence."""

from __future__ import annotations

import traceback
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from course_lib.grading.notebook import Notebook
from course_lib.grading.submissions import work
from course_lib.grading.submissions.archive import Archive, ArchiveError
from course_lib.grading.submissions.handed import Handed, in_archive, in_folder
from course_lib.grading.submissions.layouts import Belonging, assign
from course_lib.grading.submissions.work import Submission, SubmissionsError


class Submissions:
    """A folder or a zip of submissions, opened for reading; raises `SubmissionsError` when it holds none.

    `all` has one entry for each learner and exercise, and one for each learner without any notebook. `remarks` are
    sentences for the teacher on what lies beside them. `zip_names` is the encoding of names in zips that do not
    say it and are not UTF-8.
    """

    def __init__(self, root: Path, exercises: Sequence[str], zip_names: str | None = None) -> None:
        self.root = root
        self.remarks: list[str] = []
        self._exercises = exercises
        self._zip_names = zip_names
        owned, strays = assign(self._handed(), exercises)
        self.all = self._rows(owned, strays)
        if not self.all:
            raise SubmissionsError(
                f"{root} holds no notebooks; it should hold LEARNER/EXERCISE.ipynb, "
                "or be a zip that Canvas or Moodle handed out."
            )

    def read(self, submission: Submission) -> Notebook:
        """The notebook of one of them; raises `NotebookError`, whatever became of its file."""
        return work.read(submission, self._exercises)

    def _handed(self) -> list[Handed]:
        if self.root.is_dir():
            return in_folder(self.root)
        if not self.root.exists():
            raise SubmissionsError(
                f"{self.root} does not exist; name the folder or the zip with the submissions."
            )
        try:
            archive = Archive(self.root, self._zip_names)
        except ArchiveError:
            raise SubmissionsError(
                f"{self.root} is neither a folder nor a zip that can be read; fetch the zip again, "
                "or name the folder with the submissions."
            ) from None
        if archive.guessed:
            self.remarks.append(
                f"{self.root} does not say how its names are written, so they were read as the standard says. "
                "Where letters are wrong, give --zip-names: cp850, cp1252, shift_jis, gbk, ..."
            )
        return in_archive(archive)

    def _of_learner(self, files: list[Belonging]) -> list[Submission]:
        try:
            return work.of_learner(files, self._exercises, self._zip_names)
        except Exception as defect:  # what no author foresaw in one learner's files keeps nobody else waiting
            self.remarks += traceback.format_exception(defect)
            problem = f"could not be looked through ({type(defect).__name__}), which is the grader's fault."
            first = files[0].handed
            return [Submission(files[0].learner, "", first.path, problem=problem, handed=first)]

    def _rows(self, owned: list[Belonging], strays: list[Handed]) -> list[Submission]:
        files: dict[str, list[Belonging]] = defaultdict(list)
        for belonging in owned:
            files[belonging.learner].append(belonging)
        rows = [entry for learner in sorted(files) for entry in self._of_learner(files[learner])]
        if not any(not entry.problem or (entry.handed and entry.handed.is_notebook) for entry in rows):
            # Not one notebook: folders may be anything, and only Canvas's and Moodle's names tell a class.
            told = {
                entry.learner
                for entry in owned
                if entry.inner and (entry.typed or entry.late or entry.attempt)
            }
            rows = [
                entry
                for entry in rows
                if entry.learner in told or entry.exercise in self._exercises or _is_moodles(entry)
            ]
        exercises = {entry.exercise for entry in rows if entry.exercise in self._exercises}
        only = exercises.pop() if len(exercises) == 1 else ""
        rows = [replace(entry, exercise=entry.exercise or only) for entry in rows]
        passed_over = [
            entry.path for entry in strays if not (entry.problem or entry.is_notebook or entry.is_zip)
        ]
        if passed_over:
            more = f" and {len(passed_over) - 5} more" if len(passed_over) > 5 else ""
            self.remarks.append(
                f"In no learner's folder, and passed over: {', '.join(passed_over[:5])}{more}."
            )
        rows += [
            Submission(
                entry.path,
                "",
                entry.path,
                problem=entry.problem
                or "does not lie in a learner's folder; move it to LEARNER/EXERCISE.ipynb.",
                handed=entry,
            )
            for entry in strays
            if entry.path not in passed_over
        ]
        return sorted(rows, key=lambda entry: (entry.learner, entry.exercise))


def _is_moodles(entry: Submission) -> bool:
    return "_assignsubmission_" in entry.path
