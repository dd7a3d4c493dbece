"""`course open` and `course reset`: the learner's own copy of an exercise, and where it can be opened."""

from __future__ import annotations

import argparse

from course_lib.lab import address_of
from course_lib.work import exercise_names, open_exercise, set_aside


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `course open` and `course reset` take."""
    parser.add_argument("name", metavar="NAME", help=f"an exercise: {', '.join(exercise_names())}")


def run(arguments: argparse.Namespace) -> int:
    """Carry out `course open NAME` or `course reset NAME`, and say where the notebook is."""
    if arguments.command == "reset" and (kept := set_aside(arguments.name)):
        print(f"Your old copy is kept as {kept}")
    copy = open_exercise(arguments.name)
    print(f"Your copy of the exercise is {copy}")
    address = address_of(copy)
    print(f"Open it at {address}" if address else "Run `course lab`, and open it there from the folder work.")
    return 0
