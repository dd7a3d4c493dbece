"""The nbgrader course: its structure always, nbgrader itself on it wherever nbgrader and the course are together."""

from __future__ import annotations

import csv
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from peers import beside_the_course, python_with_nbgrader

from course_lib.checks.exercises import EXERCISES, load_asked
from course_lib.cli import main
from course_lib.grading import confine
from course_lib.grading.export import nbgrader
from course_lib.work import course_root

EXERCISE = "03_clipping_mechanics"
POINTS = {asked.name: asked.points for asked in load_asked(EXERCISE)}


def built(folder: str, exercise: str = EXERCISE) -> dict[str, Any]:
    notebook: dict[str, Any] = json.loads(
        (course_root() / folder / f"{exercise}.ipynb").read_text(encoding="utf-8")
    )
    return notebook


def code(notebook: dict[str, Any]) -> list[str]:
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]


def as_released(text: str) -> str:
    """What the marks in a cell mean, spelled out: solutions go, stubs or the usual line stand in their place."""
    stub = [line.removeprefix("### STUB ") for line in text.split("\n") if line.startswith("### STUB ")]
    lines, inside = [], False
    for line in text.split("\n"):
        if line.strip() == "### BEGIN SOLUTION":
            inside = True
            lines += stub or [line.replace("### BEGIN SOLUTION", "raise NotImplementedError")]
        elif line.strip() == "### END SOLUTION":
            inside = False
        elif not inside and not line.startswith("### STUB "):
            lines.append(line)
    return "\n".join(lines)


def as_solved(text: str) -> str:
    return "\n".join(line for line in text.split("\n") if not line.strip().startswith("### "))


@pytest.mark.parametrize("exercise", EXERCISES)
def test_the_source_holds_the_learners_copy_and_the_solution(exercise):
    made = nbgrader.source(exercise)
    assert [as_released(text) for text in code(made)] == code(built("exercises", exercise))
    assert [as_solved(text) for text in code(made)] == code(built("solutions", exercise))
    points = {asked.name: asked.points for asked in load_asked(exercise)}
    graded = [cell["metadata"]["nbgrader"] for cell in made["cells"] if "nbgrader" in cell["metadata"]]
    assert {entry["grade_id"]: entry["points"] for entry in graded if entry["grade"]} == points
    assert {entry["grade_id"] for entry in graded if entry["solution"]} == {
        f"{name}-answer" for name in points
    }
    assert not [cell for cell in made["cells"] if "editable" in cell["metadata"] or cell.get("outputs")]


@pytest.mark.parametrize(
    ("handed_out", "solved", "wanted"),
    [
        (
            "def f():\n    raise NotImplementedError",
            "def f():\n    return 1",
            "def f():\n    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION",
        ),
        (
            "x = None\ny = 2",
            "x = 1\ny = 2",
            "### STUB x = None\n### BEGIN SOLUTION\nx = 1\n### END SOLUTION\ny = 2",
        ),
        ("x = 1", "x = 1", "x = 1\n### BEGIN SOLUTION\n### END SOLUTION"),
    ],
)
def test_marks_stand_around_what_differs(handed_out, solved, wanted):
    assert nbgrader.marked(handed_out, solved) == wanted


def test_what_a_teacher_changed_is_not_overwritten(tmp_path, capsys):
    arguments = ["export", "nbgrader", *EXERCISES, "--out", str(tmp_path)]
    assert main(arguments) == 0
    assert main(arguments) == 0
    source = tmp_path / "source" / EXERCISE / f"{EXERCISE}.ipynb"
    source.write_text("mine")
    (tmp_path / "nbgrader_config.py").unlink()
    capsys.readouterr()
    assert main(arguments) == 1
    said = capsys.readouterr().err
    assert "is there already and differs" in said
    assert said.count("\n") == 1
    assert source.read_text() == "mine"
    assert not (tmp_path / "nbgrader_config.py").exists()


def test_a_failed_export_leaves_nothing(tmp_path, monkeypatch):
    plain = Path.replace
    calls = iter(range(10))

    def fails_later(self, target):
        if next(calls) == 1:
            raise OSError(28, "No space left on device", str(target))
        return plain(self, target)

    monkeypatch.setattr(Path, "replace", fails_later)
    with pytest.raises(OSError, match="No space left"):
        nbgrader.write([EXERCISE], tmp_path / "course")
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_exercise_gets_one_sentence(tmp_path, capsys):
    assert main(["export", "nbgrader", "99_none", "--out", str(tmp_path / "c")]) == 1
    assert capsys.readouterr().err.startswith("course: There is no exercise '99_none'; the exercises are ")
    assert not (tmp_path / "c").exists()


Change = Callable[[dict[str, str]], None]


