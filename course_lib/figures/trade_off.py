"""What a rule does to the gap against what it does to the accuracy, paired with no rule. Lesson 11_fairness."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from course_lib.figures.picture import Picture
from course_lib.figures.style import GREY, LINES, new_figure

Changes = Mapping[str, tuple[NDArray[np.float64], NDArray[np.float64]]]


def trade_off(panels: Mapping[str, Mapping[str, Changes]]) -> Picture:
    """`panels[title][method][setting]`: changes of the accuracy and of the gap, both (seeds,), in points.

    Points are means, bars standard deviations over seeds; the origin is training without a rule. The first and the
    last setting of each method are written beside their points.
    """
    figure, all_axes = new_figure(10.5, 4.6, columns=len(panels))
    told = []
    for axes, (title, methods) in zip(all_axes, panels.items(), strict=True):
        axes.axhline(0, color=GREY, linewidth=1)
        axes.axvline(0, color=GREY, linewidth=1)
        for (method, settings), line in zip(methods.items(), LINES, strict=False):
            first, *_, last = settings
            middles = np.array([[part.mean() for part in pair] for pair in settings.values()])
            spreads = np.array([[part.std(ddof=1) for part in pair] for pair in settings.values()])
            axes.errorbar(*middles.T, *spreads.T[::-1], label=method, capsize=3, elinewidth=1, **line)
            for setting, (x, y), (dx, dy) in zip(settings, middles, spreads, strict=True):
                if setting in (first, last):
                    axes.annotate(
                        setting, (x, y), (6, 6), textcoords="offset points", color=line["color"], fontsize=12
                    )
                told.append(f"{title}, {method} {setting}: {x:+.1f} ± {dx:.1f}, {y:+.1f} ± {dy:.1f}")
        axes.set_title(title)
        axes.locator_params(axis="x", nbins=5)
        axes.margins(0.12)
        axes.set_xlabel("change of the accuracy, points")
    all_axes[0].set_ylabel("change of the gap, points")
    all_axes[-1].legend(loc="upper left")
    alt = (
        f"{' and '.join(panels)}: change of the gap against change of the accuracy, for "
        f"{' and '.join(next(iter(panels.values())))}, with standard deviations; the origin is training without a rule."
    )
    return Picture(figure, alt, f"mean ± sd over seeds, accuracy then gap. {'; '.join(told)}.")
