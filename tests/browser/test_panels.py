"""Every panel in a real JupyterLab: by keyboard alone, in both themes, with nothing leaving the machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness import (
    Lab,
    browser,
    course_copy,
    listen,
    output,
    run_all,
    served,
    set_theme,
    wait_idle,
)

pytestmark = pytest.mark.needs("browser")

CELLS = (
    "print('the witness')",
    "from course_lib.teach import *\nLearningMap('01_explosion')",
    "guess = Predict('fifty-layers', 'How large is `1.2` to the 50th?', "
    "options=['about 60', 'about 900', 'about 9,000'])\nguess",
    "print('a line\\n' * 60)",
    "guess.reveal(answer=2, because='It grows by a factor, not by a sum.')",
    'dot = \'<svg viewBox="0 0 9 9" width="90"><title>A dot</title><circle cx="4" cy="4" r="2"/></svg>\'\n'
    "Storyboard('Four steps', [Frame(f'Step {n}.', dot) for n in range(1, 5)])",
    "Inquiry('cue', 'Which cue?', dot, options=['length', 'line'], answer=1, because='One factor.')",
    "Quiz('quiz', 'How long?', {'1': 'Per layer.', '0.6': 'Three fifths.'}, answer='0.6')",
    "Claim(id='local', statement='Local is better.', source='None found', witness='witness', verdict='false', "
    "corrected='They do not differ.')",
    "Hint('the nudge', 'the strategy', 'the worked step')",
    "ExitCheck('exit', mechanism=['It scales.', 'It keeps.'], prerequisite='The arrow.', "
    "perturbation=('And if equal?', 'Nothing turns.'))",
    "Journal('01_explosion')",
    "Progress()",
)


def notebook(*cells: dict[str, Any]) -> str:
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return json.dumps(
        {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}, "cells": list(cells)}
    )


def code(place: int, source: str) -> dict[str, Any]:
    name = "witness" if place == 0 else f"cell-{place}"
    return {
        "id": name,
        "cell_type": "code",
        "source": source,
        "metadata": {},
        "outputs": [],
        "execution_count": None,
    }


def write_notebooks(folder: Path) -> None:
    title = {"id": "title", "cell_type": "markdown", "source": "# The exercise", "metadata": {}}
    lesson = notebook(*(code(place, source) for place, source in enumerate(CELLS)))
    for text, part in ((lesson, "notebooks"), (notebook(title), "exercises")):
        (folder / part).mkdir()
        (folder / part / "01_explosion.ipynb").write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def lab() -> Iterator[tuple[Lab, Any, list[str]]]:
    """The lesson above, run, with what the page complained about and whom it asked."""
    with course_copy("source") as folder:
        write_notebooks(folder)
        with served(folder) as lab, browser() as chromium:
            page = chromium.new_page(viewport={"width": 1100, "height": 900})
            heard = listen(page)
            page.on(
                "request",
                lambda request: (
                    None
                    if request.url.startswith((lab.url, lab.url.replace("http", "ws"), "data:", "blob:"))
                    else heard.append(f"asked {request.url}")
                ),
            )
            lab.open(page, "notebooks/01_explosion.ipynb")
            run_all(page)
            yield lab, page, heard


def events(lab: Lab) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (lab.work / "events.jsonl").read_text().splitlines()]


def press(page: Any, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)
        page.wait_for_timeout(60)
    wait_idle(page)


def inside(page: Any, panel: Any) -> bool:
    return bool(panel.evaluate("(panel) => panel.contains(document.activeElement)"))


def test_the_panels_work_by_keyboard_alone(lab: tuple[Lab, Any, list[str]]) -> None:
    served_lab, page, heard = lab

    guess = output(page, containing="How large is")
    guess.locator("input").first.focus()
    press(page, "ArrowDown", "Enter")
    guess.get_by_text("You committed to about 900").wait_for()
    assert page.evaluate("document.activeElement.textContent") == "Revise", "the keyboard stays in the panel"
    press(page, "Enter")
    page.wait_for_function("() => document.activeElement.matches('input:checked')")
    press(page, "ArrowDown", "Enter")
    guess.get_by_text("Before that: about 900").wait_for()
    reveal = output(page, containing="It grows by a factor")
    reveal.scroll_into_view_if_needed()
    reveal.get_by_text("As you predicted.").wait_for()

    story = output(page, containing="Four steps")
    story.get_by_role("button", name="Next").focus()
    press(page, "Enter", "ArrowRight", "ArrowRight")
    story.get_by_text("Frame 4 of 4").wait_for()
    assert inside(page, story)

    quiz = output(page, containing="How long?")
    quiz.locator("input").first.focus()
    press(page, "Space", "Enter")
    quiz.get_by_text("Not this one. Per layer.").wait_for()
    press(page, "ArrowDown", "Enter")
    quiz.get_by_text("Right. Three fifths.").wait_for()

    claim = output(page, containing="Local is better.")
    claim.get_by_role("button", name="Show the witness cell").focus()
    press(page, "Enter")
    witness = page.locator(".jp-OutputArea", has_text="the witness").first
    page.wait_for_function("(cell) => cell.getBoundingClientRect().top >= 0", arg=witness.element_handle())
    claim.locator("input").first.focus()
    press(page, "Space", "Enter")
    claim.get_by_text("the evidence says otherwise: false as stated").wait_for()

    hint = output(page, containing="Hint: a nudge")
    hint.locator("summary").first.focus()
    press(page, "Enter", "Tab", "Space")
    hint.get_by_text("the strategy", exact=True).wait_for()

    leaving = output(page, containing="Exit check")
    leaving.locator("textarea").first.focus()
    page.keyboard.type("it <b>scales</b>")
    press(page, "Tab", "Enter")
    leaving.get_by_text("Tick what your words hold").wait_for()
    press(page, "Tab", "Space")

    journal = output(page, containing="Journal: a question")
    journal.locator("select").focus()
    press(page, "ArrowDown", "Tab")
    page.keyboard.type("why <i>?")
    press(page, "Tab")
    page.keyboard.type("cell 3")
    press(page, "Enter")
    journal.get_by_text("while this line is empty").wait_for()
    page.keyboard.type("a run")
    press(page, "Enter")
    journal.get_by_text("1. why <i>? (open)").wait_for()

    assert [(event["kind"], event.get("choice")) for event in events(served_lab)[:2]] == [
        ("prediction", "about 900"),
        ("prediction", "about 9,000"),
    ]
    assert {event["lesson"] for event in events(served_lab)} == {"01_explosion"}
    assert events(served_lab)[-1]["met"] == [0]
    assert heard == []


def test_every_control_is_named_and_keeps_its_keys(lab: tuple[Lab, Any, list[str]]) -> None:
    _, page, _ = lab
    controls = page.locator(".course-panel").locator(":is(button, input, select, textarea, summary):visible")
    assert controls.count() > 20
    for place in range(controls.count()):
        control = controls.nth(place)
        assert control.get_attribute("data-lm-suppress-shortcuts") == "true"
        named = control.evaluate(
            "(e) => (e.textContent || e.getAttribute('aria-label') || e.closest('label')?.textContent || '').trim()"
        )
        assert named, control.evaluate("(e) => e.outerHTML")


CONTRAST = """() => {
  const channels = (colour) => (colour.match(/[\\d.]+/g) || []).map(Number);
  const over = ([r, g, b, a = 1], below) => [r, g, b].map((value, i) => value * a + below[i] * (1 - a));
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const paper = (element) => {
    if (!element) return [255, 255, 255];
    const colour = channels(getComputedStyle(element).backgroundColor);
    return colour[3] === 0 ? paper(element.parentElement) : over(colour, paper(element.parentElement));
  };
  const faint = [];
  for (const element of document.querySelectorAll(".course-panel *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own || element.closest("svg, :disabled") || element.offsetParent === null) continue;
    const below = paper(element);
    const ink = over(channels(getComputedStyle(element).color), below);
    const [low, high] = [luminance(ink), luminance(below)].sort((a, b) => a - b);
    const contrast = (high + 0.05) / (low + 0.05);
    if (contrast < 4.5) faint.push(`${contrast.toFixed(2)} ${element.outerHTML.slice(0, 90)}`);
  }
  return faint;
}"""


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark", "JupyterLab Dark High Contrast"])
def test_every_word_stands_out(lab: tuple[Lab, Any, list[str]], theme: str) -> None:
    _, page, _ = lab
    set_theme(page, theme)
    assert page.evaluate(CONTRAST) == []


def test_the_map_opens_the_learners_own_copy_of_an_exercise(lab: tuple[Lab, Any, list[str]]) -> None:
    served_lab, page, heard = lab
    lessons = output(page, containing="Map of lessons")
    lessons.get_by_role("button", name="Open the exercise 1 Explosion").focus()
    lessons.get_by_text("opened the way to 3 Clipping mechanics").wait_for()
    page.keyboard.press("Enter")
    page.wait_for_url("**/lab/tree/work/01_explosion.ipynb**")
    page.locator(".jp-NotebookPanel:visible").get_by_role("heading", name="The exercise").wait_for()
    assert (served_lab.work / "01_explosion.ipynb").is_file()
    assert heard == []
