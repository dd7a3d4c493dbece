"""How hard a spike brakes Adam, by the step at which it strikes. Lesson 05_optimizers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_lib.figures.picture import Picture
from course_lib.figures.style import GREY, LINES, label, new_figure


def early_spike(
    spike: float, at: list[int], floors: list[float], formula: NDArray[np.floating[Any]]
) -> Picture:
    """`floors[i]`: effective step / lr right after a spike that is gradient number `at[i]`; `formula` for 1, 2, ..."""
    figure, [axes] = new_figure(7, 3.4)
    axes.loglog(np.arange(1, len(formula) + 1), formula, color=GREY, linewidth=2)
    axes.loglog(at, floors, **{**LINES[1], "linestyle": "none", "markersize": 9})
    label(axes, at[0] * 1.35, floors[0], f"at the first step: 1 / {spike:g}", LINES[1]["color"], va="center")
    label(axes, at[-1], 0.42, "late: the formula without its start", GREY, va="bottom", ha="right")
    axes.set_xlabel("the spike is gradient number ... (log scale)")
    axes.set_ylabel("effective step / lr\nright after it (log scale)")
    axes.set_ylim(floors[0] / 1.6, 1)
    alt = f"The earlier a spike of size {spike:g} strikes, the harder it brakes Adam: hardest at the very first step."
    pairs = ", ".join(f"{step:,}: {floor:.3f}" for step, floor in zip(at, floors, strict=True))
    return Picture(figure, alt, f"K = {spike:g}; effective step / lr by step of the spike: {pairs}.")
