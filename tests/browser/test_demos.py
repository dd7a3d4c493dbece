"""The demos in a real JupyterLab: keys, mouse and touch move them, Python hears of it, and both themes read well."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from course_lib.demos import NAMES as DEMOS
from course_lib.demos import monitor_demo, spike_demo

sys.path.insert(0, str(Path(__file__).parent))
from harness import browser, cell, command, listen, output, run_cell, served, set_theme

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

Role = Literal["slider", "radio"]

pytestmark = pytest.mark.needs("browser")

CELLS = [
    "import course_lib.demos",
    *(f"{name} = course_lib.demos.{name}_demo()\n{name}" for name in DEMOS),
    "print('heard', chain.state(), plane.state())",
    "chain.gain = 0.8",
    "course_lib.demos.chain_demo(unit='tanh')",
    "print('settled', monitor.state(), spike.state())",
    "print('game', phase.state())",
]
# The contrast of two computed colours (WCAG 2.2, 1.4.3), by way of a canvas that understands every notation.
CONTRAST = """
([node, property, paper]) => {
  const pixel = (colours) => {
    const context = document.createElement("canvas").getContext("2d");
    for (const colour of colours) { context.fillStyle = colour; context.fillRect(0, 0, 1, 1); }
    return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const luminance = (rgb) => rgb
    .map((value) => value / 255)
    .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
    .reduce((sum, value, index) => sum + value * [0.2126, 0.7152, 0.0722][index], 0);
  const ground = getComputedStyle(paper).backgroundColor;
  const [a, b] = [[ground, getComputedStyle(node)[property]], [ground]].map((colours) => luminance(pixel(colours)));
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("demos")
    notebook = new_notebook(cells=[new_code_cell(source) for source in CELLS])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, path / "demos.ipynb")
    return path


@pytest.fixture(scope="module")
def page(folder: Path) -> Iterator[Page]:
    with served(folder) as lab, browser() as chromium:
        context = chromium.new_context(viewport={"width": 1400, "height": 1000}, has_touch=True)
        opened = context.new_page()
        failures = listen(opened)
        lab.open(opened, "demos.ipynb")
        run_cell(opened, cell(opened, containing="import course_lib.demos"))
        for name in DEMOS:
            run_cell(opened, cell(opened, containing=f"{name} = course_lib.demos.{name}_demo()"))
            opened.locator(f".course-{name} svg").first.wait_for()
        yield opened
        assert not failures, failures


def demo(page: Page, name: str) -> Locator:
    return page.locator(f".jp-OutputArea .course-{name}").first


def words(page: Page, name: str) -> Locator:
    return demo(page, name).locator(".course-words")


def see(place: Locator, text: str) -> None:
    place.filter(has_text=text).wait_for(timeout=5000)


def test_the_chain_teaches_before_it_is_touched(page: Page) -> None:
    see(words(page, "chain"), "grows to 9,100 times its size")
    picture = demo(page, "chain").locator(".course-canvas svg")
    assert picture.get_attribute("role") == "img"
    assert "9,100" in (picture.get_attribute("aria-label") or "")
    see(picture.locator("text"), "signal 9,100")


def test_the_arrow_keys_move_the_chain_and_python_hears_of_it(page: Page) -> None:
    slider = demo(page, "chain").get_by_label("gain of each layer")
    slider.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    see(words(page, "chain"), "50 linear layers of gain 1.23")
    assert slider.evaluate("node => node === document.activeElement"), "JupyterLab took the focus away"
    assert slider.get_attribute("aria-valuetext") == "1.23"
    see(demo(page, "chain").locator(".course-heard"), "gain 1.23")
    run_cell(page, cell(page, containing="heard"))
    see(output(page, containing="heard"), "'gain': 1.23")


def test_the_keyboard_changes_what_each_layer_computes(page: Page) -> None:
    demo(page, "chain").get_by_label("a · h", exact=True).focus()
    page.keyboard.press("ArrowDown")
    see(
        words(page, "chain"), "50 tanh layers of gain 1.23: on its way back to the input the gradient shrinks"
    )
    page.keyboard.press("ArrowUp")
    see(words(page, "chain"), "50 linear layers")


def test_python_moves_the_chain(page: Page) -> None:
    run_cell(page, cell(page, containing="chain.gain = 0.8"))
    see(words(page, "chain"), "of gain 0.8")
    assert demo(page, "chain").get_by_label("gain of each layer").input_value() == "0.8"


def test_the_arrow_keys_move_the_tip_of_the_gradient(page: Page) -> None:
    see(words(page, "plane"), "becomes (2, 1)")
    see(words(page, "plane"), "turned by 20.9 degrees")
    tip = demo(page, "plane").get_by_role("slider", name="Tip of the gradient")
    tip.focus()
    page.keyboard.press("ArrowUp")
    see(words(page, "plane"), "The gradient (10, 1.5)")
    page.keyboard.press("Shift+ArrowLeft")
    see(words(page, "plane"), "The gradient (9.9, 1.5)")
    assert tip.evaluate("node => node === document.activeElement"), "JupyterLab took the focus away"
    run_cell(page, cell(page, containing="heard"))
    see(output(page, containing="heard"), "'first': 9.9, 'second': 1.5")


def test_a_mouse_drags_the_tip_and_the_wrong_formula_lets_it_go(page: Page) -> None:
    see(demo(page, "plane").locator("tr", has_text="g / max(1, g / c)"), "2.50")
    demo(page, "plane").get_by_label("g / max(1, g / c)").check()
    canvas = demo(page, "plane").locator(".course-canvas")
    canvas.scroll_into_view_if_needed()
    area = canvas.bounding_box()
    tip = demo(page, "plane").get_by_role("slider", name="Tip of the gradient").bounding_box()
    assert area and tip
    unit = area["width"] / 24
    page.mouse.move(tip["x"] + tip["width"] / 2, tip["y"] + tip["height"] / 2)
    page.mouse.down()
    page.mouse.move(area["x"] + 6 * unit, area["y"] + 4 * unit, steps=5)
    page.mouse.move(area["x"] + 4 * unit, area["y"] + 3 * unit, steps=5)
    page.mouse.up()
    see(
        words(page, "plane"),
        "The gradient (−8, 3), clipped by g / max(1, g / c), entry by entry, at 2, becomes (−8, 2)",
    )
    see(words(page, "plane"), "The first component is negative, and nothing holds it.")


def test_a_finger_drags_the_tip(page: Page) -> None:
    canvas = demo(page, "plane").locator(".course-canvas")
    canvas.scroll_into_view_if_needed()
    area = canvas.bounding_box()
    tip = demo(page, "plane").get_by_role("slider", name="Tip of the gradient").bounding_box()
    assert area and tip
    unit = area["width"] / 24
    hand = page.context.new_cdp_session(page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        hand.send(
            "Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in points]}
        )

    touch("touchStart", (tip["x"] + tip["width"] / 2, tip["y"] + tip["height"] / 2))
    for first in (-4, 0, 5):
        touch("touchMove", (area["x"] + (12 + first) * unit, area["y"] + 2 * unit))
    touch("touchEnd")
    see(words(page, "plane"), "The gradient (5, 4)")


def curves(page: Page, name: str) -> list[str | None]:
    """The points of every curve in the picture, in the order in which they are drawn."""
    drawn = demo(page, name).locator(".course-canvas polyline")
    return [curve.get_attribute("points") for curve in drawn.all()]


def control(page: Page, name: str, role: Role, label: str) -> Locator:
    return demo(page, name).get_by_role(role, name=label, exact=True)


def press(page: Page, moved: Locator, key: str) -> None:
    moved.focus()
    page.keyboard.press(key)


def test_a_key_moves_the_threshold_of_the_monitor(page: Page) -> None:
    see(words(page, "monitor"), monitor_demo().words()[0])
    before = curves(page, "monitor")
    slider = control(page, "monitor", "slider", "threshold")
    press(page, slider, "ArrowLeft")
    for sentence in monitor_demo(notch=5).words():
        see(words(page, "monitor"), sentence)
    assert all(new != old for new, old in zip(curves(page, "monitor"), before, strict=True))
    see(demo(page, "monitor").locator(".threshold-name"), "threshold 316")
    assert slider.evaluate("node => node === document.activeElement"), "JupyterLab took the focus away"
    assert slider.get_attribute("aria-valuetext") == "316"
    press(page, slider, "End")
    see(words(page, "monitor"), monitor_demo(notch=9).words()[0])
    assert slider.get_attribute("aria-valuetext") == "no clipping"
    assert demo(page, "monitor").locator(".threshold-name").count() == 0
    see(demo(page, "monitor").locator(".end-name"), "nan from here on")


def test_a_key_chooses_the_learning_rate_of_the_monitor(page: Page) -> None:
    slider = control(page, "monitor", "slider", "threshold")
    press(page, slider, "Home")
    see(words(page, "monitor"), monitor_demo(notch=-4).words()[0])
    before = curves(page, "monitor")
    rate = control(page, "monitor", "radio", "0.03")
    press(page, rate, "ArrowDown")
    for sentence in monitor_demo(notch=-4, rate="0.3").words():
        see(words(page, "monitor"), sentence)
    assert all(new != old for new, old in zip(curves(page, "monitor"), before, strict=True))
    run_cell(page, cell(page, containing="settled"))
    see(output(page, containing="settled"), "{'notch': -4, 'rate': '0.3'}")


@pytest.mark.parametrize(
    ("role", "label", "key", "state", "still"),
    [
        ("slider", "size of the spike, K", "ArrowRight", {"spike": 112.0}, "clipped"),
        ("slider", "clipping threshold, c", "End", {"threshold": 10_000.0}, "raw"),
        ("slider", "step of the spike", "Home", {"at": 1}, ""),
        ("radio", "0.999", "ArrowDown", {"memory": "0.99"}, ""),
    ],
)
def test_a_key_moves_each_control_of_the_spike(
    page: Page, role: Role, label: str, key: str, state: dict[str, float | str], still: str
) -> None:
    """`still` is the kind of curve that this control leaves where it is, but for the scale."""
    run_cell(page, cell(page, containing="spike = course_lib.demos.spike_demo()"))
    see(words(page, "spike"), spike_demo().words()[2])
    before = curves(page, "spike")
    press(page, control(page, "spike", role, label), key)
    for sentence in spike_demo(**state).words():
        see(words(page, "spike"), sentence)
    moved = [new != old for new, old in zip(curves(page, "spike"), before, strict=True)]
    kinds = [curve.get_attribute("class") for curve in demo(page, "spike").locator("polyline").all()]
    assert all(now for now, kind in zip(moved, kinds, strict=True) if kind != still), (moved, kinds)
    run_cell(page, cell(page, containing="settled"))
    ((name, value),) = state.items()
    see(output(page, containing="settled"), f"'{name}': {value!r}")


def test_the_phase_plane_teaches_before_it_is_touched(page: Page) -> None:
    see(words(page, "phase"), "every clipped step adds 0.01 to the squared radius")
    picture = demo(page, "phase").locator(".course-canvas svg")
    assert "still no cycle" in (picture.get_attribute("aria-label") or "")


def test_the_arrow_keys_damp_the_game_and_python_hears_of_it(page: Page) -> None:
    slider = demo(page, "phase").get_by_label("damping (weight decay)")
    slider.focus()
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    see(words(page, "phase"), "both walks close in on a circle of radius 2.24")
    see(demo(page, "phase").locator(".course-canvas text"), "r* = 2.24")
    demo(page, "phase").get_by_label("both gradients", exact=True).focus()
    page.keyboard.press("ArrowDown")
    see(words(page, "phase"), "only the generator's gradient clipped at 1, decay 0.01")
    run_cell(page, cell(page, containing="'game'"))
    see(output(page, containing="game"), "'clipped': 'generator'")
    see(output(page, containing="game"), "'decay': 0.01")


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_marks_and_words_stand_out_in_both_themes(page: Page, theme: str) -> None:
    set_theme(page, theme)
    check_contrast(demo(page, "chain"))
    for rule in ("by value", "by l2 norm", "by l∞ norm", "g / max(1, g / c)"):
        demo(page, "plane").get_by_label(rule, exact=True).check()
        see(demo(page, "plane").locator(".course-chosen"), rule)
        check_contrast(demo(page, "plane"))
    for clipped in ("nothing", "both gradients", "the discriminator's weight"):
        demo(page, "phase").get_by_label(clipped, exact=True).check()
        check_contrast(demo(page, "phase"))
    check_contrast(demo(page, "groups"))
    set_theme(page, "JupyterLab Light")


def check_contrast(panel: Locator) -> None:
    """At least 3 for lines and signs, 4.5 for words."""
    paper = panel.element_handle()
    for selector, style, least in (
        (".signal, .gradient, .shaft, .allowed, .radius, circle.start, .free, .circle", "stroke", 3.0),
        (".first-mean, .second-mean, .plain", "stroke", 3.0),
        (".signal-dot, .bar, .change, [class$=-tip], [class$=-head]", "fill", 3.0),
        ("text", "fill", 4.5),
        (".course-words, .course-value, .course-hint, .course-try li, legend, th, td", "color", 4.5),
    ):
        for mark in panel.locator(selector).element_handles():
            contrast = mark.evaluate(f"(node, paper) => ({CONTRAST})([node, '{style}', paper])", paper)
            assert contrast >= least, (mark.get_attribute("class"), mark.text_content(), contrast)


@pytest.mark.parametrize("width", [1400, 700, 420])
def test_the_demos_fit_the_page_at_every_width(page: Page, width: int) -> None:
    """The notebook alone, without JupyterLab's file browser beside it."""
    page.set_viewport_size({"width": width, "height": 1000})
    command(page, "application:toggle-left-area")
    for name in DEMOS:
        panel = demo(page, name)
        panel.scroll_into_view_if_needed()
        page.wait_for_timeout(300)
        inside, wide = panel.evaluate("node => [node.scrollWidth, node.clientWidth]")
        svg = panel.locator(".course-canvas svg").bounding_box()
        canvas = panel.locator(".course-canvas").bounding_box()
        assert svg and canvas
        assert inside <= wide, (name, width)
        assert svg["width"] == pytest.approx(canvas["width"], abs=1), (name, width)
    command(page, "application:toggle-left-area")
    page.set_viewport_size({"width": 1400, "height": 1000})


def test_two_demos_on_one_page_keep_their_own_choice(page: Page) -> None:
    run_cell(page, cell(page, containing="chain_demo(unit='tanh')"))
    second = page.locator(".jp-OutputArea .course-chain").nth(1)
    see(second.locator(".course-words"), "tanh layers")
    assert second.get_by_label("tanh(a · h)").is_checked()
    assert demo(page, "chain").get_by_label("a · h", exact=True).is_checked()


def test_the_groups_answer_to_ratio_batch_and_metric(page: Page) -> None:
    panel = demo(page, "groups")
    see(words(page, "groups"), "Ratio 2, everybody: accuracy")
    see(words(page, "groups"), "On each of the ten splits the gap is the one without the rule.")
    slider = panel.get_by_label("ratio: the first group's gradient")
    slider.focus()
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
    see(words(page, "groups"), "Ratio 0.71, everybody")
    assert slider.evaluate("node => node === document.activeElement"), "JupyterLab took the focus away"
    assert slider.get_attribute("aria-valuetext") == "0.71"
    panel.get_by_label("batches of 16").check()
    panel.get_by_label("AUC").check()
    see(words(page, "groups"), "Ratio 0.71, batches of 16: AUC")
    see(panel.locator("text"), "AUC, %")
    page.keyboard.press("ArrowDown")
    see(words(page, "groups"), "Ratio 0.71, batches of 16: log loss")
