"""A gradient in the plane, and what the rules leave of it. Lesson 03_clipping_mechanics."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle, Rectangle
from numpy.typing import NDArray

from course_lib.clipping import angle_between, clip_by_norm, clip_by_value
from course_lib.figures.picture import Picture
from course_lib.figures.style import GREY, PALETTE, label, new_figure

PARTS = ("ball", "box", "norm", "value")


def plane_rules(g: NDArray[np.float64], limit: float, show: tuple[str, ...] = PARTS) -> Picture:
    """The gradient `g`, shape (2,), and the parts of `PARTS` named in `show`, for one limit."""
    by_norm, by_value = clip_by_norm(g, limit), clip_by_value(g, limit)
    figure, [axes] = new_figure(7, 3.2)
    reach = max(float(np.abs(g).max()), limit)
    axes.plot([-g[0], 1.1 * g[0]], [-g[1], 1.1 * g[1]], color=GREY, linewidth=1, linestyle=(0, (2, 4)))
    if "ball" in show:
        axes.add_patch(Circle((0, 0), limit, fill=False, edgecolor=PALETTE["blue"], linewidth=1.8))
        label(axes, 0, 1.06 * limit, f"length {limit:g}", PALETTE["blue"], ha="center", va="bottom")
    if "box" in show:
        axes.add_patch(
            Rectangle(
                (-limit, -limit),
                2 * limit,
                2 * limit,
                fill=False,
                edgecolor=PALETTE["vermilion"],
                linewidth=1.8,
                linestyle="--",
            )
        )
        label(
            axes,
            limit,
            -limit - 0.1,
            f"each coordinate at most {limit:g}",
            PALETTE["vermilion"],
            va="top",
            ha="right",
        )
    _arrow(axes, g, "black", "-", 1.6)
    label(axes, g[0], g[1] + 0.25, f"g = ({g[0]:g}, {g[1]:g})", PALETTE["black"], ha="right")
    said = [f"gradient ({g[0]:g}, {g[1]:g}), length {np.linalg.norm(g):.2f}"]
    if "value" in show:
        _arrow(axes, by_value, "vermilion", "--", 3.0)
        turned = angle_between(g, by_value)
        label(
            axes,
            by_value[0] + 0.15,
            by_value[1] + 0.15,
            f"by value, turned {turned:.1f}°",
            PALETTE["vermilion"],
        )
        said.append(f"by value ({by_value[0]:g}, {by_value[1]:g}), turned {turned:.1f} degrees")
    if "norm" in show:
        _arrow(axes, by_norm, "blue", "-", 3.0)
        label(axes, by_norm[0] + 0.15, by_norm[1] - 0.15, "by norm", PALETTE["blue"], va="top")
        said.append(f"by norm ({by_norm[0]:.2f}, {by_norm[1]:.2f}), turned 0.0 degrees")
    axes.set_xlim(-1.6 * limit, 1.08 * reach)
    axes.set_ylim(-1.45 * limit, 1.45 * limit)
    axes.set_aspect("equal")
    axes.set_xlabel("first coordinate of the gradient")
    axes.set_ylabel("second")
    shown = {
        "ball": "a circle of allowed lengths",
        "box": "a square of allowed coordinates",
        "norm": "the arrow clipped by norm, on the line of the gradient",
        "value": "the arrow clipped by value, off that line",
    }
    alt = "A gradient as an arrow in the plane with the line it lies on"
    parts = [shown[part] for part in PARTS if part in show]
    return Picture(figure, f"{alt}; {', '.join(parts)}." if parts else f"{alt}.", "; ".join(said) + ".")


def _arrow(axes: Axes, tip: NDArray[np.floating[Any]], colour: str, style: str, width: float) -> None:
    axes.annotate(
        "",
        xy=(tip[0], tip[1]),
        xytext=(0, 0),
        arrowprops={
            "arrowstyle": "-|>",
            "color": PALETTE[colour],
            "linewidth": width,
            "linestyle": style,
            "shrinkA": 0,
            "shrinkB": 0,
            "mutation_scale": 16,
        },
    )
