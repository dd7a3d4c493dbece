"""How far one step moves a weight vector along itself, against the clipping threshold. Lesson 05_optimizers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_lib.figures.picture import Picture
from course_lib.figures.style import GREY, LINES, label, new_figure


def decay_balance(
    thresholds: NDArray[np.floating[Any]],
    sgd: NDArray[np.floating[Any]],
    adamw: NDArray[np.floating[Any]],
    cancelling: float,
) -> Picture:
    """Change of the length of w in one step, to first order and in units of lr, for each threshold."""
    figure, [axes] = new_figure(7.4, 3.7)
    every = max(1, len(thresholds) // 10)
    axes.semilogx(thresholds, sgd, markevery=every, **LINES[0])
    axes.semilogx(thresholds, adamw, markevery=every, **LINES[1])
    axes.axhline(0, color=GREY, linewidth=1.5)
    axes.axvline(cancelling, color=GREY, linewidth=1, linestyle="--")
    axes.plot(cancelling, 0, "*", color=LINES[0]["color"], markersize=17, zorder=5)
    low, high = min(sgd.min(), adamw.min()), max(sgd.max(), adamw.max())
    axes.set_ylim(low - 0.25 * (high - low), high + 0.2 * (high - low))
    label(axes, cancelling * 1.1, low - 0.12 * (high - low), f"c* = {cancelling:.4f}", GREY)
    label(
        axes, thresholds[2], adamw[2] + 0.05 * (high - low), "AdamW: the same for every c", LINES[1]["color"]
    )
    label(
        axes,
        thresholds[2],
        sgd[2] - 0.05 * (high - low),
        "SGD with decay: shrinks",
        LINES[0]["color"],
        va="top",
    )
    axes.set_xlabel("clipping threshold c (log scale)")
    axes.set_ylabel("change of |w| in one step / lr")
    alt = (
        "The change of the length of the weights in one step, against the threshold. SGD with decay crosses zero at "
        "one threshold; AdamW's line is level and never crosses."
    )
    return Picture(
        figure, alt, f"SGD with decay crosses 0 at c = {cancelling:.4f}; AdamW {adamw.min():.4f} throughout."
    )
