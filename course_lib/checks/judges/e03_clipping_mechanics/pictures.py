"""Gradients as arrows in the plane, and their lengths and turns in words."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape

import numpy as np

from course_lib.checks.case import Floats, Plain
from course_lib.checks.chart import BLUE, GREEN, GREY, VERMILION, opening
from course_lib.checks.reading import vector_in
from course_lib.clipping import angle_between


def norm_of(g: Plain) -> float:
    """The Euclidean length of all entries together; squares of huge entries do not overflow."""
    return float(math.hypot(*np.asarray(g, dtype=np.float64).ravel()))


def in_degrees(degrees: float) -> str:
    """An angle in words; what rounding makes of no turn counts as 0."""
    return f"{degrees if degrees > 1e-3 else 0:.3g} degrees"


_HALF = 120
"""Half the side of the square that is drawn, in pixels."""

_LEGEND = 340
"""Room for the words on the right, in pixels."""


@dataclass(frozen=True)
class Arrow:
    """One arrow or ray from the origin: what it is, where it points, and how it looks."""

    says: str
    tip: tuple[float, float]
    colour: str
    dashes: str = ""
    width: float = 2.5
    head: bool = True


def plane(arrows: list[Arrow], reach: float, alt: str, shape: str, size: float) -> str:
    """Arrows in the plane as SVG, `reach` data units to each side; what is longer is cut at the frame.

    `shape` is drawn around the origin: "threshold", a circle of radius `size`; "limit", a square of half side
    `size`; or "", nothing.
    """
    scale = _HALF / reach
    left, side, width = -_HALF - 4, 2 * _HALF + 8, 2 * _HALF + 8 + _LEGEND
    parts = [
        opening(alt, (left, left, width, side)),
        f'<rect x="{-_HALF}" y="{-_HALF}" width="{2 * _HALF}" height="{2 * _HALF}" fill="none" stroke="#ccc"/>',
        f'<path d="M{-_HALF} 0H{_HALF}M0 {-_HALF}V{_HALF}" stroke="#ddd"/>',
    ]
    outline = Arrow(f"the {shape}, {size:.3g}", (0, 0), GREY, "1 3", 1.5)
    dotted = f'fill="none" stroke="{GREY}" stroke-width="1.5" stroke-dasharray="1 3"'
    far = size * scale
    if shape == "threshold":
        parts.append(f'<circle r="{far:.1f}" {dotted}/>')
    elif shape == "limit":
        parts.append(
            f'<rect x="{-far:.1f}" y="{-far:.1f}" width="{2 * far:.1f}" height="{2 * far:.1f}" {dotted}/>'
        )
    for arrow in arrows:
        parts += _drawn(arrow, scale)
    for row, arrow in enumerate([*arrows, outline] if shape else arrows):
        y = -_HALF + 20 + 24 * row
        parts.append(_line(arrow, (_HALF + 16, y), (_HALF + 52, y)))
        parts.append(
            f'<text x="{_HALF + 60}" y="{y + 4}" font-size="13" font-family="sans-serif" fill="#222">'
            f"{escape(arrow.says)}</text>"
        )
    return "".join([*parts, "</svg>"])


def _drawn(arrow: Arrow, scale: float) -> list[str]:
    x, y = arrow.tip[0] * scale, -arrow.tip[1] * scale
    size = max(abs(x), abs(y))
    if size > _HALF:  # leaves the frame: no head, since this is not where it ends
        x, y = x * _HALF / size, y * _HALF / size
        return [_line(arrow, (0, 0), (x, y))]
    if size < 1:
        return [f'<circle r="4" fill="{arrow.colour}"/>']
    shaft = [_line(arrow, (0, 0), (x, y))]
    return [*shaft, _head(x, y, arrow.colour)] if arrow.head else shaft


def _line(arrow: Arrow, start: tuple[float, float], end: tuple[float, float]) -> str:
    dashes = f' stroke-dasharray="{arrow.dashes}"' if arrow.dashes else ""
    return (
        f'<path d="M{start[0]:.1f} {start[1]:.1f}L{end[0]:.1f} {end[1]:.1f}" stroke="{arrow.colour}" '
        f'stroke-width="{arrow.width}"{dashes} fill="none"/>'
    )


def _head(x: float, y: float, colour: str) -> str:
    length = math.hypot(x, y)
    u, v = x / length, y / length
    left = (x - 9 * u - 4 * v, y - 9 * v + 4 * u)
    right = (x - 9 * u + 4 * v, y - 9 * v - 4 * u)
    return (
        f'<path d="M{x:.1f} {y:.1f}L{left[0]:.1f} {left[1]:.1f}L{right[0]:.1f} {right[1]:.1f}Z" '
        f'fill="{colour}"/>'
    )


def in_a_plane(vectors: list[Floats]) -> list[tuple[float, float]]:
    """Vectors of two entries as they are; others in the plane through the origin that the first two span.

    A ball around the origin is a circle of the same radius in every such plane.
    """
    if vectors[0].size == 2:
        return [(float(v[0]), float(v[1])) for v in vectors]
    axes: list[Floats] = []
    for vector in vectors[:2]:
        rest = vector - sum((vector @ axis) * axis for axis in axes)
        if np.linalg.norm(rest) > 1e-9 * np.linalg.norm(vector):
            axes.append(rest / np.linalg.norm(rest))
    pad = [np.zeros_like(vectors[0])] * (2 - len(axes))
    return [(float(v @ a), float(v @ b)) for v in vectors for a, b in [[*axes, *pad]]]


def drawable_in(value: Plain, shape: tuple[int, ...]) -> Floats | None:
    """The answer where it can be drawn: numbers in the right shape, finite and not beyond all measure."""
    vector = vector_in(value)
    if vector is None or vector.shape != shape or not np.all(np.abs(vector) < 1e100):
        return None
    return vector


def picture_of_turn(g: Floats, limit: float, ray: str, degrees: float) -> str:
    """The gradient, the same clipped by value, and a ray turned from the gradient by a number of degrees."""
    clipped = np.clip(g, -limit, limit)
    if g.size == 2:
        (x, y), tip = in_a_plane([g, clipped])
        reach, shape = 2 * limit, "limit"
    else:  # the box is no square in this plane, so only directions are drawn
        u, v = g / norm_of(g), clipped / norm_of(clipped)
        (x, y), tip = in_a_plane([u, v])
        reach, shape = 1.15, ""
    turned = angle_between(g, clipped)
    side = -1 if x * tip[1] - y * tip[0] < 0 else 1
    at = math.atan2(y, x) + side * math.radians(degrees)
    arrows = [
        Arrow("g (its direction)" if g.size > 2 else f"g, length {norm_of(g):.3g}", (x, y), BLUE),
        Arrow(f"clipped by value, turned by {in_degrees(turned)}", tip, GREEN, "8 4"),
        Arrow(ray, (0.9 * reach * math.cos(at), 0.9 * reach * math.sin(at)), VERMILION, "2 3", 3, head=False),
    ]
    where = "The square is the limit." if g.size == 2 else "Drawn in the plane that the two arrows span."
    alt = f"Clipping by value at {limit:.3g} turns the gradient by {in_degrees(turned)}. The ray is {ray}. {where}"
    return plane(arrows, reach, alt, shape, limit)
