"""A matrix whose powers grow before they vanish. Lesson 01_explosion."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from course_lib.figures.picture import Picture
from course_lib.figures.style import GREY, LINES, label, new_figure


def transient_growth(norms: NDArray[np.float64], radius: float) -> Picture:
    """`norms[k]` is the spectral norm of A^k; `radius` the spectral radius of A."""
    figure, [axes] = new_figure(7, 3.4)
    steps = np.arange(len(norms))
    axes.semilogy(steps, norms, markevery=20, **LINES[0])
    axes.semilogy(steps, radius**steps, color=GREY, linestyle="--", linewidth=1.5)
    peak = int(norms.argmax())
    label(
        axes, peak + 6, norms[peak], f"peak {norms[peak]:.0f} at step {peak}", LINES[0]["color"], va="bottom"
    )
    label(axes, 8, norms.min() / 8, f"what the eigenvalues say: {radius:g}^k", GREY, va="bottom")
    axes.set_ylim(norms.min() / 100, norms.max() * 8)
    axes.set_xlabel("power k")
    axes.set_ylabel("norm of A^k (log scale)")
    alt = (
        "The norm of the powers of a non-normal matrix on a log axis: it rises steeply to a peak within ten steps "
        "and then falls, in the end almost as steeply as a straight dashed line, the eigenvalue to the same power."
    )
    return Picture(
        figure, alt, f"peak {norms[peak]:.1f} at step {peak}; after {len(norms) - 1} steps {norms[-1]:.1e}."
    )
