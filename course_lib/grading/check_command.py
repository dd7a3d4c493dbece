"""`course check NOTEBOOK`: every check of one exercise, with the same answers as in the notebook itself."""

from __future__ import annotations

import argparse
from pathlib import Path

from course_lib.checks import exercises
from course_lib.errors import CourseError
from course_lib.grading import notebook
from course_lib.grading.identify import LessonError, exercise_of, spoken_of
from course_lib.grading.notebook import NotebookError
from course_lib.grading.process import open_worker
from course_lib.grading.runner import Limits, check
from course_lib.teach.checking import keep
from course_lib.work import work_folder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `course check`."""
    parser.add_argument("notebook", type=Path, metavar="NOTEBOOK", help="your copy of an exercise")


def run(args: argparse.Namespace) -> int:
    """Run the notebook and print each verdict and the points; 0 whatever the points are."""
    path: Path = args.notebook
    try:
        read = notebook.read(path)
    except NotebookError as error:
        raise CourseError(f"{path} {error}") from None
    name = _exercise(path, read)
    worker = open_worker(sandbox=False, exercise=name)  # the learner's own code, on the learner's own machine
    try:
        outcome = check(read, name, Limits(), worker)
    finally:
        worker.close()
    for verdict in outcome.verdicts:
        print(verdict.text(), end="\n\n")
    for line in (*outcome.reasons, *outcome.told, *outcome.defects):
        print(line)
    if path.resolve().is_relative_to(work_folder()):  # the learner's own, so `course progress` counts it
        for verdict in outcome.verdicts:
            if note := keep(name, verdict):
                print(note)
    earned = sum(verdict.points for verdict in outcome.verdicts)
    print(f"{name}: {earned} of {sum(verdict.out_of for verdict in outcome.verdicts)} points")
    return 0


def _exercise(path: Path, read: notebook.Notebook) -> str:
    """Which exercise it is: what it says itself, or its name."""
    try:
        told = exercise_of(read, exercises.EXERCISES) or spoken_of(path.stem, exercises.EXERCISES)
    except LessonError as lesson:
        raise CourseError(f"{path} {lesson}") from None
    if told:
        return told
    raise CourseError(
        f"{path} is of no exercise of this course; the exercises are {', '.join(exercises.EXERCISES)}."
    )
