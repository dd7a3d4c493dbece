"""The gradient on its way back through a deep network at initialisation. Lesson 01_explosion."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from course_lib.figures.picture import Picture
from course_lib.figures.style import LINES, label, new_figure


def layer_gradients(backward: Mapping[str, NDArray[np.float64]]) -> Picture:
    """`backward[gain]` (seeds, depth + 1): gradient norm at each layer boundary over that at the output."""
    figure, [axes] = new_figure(7, 4)
    said = []
    for (gain, values), line in zip(backward.items(), LINES, strict=False):
        layers = np.arange(values.shape[1])
        logs = np.log10(values)
        mean, deviation = logs.mean(axis=0), logs.std(axis=0, ddof=1)
        axes.fill_between(
            layers, mean - deviation, mean + deviation, color=line["color"], alpha=0.25, linewidth=0
        )
        axes.plot(layers, mean, markevery=5, **line)
        label(axes, -1, mean[0], f"gain {gain}", line["color"], va="center", ha="right")
        said.append(f"gain {gain}: 10^{mean[0]:.1f} ± {deviation[0]:.1f}")
    axes.set_xlim(-0.22 * layers[-1], layers[-1])
    axes.set_xticks(range(0, layers[-1] + 1, 10))
    axes.set_xlabel("layer (0 is the input; the gradient travels to the left)")
    axes.set_ylabel("gradient norm, power of ten")
    alt = (
        "Gradient norms in a 50-layer ReLU network before training, on a log axis, from the output on the right to "
        "the input on the left: at gain 2 the line rises by seven decades, at gain root 2 it stays level, at gain 1 "
        "it falls by nearly eight."
    )
    return Picture(figure, alt, f"at the input, mean ± sd of {len(values)} networks: {'; '.join(said)}.")
