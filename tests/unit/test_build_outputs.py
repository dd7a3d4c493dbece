"""What is stored of outputs: nothing random, nothing of the machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from nbval.plugin import get_sanitize_patterns  # type: ignore[import-untyped]

from course_lib.build import outputs

CONFIG = Path(__file__).parent.parent / "notebooks" / "sanitize.cfg"


def stream(name: str, text: str) -> dict[str, Any]:
    return {"name": name, "output_type": "stream", "text": text}


def shown(**data: Any) -> dict[str, Any]:
    mimes = {mime.replace("_", "/"): value for mime, value in data.items()}
    return {"output_type": "display_data", "metadata": {}, "data": mimes}


def test_streams_that_follow_one_another_become_one_each_with_stdout_first() -> None:
    picture = shown(text_plain="picture")
    tidied = outputs.tidy(
        [
            stream("stderr", "w\n"),
            stream("stdout", "a\n"),
            stream("stdout", "b\n"),
            picture,
            stream("stdout", "c\n"),
        ]
    )
    assert tidied == [stream("stdout", "a\nb\n"), stream("stderr", "w\n"), picture, stream("stdout", "c\n")]


def test_a_widget_view_goes_and_its_fallback_stays() -> None:
    widget = shown(text_plain="chain_demo()", text_html="<p>chain</p>")
    widget["data"][outputs.WIDGET_VIEW] = {"model_id": "9f3c"}
    assert outputs.tidy([widget]) == [shown(text_plain="chain_demo()", text_html="<p>chain</p>")]
    assert outputs.tidy([{**widget, "data": {outputs.WIDGET_VIEW: {}}}]) == []


@pytest.mark.parametrize(
    ("printed", "stored"),
    [
        ("/tmp/ipykernel_77/123.py:1: RuntimeWarning: overflow", "<cell>:1: RuntimeWarning: overflow"),
        (r"C:\Users\ada\ipykernel_77\123.py:1: UserWarning", "<cell>:1: UserWarning"),
        ("File /home/ada/course/course_lib/clipping/norm.py:12", "File course_lib/clipping/norm.py:12"),
        ("File ~/course/course_lib/data.py:12", "File course_lib/data.py:12"),
        ("/x/lib/python3.11/site-packages/torch/nn.py:3", "<packages>/torch/nn.py:3"),
        ("/usr/lib/python3.11/json/decoder.py:3", "<python>/json/decoder.py:3"),
        ("/x/site-packages/course_lib/data.py", "course_lib/data.py"),
        ("<object object at 0x7f98546aea10>", "<object object at 0x...>"),
    ],
)
def test_what_differs_from_machine_to_machine_is_replaced(printed: str, stored: str) -> None:
    assert outputs.tidy([stream("stdout", printed)]) == [stream("stdout", stored)]
    assert outputs.tidy([shown(text_plain=printed)]) == [shown(text_plain=stored)]
    assert outputs.tidy([stream("stdout", stored)]) == [stream("stdout", stored)]


@pytest.mark.parametrize(
    "printed",
    [
        "float32 infinity is 0x7f800000",
        '<a href="https://example.org/course/blob/main/course_lib/data.py">data.py</a>',
        "course_lib/data.py",
        "3/4 and a/b",
    ],
)
def test_what_is_of_no_machine_stays(printed: str) -> None:
    assert outputs.tidy([stream("stdout", printed)]) == [stream("stdout", printed)]


def test_folders_of_this_machine_are_named() -> None:
    places = {"/home/ada/course": "<course>", "/home/ada": "~"}
    tidied = outputs.tidy([stream("stdout", "/home/ada/course/work /home/ada/x /home/adam")], places)
    assert tidied == [stream("stdout", "<course>/work ~/x /home/adam")]


@pytest.mark.parametrize(
    ("fresh", "stored", "only_numbers"),
    [
        ("ran for 27.3 s", "ran for 4.0 s", True),
        ("error 1.2e-16", "error 3e-17", True),
        ("Stated: 50 minutes, ran for 27.3 s", "Stated: 70 minutes, ran for 27.3 s", False),
        ("ran for 27.3 s", "took 27.3 s", False),
        ("ran for 27.3 s", "ran for 27.3 min", False),
    ],
)
def test_two_runs_that_differ_in_measurements_only(fresh: str, stored: str, only_numbers: bool) -> None:
    assert (
        outputs.differ_in_measurements_only([stream("stdout", fresh)], [stream("stdout", stored)])
        is only_numbers
    )
    assert (
        outputs.differ_in_measurements_only([shown(text_plain=fresh)], [shown(text_plain=stored)])
        is only_numbers
    )
    assert not outputs.differ_in_measurements_only([stream("stdout", fresh)], [])


def test_nbval_takes_out_what_the_build_takes_out() -> None:
    sanitized = get_sanitize_patterns(CONFIG.read_text())
    assert [pair for pair in sanitized if "base64" not in pair[0]] == list(outputs.MACHINE_PATTERNS)
    assert len(sanitized) == len(outputs.MACHINE_PATTERNS) + 1
