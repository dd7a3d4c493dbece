"""The losses of two groups against each other: what weighing can reach, and where training goes. Lesson 11_fairness."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from course_lib.figures.picture import Picture
from course_lib.figures.style import GREY, LINES, PALETTE, label, new_figure

Points = NDArray[np.float64]


def loss_plane(
    names: Sequence[str],
    curve: Points,
    optimum: Points,
    own: Points,
    paths: Mapping[str, Points],
    shown: Collection[str],
) -> Picture:
    """`curve` (points, 2): the losses of both groups at the optima for all weighings of the two groups.

    `optimum` and `own` (2,) are the points of equal weights a head and of the second group alone; `paths[name]`
    (steps, 2) are training runs, of which those in `shown` are drawn; a path looks the same whichever others are.
    """
    figure, [axes] = new_figure(7.4, 4.6)
    axes.plot(*curve.T, color=GREY, linewidth=7, alpha=0.35, solid_capstyle="round")
    for (name, path), line in zip(paths.items(), LINES, strict=False):
        if name not in shown:
            continue
        axes.plot(*path.T, color=line["color"], linestyle=line["linestyle"], linewidth=2, label=name)
        axes.plot(
            *path[-1], color=line["color"], marker=line["marker"], markersize=10, fillstyle="none", mew=2
        )
    axes.plot(*optimum, "*", color=PALETTE["black"], markersize=12)
    axes.plot(*own, "X", color=PALETTE["black"], markersize=9)
    label(axes, optimum[0] + 0.001, optimum[1] + 0.03, "optimum of the mean loss", PALETTE["black"])
    axes.plot(
        [optimum[0], optimum[0] + 0.004], [optimum[1] + 0.003, optimum[1] + 0.028], color=GREY, linewidth=1
    )
    alone = f"optimum of applicants recorded\nas {names[1]} alone"
    label(axes, own[0], own[1] - 0.005, alone, PALETTE["black"], va="top", ha="center")
    axes.set_xlim(0.19, 0.33)
    axes.set_ylim(0.27, 0.41)
    axes.set_xlabel(f"mean loss of applicants recorded as {names[0]}")
    axes.set_ylabel(f"of those recorded as\n{names[1]}")
    if shown:
        axes.legend(loc="lower right")
    told = [f"{name} ends at ({paths[name][-1][0]:.3f}, {paths[name][-1][1]:.3f})" for name in shown]
    alt = (
        "A plane of the two groups' losses. A thick grey curve of best trade-offs falls past the optimum of the mean "
        f"loss to the optimum of the second group alone.{' Paths: ' + ', '.join(shown) + '.' if shown else ''}"
    )
    told.insert(0, f"optimum of the mean loss ({optimum[0]:.3f}, {optimum[1]:.3f})")
    told.insert(1, f"of the second group alone ({own[0]:.3f}, {own[1]:.3f})")
    return Picture(figure, alt, f"{'; '.join(told)}.")
