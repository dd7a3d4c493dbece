"""Grading in this process, for tests and benchmarks that have put something into the grader's place."""

from course_lib.grading import local, runner


def grade_here(tasks, seed, limits, sandbox, jobs):
    """Stands for `local.grade_beside`: in this process, where a test has put something into the grader's place."""
    desk = local.Desk(sandbox)
    try:
        for task in tasks:
            yield task, desk.grade(task, runner.secrets_of(seed, *task.key), limits)
    finally:
        desk.close()
