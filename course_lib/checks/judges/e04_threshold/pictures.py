"""Norms and thresholds, step by step."""

from __future__ import annotations

import math
from html import escape

import numpy as np

from course_lib.checks.case import Case, Floats, Plain
from course_lib.checks.chart import BLUE, GREEN, VERMILION, opening
from course_lib.checks.compare import show
from course_lib.checks.reading import numbers_in

_WIDTH, _HEIGHT, _MARGIN = 460, 190, 34


def _drawable(value: Plain, length: int) -> Floats | None:
    """The answer as numbers, one a step; `None` where it is something else."""
    array = numbers_in(value)
    return array if array is not None and array.shape == (length,) else None


def picture_of_thresholds(case: Case, got: Plain, expected: Plain) -> str:
    """Norms as dots, the thresholds that are right and those that came, over the steps, on a logarithmic axis."""
    norms = np.asarray(case["norms"], np.float64)
    right, came = _drawable(expected, len(norms)), _drawable(got, len(norms))
    series = [("norms", norms, BLUE, "", True)]
    if right is not None:
        series.append(("expected thresholds", right, GREEN, "8 4", False))
    if came is not None:
        series.append(("your thresholds", came, VERMILION, "2 3", False))
    known = np.concatenate([values[np.isfinite(values) & (values > 0)] for _, values, *_ in series])
    low, high = np.log10(np.clip([known.min() / 1.5, known.max() * 1.5], 1e-30, 1e30))

    def place(step: int, value: float) -> tuple[float, float]:
        along = _MARGIN + step / max(len(norms) - 1, 1) * (_WIDTH - 2 * _MARGIN)
        up = (math.log10(min(max(value, 1e-30), 1e30)) - low) / (high - low)
        return along, _HEIGHT - _MARGIN - min(max(up, 0.0), 1.0) * (_HEIGHT - 2 * _MARGIN)

    said = "" if came is not None else " Your answer is not one number a step, and is not drawn."
    alt = f"Norms of {len(norms)} steps, the largest {show(float(norms.max()))}, with thresholds step by step.{said}"
    parts = [
        opening(alt, (0, 0, _WIDTH, _HEIGHT + 24)),
        f'<path d="M{_MARGIN} {_HEIGHT - _MARGIN}H{_WIDTH - _MARGIN}" stroke="#888"/>',
        f'<text x="{_WIDTH - _MARGIN}" y="{_HEIGHT - 14}" text-anchor="end" font-size="12" '
        'font-family="sans-serif" fill="#444">step (norms on a logarithmic axis)</text>',
    ]
    for row, (name, values, colour, dashes, dots) in enumerate(series):
        shown = [place(step, value) for step, value in enumerate(values) if np.isfinite(value) and value > 0]
        if dots:
            parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>' for x, y in shown]
        elif shown:
            path = "L".join(f"{x:.1f} {y:.1f}" for x, y in shown)
            parts.append(
                f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2.5" stroke-dasharray="{dashes}"/>'
            )
        parts.append(
            f'<text x="{_MARGIN + 140 * row}" y="{_HEIGHT + 12}" font-size="13" font-family="sans-serif" '
            f'fill="{colour}">{escape(("dots: ", "long dashes: ", "short dashes: ")[row] + name.split()[0])}</text>'
        )
    return "".join([*parts, "</svg>"])
