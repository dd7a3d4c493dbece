"""What runs in Gradescope's container: one submission through `course grade`, its verdicts as `results.json`.

    python -m course_lib.grading.export.harness EXERCISE ROOT

`ROOT/submission` holds what the learner uploaded; `ROOT/results/results.json` is written whole or not at all. Where
the grader itself fails there is none: Gradescope then tells the teacher, and no learner gets a zero for it.
"""

from __future__ import annotations

import argparse
import csv
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from course_lib.checks.exercises import load_asked
from course_lib.errors import CourseError
from course_lib.grading import command, confine
from course_lib.grading.whole import write_whole

Report = dict[str, Any]


def main(exercise: str, root: Path) -> int:
    """Grade `root/submission` and write `root/results/results.json`; 1 when the grader could not do its work."""
    try:
        handed_in = find(exercise, root / "submission")
        report = _nothing(handed_in) if isinstance(handed_in, str) else _graded(exercise, handed_in)
    except CourseError as error:
        print(error, file=sys.stderr)
        return 1
    results = root / "results"
    results.mkdir(exist_ok=True)

    def write(file: IO[str]) -> None:
        json.dump(report, file, indent=1)

    write_whole(results / "results.json", write)
    return 0


def find(exercise: str, submission: Path) -> Path | str:
    """The one notebook that was uploaded, or of several the one with the exercise's name; else what to upload."""
    notebooks = [
        path
        for path in sorted(submission.rglob("*.ipynb"))
        if path.is_file()
        and not path.is_symlink()
        and not any(part.startswith((".", "__MACOSX")) for part in path.relative_to(submission).parts)
    ]
    named = [path for path in notebooks if path.stem == exercise]
    for found in (notebooks, named):
        if len(found) == 1:
            return found[0]
    if not notebooks:
        return f"No notebook was uploaded; upload {exercise}.ipynb."
    names = ", ".join(path.relative_to(submission).as_posix() for path in notebooks)
    return f"{len(notebooks)} notebooks were uploaded ({names}); upload {exercise}.ipynb alone."


def _nothing(sentence: str) -> Report:
    return {"score": 0, "output": sentence, "stdout_visibility": "hidden", "tests": []}


def _graded(exercise: str, notebook: Path) -> Report:
    with tempfile.TemporaryDirectory(prefix="course-gradescope-") as folder:
        submissions, out = Path(folder) / "submissions", Path(folder) / "out"
        copy = submissions / "learner" / f"{exercise}.ipynb"
        copy.parent.mkdir(parents=True)
        shutil.copyfile(notebook, copy)
        parser = argparse.ArgumentParser()
        command.add_arguments(parser)
        words = [str(submissions), "--out", str(out), "--jobs", "1", *_sandbox()]
        command.run(parser.parse_args(words))
        return report(exercise, notebook.name, out)


def _sandbox() -> list[str]:
    """The sandbox where the container allows one; elsewhere the container itself is all that is around the code."""
    try:
        confine.try_sandbox()
    except confine.ConfineError as error:
        print(error)
        return ["--no-sandbox"]
    return []


def _results(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of `results.jsonl`, parted at newlines alone: other ends of lines may stand in a learner's words."""
    with path.open(encoding="utf-8", newline="\n") as file:
        yield from map(json.loads, file)


def report(exercise: str, uploaded: str, out: Path) -> Report:
    """`results.json` for the one submission in a graded folder: a test for each question."""
    with (out / "grades.csv").open(encoding="utf-8", newline="") as file:
        grade = next(csv.DictReader(file))
    titles = {asked.name: asked.title for asked in load_asked(exercise)}
    tests = [
        {
            "name": f"{line['question']}: {titles[line['question']]}",
            "score": line["points"],
            "max_score": line["out_of"],
            "visibility": "visible",
            "output": line["message"],
            "status": "passed" if line["status"] == "right" else "failed",
        }
        for line in _results(out / "results.jsonl")
    ]
    reason = f"{uploaded} {grade['reason']}" if grade["status"] == "unreadable" else grade["reason"]
    return {
        "score": sum(test["score"] for test in tests),
        "output": reason,
        "stdout_visibility": "hidden",
        "tests": tests,
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
