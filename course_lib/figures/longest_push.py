"""Three streams of gradients and the steps that Adam makes of them. Lesson 05_optimizers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_lib.figures.picture import Picture
from course_lib.figures.style import GREY, LINES, label, new_figure


def longest_push(
    steps: Mapping[str, NDArray[np.floating[Any]]], isolated: float, supremum: float, last: int = 60
) -> Picture:
    """`steps[name]`: every step of Adam in units of lr, the last one being the longest; the last few are drawn."""
    figure, [axes] = new_figure(7.4, 3.8)
    for (name, values), line in zip(steps.items(), LINES, strict=False):
        times = np.arange(-last + 1, 1)
        axes.plot(times, np.abs(values[-last:]), label=name, markevery=6, **line)
    for bound, said in ((isolated, "isolated spike"), (supremum, "supremum")):
        axes.axhline(bound, color=GREY, linewidth=1, linestyle="--")
        label(axes, 0, bound + 0.1, f"{said}: {bound:.3f}", GREY, va="bottom", ha="right")
    axes.set_ylim(0, supremum * 1.14)
    axes.set_xlabel("steps before the last")
    axes.set_ylabel("length of the step / lr")
    axes.legend(loc="center", bbox_to_anchor=(0.66, 0.66))
    longest = ", ".join(f"{name} {np.abs(values[-last:]).max():.3f}" for name, values in steps.items())
    alt = (
        "Steps of Adam: level at 1 for steady gradients, up to 3.16 for one spike, to 7.27 for growing ones."
    )
    return Picture(figure, alt, f"longest step / lr: {longest}; bounds {isolated:.3f} and {supremum:.3f}.")
