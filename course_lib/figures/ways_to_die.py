"""How runs end: nan, one constant prediction, otherwise useless, or useful. Lesson 04_threshold."""

from __future__ import annotations

from collections.abc import Mapping

from course_lib.figures.picture import Picture
from course_lib.figures.style import PALETTE, new_figure

_LOOKS = {
    "nan": (PALETTE["vermilion"], ""),
    "a constant": (PALETTE["purple"], "///"),
    "worse than last year's value": (PALETTE["sky"], "..."),
    "useful": (PALETTE["green"], ""),
}


def ways_to_die(shares: Mapping[str, Mapping[str, float]], seeds: str) -> Picture:
    """`shares[setting][end]`: shares that add up to 1; the ends are "nan", "a constant", and so on.

    `seeds` says in words how many runs there are.
    """
    figure, [axes] = new_figure(8.5, 0.55 * len(shares) + 1.6)
    for row, ends in enumerate(reversed(list(shares.values()))):
        start = 0.0
        for end, (colour, hatch) in _LOOKS.items():
            share = ends[end]
            axes.barh(
                row,
                share,
                left=start,
                color=colour,
                hatch=hatch,
                edgecolor="white",
                label=end if row == 0 else None,
            )
            if share > 0.07:
                axes.text(
                    start + share / 2, row, f"{share:.0%}", ha="center", va="center", backgroundcolor="white"
                )
            start += share
    axes.set_yticks(range(len(shares)), list(shares)[::-1])
    axes.set_xlim(0, 1)
    axes.set_xticks([0, 0.5, 1], ["0", "half", "all runs"])
    axes.grid(False)
    axes.legend(
        loc="lower center", bbox_to_anchor=(0.4, 1.0), ncols=4, frameon=False, fontsize=12, columnspacing=1
    )
    told = "; ".join(
        f"{setting}: {', '.join(f'{end} {share:.0%}' for end, share in ends.items() if share)}"
        for setting, ends in shares.items()
    )
    alt = (
        "Bars that show how runs end for each start and threshold: in nan, in one constant prediction, otherwise "
        "useless, or useful."
    )
    return Picture(figure, alt, f"{seeds}. {told}.")
