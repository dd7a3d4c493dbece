"""What may be stored of a cell's outputs: nothing random, nothing of the machine that ran it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"

# A path is bounded, since the bytes of a picture hold slashes too and would be searched from each to the end.
_PATH = r"(?<![\w.:/\\~])(?:~|[A-Za-z]:)?[/\\][^\s'\"()<>]{0,255}?"
MACHINE_PATTERNS: tuple[tuple[str, str], ...] = (
    (_PATH + r"ipykernel_\d+[/\\]\d+\.py", "<cell>"),
    (_PATH + r"course_lib[/\\]", "course_lib/"),
    (_PATH + r"site-packages[/\\]", "<packages>/"),
    (_PATH + r"lib[/\\]python3\.\d+[/\\]", "<python>/"),
    (r"\bat 0x[0-9a-fA-F]{6,}", "at 0x..."),
)
"""Regular expressions of what differs from machine to machine or from run to run, and what is stored instead.

`tests/notebooks/sanitize.cfg` holds the same ones, so that nbval reads a fresh run as the build stored it.
"""

_MEASURED = re.compile(r"\d+\.\d+(?:[eE][-+]?\d+)?|\d+[eE][-+]?\d+")
"""A number with a fraction or an exponent, as times and last-bit sums have; a whole number is a count or a setting."""

Output = Mapping[str, Any]


def tidy(outputs: Iterable[Output], places: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    """Outputs as they are stored.

    Widget views go: they name a model by a random id that no kernel knows any more, and the widget's fixed HTML
    stands beside them. Streams that follow one another become one each, stdout before stderr, since their order is
    not the kernel's to keep. What `MACHINE_PATTERNS` finds is replaced, and so are `places`: folders of this machine,
    such as `{"/home/ada/course": "<course>"}`.
    """
    views_gone = (_without_widget_view(output) for output in outputs)
    patterns = [*MACHINE_PATTERNS, *((_place(folder), name) for folder, name in (places or {}).items())]
    return [_replaced(output, patterns) for output in _merged_streams(entry for entry in views_gone if entry)]


def differ_in_measurements_only(fresh: Iterable[Output], stored: Iterable[Output]) -> bool:
    """Whether two runs of a cell say the same but for numbers that are no whole ones, as two that print a time do."""
    gone = [(_MEASURED.pattern, "0.0")]
    return bool(_replaced(list(fresh), gone) == _replaced(list(stored), gone))


def _without_widget_view(output: Output) -> dict[str, Any] | None:
    """The output without its widget view; None when nothing else was in it."""
    if WIDGET_VIEW not in output.get("data", {}):
        return dict(output)
    data = {mime: value for mime, value in output["data"].items() if mime != WIDGET_VIEW}
    return {**output, "data": data} if data else None


def _merged_streams(outputs: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    merged: list[dict[str, Any]] = []
    streams: dict[str, str] = {}

    def flush() -> None:
        for name in sorted(streams, reverse=True):
            merged.append({"name": name, "output_type": "stream", "text": streams[name]})
        streams.clear()

    for output in outputs:
        if output.get("output_type") == "stream":
            streams[output["name"]] = streams.get(output["name"], "") + output["text"]
        else:
            flush()
            merged.append(output)
    flush()
    return merged


def _place(folder: str) -> str:
    return rf"(?<!\w){re.escape(folder)}(?![\w.-])"


def _replaced(value: Any, patterns: list[tuple[str, str]]) -> Any:
    """The value with every pattern replaced in every string in it."""
    if isinstance(value, str):
        for pattern, replacement in patterns:
            value = re.sub(pattern, replacement, value)
        return value
    if isinstance(value, dict):
        return {key: _replaced(entry, patterns) for key, entry in value.items()}
    if isinstance(value, list):
        return [_replaced(entry, patterns) for entry in value]
    return value
