"""A question's version follows all that decides on it, and nothing else."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

import course_lib
from course_lib.checks.exercises import EXERCISES, load_asked
from course_lib.grading import versions

EXERCISE, QUESTION = "04_threshold", "matching_lr"


@pytest.fixture
def course(tmp_path, monkeypatch):
    """`course(path, old, new)` gives the versions of `EXERCISE` in a copy of the course where one file was changed."""
    package = Path(course_lib.__file__).parent

    def changed(path: str, old: str, new: str) -> dict[str, str]:
        copy = tmp_path / "course_lib"
        shutil.rmtree(copy, ignore_errors=True)
        for part in ("checks", "training", "clipping", "dynamics"):
            shutil.copytree(package / part, copy / part)
        for file in package.glob("*.py"):
            shutil.copy(file, copy)
        text = (copy / path).read_text(encoding="utf-8")
        assert old in text
        (copy / path).write_text(text.replace(old, new), encoding="utf-8")
        monkeypatch.setattr(versions, "_file", lambda name: in_copy(copy, name))
        return dict(versions.versions(EXERCISE))

    return changed


def in_copy(copy: Path, name: str) -> Path | None:
    place = copy.joinpath(*name.split(".")[1:])
    candidates = (place.with_name(f"{place.name}.py"), place / "__init__.py")
    return next((path for path in candidates if path.is_file()), None)


@pytest.mark.parametrize("exercise", EXERCISES)
def test_every_question_has_a_version_of_its_own(exercise):
    found = versions.versions(exercise)
    assert list(found) == [asked.name for asked in load_asked(exercise)]
    assert len(set(found.values())) == len(found)
    assert found == versions.versions(exercise)


def test_there_is_none_of_an_exercise_that_is_none():
    assert versions.versions("99_none") == {}


def file_of(half: str, wanted: str) -> str:
    """Where a text stands, whether an exercise is one file or a folder of them."""
    package = Path(course_lib.__file__).parent
    files = [*package.glob(f"checks/{half}/e{EXERCISE}.py"), *package.glob(f"checks/{half}/e{EXERCISE}/*.py")]
    return next(
        str(file.relative_to(package)) for file in files if wanted in file.read_text(encoding="utf-8")
    )


@pytest.mark.parametrize(
    ("half", "old", "new"),
    [
        ("probes", "The other half of the knob", "The other knob"),
        ("judges", "import math", "import math as math"),
        ("judges", "import math", "# a remark\nimport math\n\n\n"),
    ],
)
def test_only_what_decides_counts(course, half, old, new):
    path = file_of(half, old)
    before, after = course(path, old, old), course(path, old, new)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == ({QUESTION} if "knob" in new else set())


def test_what_a_question_calls_in_the_course_counts(course):
    path = "training/recurrent.py"
    before = course(path, "def train_recurrent(", "def train_recurrent(")
    after = course(path, "def train_recurrent(", "def train_recurrent(\n    _more: object,")
    changed = {name for name in before if before[name] != after[name]}
    assert "sunspot_threshold" in changed
    assert "update_lengths" not in changed


def test_points_count(monkeypatch):
    before = versions.versions(EXERCISE)
    asked = tuple(replace(one, points=one.points + (one.name == QUESTION)) for one in load_asked(EXERCISE))
    monkeypatch.setattr(versions.exercises, "load_asked", lambda exercise: asked)
    after = versions.versions(EXERCISE)
    assert {name for name in before if before[name] != after[name]} == {QUESTION}
