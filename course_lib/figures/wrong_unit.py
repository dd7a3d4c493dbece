"""Test error with one feature in a wrong unit, as measured and in a rotated basis. Lesson 03_clipping_mechanics."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from course_lib.figures.picture import Picture
from course_lib.figures.style import LINES, new_figure
from course_lib.training.linear import Sweep


def wrong_unit(best: Mapping[str, Mapping[str, Sweep]]) -> Picture:
    """`best[basis][rule]`: each rule at its best learning rate and threshold, one error a split."""
    figure, panels = new_figure(8, 3.8, columns=len(best))
    said = []
    top = max(float(sweep.errors.max()) for rules in best.values() for sweep in rules.values())
    low = min(float(sweep.errors.min()) for rules in best.values() for sweep in rules.values())
    for axes, (basis, rules) in zip(panels, best.items(), strict=True):
        for place, ((_, sweep), line) in enumerate(zip(rules.items(), LINES, strict=False)):
            jitter = np.linspace(-0.14, 0.14, len(sweep.errors))
            axes.plot(place + jitter, sweep.errors, ".", color=line["color"], alpha=0.5)
            axes.errorbar(
                place,
                sweep.errors.mean(),
                sweep.errors.std(ddof=1),
                color=line["color"],
                marker=line["marker"],
                markersize=9,
                capsize=5,
            )
        axes.set_xticks(range(len(rules)), list(rules))
        axes.set_xlim(-0.5, len(rules) - 0.5)
        axes.set_ylim(low - 0.03, top + 0.03)
        axes.set_title(f"basis {basis}", fontsize=12)
        means = ", ".join(
            f"{rule} {s.errors.mean():.3f} ± {s.errors.std(ddof=1):.3f}" for rule, s in rules.items()
        )
        said.append(f"{basis}: {means}")
    panels[0].set_ylabel("test error / variance")
    alt = (
        "Test errors of three rules with one feature in a wrong unit. In the basis as measured, value clipping lies "
        "clearly below norm clipping and no clipping; in a rotated basis all three are alike."
    )
    seeds = len(next(iter(next(iter(best.values())).values())).errors)
    return Picture(figure, alt, f"mean ± sd of {seeds} splits; {'; '.join(said)}.")
