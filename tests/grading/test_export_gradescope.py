"""The Gradescope autograder, tried in a stand-in of Gradescope's harness: a folder in the place of `/autograder`."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from course_lib.checks.exercises import load_asked
from course_lib.cli import main
from course_lib.errors import CourseError
from course_lib.grading.export import gradescope, harness
from course_lib.work import course_root

EXERCISE = "01_explosion"
INDEX = "https://torch.example/cpu"
POINTS = {asked.name: asked.points for asked in load_asked(EXERCISE)}


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`/autograder` as Gradescope makes it: the zip in `source`, `run_autograder` beside it, Python set up."""
    root = tmp_path_factory.mktemp("autograder")
    gradescope.write(EXERCISE, INDEX, root / "autograder.zip")
    with zipfile.ZipFile(root / "autograder.zip") as archive:
        for info in archive.infolist():
            path = Path(archive.extract(info, root / "source"))
            path.chmod(stat.S_IMODE(info.external_attr >> 16))
    shutil.copy(root / "source" / "run_autograder", root)
    for folder in ("submission", "results", "venv/bin"):
        (root / folder).mkdir(parents=True)
    python = root / "venv" / "bin" / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH="{root}/source" exec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    return root


def run(image: Path, notebooks: dict[str, str], **environment: str) -> tuple[int, str, dict[str, Any] | None]:
    """One submission in its container: exit code, what was said, results.json."""
    for folder in (image / "submission", image / "results"):
        shutil.rmtree(folder)
        folder.mkdir()
    for name, text in notebooks.items():
        (image / "submission" / name).write_text(text, encoding="utf-8")
    settings = os.environ | {"AUTOGRADER_ROOT": str(image)} | environment
    done = subprocess.run(
        [image / "run_autograder"], env=settings, cwd=image, capture_output=True, text=True, check=False
    )
    results = image / "results" / "results.json"
    told = json.loads(results.read_text(encoding="utf-8")) if results.exists() else None
    return done.returncode, done.stdout + done.stderr, told


def built(folder: str) -> str:
    return (course_root() / folder / f"{EXERCISE}.ipynb").read_text(encoding="utf-8")


def test_the_solution_earns_everything_in_the_container(image):
    code, said, told = run(image, {"mine (1).ipynb": built("solutions")})
    assert code == 0, said
    assert told is not None
    assert told["score"] == sum(POINTS.values())
    assert told["stdout_visibility"] == "hidden"
    assert [test["max_score"] for test in told["tests"]] == list(POINTS.values())
    for test, name in zip(told["tests"], POINTS, strict=True):
        assert set(test) == {"name", "score", "max_score", "visibility", "output", "status"}
        assert test["name"].startswith(f"{name}: ")
        assert (test["score"], test["status"], test["visibility"]) == (POINTS[name], "passed", "visible")


def test_a_blank_earns_nothing_and_a_container_without_a_sandbox_grades(image, tmp_path):
    bare = {"PATH": str(tmp_path)}
    for program in ("bash", "env", "sh"):
        (tmp_path / program).symlink_to(shutil.which(program) or program)
    code, said, told = run(image, {f"{EXERCISE}.ipynb": built("exercises")}, **bare)
    assert code == 0, said
    assert "bubblewrap is missing" in said
    assert told is not None
    assert told["score"] == 0
    assert {test["status"] for test in told["tests"]} == {"failed"}
    assert {test["output"] for test in told["tests"]} == {"Not attempted yet."}


def test_no_notebook_is_told_to_the_learner(image):
    code, _, told = run(image, {"notes.txt": "hello"})
    assert code == 0
    assert told is not None
    assert told["score"] == 0
    assert told["output"] == f"No notebook was uploaded; upload {EXERCISE}.ipynb."


def test_a_grader_that_fails_gives_no_zero(image, monkeypatch, capsys):
    def refuse(*_: object) -> None:
        raise CourseError("The disk is full.")

    run(image, {})
    (image / "submission" / "a.ipynb").write_text("{}")
    monkeypatch.setattr(harness, "_graded", refuse)
    (image / "results" / "results.json").unlink()
    assert harness.main(EXERCISE, image) == 1
    assert not (image / "results" / "results.json").exists()
    assert capsys.readouterr().err == "The disk is full.\n"


def test_which_notebook_counts(tmp_path):
    (tmp_path / ".ipynb_checkpoints").mkdir()
    for name in ("x.ipynb", ".ipynb_checkpoints/y.ipynb"):
        (tmp_path / name).write_text("{}")
    assert harness.find(EXERCISE, tmp_path) == tmp_path / "x.ipynb"
    (tmp_path / "z.ipynb").write_text("{}")
    assert "2 notebooks were uploaded (x.ipynb, z.ipynb)" in str(harness.find(EXERCISE, tmp_path))
    (tmp_path / f"{EXERCISE}.ipynb").write_text("{}")
    assert harness.find(EXERCISE, tmp_path) == tmp_path / f"{EXERCISE}.ipynb"


