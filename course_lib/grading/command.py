"""`course grade SUBMISSIONS --out DIR`: grade a folder or a zip of notebooks."""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from course_lib.checks import exercises
from course_lib.clean import clean_line
from course_lib.errors import CourseError
from course_lib.grading import confine, likeness, notebook, regrade
from course_lib.grading.cluster import Cluster
from course_lib.grading.ledger import FILE, Entry, Ledger
from course_lib.grading.local import Task, grade_beside
from course_lib.grading.notebook import NotebookError
from course_lib.grading.progress import Progress
from course_lib.grading.regrade import Regrades
from course_lib.grading.reports import (
    FEEDBACK,
    REPORT,
    feedback_name,
    missing_from_grading,
    write_feedback,
    write_report,
)
from course_lib.grading.runner import Graded, Limits, by_a_fault, unreadable
from course_lib.grading.submissions import Submission, Submissions
from course_lib.grading.tables import write_grades, write_results

FAULTS = "faults.log"
"""Tracebacks of the grader's own faults, in the output folder."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `course grade`."""
    parser.add_argument(
        "submissions",
        type=Path,
        nargs="?",
        metavar="SUBMISSIONS",
        help="a folder or a zip of notebooks; only with --forget it may be left away",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where grades and reports go")
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--jobs",
        type=_at_least_one,
        default=_cores(),
        metavar="N",
        help="notebooks at a time (default: %(default)s, the cores of this machine)",
    )
    where.add_argument(
        "--scheduler",
        type=_address,
        metavar="ADDRESS",
        help="grade on the workers of a Dask cluster: tcp://HOST:PORT of its scheduler, or tls://HOST:PORT",
    )
    parser.add_argument(
        "--seed",
        metavar="S",
        help="any word; the same word gives the same cases (default: drawn, and kept in the ledger)",
    )
    parser.add_argument(
        "--timeout",
        type=_seconds,
        default=Limits().submission,
        metavar="SECONDS",
        help="time for one notebook; one cell or question may take a quarter of it (default: %(default)g)",
    )
    parser.add_argument(
        "--regrade",
        metavar="QUESTION",
        help="after a correction of its check: put this question again, to those who were graded before",
    )
    parser.add_argument(
        "--zip-names",
        type=_encoding,
        metavar="ENCODING",
        help="how names in zips are written that do not say it and are not UTF-8: cp850, cp1252, shift_jis, ...",
    )
    parser.add_argument(
        "--forget",
        action="append",
        default=[],
        metavar="LEARNER",
        help="remove this learner, as grades.csv names them, and all that only they handed in",
    )
    parser.add_argument(
        "--no-sandbox",
        action="store_true",
        help="run the notebooks unprotected; the report says so",
    )


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _at_least_one(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return number


def _address(text: str) -> str:
    if not re.fullmatch(r"(tcp|tls)://([^/:@\s]+|\[[0-9a-fA-F:.]+\]):\d{1,5}", text):
        raise argparse.ArgumentTypeError(
            f"{text} is no address of the form tcp://HOST:PORT or tls://HOST:PORT"
        )
    return text


def _encoding(text: str) -> str:
    try:
        b"a".decode(text)
    except (LookupError, UnicodeDecodeError):
        raise argparse.ArgumentTypeError(f"{text} is no encoding that Python knows") from None
    return text


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 1 <= seconds <= 86_400:
        raise argparse.ArgumentTypeError(f"{text} is not between 1 and 86400 seconds")
    return seconds


def run(args: argparse.Namespace) -> int:
    """Grade everything, write every table and page; 0, or 1 when something needs a person."""
    if args.submissions is None:
        if not args.forget:
            print("course grade: name the folder or the zip with the submissions.", file=sys.stderr)
            return 2
        return _forget_only(args)
    if args.regrade:
        regrade.exercise_of(args.regrade)  # before anything is written: there is such a question
    if not args.no_sandbox:
        confine.keep_apart(args.submissions, args.out)
        if not args.scheduler:
            confine.try_sandbox()
    with contextlib.ExitStack() as open_until_the_end:
        cluster = None
        if args.scheduler:
            cluster = Cluster(args.scheduler)
            open_until_the_end.callback(cluster.close)
        found = Submissions(args.submissions, exercises.EXERCISES, args.zip_names)
        ledger = Ledger(args.out)
        open_until_the_end.callback(ledger.close)
        if args.no_sandbox:
            ledger.note_unconfined()
            print(confine.UNCONFINED, file=sys.stderr)
        _forget(ledger, args, {submission.learner for submission in found.all})
        regrades = Regrades(ledger, args.regrade)
        for line in regrades.announced():
            print(line, file=sys.stderr)
        finished = _grade_all(found, ledger, regrades, args, cluster)
        gone = ledger.withdraw(_source(args)) if finished else []
        needing = _write_all(ledger, args.out)
        if finished:
            needing += regrades.unanswered()
            if told := regrades.changes():
                print(*told, sep="\n", flush=True)
            needing += regrades.unfinished()
    if not finished:
        print("Stopped. The same command goes on where this one ended.", file=sys.stderr)
        return 1
    for remark in found.remarks:
        print(clean_line(remark), file=sys.stderr)
    for learner, exercise in gone:
        who, where = clean_line(learner), clean_line(str(args.submissions))
        print(f"{who}, {exercise}: no longer in {where}, so no longer counted.", file=sys.stderr)
    for line in needing:
        print(line, file=sys.stderr)
    print(f"{len(found.all)} submissions; see {args.out / REPORT}")
    return 1 if needing else 0


def _source(args: argparse.Namespace) -> str:
    """How the ledger names the folder or zip that is graded."""
    return str(args.submissions.resolve())


def _forget_only(args: argparse.Namespace) -> int:
    """Remove learners, and write every table and page anew."""
    if not (args.out / FILE).exists():
        raise CourseError(f"{args.out} holds no ledger; name the --out folder of `course grade`.")
    with contextlib.closing(Ledger(args.out)) as ledger:
        _forget(ledger, args, set())
        needing = _write_all(ledger, args.out)
    for line in needing:
        print(line, file=sys.stderr)
    return 1 if needing else 0


def _forget(ledger: Ledger, args: argparse.Namespace, there: set[str]) -> None:
    """Remove the learners of `--forget`, and their pages; raises `CourseError` before any is removed."""
    known = {clean_line(learner): learner for learner in ledger.learners()}
    for name in args.forget:
        if clean_line(name) not in known:
            raise CourseError(f"{args.out} knows no {name!r}; --forget takes a name as grades.csv has it.")
        if known[clean_line(name)] in there:
            raise CourseError(
                f"{name} still lies in {args.submissions}; take it away first, then --forget it."
            )
    for name in dict.fromkeys(map(clean_line, args.forget)):
        for exercise in ledger.forget(known[name]):
            (args.out / FEEDBACK / feedback_name(known[name], exercise)).unlink(missing_ok=True)
        print(f"{name}: forgotten.")


def _grade_all(
    found: Submissions,
    ledger: Ledger,
    regrades: Regrades,
    args: argparse.Namespace,
    cluster: Cluster | None,
) -> bool:
    """Bring every submission into the ledger; `False` when the teacher stopped it."""
    progress = Progress(len(found.all), sys.stderr)
    try:
        running: set[tuple[str, str]] = set()
        tasks = _tasks(found, ledger, args.out, progress, regrades, running, _source(args))
        limits, sandbox = Limits(args.timeout), not args.no_sandbox
        seed = ledger.seed(args.seed)
        if cluster is not None:
            batch = cluster.grade(tasks, seed, limits, sandbox)
        else:
            batch = grade_beside(tasks, seed, limits, sandbox, args.jobs)
        with contextlib.closing(batch):
            for task, graded in batch:
                _keep_faults(args.out, task.exercise, graded)
                if graded.status == "unreadable" and ledger.has(*task.key):
                    pass  # it was to be asked again, and no worker lived to do it: what it had stands
                elif task.question is None:
                    prints = likeness.prints_of(task.notebook, task.exercise)
                    ledger.keep_prints(task.notebook.digest, task.exercise, prints)
                    ledger.add(task.notebook.digest, task.exercise, graded)
                else:
                    ledger.renew(task.notebook.digest, task.exercise, task.question, graded)
                running.discard(task.key)
                progress.step()
    except KeyboardInterrupt:
        return False
    finally:
        progress.end()
    return True


def _tasks(
    found: Submissions,
    ledger: Ledger,
    out: Path,
    progress: Progress,
    regrades: Regrades,
    running: set[tuple[str, str]],
    source: str,
) -> Iterator[Task]:
    """What is left to run. The same bytes are run once, and what cannot be run is entered at once.

    What was graded before is run again where a question is to be put again: for one question that one alone, for
    more the whole notebook. What is `running` is not in the ledger yet; the set grows here, and shrinks as results
    are entered.
    """
    ledger.begin_call()
    for digest, exercise, reason in ledger.unread_and_outdated():
        ledger.add(digest, exercise, unreadable(exercise, reason))
    for submission in found.all:
        known = submission.exercise if submission.exercise in exercises.EXERCISES else ""
        try:
            read: notebook.Notebook | Graded | str = _read(found, submission)
        except Exception as defect:  # ours, and no reason to stop
            read = by_a_fault(known, defect)
            _keep_faults(out, submission.path, read)
        if not isinstance(read, notebook.Notebook):
            digest = f"?{submission.path}"
            failed = unreadable(known, read) if isinstance(read, str) else read
            ledger.add(digest, submission.exercise, failed)
            ledger.enter(submission, digest, source)
            progress.step()
            continue
        ledger.enter(submission, read.digest, source)
        key = (read.digest, submission.exercise)
        again = regrades.of(*key)
        if key in running or (not again and ledger.has(*key)):
            progress.step()
        else:
            running.add(key)
            one = again[0] if len(again) == 1 and ledger.has(*key) else None
            yield Task(read, submission.exercise, one)


def _keep_faults(out: Path, of_what: str, graded: Graded) -> None:
    """What went wrong in the grader itself, for whoever maintains it; a fault is noted once more at each call."""
    if graded.faults:
        with (out / FAULTS).open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.writelines(f"{clean_line(of_what)}\n{fault}\n" for fault in graded.faults)


def _read(found: Submissions, submission: Submission) -> notebook.Notebook | str:
    """The notebook, or why there is none."""
    try:
        return found.read(submission)
    except NotebookError as error:
        return str(error)


def _write_all(ledger: Ledger, out: Path) -> list[str]:
    """Every table and page, from the ledger; a line for each submission, and each module, that needs a person."""
    try:
        (out / FEEDBACK).mkdir(exist_ok=True)
        write_grades(ledger.entries(), out / "grades.csv")
        write_results(ledger.entries(), out / "results.jsonl")
        needing = []
        for entry in ledger.entries():
            write_feedback(entry, out / FEEDBACK)
            needing += _needs_a_person(entry)
        needing += missing_from_grading(ledger.entries())
        warnings = [confine.UNCONFINED] if ledger.unconfined() else []
        write_report(ledger.entries, out, warnings, lambda exercise: _alike(ledger, exercise))
    except OSError as error:
        raise CourseError(
            f"{error.filename or out} cannot be written ({error.strerror}); the ledger is whole. "
            "Mend that and give the same command again."
        ) from None
    return needing


def _alike(ledger: Ledger, exercise: str) -> list[likeness.Alike]:
    answers = {asked.name: ledger.prints(exercise, asked.name) for asked in exercises.load_asked(exercise)}
    return likeness.alike(answers, likeness.prints_of_copy(exercise))


def _needs_a_person(entry: Entry) -> list[str]:
    if entry.status in ("unreadable", "outdated"):
        return [clean_line(f"{entry.path}: {entry.reason}")]
    return []
