"""Clipping, noise and both: accuracy on a seldom class and on the others, by learning rate. Lesson 11_fairness."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from course_lib.figures.picture import Picture
from course_lib.figures.style import LINES, new_figure


def unequal_cost(
    lrs: list[float], seldom: Mapping[str, NDArray[np.float64]], others: Mapping[str, NDArray[np.float64]]
) -> Picture:
    """`seldom[name]` and `others[name]` (learning rates, seeds): accuracy on the seldom class and on the others.

    `lrs` are learning rates, where there is a threshold times the threshold.
    """
    figure, both = new_figure(10, 4.1, columns=2)
    told = []
    for axes, accuracy, title in zip(both, (seldom, others), ("the seldom class", "all others"), strict=True):
        for place, ((name, values), line) in enumerate(zip(accuracy.items(), LINES, strict=False)):
            nudged = [lr * 1.05 ** (place - 1.5) for lr in lrs]
            axes.errorbar(
                nudged, values.mean(axis=1), values.std(axis=1, ddof=1), label=name, capsize=3, **line
            )
            told.append(
                f"{title}, {name}: " + ", ".join(f"{v.mean():.3f} ± {v.std(ddof=1):.3f}" for v in values)
            )
        axes.set_xscale("log")
        axes.set_xticks(lrs, [f"{lr:g}" for lr in lrs])
        axes.minorticks_off()
        axes.set_ylim(-0.03, 1.02)
        axes.set_title(title)
        axes.set_xlabel("learning rate; where clipped, times the threshold")
    both[0].set_ylabel("accuracy on all test digits")
    both[1].legend(loc="lower left")
    alt = (
        "Two panels, accuracy against learning rate. On the seldom class clipping alone catches up at large learning "
        "rates, noise alone costs a part, both together cost nearly all; on the other classes the four differ far less."
    )
    seeds = next(iter(seldom.values())).shape[1]
    return Picture(figure, alt, f"{seeds} seeds, learning rates {lrs}. {'; '.join(told)}.")
