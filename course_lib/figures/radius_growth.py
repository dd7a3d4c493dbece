"""How far the bilinear game gets from its equilibrium over time, and the laws beside it. Lesson 09_gans."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_lib.figures.picture import Picture
from course_lib.figures.style import LINES, new_figure

Series = NDArray[np.floating[Any]]


def radius_growth(radii: Mapping[str, Series], laws: Mapping[str, Series], top: float = 1e4) -> Picture:
    """`radii[name]` and `laws[name]`, each (steps + 1,): measured, and by formula; both axes are logarithmic.

    Of a distance that swings the furthest so far is drawn; a law is a broad band under the line it governs.
    """
    figure, [axes] = new_figure(8, 4.4)
    said = []
    for (name, distance), line in zip(radii.items(), LINES, strict=False):
        radius = np.maximum.accumulate(distance)
        steps = np.unique(np.geomspace(1, len(radius) - 1, 1500).astype(int))
        seen = steps[radius[steps] <= 3 * top]
        marks = np.searchsorted(seen, np.geomspace(2, seen[-1], 5))
        if name in laws:
            governed = seen[laws[name][seen] >= radius[0]]
            axes.plot(governed, laws[name][governed], color=line["color"], linewidth=8, alpha=0.2)
        axes.plot(seen, radius[seen], label=name, markevery=np.minimum(marks, len(seen) - 1).tolist(), **line)
        last = radius[-1]
        said.append(f"{name} {last:,.0f} after {len(radius) - 1:,} steps")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_ylim(0.5, top)
    axes.set_xlabel("step (log scale)")
    axes.set_ylabel("furthest from the equilibrium (log)")
    axes.legend(loc="upper left")
    alt = (
        "Furthest distance from the equilibrium so far against the number of steps, both on log axes. "
        f"Lines: {', '.join(radii)}. Broad bands under a line: its formula."
    )
    return Picture(figure, alt, f"furthest from the equilibrium: {'; '.join(said)}.")
