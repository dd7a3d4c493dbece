"""One look for every figure: colours that survive colour blindness, never alone, and letters that can be read.

The colours are those of Okabe & Ito 2008, "Color universal design"; each series also has a line style and a
marker of its own, so that a figure can be read in grey. Used by every lesson.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from types import MappingProxyType
from typing import Any

from matplotlib import rc_context, rcParamsDefault
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

PALETTE: Mapping[str, str] = MappingProxyType(
    {
        "black": "#000000",
        "orange": "#E69F00",
        "sky": "#56B4E9",
        "green": "#009E73",
        "yellow": "#F0E442",
        "blue": "#0072B2",
        "vermilion": "#D55E00",
        "purple": "#CC79A7",
    }
)
"""The eight colours by name. Yellow is for areas: as a line it fades on white."""

LINES: tuple[Mapping[str, Any], ...] = tuple(
    MappingProxyType(
        {"color": PALETTE[colour], "linestyle": style, "marker": marker, "linewidth": 2, "markersize": 6}
    )
    for colour, style, marker in (
        ("blue", "-", "o"),
        ("vermilion", "--", "s"),
        ("green", "-.", "^"),
        ("purple", ":", "D"),
        ("black", (0, (5, 1, 1, 1, 1, 1)), "v"),
        ("orange", (0, (3, 1)), "P"),
    )
)
"""Keyword arguments for `Axes.plot`: colour, line style and marker always go together."""

GREY = "#5c5c5c"
"""For what is only there to be compared with: bounds, formulas, thresholds."""

SMALLEST_LETTERS = 12.0
"""Points; 16 pixels on a screen, and still 8 where a figure is shown at half its size."""

DOTS_PER_INCH = 120

_LOOK: Mapping[str, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": "#444444",
    "axes.grid": True,
    "axes.labelsize": SMALLEST_LETTERS + 1,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": SMALLEST_LETTERS + 1,
    "font.family": ["DejaVu Sans"],
    "font.size": SMALLEST_LETTERS,
    "grid.color": "#dddddd",
    "legend.frameon": False,
}


def new_figure(
    width: float = 7, height: float = 3.9, columns: int = 1, rows: int = 1
) -> tuple[Figure, list[Axes]]:
    """A figure of `width` x `height` inches with `columns` axes side by side: `figure, [axes] = new_figure(7, 4)`.

    Of several `rows` the upper ones come first. It belongs to no pyplot window and to no backend; its page, axes and
    ticks look the same whatever the reader has set in matplotlib, and what the reader has set stays. Raises
    `ValueError` for a size that is not positive, or for no column or row.
    """
    if not (width > 0 and height > 0):
        raise ValueError(f"A figure needs a width and a height above 0 inches, not {width} x {height}.")
    for name, count in (("column", columns), ("row", rows)):
        if count < 1:
            raise ValueError(f"A figure needs at least one {name}, not {count}.")
    with look():
        figure = Figure(figsize=(width, height), dpi=DOTS_PER_INCH, layout="constrained", facecolor="white")
        FigureCanvasAgg(figure)
        return figure, [figure.add_subplot(rows, columns, place + 1) for place in range(rows * columns)]


def label(axes: Axes, x: float, y: float, text: str, colour: str, **placing: Any) -> Text:
    """A word beside a line in the line's own colour, which spares the eye the way to a legend and back."""
    return axes.text(x, y, text, color=colour, fontsize=SMALLEST_LETTERS, **placing)


def look() -> AbstractContextManager[None]:
    """A context in which matplotlib draws in the course's look, whatever the reader has set."""
    settings: dict[Any, Any] = dict(rcParamsDefault) | dict(_LOOK)
    return rc_context({name: value for name, value in settings.items() if not name.startswith("backend")})
