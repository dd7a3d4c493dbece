"""How far value clipping turns the gradients of a trained network. Lesson 03_clipping_mechanics."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from course_lib.figures.picture import Picture
from course_lib.figures.style import GREY, LINES, label, new_figure


def turned_angles(
    quantiles: Sequence[float], degrees: NDArray[np.float64], sign_degrees: NDArray[np.float64]
) -> Picture:
    """`degrees` (seeds, quantiles) for limits at these quantiles of |g|; `sign_degrees` (seeds,) the limit case."""
    figure, [axes] = new_figure(7, 3.6)
    cut = [100 * (1 - q) for q in quantiles]
    mean, deviation = degrees.mean(axis=0), degrees.std(axis=0, ddof=1)
    for seed in degrees:
        axes.semilogx(cut, seed, color=LINES[0]["color"], alpha=0.25, linewidth=1)
    axes.errorbar(cut, mean, deviation, capsize=4, **LINES[0])
    limit = float(sign_degrees.mean())
    axes.axhline(limit, color=GREY, linestyle="--", linewidth=1.5)
    label(axes, cut[-1], limit + 1.5, f"only the signs are left: {limit:.0f}°", GREY, va="bottom")
    axes.set_ylim(0, limit + 9)
    axes.set_xticks(cut, [f"{share:g}%" for share in np.round(cut, 3)])
    axes.minorticks_off()
    axes.set_xlabel("share of the entries that are cut")
    axes.set_ylabel("direction turned, degrees")
    alt = (
        "The angle by which value clipping turns a network's gradient, against the share of entries cut, for ten "
        "networks: it rises smoothly from about one degree towards a dashed line where only the signs are left."
    )
    points = ", ".join(
        f"{share:.3g}%: {m:.1f} ± {d:.1f}" for share, m, d in zip(cut, mean, deviation, strict=True)
    )
    return Picture(
        figure,
        alt,
        f"degrees turned, mean ± sd of {len(degrees)} networks, by share cut: {points}; signs {limit:.1f}.",
    )
