"""The course as a learner meets it: lessons run in a real JupyterLab, and an exercise answers mistakes.

JupyterLab is started the way learners start it: by `start.py` where it has set this checkout up, otherwise by
`course lab`, to which `start.py` hands over.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from harness import (
    ROOT,
    Lab,
    browser,
    cell,
    course_copy,
    listen,
    output,
    run_all,
    run_cell,
    served,
    write_into,
)

from course_lib.curriculum import LESSONS

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.needs("browser")

START = ROOT / "start.py"
SET_UP = (ROOT / ".venv" / "course-stamp.json").is_file()
COMMAND = [sys.executable, str(START)] if SET_UP else [sys.executable, "-m", "course_lib.cli", "lab"]
BROKEN = ".jp-NotebookPanel:visible [data-mime-type='application/vnd.jupyter.error']"
WARNED = ".jp-NotebookPanel:visible [data-mime-type='application/vnd.jupyter.stderr']"


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with (
        course_copy("source", "notebooks", "exercises", "solutions") as folder,
        served(folder, COMMAND) as running,
    ):
        yield running


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as running:
        yield running


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    opened = chromium.new_page(viewport={"width": 1400, "height": 1000})
    failures = listen(opened)
    yield opened
    opened.close()
    assert not failures, failures


def events(lab: Lab) -> list[dict[str, object]]:
    lines = (lab.work / "events.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def run_whole(lab: Lab, page: Page, name: str) -> None:
    """Run a lesson from top to bottom; nothing may break, and nothing warn."""
    lab.open(page, f"notebooks/{name}.ipynb")
    run_all(page)
    assert page.locator(BROKEN).count() == 0, page.locator(BROKEN).first.inner_text()
    assert page.locator(WARNED).count() == 0, page.locator(WARNED).first.inner_text()


# The first lesson is run by the test after this one.
@pytest.mark.parametrize("name", [lesson.name for lesson in LESSONS if lesson.name != "01_explosion"])
def test_a_lesson_runs_from_top_to_bottom(lab: Lab, page: Page, name: str) -> None:
    run_whole(lab, page, name)


def test_a_prediction_is_made_and_a_demo_moved_by_keyboard_alone(lab: Lab, page: Page) -> None:
    run_whole(lab, page, "01_explosion")
    prediction = output(page, containing="A signal of size 1 passes 50 layers")
    prediction.get_by_label("about 60").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    output(page, containing="You predicted").first.wait_for()
    made = [event for event in events(lab) if event["kind"] == "prediction" and "choice" in event]
    assert [event["id"] for event in made] == ["fifty-layers"]

    demo = page.locator(".jp-OutputArea .course-chain").first
    words = demo.locator(".course-words")
    assert "9,100" in words.inner_text()
    demo.get_by_label("gain of each layer").focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    words.filter(has_text="gain 1.23").wait_for(timeout=5000)


def test_the_map_opens_the_learners_own_copy(lab: Lab, page: Page) -> None:
    lab.open(page, "notebooks/01_explosion.ipynb")
    run_cell(page, cell(page, containing='LearningMap("01_explosion")'))
    page.get_by_role("button", name="Open the exercise").first.press("Enter")
    page.locator(".lm-TabBar-tabLabel", has_text="01_explosion.ipynb").nth(1).wait_for()
    assert (lab.work / "01_explosion.ipynb").read_bytes() == (
        ROOT / "exercises" / "01_explosion.ipynb"
    ).read_bytes()


def test_an_exercise_answers_a_mistake_with_its_own_message_and_then_a_right_answer(
    lab: Lab, page: Page
) -> None:
    lab.work.mkdir(exist_ok=True)
    (lab.work / "03.ipynb").write_bytes((ROOT / "exercises" / "03_clipping_mechanics.ipynb").read_bytes())
    lab.open(page, "work/03.ipynb")
    run_all(page)
    assert page.locator(BROKEN).count() == 0, "an unsolved exercise must run to its end"
    answer, checks = (
        cell(page, containing="def clip_by_norm(g, max_norm)"),
        cell(page, containing='check("clip_by_norm")'),
    )
    assert "Not attempted yet" in (checks.text_content() or "")

    write_into(page, answer, "def clip_by_norm(g, max_norm):\n    return np.clip(g, -max_norm, max_norm)")
    run_cell(page, answer)
    run_cell(page, checks)
    assert "by value" in checks.locator(".course-card").inner_text()
    assert "0 of 1 points" in (checks.text_content() or "")

    write_into(
        page,
        answer,
        "def clip_by_norm(g, max_norm):\n    return g * min(1, max_norm / max(np.linalg.norm(g), 1e-300))",
    )
    run_cell(page, answer)
    run_cell(page, checks)
    checks.locator(".course-card", has_text="Right").wait_for()
    assert "1 of 1 points" in (checks.text_content() or "")
