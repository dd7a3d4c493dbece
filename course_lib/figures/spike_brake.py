"""Adam's effective step before and after one large gradient, with and without clipping. Lesson 05_optimizers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_lib.figures.picture import Picture
from course_lib.figures.style import GREY, LINES, label, new_figure

PARTS = ("formula", "recovery", "clipped")


def spike_brake(
    spikes: list[float],
    shares: NDArray[np.floating[Any]],
    recovery: list[int],
    before: int = 200,
    show: tuple[str, ...] = PARTS,
) -> Picture:
    """`shares[n, k]`: effective step / lr, n gradients after spike k; `recovery[k]`: where it is back at 0.9."""
    figure, [axes] = new_figure(7.4, 3.9)
    after = np.arange(len(shares))
    times = np.concatenate([[-before, 0], after])
    for place, (spike, line) in enumerate(zip(spikes, LINES, strict=False)):
        curve = np.concatenate([[1, 1], shares[:, place]])
        axes.plot(times, curve, markevery=range(2, len(times), len(times) // 8), **line)
        low = float(shares[0, place])
        label(axes, -before / 2, low, f"K = {spike:,.0f}", line["color"], va="center", ha="right")
        if "recovery" in show and recovery[place] > 0:
            axes.plot(recovery[place], 0.9, "*", color=line["color"], markersize=16, zorder=5)
    if "recovery" in show:
        axes.axhline(0.9, color=GREY, linewidth=1, linestyle="--")
        label(axes, len(shares) * 0.02, 0.89, "nine tenths", GREY, va="top")
    if "clipped" in show:
        axes.plot([-before, len(shares)], [1, 1], color="black", linewidth=3)
        label(axes, len(shares) * 0.4, 1.02, "clipped at 1: nothing happens", "black", va="bottom")
    axes.set_xlim(-before - 0.16 * len(shares), len(shares))
    axes.set_ylim(0, 1.14)
    axes.set_xlabel("ordinary gradients since the spike")
    axes.set_ylabel("effective step / learning rate")
    alt = (
        "Adam's effective step falls at once when one gradient of size K arrives, the lower the larger K is, and "
        "creeps back over thousands of steps."
    )
    said = [
        f"K = {spike:,.0f}: down to {shares[0, place]:.4f}, "
        + (f"back at 0.9 after {recovery[place]:,} steps" if recovery[place] else "never below 0.9")
        for place, spike in enumerate(spikes)
    ]
    return Picture(figure, alt, "; ".join(said) + ".")
