"""The final error against the threshold, or against learning rate times threshold. Lesson 04_threshold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from course_lib.figures.picture import Picture
from course_lib.figures.style import GREY, LINES, label, new_figure

_BROKEN = 30.0  # where a run without a finite error is drawn


def threshold_curves(
    curves: Mapping[str, tuple[Sequence[float], NDArray[np.float64]]],
    persistence: float,
    of: str = "threshold c",
    zones: bool = False,
) -> Picture:
    """`curves[name]`: values (N,) of what stands on the axis (`of`), and errors (N, seeds), inf where a run broke.

    Draws the median and the range over seeds. With `zones`, the values of the first curve at which no seed is
    worse than `persistence` are shaded as the safe zone, and both sides are named.
    """
    figure, [axes] = new_figure(7.5, 4.2)
    said = []
    for (name, (values, errors)), line in zip(curves.items(), LINES, strict=False):
        shown = np.minimum(errors, _BROKEN)
        middle = np.median(shown, axis=1)
        spans = np.stack([middle - shown.min(axis=1), shown.max(axis=1) - middle])
        axes.errorbar(values, middle, spans, capsize=3, label=name, **line)
        told = ", ".join(
            f"{value:g}: {_shown(np.median(row))} ({np.mean(~(row < persistence)):.0%} fail)"
            for value, row in zip(values, errors, strict=True)
        )
        said.append(f"{name}: {told}")
    axes.axhline(persistence, color=GREY, linewidth=6, alpha=0.25)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_ylim(0.13, 45)
    axes.set_yticks([0.2, 0.5, 1, 2, 5, _BROKEN], ["0.2", "0.5", "1", "2", "5", "broken"])
    axes.minorticks_off()
    axes.set_xlabel(of)
    axes.set_ylabel("error on later years")
    place = axes.get_xlim()[0] * 1.2
    if zones:
        values, errors = next(iter(curves.values()))
        safe = [value for value, row in zip(values, errors, strict=True) if (row < persistence).all()]
        axes.axvspan(min(safe) / 1.6, max(safe) * 1.6, color=LINES[2]["color"], alpha=0.12, linewidth=0)
        middle_of_safe = float(np.sqrt(min(safe) * max(safe)))
        label(axes, middle_of_safe, 12, "safe", LINES[2]["color"], ha="center")
        label(axes, min(safe) / 2, 12, "stall", GREY, ha="right")
        label(axes, max(safe) * 2, 0.2, "placebo", GREY, ha="left")
    else:
        axes.legend(loc="upper center", frameon=False, fontsize=12)
    label(axes, place, 0.15, "grey line: next year is like this year", GREY)
    alt = (
        f"Error on later years against {of}, both on log axes, median and range over seeds, for "
        f"{', '.join(curves)}; the grey line is the error of saying that next year is like this year."
    )
    seeds = next(iter(curves.values()))[1].shape[1]
    return Picture(figure, alt, f"median of {seeds} seeds. {'; '.join(said)}.")


def _shown(error: float) -> str:
    return f"{error:.2f}" if np.isfinite(error) else "broken"
