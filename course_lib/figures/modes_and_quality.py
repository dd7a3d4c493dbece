"""How many modes a generator covers against how good its samples are, over seeds. Lesson 09_gans."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_lib.figures.picture import Picture
from course_lib.figures.style import GREY, LINES, label, new_figure

Scores = tuple[NDArray[np.integer[Any]], NDArray[np.floating[Any]]]


def modes_and_quality(groups: Mapping[str, tuple[int, Mapping[str, Scores]]]) -> Picture:
    """`groups[group]`: how many modes there are, and for each name the modes covered and the quality, each (seeds,).

    One panel a group. A large mark is the mean, with the standard error over seeds in both directions; small marks are
    the seeds.
    """
    figure, panels = new_figure(4.7 * max(2, len(groups)), 4.3, columns=len(groups))
    said = []
    for axes, (group, (modes, scores)) in zip(panels, groups.items(), strict=True):
        for (name, (covered, quality)), line in zip(scores.items(), LINES, strict=False):
            error = [[v.std(ddof=1) / np.sqrt(len(v))] for v in (quality, covered)]
            jitter = np.linspace(-0.12, 0.12, len(covered))
            axes.plot(
                quality,
                covered + jitter,
                line["marker"],
                color=line["color"],
                markersize=3.5,
                alpha=0.45,
                linestyle="none",
            )
            axes.errorbar(
                [quality.mean()],
                [covered.mean()],
                xerr=error[0],
                yerr=error[1],
                color=line["color"],
                marker=line["marker"],
                markersize=10,
                linewidth=2.2,
                linestyle="none",
                label=name,
                markeredgecolor="white",
                zorder=3,
            )
            said.append(
                f"{group}, {name}: {covered.mean():.1f} ± {covered.std(ddof=1):.1f} modes, "
                f"quality {quality.mean():.2f} ± {quality.std(ddof=1):.2f}"
            )
        axes.set_xlim(-0.03, 1.03)
        axes.set_ylim(-1.2, modes + 0.4)
        axes.set_yticks(range(0, modes + 1, 2))
        axes.set_xlabel("quality: share of good samples")
        axes.set_ylabel(f"modes covered, of {modes}")
        axes.set_title(group)
        label(axes, 1.0, -1.0, "collapsed", GREY, ha="right")
        label(axes, 0.0, -1.0, "untrained", GREY, ha="left")
        axes.legend(loc="upper right", fontsize=12)
    alt = (
        f"Modes covered against the share of good samples, a panel each for {', '.join(groups)}. Bottom right means "
        "collapsed, bottom left untrained, top right is what one wants; large marks are means with standard errors."
    )
    return Picture(figure, alt, f"mean ± sd over seeds. {'; '.join(said)}.")
