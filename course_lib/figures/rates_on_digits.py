"""The quality of generators of digits against the learning rate, one line for each threshold. Lesson 09_gans."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from course_lib.figures.picture import Picture
from course_lib.figures.style import LINES, new_figure
from course_lib.training.digit_gans import DigitGans


def rates_on_digits(runs: Mapping[str, DigitGans], names: Mapping[float, str]) -> Picture:
    """One panel for each optimizer; `names[threshold]` says what its line is. Small marks are seeds, lines means."""
    figure, panels = new_figure(9.6, 4.1, columns=len(runs))
    said = []
    for axes, (optimizer, kept) in zip(panels, runs.items(), strict=True):
        for place, ((threshold, name), line) in enumerate(zip(names.items(), LINES, strict=False)):
            at_end = kept.quality[kept.thresholds.index(threshold), :, -1]
            beside = np.array(kept.rates) * 1.07 ** (place - 1)
            for rate, seeds in zip(beside, at_end, strict=True):
                axes.plot(
                    [rate] * len(seeds),
                    seeds,
                    line["marker"],
                    color=line["color"],
                    markersize=3.5,
                    alpha=0.45,
                    linestyle="none",
                )
            axes.plot(beside, at_end.mean(axis=1), **line, label=name)
            best = kept.best(threshold)
            axes.plot(
                beside[best],
                at_end[best].mean(),
                "o",
                markersize=17,
                markerfacecolor="none",
                markeredgecolor=line["color"],
                markeredgewidth=1.6,
            )
            said.append(f"{optimizer}, {name}: {at_end[best].mean():.2f} at {kept.rates[best]:g}")
        axes.set_xscale("log")
        axes.set_xticks(kept.rates, [f"{rate:g}" for rate in kept.rates])
        axes.minorticks_off()
        axes.set_ylim(-0.03, 1.0)
        axes.set_xlabel("learning rate of both networks")
        axes.set_title(optimizer)
    panels[0].set_ylabel(f"quality after {kept.counts[-1]:,} steps")
    panels[0].legend(loc="upper left")
    alt = (
        f"Quality against the learning rate, a panel each for {' and '.join(runs)}, a line each for "
        f"{', '.join(names.values())}; small marks are seeds, and the highest point of each line is ringed."
    )
    return Picture(figure, alt, f"highest mean quality: {'; '.join(said)}.")
