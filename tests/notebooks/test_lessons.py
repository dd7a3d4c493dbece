"""What every lesson must have: its place, its shape, and claims that point at their witnesses."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from course_lib.build import source
from course_lib.curriculum import LESSONS

ROOT = Path(__file__).resolve().parents[2]
NAMES = [lesson.name for lesson in LESSONS]
TAUGHT = [lesson.name for lesson in LESSONS if lesson.exercise]
VERDICTS = {"true", "conditional", "false"}


def read(name: str) -> source.Source:
    return source.read(ROOT / "source" / "lessons" / f"{name}.py", ROOT)


def calls(name: str, function: str) -> list[dict[str, object]]:
    """The keyword arguments of every call of `function` in a lesson, as far as they are literals."""
    found = []
    for cell in read(name).cells:
        if cell.kind != "code":
            continue
        for node in ast.walk(ast.parse(cell.text)):
            if isinstance(node, ast.Call) and getattr(node.func, "id", None) == function:
                literals = {}
                for keyword in node.keywords:
                    try:
                        literals[keyword.arg] = ast.literal_eval(keyword.value)
                    except ValueError:
                        literals[keyword.arg] = ast.unparse(keyword.value)
                found.append({"positional": len(node.args), **literals})
    return found


def test_the_curriculum_names_the_lessons_that_there_are():
    assert [path.stem for path in source.source_paths(ROOT, "lesson")] == NAMES
    assert [path.stem for path in source.source_paths(ROOT, "exercise")] == TAUGHT
    for lesson in LESSONS:
        assert set(lesson.needs) <= set(NAMES), lesson.name


def test_the_readme_shows_the_map_of_the_curriculum():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| \[.*?\]\(notebooks/(\w+)\.ipynb\) \|[^|]*\| (\d+) \|", readme, re.MULTILINE))
    assert rows == {lesson.name: str(lesson.minutes) for lesson in LESSONS}


@pytest.mark.parametrize("name", TAUGHT)
def test_a_lesson_has_its_parts(name):
    text = "\n".join(cell.text for cell in read(name).cells)
    for part in ("Play first", "Intuition", "Claim review", "In practice", "Check yourself", "In five lines"):
        assert f"## {part}" in text, f"{name} lacks the part {part!r}"
    assert len(calls(name, "Quiz")) >= 3
    assert len(calls(name, "ExitCheck")) == 1
    assert len(calls(name, "Predict")) >= 1
    assert text.count(".reveal(") == len(calls(name, "Predict"))
    for function in ("Storyboard", "Inquiry", "Journal", "LearningMap", "measured_minutes"):
        assert calls(name, function), f"{name} has no {function}"


@pytest.mark.parametrize("name", TAUGHT)
def test_every_claim_has_a_source_and_a_witness(name):
    lesson = read(name)
    ids = {cell.id for cell in lesson.cells if cell.kind == "code" and cell.id}
    claims = calls(name, "Claim")
    assert len(claims) >= 5
    assert len({claim["id"] for claim in claims}) == len(claims)
    for claim in claims:
        assert claim["verdict"] in VERDICTS, claim
        assert claim["witness"] in ids, f"{name}: the witness {claim['witness']!r} is no cell of the lesson"
        assert str(claim["statement"]).strip() and str(claim["source"]).strip(), claim
        if claim["verdict"] != "true":
            assert claim.get("corrected"), f"{name}: {claim['id']} is not true as stated, but not corrected"


def test_no_lesson_speaks_of_what_is_not_there():
    numbers = {lesson.number for lesson in LESSONS}
    for name in NAMES:
        for cell in read(name).cells:
            for target in re.findall(r"\]\((\d\d_\w+)\.ipynb\)", cell.text):
                assert target in NAMES, f"{name} links to {target}, which does not exist"
            for number in re.findall(r"\b[Ll]esson (\d+)\b", cell.text):
                assert int(number) in numbers, f"{name} speaks of lesson {number}, which does not exist"
