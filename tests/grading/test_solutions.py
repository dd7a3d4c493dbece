"""The course's own solutions, graded as a class's hand-ins are: every question must earn its points there.

A probe that imports a judge passes every test in the notebook's own process, and in the sandbox, which holds no
judges, it would cost the whole class its points. nbgrader's cells have a clock of 30 seconds.
"""

from __future__ import annotations

import csv
import json
import subprocess
from pathlib import Path

import pytest
from peers import beside_the_course, python_with_nbgrader

from course_lib.checks.exercises import EXERCISES, load_asked
from course_lib.cli import main
from course_lib.grading.export import nbgrader
from course_lib.work import course_root

POINTS = {exercise: {asked.name: asked.points for asked in load_asked(exercise)} for exercise in EXERCISES}


def solution(exercise: str) -> str:
    return (course_root() / "solutions" / f"{exercise}.ipynb").read_text(encoding="utf-8")


@pytest.mark.needs("sandbox")
def test_every_solution_earns_every_point_in_the_sandbox(tmp_path: Path) -> None:
    for exercise in EXERCISES:
        (tmp_path / "in" / "ann").mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / "ann" / f"{exercise}.ipynb").write_text(solution(exercise), encoding="utf-8")
    assert main(["grade", str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--jobs", "1"]) == 0
    lines = (tmp_path / "out" / "results.jsonl").read_text(encoding="utf-8").splitlines()
    earned: dict[str, dict[str, int]] = {exercise: {} for exercise in EXERCISES}
    for record in map(json.loads, lines):
        earned[record["exercise"]][record["question"]] = record["points"]
    assert earned == POINTS
    with (tmp_path / "out" / "grades.csv").open(encoding="utf-8", newline="") as file:
        assert {(row["status"], row["points"]) for row in csv.DictReader(file)} == {("graded", "10")}


GRADE = """
import json, sys
import nbformat
from nbgrader.preprocessors import Execute
from nbgrader.utils import determine_grade

timeout = int(sys.argv[1])
for path in sys.argv[2:]:
    notebook = nbformat.read(path, as_version=4)
    Execute(timeout=timeout).preprocess(notebook, {"metadata": {"path": "."}})
    print(json.dumps({
        cell.metadata.nbgrader["grade_id"]: determine_grade(cell)[0]
        for cell in notebook.cells
        if cell.metadata.get("nbgrader", {}).get("grade")
    }))
"""


@pytest.mark.needs("nbgrader")
@pytest.mark.parametrize("exercise", EXERCISES)
def test_every_solution_earns_every_point_under_nbgrader(exercise: str, tmp_path: Path) -> None:
    """nbgrader's own executor and its own rule for points, without its database, which another test goes through."""
    (tmp_path / "solved.ipynb").write_text(solution(exercise), encoding="utf-8")
    # As many threads as a machine of many cores would take, were the notebook not to say otherwise.
    settings = beside_the_course(
        JUPYTER_CONFIG_DIR=str(tmp_path / "no-settings"),
        COURSE_WORK=str(tmp_path / "work"),
        NBGRADER_EXECUTION="autograde",
        OMP_NUM_THREADS="4",
    )
    seconds = nbgrader.CONFIG.partition("c.Execute.timeout = ")[2].split()[0]
    done = subprocess.run(
        [python_with_nbgrader(), "-c", GRADE, seconds, "solved.ipynb"],
        cwd=tmp_path,
        env=settings,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert json.loads(done.stdout) == POINTS[exercise]
