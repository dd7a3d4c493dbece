"""Accuracy of three scopes with a healthy and with a sick layer. Lesson 03_clipping_mechanics."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from course_lib.figures.picture import Picture
from course_lib.figures.style import LINES, new_figure


def scope_accuracy(accuracy: Mapping[float, Mapping[str, NDArray[np.float64]]]) -> Picture:
    """`accuracy[scale][rule]` (seeds,): test accuracy when the middle layer's gradient is `scale` times too large."""
    figure, [axes] = new_figure(7.5, 3.8)
    said = []
    for group, (scale, rules) in enumerate(accuracy.items()):
        for place, ((rule, values), line) in enumerate(zip(rules.items(), LINES, strict=False)):
            x = group + 0.24 * (place - 1)
            axes.plot(np.full(len(values), x), values, ".", color=line["color"], alpha=0.45)
            axes.errorbar(
                x,
                values.mean(),
                values.std(ddof=1),
                color=line["color"],
                marker=line["marker"],
                markersize=9,
                capsize=4,
                linestyle="none",
                label=rule if group == 0 else None,
            )
        means = ", ".join(f"{rule} {v.mean():.3f} ± {v.std(ddof=1):.3f}" for rule, v in rules.items())
        said.append(f"scale {scale:g}: {means}")
    axes.set_xticks(
        range(len(accuracy)),
        [
            "healthy" if scale == 1 else f"middle layer's gradient {scale:g} times too large"
            for scale in accuracy
        ],
    )
    axes.set_xlim(-0.5, len(accuracy) - 0.5)
    axes.set_ylabel("test accuracy")
    axes.legend(loc="lower left", frameon=False, fontsize=11)
    alt = (
        "Test accuracy of global, per-layer and value clipping. On the healthy network the three are alike; with a "
        "sick middle layer global clipping falls most, per-layer less, value clipping least."
    )
    seeds = len(next(iter(next(iter(accuracy.values())).values())))
    return Picture(figure, alt, f"mean ± sd of {seeds} seeds; {'; '.join(said)}.")
