"""`course grade` in a process of its own, to which the toy exercise is known."""

import argparse
import sys

import toy
import toy.judges
import toy.probes

toy.enter(toy.probes, toy.judges)

from course_lib.grading import command, confine  # noqa: E402

toy.show_to_workers(lambda name, value: setattr(confine, name, value))


def main():
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return command.run(parser.parse_args())


if __name__ == "__main__":
    sys.exit(main())
