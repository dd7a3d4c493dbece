"""What each setting of a rule does to either group, paired with training without it. Lesson 11_fairness."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from course_lib.figures.picture import Picture
from course_lib.figures.style import GREY, LINES, new_figure

Changes = Mapping[str, tuple[NDArray[np.float64], NDArray[np.float64]]]


def trade_off(panels: Mapping[str, tuple[tuple[str, str], Changes]]) -> Picture:
    """`panels[title]`: the names of two groups, and for each setting the change of either group's accuracy.

    Changes are in points against training without a rule, (runs,) each. One row a setting; marks are means, bars
    standard deviations over seeds or splits. Where the two marks of a row differ, the gap between the groups changes.
    """
    rows = max(len(settings) for _, settings in panels.values())
    figure, all_axes = new_figure(10.5, 0.5 * rows + 1.9, columns=len(panels))
    told = []
    for axes, (title, (groups, settings)) in zip(all_axes, panels.items(), strict=True):
        axes.axvline(0, color=GREY, linewidth=1)
        for place, (group, line) in enumerate(zip(groups, LINES, strict=False)):
            changes = [pair[place] for pair in settings.values()]
            axes.errorbar(
                [change.mean() for change in changes],
                [-row + 0.15 * (1 - 2 * place) for row in range(len(changes))],
                xerr=[change.std(ddof=1) for change in changes],
                color=line["color"],
                marker=line["marker"],
                markersize=7,
                capsize=3,
                linewidth=1.5,
                linestyle="none",
                label=group,
            )
        axes.set_yticks([-row for row in range(len(settings))], list(settings))
        axes.set_ylim(0.5 - len(settings), 0.5)
        axes.set_title(title, pad=34)
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 0.99), ncols=2, columnspacing=1)
        told += [
            f"{title}, {setting}: {a.mean():+.1f} ± {a.std(ddof=1):.1f}, {b.mean():+.1f} ± {b.std(ddof=1):.1f}"
            for setting, (a, b) in settings.items()
        ]
    widths = [float(np.ptp(axes.get_xlim())) for axes in all_axes]
    scales = " (mind the scale)" if max(widths) > 3 * min(widths) else ""
    for axes in all_axes:
        axes.set_xlabel(f"change of accuracy, points{scales}")
    alt = (
        f"{' and '.join(panels)}: the change of each group's accuracy by setting, with standard deviations, against "
        "training without a rule."
    )
    names = "; ".join(f"{title}: {a}, then {b}" for title, ((a, b), _) in panels.items())
    return Picture(figure, alt, f"mean ± sd over seeds or splits ({names}). {'; '.join(told)}.")
