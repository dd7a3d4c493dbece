"""A demo without a browser: its plain text, its static picture, and what it refuses."""

from __future__ import annotations

import base64
import html
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from demos import FACTORIES, Factory, corners

import course_lib.demos
from course_lib.demos import chain_demo, plane_demo
from course_lib.demos.chain.model import State as ChainState
from course_lib.demos.stage import Demo, DemoError, RecordedDemo

EACH = pytest.mark.parametrize("factory", FACTORIES.values(), ids=FACTORIES)


def test_every_demo_can_be_imported_by_a_lesson_with_its_types() -> None:
    text = Path(course_lib.demos.__file__).read_text(encoding="utf-8")
    wanted = [
        f"from course_lib.demos.{name} import {name}_demo as {name}_demo" for name in course_lib.demos.NAMES
    ]
    missing = [line for line in wanted if line not in text]
    assert not missing, f"paste into course_lib/demos/__init__.py, below TYPE_CHECKING: {missing}"
    assert len(re.findall(r"^    from ", text, re.MULTILINE)) == len(wanted), (
        "a demo is named that is not there"
    )


def test_a_demo_is_a_folder_whose_factory_bears_its_name() -> None:
    folders = {path.parent.name for path in Path(course_lib.demos.__file__).parent.glob("*/__init__.py")}
    assert folders == set(FACTORIES), "each folder of demos/ holds a demo.js and offers NAME_demo"
    for name, factory in FACTORIES.items():
        assert factory().name == name
    with pytest.raises(AttributeError, match="no attribute 'other_demo'"):
        _ = course_lib.demos.other_demo


def drawing(demo: Demo) -> ET.Element:
    """The SVG inside the `<img>` of the fallback."""
    found = re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', demo.html())
    assert found
    return ET.fromstring(base64.b64decode(found[1]).decode())


@EACH
def test_plain_text_is_fixed_and_telling(factory: Factory) -> None:
    assert repr(factory()) == repr(factory())
    assert " ".join(factory().words()) in repr(factory())
    assert "0x" not in repr(factory())


@EACH
def test_the_bundle_has_text_html_and_widget(factory: Factory) -> None:
    data, _ = factory()._repr_mimebundle_()
    assert set(data) == {"text/plain", "text/html", "application/vnd.jupyter.widget-view+json"}
    assert data["text/html"] == factory().html()


@EACH
def test_the_picture_has_an_alternative_text(factory: Factory) -> None:
    demo = factory()
    found = re.search(r'<img alt="([^"]+)"', demo.html())
    assert found
    assert demo.words()[0].rstrip(".") in html.unescape(found[1])
    assert demo.words()[1] in demo.html()


@EACH
def test_every_mark_of_the_picture_has_its_place(factory: Factory) -> None:
    """At the corners of what the controls reach: well-formed, finite, and no words beyond the picture's edge."""
    for state in corners(factory):
        root = drawing(factory(**state))
        width, height = float(root.attrib["width"]), float(root.attrib["height"])
        assert not re.search(r"\b(nan|inf)\b", " ".join(" ".join(mark.attrib.values()) for mark in root))
        for mark in root.iter("{http://www.w3.org/2000/svg}text"):
            x, y, words = float(mark.attrib["x"]), float(mark.attrib["y"]), mark.text or ""
            long = 7 * len(words)
            left = x - {"end": long, "middle": long / 2}.get(mark.attrib.get("class", "").split()[-1], 0)
            assert left >= -1 and left + long <= width + 1 and 0 <= y <= height, (state, words, left, y)


def test_the_picture_shows_the_numbers_of_the_state() -> None:
    said = [mark.text for mark in drawing(chain_demo(gain=1.2, depth=50)).iter()]
    assert "signal 9,100" in said and "gradient 9,100" in said
    said = [mark.text for mark in drawing(plane_demo()).iter()]
    assert "(2, 1)" in said and "20.9°" in said


@pytest.mark.parametrize(
    ("factory", "state", "sentence"),
    [
        (chain_demo, {"gain": 7}, "gain must be a number from 0.5 to 2, but it is 7."),
        (chain_demo, {"gain": float("nan")}, "gain must be a number from 0.5 to 2, but it is nan."),
        (chain_demo, {"gain": "large"}, "gain must be a number from 0.5 to 2, but it is 'large'."),
        (chain_demo, {"depth": 2.5}, "depth must be a whole number from 1 to 200, but it is 2.5."),
        (chain_demo, {"depth": True}, "depth must be a whole number from 1 to 200, but it is True."),
        (chain_demo, {"unit": "relu"}, "unit must be one of 'linear', 'tanh', but it is 'relu'."),
        (plane_demo, {"threshold": 0}, "threshold must be a number from 0.5 to 5, but it is 0."),
        (
            plane_demo,
            {"rule": None},
            "rule must be one of 'value', 'l2', 'linf', 'published', but it is None.",
        ),
    ],
)
def test_a_state_out_of_reach_gets_one_sentence(
    factory: Factory, state: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(DemoError) as refused:
        factory(**state)
    assert str(refused.value) == sentence


def test_a_state_can_be_set_and_read_and_pinned() -> None:
    demo = chain_demo(gain=0.8)
    demo.depth = 10
    expected: ChainState = {"unit": "linear", "gain": 0.8, "depth": 10, "start": 1.0}
    assert demo.state() == expected
    assert demo.pin() == f"{demo.title}: unit = linear, gain = 0.8, depth = 10, start = 1.0"
    with pytest.raises(DemoError):
        demo.depth = 0
    assert demo.depth == 10


def test_the_demos_load_neither_torch_nor_matplotlib() -> None:
    """But for those that show recorded runs, which train networks to have them."""
    shown = [name for name, factory in FACTORIES.items() if not isinstance(factory(), RecordedDemo)]
    assert shown
    calls = "; ".join(f"demos.{name}_demo()" for name in shown)
    code = (
        f"import sys, course_lib.demos as demos; {calls}; print({{'torch', 'matplotlib'}} & set(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "set()"
