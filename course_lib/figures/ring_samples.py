"""What small generators draw where eight Gaussians are wanted. Lesson 09_gans."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_lib.figures.picture import Picture
from course_lib.figures.style import LINES, PALETTE, new_figure


def ring_samples(
    samples: Mapping[str, NDArray[np.floating[Any]]], scores: Mapping[str, tuple[int, float]]
) -> Picture:
    """`samples[name]`, shape (points, 2), one panel each; `scores[name]`: modes covered and quality."""
    figure, panels = new_figure(3.1 * len(samples), 3.7, columns=len(samples))
    turn = np.linspace(0, 2 * np.pi, 60)
    said = []
    for axes, (name, points), line in zip(panels, samples.items(), LINES, strict=False):
        for middle in 2 * np.exp(2j * np.pi * np.arange(8) / 8):
            axes.plot(
                middle.real + 0.2 * np.cos(turn),
                middle.imag + 0.2 * np.sin(turn),
                color=PALETTE["black"],
                linewidth=1.4,
            )
        axes.plot(*points[:600].T, ".", color=line["color"], markersize=4, alpha=0.5)
        modes, quality = scores[name]
        axes.set_title(f"{name}\n{modes} of 8 modes, quality {quality:.2f}")
        axes.set_xlim(-3.3, 3.3)
        axes.set_ylim(-3.3, 3.3)
        axes.set_aspect("equal")
        axes.set_xticks([-2, 0, 2])
        axes.set_yticks([-2, 0, 2])
        said.append(f"{name}: {modes} of 8 modes, quality {quality:.2f}")
    alt = (
        f"Samples of {len(samples)} generators in the plane, with circles where the eight Gaussians are: "
        f"{', '.join(samples)}."
    )
    return Picture(figure, alt, f"{'; '.join(said)}.")
