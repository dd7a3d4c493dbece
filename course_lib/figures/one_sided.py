"""The published formula against value clipping, entry by entry. Lesson 03_clipping_mechanics."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from course_lib.figures.picture import Picture
from course_lib.figures.style import LINES, label, new_figure

Rule = Callable[[NDArray[np.float64], float], NDArray[np.float64]]


def one_sided(published: Rule, by_value: Rule) -> Picture:
    """What each rule makes of a single entry between -4 and 4, at a threshold of 1."""
    entries = np.linspace(-4, 4, 161)
    figure, [axes] = new_figure(7, 3.6)
    wrong, right = published(entries, 1.0), by_value(entries, 1.0)
    axes.plot(entries, right, markevery=20, **LINES[0])
    axes.plot(entries, wrong, markevery=(10, 20), **LINES[1])
    label(axes, -3.9, right[0] + 0.25, "clipped by value", LINES[0]["color"], va="bottom")
    label(axes, -2.6, -3.1, "the published formula: negative entries escape", LINES[1]["color"], va="top")
    axes.set_ylim(-4.3, 2)
    axes.set_xlabel("an entry of the gradient")
    axes.set_ylabel("what is left of it")
    alt = (
        "What two rules leave of one entry. Both are level at 1 on the right; on the left value clipping is level at "
        "minus 1 while the published formula follows the diagonal down without limit."
    )
    numbers = (
        f"-4 becomes {wrong[0]:g} by the published formula and {right[0]:g} by value; 4 becomes 1 by both."
    )
    return Picture(figure, alt, numbers)
