"""What questions about layers share: a tolerance, and a picture layer by layer."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape

from course_lib.checks.chart import BLUE, VERMILION
from course_lib.checks.compare import show

FLOAT32 = 1e-4
"""Relative tolerance wherever a chain of float32 products is as good an answer as one of float64."""

_STYLES = ((BLUE, "", "circle"), (VERMILION, "5 3", "square"))


def log_plot(
    alt: str, across: str, up: str, lines: Sequence[tuple[str, Sequence[float]]], first: int = 0
) -> str:
    """Sizes on a logarithmic scale, counted from `first`; zeros, nan and infinities are left out."""
    seen = [math.log10(abs(v)) for _, values in lines for v in values if v and math.isfinite(v)]
    if not seen:
        return ""
    low, high = math.floor(min(seen)), max(math.ceil(max(seen)), math.floor(min(seen)) + 1)
    last = max(1, *(len(values) - 1 for _, values in lines))

    def place(index: int, value: float) -> tuple[float, float]:
        return 56 + 290 * index / last, 150 - 120 * (math.log10(abs(value)) - low) / (high - low)

    parts = [
        f'<svg role="img" aria-label="{escape(alt)}" viewBox="0 0 360 190" width="360" height="190" '
        'font-size="11" fill="currentColor" font-family="sans-serif">',
        '<path d="M56 30V150H346" fill="none" stroke="currentColor"/>',
        f'<text x="50" y="34" text-anchor="end">1e{high}</text>',
        f'<text x="50" y="153" text-anchor="end">1e{low}</text>',
        f'<text x="56" y="164" text-anchor="middle">{first}</text>',
        f'<text x="346" y="164" text-anchor="middle">{first + last}</text>',
        f'<text x="201" y="182" text-anchor="middle">{escape(across)}</text>',
        f'<text x="12" y="90" text-anchor="middle" transform="rotate(-90 12 90)">{escape(up)}</text>',
    ]
    for (label, values), (colour, dash, marker), left in zip(lines, _STYLES, (66, 206), strict=False):
        points = [place(i, v) for i, v in enumerate(values) if v and math.isfinite(v)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"/>'
        )
        parts += [_mark(marker, x, y, colour) for x, y in [*(points if len(points) < 20 else ()), (left, 14)]]
        parts.append(f'<text x="{left + 10}" y="18">{escape(label)}</text>')
    return "".join([*parts, "</svg>"])


def _mark(marker: str, x: float, y: float, colour: str) -> str:
    if marker == "circle":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>'
    return f'<rect x="{x - 3:.1f}" y="{y - 3:.1f}" width="6" height="6" fill="{colour}"/>'


def listed(values: Iterable[float]) -> str:
    """A few sizes, in words."""
    shown = [show(float(value), 3) for value in values]
    return ", ".join(shown if len(shown) <= 8 else [*shown[:3], "...", *shown[-3:]])
