"""Quality and modes of generators of digits against the learning rate, with clipping and without. Lesson 09_gans."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from course_lib.figures.picture import Picture
from course_lib.figures.style import LINES, new_figure
from course_lib.training.digit_gans import DigitGans


def rates_on_digits(runs: Mapping[str, DigitGans], names: Mapping[float, str]) -> Picture:
    """A column for each optimizer, quality above and modes below; `names[threshold]` says what its line is.

    Small marks are seeds, lines their means. A ring marks each line's best rate, the one with the highest mean quality.
    """
    figure, panels = new_figure(9.6, 7.2, columns=len(runs), rows=2)
    said = []
    for column, (optimizer, kept) in enumerate(runs.items()):
        above, below = panels[column], panels[len(runs) + column]
        for place, ((threshold, name), line) in enumerate(zip(names.items(), LINES, strict=False)):
            row, best = kept.thresholds.index(threshold), kept.best(threshold)
            quality, modes = kept.quality[row, :, -1], kept.modes[row, :, -1]
            beside = np.array(kept.rates) * 1.07 ** (2 * place / (len(names) - 1) - 1)
            # Modes are whole numbers: drawn a little apart, seeds do not hide each other.
            apart = np.linspace(-0.25, 0.25, modes.shape[1])
            for axes, means, marks in (
                (above, quality.mean(axis=1), quality),
                (below, modes.mean(axis=1), modes + apart),
            ):
                axes.plot(
                    np.repeat(beside, marks.shape[1]),
                    marks.ravel(),
                    line["marker"],
                    color=line["color"],
                    markersize=3.5,
                    alpha=0.45,
                    linestyle="none",
                )
                axes.plot(beside, means, **line, label=name)
                axes.plot(
                    beside[best],
                    means[best],
                    "o",
                    markersize=17,
                    markerfacecolor="none",
                    markeredgecolor=line["color"],
                    markeredgewidth=1.6,
                )
            said.append(
                f"{optimizer}, {name}, at {', '.join(f'{rate:g}' for rate in kept.rates)}: quality "
                f"{', '.join(f'{mean:.2f}' for mean in quality.mean(axis=1))}; modes "
                f"{', '.join(f'{mean:.1f}' for mean in modes.mean(axis=1))}"
            )
        for axes in (above, below):
            axes.set_xscale("log")
            axes.set_xticks(kept.rates, [f"{rate:g}" for rate in kept.rates])
            axes.minorticks_off()
        above.set_title(optimizer)
        above.set_ylim(-0.03, 1.0)
        below.set_ylim(-0.4, 10.6)
        below.set_yticks(range(0, 11, 2))
        below.set_xlabel("learning rate of both networks")
    panels[0].set_ylabel("quality: share of good samples")
    panels[len(runs)].set_ylabel("modes covered, of 10")
    panels[0].legend(loc="upper left")
    alt = (
        f"Quality above and modes below against the learning rate, a column each for {' and '.join(runs)}, a line each "
        f"for {' and '.join(names.values())}; small marks are seeds. A ring marks each line's rate of highest quality."
    )
    return Picture(figure, alt, f"means over seeds. {'. '.join(said)}.")
