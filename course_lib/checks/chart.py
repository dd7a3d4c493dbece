"""Small pictures of a failing case, as SVG that says in words what it shows."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

BLUE, VERMILION, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#666666"
"""From the palette of Okabe and Ito, and a grey; never without a line style or marker of its own."""

_WIDTH, _HEIGHT, _LEFT, _BOTTOM = 460, 180, 46, 24


def opening(alt: str, box: tuple[float, float, float, float]) -> str:
    """The tag that begins a picture: its words, and its box (left, top, width, height) in pixels."""
    left, top, width, height = box
    return (
        f'<svg role="img" aria-label="{escape(alt, quote=True)}" xmlns="http://www.w3.org/2000/svg" '
        f'viewBox="{left:g} {top:g} {width:g} {height:g}" width="{width:g}" height="{height:g}" '
        'style="background:#fff;max-width:100%;height:auto;display:block;margin:.3em 0" '
        'font-size="13" font-family="sans-serif">'
    )


def top_of(*heights: float) -> float:
    """The height of a chart that shows all of these, as a number that can be read at its edge."""
    return float(f"{1.15 * max(heights):.2g}")


def chart(
    curves: Sequence[tuple[str, Sequence[float], str, str]],
    marks: Sequence[tuple[str, float, float, str]],
    top: float,
    alt: str,
) -> str:
    """Curves over equal steps (words, heights, colour, dashes) and marked points (words, x, y, colour).

    x runs from 0 to 1 over the picture, y from 0 to `top`; what lies beyond is drawn at the edge. A green mark
    is hollow.
    """

    def place(x: float, y: float) -> str:
        return f"{_LEFT + min(max(x, 0), 1) * _WIDTH:.1f} {10 + _HEIGHT * (1 - min(max(y / top, 0), 1)):.1f}"

    height = 10 + _HEIGHT + _BOTTOM + 22 * (len(curves) + len(marks))
    parts = [
        opening(alt, (0, 0, _LEFT + _WIDTH + 20, height)),
        f'<path d="M{place(0, top)}L{place(0, 0)}L{place(1, 0)}" stroke="{GREY}" fill="none"/>',
        f'<text x="{_LEFT - 6}" y="16" text-anchor="end" fill="#222">{top:g}</text>',
        f'<text x="{_LEFT - 6}" y="{14 + _HEIGHT}" text-anchor="end" fill="#222">0</text>',
    ]
    y = 10 + _HEIGHT + _BOTTOM
    for words, heights, colour, dashes in curves:
        points = "L".join(place(i / max(1, len(heights) - 1), h) for i, h in enumerate(heights))
        look = f'stroke="{colour}" stroke-width="2.5" stroke-dasharray="{dashes}" fill="none"'
        parts.append(f'<path d="M{points}" {look}/><path d="M{_LEFT} {y}h36" {look}/>')
        parts.append(f'<text x="{_LEFT + 46}" y="{y + 4}" fill="#222">{escape(words)}</text>')
        y += 22
    for words, x, value, colour in marks:
        at_x, at_y = place(x, value).split()
        look = f'r="6" fill="{"#fff" if colour == GREEN else colour}" stroke="{colour}" stroke-width="3"'
        parts.append(f'<circle cx="{at_x}" cy="{at_y}" {look}/><circle cx="{_LEFT + 18}" cy="{y}" {look}/>')
        parts.append(f'<text x="{_LEFT + 46}" y="{y + 4}" fill="#222">{escape(words)}</text>')
        y += 22
    return "".join([*parts, "</svg>"])
