"""Walks of the bilinear game in the plane of its two weights. Lesson 09_gans."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_lib.figures.picture import Picture
from course_lib.figures.style import GREY, LINES, PALETTE, label, new_figure


def game_walks(
    walks: Mapping[str, NDArray[np.floating[Any]]],
    reach: float = 5,
    arrows: bool = False,
    threshold: float | None = None,
    circle: float | None = None,
) -> Picture:
    """`walks[name]`: the points (steps + 1, 2) visited; the plane reaches from -reach to reach in both directions.

    `arrows` draws each step and the line from the equilibrium to where it starts; `threshold` shades where nothing
    is clipped jointly; `circle` draws one of that radius.
    """
    figure, [axes] = new_figure(5.4, 5)
    turn = np.linspace(0, 2 * np.pi, 200)
    if threshold is not None:
        axes.fill(threshold * np.cos(turn), threshold * np.sin(turn), color=PALETTE["green"], alpha=0.15)
        label(axes, 0, -0.3 * threshold, "free", GREY, ha="center", va="top")
    for (name, points), line in zip(walks.items(), LINES, strict=False):
        look = {key: line[key] for key in ("color", "linestyle")}
        axes.plot(*points.T, linewidth=1.3, **look, label=name)
        axes.plot(
            *points[0], marker="o", markersize=9, markerfacecolor="white", color=line["color"], zorder=4
        )
        axes.plot(*points[-1], marker=line["marker"], markersize=9, color=line["color"], zorder=4)
        if arrows:
            for start, move in zip(points[:-1], np.diff(points, axis=0), strict=True):
                axes.plot([0, start[0]], [0, start[1]], color=GREY, linewidth=1, linestyle=":")
                axes.annotate(
                    "",
                    start + move,
                    start,
                    arrowprops={"arrowstyle": "-|>", "color": line["color"], "linewidth": 1.8},
                )
    if circle is not None:
        axes.plot(circle * np.cos(turn), circle * np.sin(turn), color="black", linestyle="-.", linewidth=1.5)
        label(axes, 0, circle * 1.04, f"r* = {circle:.2f}", "black", ha="center", va="bottom")
    axes.plot(0, 0, "+", color="black", markersize=12)
    axes.set_xlim(-reach, reach)
    axes.set_ylim(-reach, reach)
    axes.set_aspect("equal")
    axes.set_xlabel("generator's weight x")
    axes.set_ylabel("discriminator's weight y")
    axes.legend(loc="upper left")
    ends = ", ".join(
        f"{name}: {np.hypot(*points[0]):.3g}, after {len(points) - 1:,} steps {np.hypot(*points[-1]):.3g}"
        for name, points in walks.items()
    )
    alt = (
        "The plane of both weights with the equilibrium in its middle, and walks from the hollow mark to the full one: "
        f"{', '.join(walks)}."
    )
    return Picture(figure, alt, f"distance from the equilibrium. {ends}.")
