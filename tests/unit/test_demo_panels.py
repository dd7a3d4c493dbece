"""A demo without a browser: its plain text, its static picture, and what it refuses."""

from __future__ import annotations

import base64
import html
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Any

import pytest

from course_lib.demos import chain_demo, groups_demo, monitor_demo, phase_demo, plane_demo, spike_demo
from course_lib.demos.chain.model import State as ChainState
from course_lib.demos.stage import Demo, DemoError

FACTORIES = pytest.mark.parametrize(
    "factory", [chain_demo, groups_demo, monitor_demo, phase_demo, plane_demo, spike_demo]
)
CORNERS: list[tuple[Callable[..., Demo], dict[str, Any]]] = (
    [
        (chain_demo, {"unit": unit, "gain": gain, "depth": depth, "start": start})
        for unit in ("linear", "tanh")
        for gain in (0.5, 1.0, 2.0)
        for depth in (1, 64, 200)
        for start in (1e-12, 1.0)
    ]
    + [
        (plane_demo, {"first": first, "second": second, "threshold": threshold, "rule": rule})
        for first, second in ((0.0, 0.0), (11.0, 5.5), (-11.0, -5.5))
        for threshold in (0.5, 5.0)
        for rule in ("value", "l2", "linf", "published")
    ]
    + [
        (spike_demo, {"spike": spike, "at": at, "threshold": threshold, "memory": memory})
        for spike in (1.0, 1.5, 10_000.0)
        for at in (1, 100)
        for threshold in (1.0, 9_990.0)
        for memory in ("0.99", "0.9")
    ]
    + [
        (monitor_demo, {"notch": notch, "rate": rate})
        for notch in (-4, 0, 8, 9)
        for rate in ("0.003", "0.03", "0.3")
    ]
    + [
        (phase_demo, {"scheme": scheme, "clipped": clipped, "threshold": threshold, "lr": lr, "decay": decay})
        for scheme in ("simultaneous", "alternating", "extragradient")
        for clipped in ("nobody", "both", "generator", "weight")
        for threshold, lr, decay in ((0.5, 0.05, 0.0), (3.0, 0.5, 0.005), (3.0, 0.5, 0.2), (1.0, 0.1, 0.01))
    ]
    + [
        (groups_demo, {"notch": notch, "batch": batch, "metric": metric})
        for notch in (-2, 5)
        for batch in ("everybody", "batches of 16")
        for metric in ("accuracy", "false positive rate", "log loss")
    ]
)


def drawing(demo: Demo) -> ET.Element:
    """The SVG inside the `<img>` of the fallback."""
    found = re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', demo.html())
    assert found
    return ET.fromstring(base64.b64decode(found[1]).decode())


@FACTORIES
def test_plain_text_is_fixed_and_telling(factory: Callable[[], Demo]) -> None:
    assert repr(factory()) == repr(factory())
    assert " ".join(factory().words()) in repr(factory())
    assert "0x" not in repr(factory())


@FACTORIES
def test_the_bundle_has_text_html_and_widget(factory: Callable[[], Demo]) -> None:
    data, _ = factory()._repr_mimebundle_()
    assert set(data) == {"text/plain", "text/html", "application/vnd.jupyter.widget-view+json"}
    assert data["text/html"] == factory().html()


@FACTORIES
def test_the_picture_has_an_alternative_text(factory: Callable[[], Demo]) -> None:
    demo = factory()
    found = re.search(r'<img alt="([^"]+)"', demo.html())
    assert found
    assert demo.words()[0].rstrip(".") in html.unescape(found[1])
    assert demo.words()[1] in demo.html()


@pytest.mark.parametrize(("factory", "state"), CORNERS)
def test_every_mark_of_the_picture_has_its_place(factory: Callable[..., Demo], state: dict[str, Any]) -> None:
    """At the corners of what the controls reach: well-formed, finite, and no words beyond the picture's edge."""
    root = drawing(factory(**state))
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    assert not re.search(r"\b(nan|inf)\b", " ".join(" ".join(mark.attrib.values()) for mark in root))
    for mark in root.iter("{http://www.w3.org/2000/svg}text"):
        x, y, words = float(mark.attrib["x"]), float(mark.attrib["y"]), mark.text or ""
        long = 7 * len(words)
        left = x - {"end": long, "middle": long / 2}.get(mark.attrib.get("class", "").split()[-1], 0)
        assert left >= -1 and left + long <= width + 1 and 0 <= y <= height, (words, left, y)


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
    factory: Callable[..., Demo], state: dict[str, Any], sentence: str
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
    code = (
        "import sys, course_lib.demos as demos; demos.chain_demo(); demos.plane_demo(); demos.spike_demo();"
        " demos.phase_demo();"
    )
    code += "print({'torch', 'matplotlib'} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "set()"
