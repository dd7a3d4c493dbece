"""The log of one run: the gradient's norm, the threshold and the loss, step by step. Lesson 04_threshold."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from course_lib.figures.picture import Picture
from course_lib.figures.style import GREY, LINES, label, new_figure


def norm_log(
    norms: NDArray[np.float64],
    losses: NDArray[np.float64],
    threshold: float = math.inf,
    steps: int | None = None,
) -> Picture:
    """`norms` and `losses` (T,) of a run; what is not finite is left out. `steps` is how long the axis is."""
    figure, [left, right] = new_figure(9, 3.3, columns=2)
    length = steps or len(norms)
    finite = np.isfinite(norms) & np.isfinite(losses)
    end = int(np.argmin(finite)) if not finite.all() else len(norms)
    blue, vermilion = LINES[0]["color"], LINES[1]["color"]
    x = np.arange(1, end + 1)
    over = norms[:end] > threshold
    left.semilogy(x, norms[:end], color=blue, linewidth=1)
    left.semilogy(x[over], norms[:end][over], linestyle="none", marker="s", markersize=4, color=vermilion)
    if math.isfinite(threshold):
        left.axhline(threshold, color=GREY, linestyle="--")
        label(left, length, threshold * 1.3, f"threshold {threshold:g}", GREY, ha="right", va="bottom")
    right.semilogy(x, losses[:end], color=blue, linewidth=1)
    for axes, name in ((left, "gradient norm"), (right, "loss of the batch")):
        axes.set_xlim(0, length + 2)
        axes.set_xlabel("step")
        axes.set_title(name)
        if end < len(norms):
            axes.axvline(end, color=vermilion, linestyle=":")
            axes.text(
                end + 3,
                0.5,
                f"nan from step {end + 1} on",
                transform=axes.get_xaxis_transform(),
                color=vermilion,
            )
    clipped = int(over.sum())
    numbers = f"largest norm {norms[:end].max():.3g}, {clipped} of {end} steps above the threshold"
    ending = f"ends in nan at step {end + 1}" if end < len(norms) else f"last loss {losses[-1]:.2f}"
    alt = (
        f"Gradient norm and loss of one run over {length} steps on log axes, "
        f"{'without clipping' if math.isinf(threshold) else f'clipped at {threshold:g}'}; it {ending}."
    )
    return Picture(figure, alt, f"{numbers}; {ending}.")
