"""`course export`: the exercises for other graders, and the grades for other gradebooks."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from course_lib.checks.exercises import EXERCISES
from course_lib.clean import clean_line
from course_lib.grading.export import gradebooks, gradescope, nbgrader
from course_lib.grading.export.errors import ExportError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `course export`."""
    kinds = parser.add_subparsers(dest="kind", metavar="KIND", required=True)
    sentence = "Write a course folder that nbgrader takes as it is."
    of_nbgrader = kinds.add_parser("nbgrader", help="a course folder for nbgrader", description=sentence)
    of_nbgrader.add_argument(
        "exercises", nargs="+", metavar="EXERCISE", help=f"one or more of {', '.join(EXERCISES)}"
    )
    of_nbgrader.add_argument("--out", type=Path, required=True, metavar="DIR", help="the course folder")
    of_nbgrader.set_defaults(export=_nbgrader)
    sentence = "Write an autograder that Gradescope takes as it is."
    of_gradescope = kinds.add_parser("gradescope", help="an autograder for Gradescope", description=sentence)
    of_gradescope.add_argument("exercise", metavar="EXERCISE", help=f"one of {', '.join(EXERCISES)}")
    of_gradescope.add_argument(
        "--torch-index",
        required=True,
        metavar="URL",
        help="where pip finds PyTorch without CUDA: the --index-url that the selector on PyTorch's own site "
        "gives for Linux, Pip and CPU",
    )
    of_gradescope.add_argument("--out", type=Path, required=True, metavar="FILE.zip", help="the autograder")
    of_gradescope.set_defaults(export=_gradescope)
    for system in ("canvas", "moodle"):
        name = system.capitalize()
        sentence = f"Write a graded folder's points as a gradebook that {name} imports."
        of_system = kinds.add_parser(system, help=f"a gradebook for {name}", description=sentence)
        of_system.add_argument("graded", type=Path, metavar="GRADED_DIR", help="the --out of `course grade`")
        of_system.add_argument(
            "--roster", type=Path, metavar="FILE.csv", help=f"who is who: a CSV file exported from {name}"
        )
        of_system.add_argument(
            "--column",
            type=_column,
            action="append",
            default=[],
            metavar="EXERCISE=HEADING",
            help="the roster's column for an exercise, where it is not called as the exercise is",
        )
        of_system.add_argument(
            "--overwrite",
            action="store_true",
            help="also replace grades that a person entered there, and EX (excused)",
        )
        of_system.add_argument("--out", type=Path, required=True, metavar="FILE.csv", help="the gradebook")
        of_system.set_defaults(export=_gradebook)


def run(args: argparse.Namespace) -> int:
    """Export; 0, or 1 when something needs a person (a line on standard error for each)."""
    code: int = args.export(args)
    return code


def _nbgrader(args: argparse.Namespace) -> int:
    nbgrader.write(args.exercises, args.out)
    print(f"The course folder is {args.out}; run `nbgrader generate_assignment {args.exercises[0]}` in it.")
    return 0


def _gradescope(args: argparse.Namespace) -> int:
    gradescope.write(args.exercise, args.torch_index, _writable(args.out))
    print(f"The autograder is {args.out}; upload it as it is.")
    return 0


def _gradebook(args: argparse.Namespace) -> int:
    wishes = gradebooks.Wishes(dict(args.column), args.overwrite)
    done = gradebooks.export(args.kind, args.graded, args.roster, _writable(args.out), wishes)
    for sentence in (*done.warnings, *done.problems):
        print(clean_line(sentence), file=sys.stderr)
    print(f"The gradebook is {args.out}. {done.how}")
    return 1 if done.problems else 0


def _column(text: str) -> tuple[str, str]:
    exercise, sign, heading = text.partition("=")
    if not (exercise and sign and heading):
        raise argparse.ArgumentTypeError(f"{text} is not of the form EXERCISE=HEADING")
    return exercise.strip(), heading.strip()


def _writable(out: Path) -> Path:
    """The file to write, once it is sure that it can be one; raises `ExportError`."""
    if out.is_dir():
        raise ExportError(f"{out} is a folder; name the file to write with --out.")
    if not out.parent.is_dir():
        raise ExportError(f"{out.parent} is no folder; make it first, or choose another --out.")
    return out
