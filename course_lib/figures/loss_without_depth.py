"""The exponential loss on a linear model: who diverges, and how well the others do. Lesson 01_explosion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from course_lib.figures.picture import Picture
from course_lib.figures.style import LINES, new_figure


def loss_without_depth(rates: Sequence[float], outcomes: Mapping[str, NDArray[np.float64]]) -> Picture:
    """`outcomes[label]` (rates, splits): test accuracy, nan where the run diverged."""
    figure, [axes] = new_figure(7.5, 4)
    said = []
    for number, ((name, accuracy), line) in enumerate(zip(outcomes.items(), LINES, strict=False)):
        x = np.arange(len(rates)) + 0.22 * (number - 1)
        finite = [row[np.isfinite(row)] for row in accuracy]
        for place, row in zip(x, finite, strict=True):
            axes.plot(np.full(len(row), place), row, ".", color=line["color"], alpha=0.45, markersize=5)
        there = [i for i, row in enumerate(finite) if len(row)]
        axes.errorbar(
            x[there],
            [finite[i].mean() for i in there],
            [finite[i].std(ddof=1) for i in there],
            color=line["color"],
            marker=line["marker"],
            linestyle="none",
            markersize=8,
            capsize=4,
            label=name,
        )
        for i, row in enumerate(finite):
            lost = accuracy.shape[1] - len(row)
            if lost:
                axes.text(
                    x[i],
                    0.845,
                    f"{lost} of {accuracy.shape[1]}\ndiverged",
                    color=line["color"],
                    ha="center",
                    va="bottom",
                    fontsize=10,
                )
        said.append(f"{name}: diverged {', '.join(str(accuracy.shape[1] - len(row)) for row in finite)}")
    axes.set_xticks(range(len(rates)), [f"{rate:g}" for rate in rates])
    axes.set_ylim(0.84, 1.005)
    axes.set_xlabel("learning rate")
    axes.set_ylabel("test accuracy")
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, columnspacing=1.2, handletextpad=0.3)
    alt = (
        "Test accuracy of a linear model at three learning rates. The exponential loss diverges in some splits at "
        "0.1 and in all at 1; clipped, and with the logistic loss, none does, and the means lie between 0.94 and 0.98. "
        "A mean is over the runs that did not diverge."
    )
    at = ", ".join(f"{rate:g}" for rate in rates)
    return Picture(figure, alt, f"of {accuracy.shape[1]} splits at learning rates {at}. {'; '.join(said)}.")
