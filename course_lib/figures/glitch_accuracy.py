"""Test accuracy of digit networks through one glitch batch, as mean and spread over seeds. Lesson 05_optimizers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_lib.figures.picture import Picture
from course_lib.figures.style import GREY, LINES, new_figure


def glitch_accuracy(
    steps: list[int], accuracy: Mapping[str, NDArray[np.floating[Any]]], glitch_at: int
) -> Picture:
    """`accuracy[name]` has shape (len(steps), seeds)."""
    figure, [axes] = new_figure(7.4, 4)
    for place, ((name, values), line) in enumerate(zip(accuracy.items(), LINES, strict=False)):
        mean, deviation = values.mean(axis=1), values.std(axis=1, ddof=1)
        axes.fill_between(steps, mean - deviation, mean + deviation, color=line["color"], alpha=0.13)
        axes.plot(steps, mean, label=name, markevery=(place, 4), **line)
    axes.axvline(glitch_at, color=GREY, linewidth=1.5, linestyle=":")
    axes.text(glitch_at + 6, 0.17, "one glitch batch", color=GREY)
    axes.set_ylim(0.1, 1)
    axes.set_xlabel("step")
    axes.set_ylabel("test accuracy")
    axes.legend(loc="lower right")
    seeds = next(iter(accuracy.values())).shape[1]
    ends = "; ".join(f"{n} {v[-1].mean():.3f} ± {v[-1].std(ddof=1):.3f}" for n, v in accuracy.items())
    alt = (
        "Accuracy over training steps. After one glitch batch the unclipped network loses accuracy and climbs slowly "
        "for the rest of the run; the clipped one follows the run without a glitch."
    )
    return Picture(figure, alt, f"accuracy at step {steps[-1]}, mean ± sd of {seeds} seeds: {ends}.")
