"""Accuracy around a glitch batch, by what is clipped, for Adam with and without momentum. Lesson 05_optimizers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_lib.figures.picture import Picture
from course_lib.figures.style import LINES, new_figure


def update_clipping(
    moments: list[str], accuracy: Mapping[str, Mapping[str, NDArray[np.floating[Any]]]]
) -> Picture:
    """`accuracy[panel][name]` has shape (len(moments), seeds); one panel a column."""
    figure, panels = new_figure(9.4, 4, columns=len(accuracy))
    said = []
    for axes, (title, series) in zip(panels, accuracy.items(), strict=True):
        for place, ((name, values), line) in enumerate(zip(series.items(), LINES, strict=False)):
            nudged = np.arange(len(moments)) + 0.08 * (place - (len(series) - 1) / 2)
            axes.errorbar(
                nudged, values.mean(axis=1), values.std(axis=1, ddof=1), label=name, capsize=4, **line
            )
        axes.set_title(title)
        axes.set_xticks(range(len(moments)), moments)
        axes.set_ylim(0, 1.02)
        axes.set_xlabel("steps after the glitch batch")
        said.append(
            f"{title}: "
            + "; ".join(
                f"{name} " + ", ".join(f"{v.mean():.3f} ± {v.std(ddof=1):.3f}" for v in values)
                for name, values in series.items()
            )
        )
    panels[0].set_ylabel("test accuracy")
    panels[0].legend(loc="lower right")
    seeds = next(iter(next(iter(accuracy.values())).values())).shape[1]
    alt = (
        "Accuracy before one glitch batch, and later. Without momentum the unclipped run falls at once, "
        "and the run whose update is clipped does not fall. With momentum both fall alike over the next steps. The run "
        "whose gradient is clipped follows the run without a glitch in both panels."
    )
    return Picture(figure, alt, f"mean ± sd of {seeds} seeds, {', '.join(moments)}. {'. '.join(said)}.")
