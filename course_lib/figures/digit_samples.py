"""Small images of digits in rows, real ones and those of generators. Lesson 09_gans."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_lib.figures.picture import Picture
from course_lib.figures.style import GREY, label, new_figure


def digit_samples(rows: Mapping[str, tuple[str, NDArray[np.floating[Any]]]]) -> Picture:
    """`rows[name]`: what is written beside the row, and images (M, 64) of 8 by 8 pixels, ink from 0 to 1."""
    count = max(len(images) for _, images in rows.values())
    figure, [axes] = new_figure(9.6, 0.49 * len(rows) + 0.1)
    for place, (name, (note, images)) in enumerate(rows.items()):
        for column, image in enumerate(images):
            axes.imshow(
                image.reshape(8, 8),
                cmap="gray_r",
                vmin=0,
                vmax=1,
                extent=(column, column + 0.9, place + 0.9, place),
            )
        label(axes, -0.2, place + 0.45, name, "black", ha="right", va="center")
        label(axes, count + 0.1, place + 0.45, note, GREY, ha="left", va="center")
    axes.set_xlim(-4.6, count + 5)
    axes.set_ylim(len(rows), 0)
    axes.set_axis_off()
    alt = f"{count} small images of handwritten digits in each row: {'; '.join(rows)}."
    return Picture(
        figure, alt, f"{'; '.join(f'{name}: {note}' for name, (note, _) in rows.items() if note)}."
    )
