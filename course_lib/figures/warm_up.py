"""Test accuracy against Adam's learning rate, with clipping, with warm-up, and with both. Lesson 05_optimizers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_lib.figures.picture import Picture
from course_lib.figures.style import GREY, LINES, new_figure


def warm_up(lrs: list[float], accuracy: Mapping[str, NDArray[np.floating[Any]]]) -> Picture:
    """`accuracy[name]` has shape (len(lrs), seeds)."""
    figure, [axes] = new_figure(7.4, 3.9)
    for place, ((name, values), line) in enumerate(zip(accuracy.items(), LINES, strict=False)):
        nudged = [lr * 1.06 ** (place - 1.5) for lr in lrs]
        axes.errorbar(nudged, values.mean(axis=1), values.std(axis=1, ddof=1), label=name, capsize=4, **line)
    axes.axhline(0.1, color=GREY, linewidth=1, linestyle=":")
    axes.text(lrs[0], 0.115, "guessing", color=GREY, va="bottom")
    axes.set_xscale("log")
    axes.set_xticks(lrs, [f"{lr:g}" for lr in lrs])
    axes.minorticks_off()
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("learning rate of Adam (log scale)")
    axes.set_ylabel("test accuracy")
    axes.legend(loc="center left", bbox_to_anchor=(0.02, 0.45))
    said = [
        f"{name}: "
        + ", ".join(f"{lr:g} {v.mean():.3f} ± {v.std(ddof=1):.3f}" for lr, v in zip(lrs, values, strict=True))
        for name, values in accuracy.items()
    ]
    alt = (
        "At ordinary learning rates the four lines lie together. At the largest, Adam alone fails; clipping saves part "
        "of the accuracy, warm-up most of it."
    )
    seeds = next(iter(accuracy.values())).shape[1]
    return Picture(figure, alt, f"mean ± sd of {seeds} seeds by learning rate; {'; '.join(said)}.")
