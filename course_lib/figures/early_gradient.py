"""The gradient a generator gets from a discriminator that is ahead, under both losses. Lesson 09_gans."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from course_lib.figures.picture import Picture
from course_lib.figures.style import LINES, label, new_figure
from course_lib.training.gans import EarlyGradients


def early_gradient(counts: Sequence[int], early: EarlyGradients) -> Picture:
    """Mean and range over seeds of both gradient norms, against how far the discriminator has come."""
    figure, [axes] = new_figure(7.4, 4)
    fooled = early.fooled.mean(axis=1)
    said = []
    series = {"non-saturating: -log D": early.non_saturating, "saturating: log(1 - D)": early.saturating}
    for (name, norms), line in zip(series.items(), LINES, strict=False):
        middle = norms.mean(axis=1)
        spans = np.stack([middle - norms.min(axis=1), norms.max(axis=1) - middle])
        places = np.arange(len(counts))
        axes.errorbar(places, middle, spans, capsize=4, **line)
        above = name.startswith("non")
        height = middle[2] * (1.8 if above else 0.35)
        label(axes, 2, height, name, line["color"], ha="right", va="bottom" if above else "top")
        said.append(f"{name}: " + ", ".join(f"{value:.2g}" for value in middle))
    axes.set_yscale("log")
    axes.set_ylim(top=40)
    axes.set_xticks(range(len(counts)), [f"{n:,}\n{d:.2g}" for n, d in zip(counts, fooled, strict=True)])
    axes.set_xlabel("steps the discriminator trained alone / its mean belief D in the fakes")
    axes.set_ylabel("generator's gradient (norm, log)")
    alt = (
        "The better the discriminator spots the fakes, the larger the non-saturating gradient and the smaller the "
        "saturating one; mean and range over seeds."
    )
    seeds = early.fooled.shape[1]
    return Picture(
        figure,
        alt,
        f"mean of {seeds} seeds after {', '.join(f'{n:,}' for n in counts)} steps. {'; '.join(said)}.",
    )
