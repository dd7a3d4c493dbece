"""The norm of a product of random Jacobians, factor by factor. Lesson 01_explosion."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from course_lib.figures.picture import Picture
from course_lib.figures.style import GREY, LINES, label, new_figure

SETTLED = 20
"""The first factors depend on the start; theory speaks of the growth after them."""


def random_products(log_norms: Mapping[float, NDArray[np.float64]], rates: Mapping[float, float]) -> Picture:
    """`log_norms[gain]` (seeds, depth) natural logs; `rates[gain]` the growth per layer that theory says."""
    figure, [axes] = new_figure(7, 4)
    said = []
    for (gain, values), line in zip(log_norms.items(), LINES, strict=False):
        factors = np.arange(1, values.shape[1] + 1)
        decades = values / np.log(10)
        mean, deviation = decades.mean(axis=0), decades.std(axis=0, ddof=1)
        axes.fill_between(
            factors, mean - deviation, mean + deviation, color=line["color"], alpha=0.25, linewidth=0
        )
        axes.plot(factors, mean, markevery=10, **line)
        late = factors >= SETTLED
        theory = mean[SETTLED - 1] + rates[gain] / np.log(10) * (factors[late] - SETTLED)
        axes.plot(factors[late], theory, color=GREY, linestyle=(0, (4, 3)), linewidth=1.5)
        label(axes, 1.02 * factors[-1], mean[-1], f"gain {gain:g}", line["color"], va="center")
        said.append(f"gain {gain:g}: 10^{mean[-1]:.2f} ± {deviation[-1]:.2f}")
    label(axes, 0.57 * factors[-1], mean[factors[-1] // 2] - 1.3, "dashed grey: theory", GREY)
    axes.set_xlim(0, 1.17 * factors[-1])
    axes.set_xlabel("number of factors")
    axes.set_ylabel("norm of the product, power of ten")
    alt = (
        "The norm of products of random matrices against the number of factors, on a log axis, for three gains: "
        "it falls at gain 0.9, stays level at 1.0 and rises at 1.1; dashed lines of theory run along each."
    )
    return Picture(
        figure, alt, f"after {factors[-1]} factors, mean ± sd of {len(values)} seeds: {'; '.join(said)}."
    )
