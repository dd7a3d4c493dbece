"""What rules that learn from the history would have clipped at, over one run. Lesson 04_threshold."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from course_lib.figures.picture import Picture
from course_lib.figures.style import GREY, LINES, label, new_figure


def moving_thresholds(
    norms: NDArray[np.float64], limits: Mapping[str, NDArray[np.float64]], spike: int
) -> Picture:
    """`norms` (T,) with a spike at step `spike` (from 0); `limits[rule]` (T,), inf where nothing is cut."""
    figure, [axes] = new_figure(8, 4)
    x = np.arange(1, len(norms) + 1)
    axes.semilogy(x, norms, color=GREY, linewidth=1)
    for (name, values), line in zip(limits.items(), LINES, strict=False):
        left = np.minimum(norms, values)
        finite = np.isfinite(values)
        look = dict(line) | ({} if finite.all() else {"linestyle": "none", "markersize": 4})
        axes.semilogy(x[finite], values[finite], label=name, markevery=25 if finite.all() else 1, **look)
        axes.semilogy(x[spike], left[spike], color=line["color"], marker=line["marker"], markersize=10)
    label(axes, x[spike] + 3, norms[spike], "a spike put in", GREY, va="center")
    axes.set_ylim(float(norms.min()) / 2, float(norms.max()) * 60)
    axes.set_xlabel("step")
    axes.set_ylabel("gradient norm")
    axes.legend(loc="upper center", ncols=2, frameon=False, fontsize=12)
    told = "; ".join(
        f"{name}: first step {norms[0]:.0f} -> {min(norms[0], values[0]):.0f}, "
        f"spike {norms[spike]:.0f} -> {min(norms[spike], values[spike]):.1f}, "
        f"{np.mean(values < norms):.0%} of all steps cut"
        for name, values in limits.items()
    )
    alt = (
        "Gradient norms of one run on a log axis, with the thresholds of rules that learn from the history. None of "
        "them cuts the first step, one of the longest. AutoClip cuts the late spike, and so does ZClip where it was "
        "started in calm weather; where it was started in the explosion, it hardly does."
    )
    return Picture(figure, alt, f"{told}.")
