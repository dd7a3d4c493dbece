"""Marks of a static picture, written as an SVG that stands on its own in an `<img>`."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence

Coordinates = Sequence[tuple[float, float]]
Mark = tuple[str, dict[str, float | str | Coordinates], str]


def line(x1: float, y1: float, x2: float, y2: float, style: str) -> Mark:
    """A straight line; `style` is its class in the style sheet, as in every mark here."""
    return ("line", {"x1": x1, "y1": y1, "x2": x2, "y2": y2, "class": style}, "")


def polyline(points: Coordinates, style: str) -> Mark:
    """A line through many points."""
    return ("polyline", {"points": points, "class": style}, "")


def polygon(points: Coordinates, style: str) -> Mark:
    """A closed shape."""
    return ("polygon", {"points": points, "class": style}, "")


def circle(x: float, y: float, r: float, style: str) -> Mark:
    """A circle around (x, y)."""
    return ("circle", {"cx": x, "cy": y, "r": r, "class": style}, "")


def rect(x: float, y: float, width: float, height: float, style: str) -> Mark:
    """A rectangle from its upper left corner."""
    return ("rect", {"x": x, "y": y, "width": width, "height": height, "class": style}, "")


def text(x: float, y: float, words: str, style: str = "") -> Mark:
    """Words whose baseline starts at (x, y), or ends there, or is centred there, as `style` says."""
    return ("text", {"x": x, "y": y, "class": style}, words)


def document(marks: Sequence[Mark], width: float, height: float, name: str, sheet: str) -> str:
    """The whole SVG, on white paper, with the style `sheet` of the demo called `name` inside it."""
    body = "".join(_element(*mark) for mark in marks)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="course-demo course-{name}" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}"><style>{sheet}</style>'
        f'<rect width="100%" height="100%" fill="#fff"/>{body}</svg>'
    )


def image(drawing: str, alt: str) -> str:
    """An `<img>` that holds the drawing: what GitHub and an untrusted notebook let through."""
    data = base64.b64encode(drawing.encode()).decode()
    return f'<img alt="{html.escape(alt, quote=True)}" src="data:image/svg+xml;base64,{data}">'


def _element(tag: str, attributes: dict[str, float | str | Coordinates], words: str) -> str:
    written = "".join(f' {name}="{_value(value)}"' for name, value in attributes.items() if value != "")
    return f"<{tag}{written}>{html.escape(words)}</{tag}>"


def _value(value: float | str | Coordinates) -> str:
    if isinstance(value, str):
        return html.escape(value, quote=True)
    if isinstance(value, (int, float)):
        return f"{value:.1f}"
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in value)
