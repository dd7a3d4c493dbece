"""The `course` command: finds the room that does the work, and says in one sentence what is in its way.

Each room offers two functions, `add_arguments(parser)` and `run(arguments) -> int`, and is imported only
when its command is the one that was called.
"""

from __future__ import annotations

import argparse
import importlib
import io
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from course_lib import __version__
from course_lib.clean import clean_line
from course_lib.errors import CourseError


@dataclass(frozen=True)
class Command:
    """One command: what it does, in a line, and the module that does it."""

    summary: str
    room: str


COMMANDS: dict[str, Command] = {
    "lab": Command("open JupyterLab at the first notebook", "course_lib.lab"),
    "doctor": Command("say what holds on this machine, and what to mend", "course_lib.doctor"),
    "progress": Command("show what you have done, and what comes next", "course_lib.teach.command"),
    "open": Command("get your own copy of an exercise", "course_lib.opening"),
    "reset": Command("get a fresh copy of an exercise and keep the old one", "course_lib.opening"),
    "check": Command("run every check of one exercise, with feedback", "course_lib.grading.check_command"),
    "grade": Command("grade a folder or a zip of submissions", "course_lib.grading.command"),
    "export": Command("hand exercises or grades over to another system", "course_lib.grading.export.command"),
    "build": Command(
        "make the notebooks from source/, or check that they are in step", "course_lib.build.command"
    ),
}


def _run(arguments: Sequence[str]) -> int:
    """Parse, and hand over to the room of the command that was called."""
    parser = argparse.ArgumentParser(
        prog="course",
        description="Why gradients explode, and what clipping does about it.",
        epilog="`course COMMAND --help` says what a command takes.",
    )
    parser.add_argument("--version", action="version", version=f"course {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    called = next((word for word in arguments if word in COMMANDS), None)
    room = importlib.import_module(COMMANDS[called].room) if called else None
    for name, command in COMMANDS.items():
        sentence = f"{command.summary[0].upper()}{command.summary[1:]}."
        of_command = commands.add_parser(name, help=command.summary, description=sentence)
        if room is not None and name == called:
            room.add_arguments(of_command)
    parsed = parser.parse_args(arguments)
    assert room is not None  # the parser has refused a line without a command
    code: int = room.run(parsed)
    return code


def _say(sentence: str) -> int:
    print(f"course: {clean_line(sentence)}", file=sys.stderr)
    return 1


def _write_what_the_terminal_can() -> None:
    """A terminal whose encoding lacks a letter shows `?` for it, and the command goes on."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command: 0 done, 1 something needs a person (one sentence on stderr), 2 wrong usage."""
    _write_what_the_terminal_can()
    try:
        return _run(sys.argv[1:] if argv is None else argv)
    except CourseError as error:
        return _say(str(error))
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] == "course_lib":
            raise
        return _say(
            f"{error.name} is not installed for {sys.executable}; run `python3 start.py`, which sets up .venv, "
            "and use the course command in there."
        )
    except BrokenPipeError:  # whoever read the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _say(f"{where}{error.strerror or error}; mend that, and run the command again.")
    except KeyboardInterrupt:
        print("\ncourse: stopped.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