def test_an_unreadable_notebook_says_why(tmp_path):
    grades = "learner,exercise,points,out_of,status,late,reason\nlearner,x,0,1,unreadable,,is empty.\n"
    (tmp_path / "grades.csv").write_text(grades)
    name = next(iter(POINTS))
    line = {"question": name, "points": 0, "out_of": 1, "status": "missing", "message": "m"}
    (tmp_path / "results.jsonl").write_text(json.dumps(line) + "\n")
    told = harness.report(EXERCISE, "mine.ipynb", tmp_path)
    assert told["output"] == "mine.ipynb is empty."
    assert told["tests"][0]["status"] == "failed"


PYTHON = """#!/bin/sh
echo "python $*" >> "$LOG"
if [ "$2" = venv ]; then mkdir -p "$3/bin" && cp "$0" "$3/bin/python"; fi
if [ "$1" = -c ]; then exit "$CUDA"; fi
"""
APT = """#!/bin/sh
echo "apt-get $*" >> "$LOG"
case "$*" in *python3.13*) exit 100;; *python3*) exit "$OLD";; esac
"""


@pytest.mark.parametrize(("old", "cuda", "code"), [("0", "0", 0), ("0", "1", 1), ("100", "0", 1)])
def test_setup_installs_the_pinned_versions_without_cuda(image, tmp_path, old, cuda, code):
    root, log = tmp_path / "autograder", tmp_path / "log"
    shutil.copytree(image / "source", root / "source")
    for name, text in {"python3.12": PYTHON, "apt-get": APT}.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    told = {"PATH": path, "AUTOGRADER_ROOT": str(root), "LOG": str(log), "OLD": old, "CUDA": cuda}
    done = subprocess.run(
        [root / "source" / "setup.sh"], env=os.environ | told, capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stderr
    lines = log.read_text().splitlines()
    if old != "0":
        assert "choose Ubuntu 22.04 or newer" in done.stderr
        return
    lock = root / "source" / "requirements.lock"
    torch = next(line for line in lock.read_text().splitlines() if line.startswith("torch=="))
    assert "apt-get install -y --no-install-recommends bubblewrap" in lines
    assert lines[lines.index(f"python -m venv {root}/venv") + 1 :][:3] == [
        f"python -m pip install --no-deps --index-url {INDEX} {torch}",
        f"python -m pip install --constraint {lock} setuptools",
        f"python -m pip install --constraint {lock} --no-build-isolation {root}/source",
    ]


def test_the_zip_is_the_same_each_time_and_holds_no_more_than_it_needs(tmp_path):
    for name in ("once.zip", "again.zip"):
        gradescope.write(EXERCISE, INDEX, tmp_path / name)
    assert (tmp_path / "again.zip").read_bytes() == (tmp_path / "once.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "again.zip") as archive:
        names = archive.namelist()
        tops = {name.partition("/")[0] for name in names}
        scripts = {name: archive.read(name) for name in ("setup.sh", "run_autograder")}
    ours = {"course_lib", "pyproject.toml", "requirements.lock", "LICENSE", "LICENSE-text"}
    assert tops == ours | set(scripts)
    assert not [name for name in names if "__pycache__" in name]
    assert "course_lib/py.typed" in names
    for script in scripts.values():
        assert b"@" not in script.replace(b'"$@"', b"")
        assert b"\r" not in script


@pytest.mark.parametrize(
    ("exercise", "index", "sentence"),
    [("99_none", INDEX, "There is no exercise '99_none'"), (EXERCISE, "cpu; rm -rf", "begins with https://")],
)
def test_bad_input_gets_one_sentence(tmp_path, capsys, exercise, index, sentence):
    out = tmp_path / "a.zip"
    assert main(["export", "gradescope", exercise, "--torch-index", index, "--out", str(out)]) == 1
    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_failed_export_leaves_no_part_of_it(tmp_path, monkeypatch):
    def full(*given):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(gradescope, "_add", full)
    with pytest.raises(OSError, match="No space left"):
        gradescope.write(EXERCISE, INDEX, tmp_path / "autograder.zip")
    assert list(tmp_path.iterdir()) == []


def test_other_ends_of_lines_in_a_learners_words_break_nothing(tmp_path):
    (tmp_path / "grades.csv").write_text("learner,status,reason\nl,graded,\n", encoding="utf-8")
    name = next(iter(POINTS))
    line = {"question": name, "points": 0, "out_of": 1, "message": "a\u2028b\u0085c", "status": "wrong"}
    text = json.dumps(line, ensure_ascii=False) + "\n"
    (tmp_path / "results.jsonl").write_text(text, encoding="utf-8")
    (test,) = harness.report(EXERCISE, "x.ipynb", tmp_path)["tests"]
    assert test["output"] == "a\u2028b\u0085c"