def solved(answers: dict[str, str]) -> None:
    for cell in built("solutions")["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("solution"):
            answers[cell["metadata"]["nbgrader"]["grade_id"]] = "".join(cell["source"])


def some_of_it(answers: dict[str, str]) -> None:
    """By value where it should be by norm, an error in another, a right answer that warns, and one left blank."""
    solved(answers)
    del answers["rule_and_threshold-answer"]
    answers["clip_by_norm-answer"] = (
        "def clip_by_norm(g, max_norm):\n    return np.clip(g, -max_norm, max_norm)"
    )
    answers["turned_by_value-answer"] = "def turned_by_value(g, limit):\n    return undefined"
    answers["most_turned-answer"] += (
        "\n\n\nright = most_turned\n\n\ndef most_turned(d, limit):\n"
        "    import warnings\n\n    warnings.warn('careful')\n    return right(d, limit)\n"
    )


CLASS: dict[str, Change] = {"ann": solved, "cleo": some_of_it}


def hand_in(course: Path, learner: str, change: Change) -> None:
    """What a learner does with the notebook that nbgrader released."""
    notebook = json.loads((course / "release" / EXERCISE / f"{EXERCISE}.ipynb").read_text(encoding="utf-8"))
    answers: dict[str, str] = {}
    change(answers)
    for cell in notebook["cells"]:
        grade_id = cell["metadata"].get("nbgrader", {}).get("grade_id")
        cell["source"] = answers.get(grade_id, cell["source"])
    path = course / "submitted" / learner / EXERCISE / f"{EXERCISE}.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(notebook), encoding="utf-8")


def run_nbgrader(course: Path, *arguments: str) -> str:
    """What nbgrader tells on standard error, as it works on the exercise."""
    return with_nbgrader(course, "-m", "nbgrader", *arguments, EXERCISE).stderr


def with_nbgrader(course: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What comes of it when nbgrader's Python runs in the course's folder."""
    settings = beside_the_course(
        JUPYTER_CONFIG_DIR=str(course / "no-settings"), COURSE_WORK=str(course / "work")
    )
    words = [python_with_nbgrader(), *arguments]
    done = subprocess.run(words, cwd=course, env=settings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done


GRADEBOOK = """
import json, sys
from nbgrader.api import Gradebook

exercise, *learners = sys.argv[1:]
with Gradebook("sqlite:///gradebook.db") as gradebook:
    print(json.dumps({
        learner: {
            grade.cell.name: grade.score
            for notebook in gradebook.find_submission(exercise, learner).notebooks
            for grade in notebook.grades
        }
        for learner in learners
    }))
"""


@pytest.mark.needs("nbgrader")
def test_nbgrader_runs_the_course_and_gives_the_same_points(tmp_path):
    course = tmp_path / "course"
    nbgrader.write([EXERCISE], course)
    run_nbgrader(course, "generate_assignment")
    released = json.loads((course / "release" / EXERCISE / f"{EXERCISE}.ipynb").read_text(encoding="utf-8"))
    assert code(released) == code(built("exercises"))

    for learner, change in CLASS.items():
        hand_in(course, learner, change)
    said = run_nbgrader(course, "autograde")
    assert "which cannot be converted to" not in said  # a right answer's card is not taken for points
    run_nbgrader(course, "generate_feedback")
    theirs = json.loads(with_nbgrader(course, "-c", GRADEBOOK, EXERCISE, *CLASS).stdout)
    assert not (course / "work").exists()
    pages = {
        learner: (course / "feedback" / learner / EXERCISE / f"{EXERCISE}.html").read_text(encoding="utf-8")
        for learner in CLASS
    }
    told = "clip_by_norm: misconception (0 of 1 points)"
    assert {learner: told in page for learner, page in pages.items()} == {"ann": False, "cleo": True}

    assert theirs["ann"] == POINTS
    lost = ("clip_by_norm", "turned_by_value", "rule_and_threshold")
    assert theirs["cleo"] == POINTS | dict.fromkeys(lost, 0)
    assert theirs == graded_here(course / "submitted", tmp_path / "out")


def graded_here(submissions: Path, out: Path) -> dict[str, dict[str, float]]:
    """The points that `course grade` gives for the same files; their code is this test's own."""
    arguments = ["grade", str(submissions), "--out", str(out), "--jobs", "1"]
    try:
        confine.try_sandbox()
    except confine.ConfineError:
        arguments.append("--no-sandbox")
    assert main(arguments) == 0
    with (out / "grades.csv").open(encoding="utf-8", newline="") as file:
        points: dict[str, dict[str, float]] = {row["learner"]: {} for row in csv.DictReader(file)}
    for line in (out / "results.jsonl").read_text(encoding="utf-8").removesuffix("\n").split("\n"):
        result = json.loads(line)
        points[result["learner"]][result["question"]] = result["points"]
    return points
