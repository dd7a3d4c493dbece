"""Metrics of two groups with bootstrap intervals, one row a metric. Lesson 11_fairness."""

from __future__ import annotations

from collections.abc import Mapping

from course_lib.figures.picture import Picture
from course_lib.figures.style import LINES, new_figure

Interval = tuple[float, float]


def group_intervals(
    measured: Mapping[str, Mapping[str, float]], intervals: Mapping[str, Mapping[str, Interval]]
) -> Picture:
    """`measured[group][metric]` from 0 to 1, and its 95 % interval; the metrics' order is that of the rows."""
    metrics = list(next(iter(measured.values())))
    figure, [axes] = new_figure(8, 0.62 * len(metrics) + 1.5)
    for place, ((group, values), line) in enumerate(zip(measured.items(), LINES, strict=False)):
        rows = [len(metrics) - 1 - k + 0.15 * (1 - 2 * place) for k in range(len(metrics))]
        middle = [values[metric] for metric in metrics]
        spans = [
            [values[m] - intervals[group][m][0] for m in metrics],
            [intervals[group][m][1] - values[m] for m in metrics],
        ]
        axes.errorbar(
            middle,
            rows,
            xerr=spans,
            color=line["color"],
            marker=line["marker"],
            markersize=7,
            capsize=4,
            linewidth=2,
            linestyle="none",
            label=f"recorded as {group}",
        )
    axes.set_yticks(range(len(metrics)), metrics[::-1])
    axes.set_ylim(-0.5, len(metrics) - 0.5)
    axes.set_xlim(0, 1)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "25%", "50%", "75%", "100%"])
    axes.set_xlabel("share of applicants (AUC: of pairs)")
    axes.legend(loc="lower center", bbox_to_anchor=(0.4, 1.0), ncols=2)
    told = [
        f"{metric}: "
        + ", ".join(
            f"{group} {values[metric]:.3f} [{intervals[group][metric][0]:.3f}, {intervals[group][metric][1]:.3f}]"
            for group, values in measured.items()
        )
        for metric in metrics
    ]
    alt = f"{', '.join(metrics)} for applicants recorded as {' and as '.join(measured)}, with 95 % intervals."
    return Picture(figure, alt, f"95 % bootstrap intervals. {'; '.join(told)}.")
