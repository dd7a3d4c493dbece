"""Test accuracy against the clipping threshold, for SGD and for Adam. Lesson 05_optimizers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_lib.figures.picture import Picture
from course_lib.figures.style import GREY, LINES, new_figure


def indifference(thresholds: list[float], accuracy: Mapping[str, NDArray[np.floating[Any]]]) -> Picture:
    """`accuracy[name]` has shape (len(thresholds), seeds)."""
    figure, [axes] = new_figure(7.4, 3.9)
    for (name, values), line in zip(accuracy.items(), LINES, strict=False):
        axes.errorbar(
            thresholds, values.mean(axis=1), values.std(axis=1, ddof=1), label=name, capsize=4, **line
        )
    axes.axhline(0.1, color=GREY, linewidth=1, linestyle=":")
    axes.text(thresholds[0], 0.115, "guessing", color=GREY, ha="right", va="bottom")
    axes.set_xscale("log")
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("clipping threshold c (log scale)")
    axes.set_ylabel("test accuracy")
    axes.legend(loc="center", bbox_to_anchor=(0.455, 0.58))
    said = [
        f"{name}: " + ", ".join(f"{c:g} {v.mean():.3f}" for c, v in zip(thresholds, values, strict=True))
        for name, values in accuracy.items()
    ]
    alt = (
        "With a fixed learning rate SGD falls to guessing as the threshold shrinks; with the product of learning rate "
        "and threshold fixed it does not; Adam stays level over many decades, until the threshold meets its epsilon."
    )
    seeds = next(iter(accuracy.values())).shape[1]
    return Picture(figure, alt, f"mean of {seeds} seeds by threshold; {'; '.join(said)}.")
