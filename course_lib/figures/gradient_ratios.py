"""How many times as long one group's gradient is as the other's: on everybody, and in batches. Lesson 11_fairness."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from course_lib.figures.picture import Picture
from course_lib.figures.style import GREY, LINES, label, new_figure

_FROM, _TO = 0.1, 30.0


def gradient_ratios(
    everybody: NDArray[np.float64], batches: Mapping[str, NDArray[np.float64]], cap: float
) -> Picture:
    """`everybody` (steps, splits) without batches; `batches[name]` (steps, splits), inf where a group was absent.

    Left: step by step, median and range over splits. Right: the share of steps whose ratio is above a value, in the
    second half of training; steps without one group count as above every value.
    """
    figure, [left, right] = new_figure(10, 4.1, columns=2)
    steps = np.arange(1, len(everybody) + 1)
    middle = np.median(everybody, axis=1)
    left.plot(steps, middle, color=LINES[0]["color"], linewidth=2, label="median")
    left.fill_between(
        steps,
        everybody.min(axis=1),
        everybody.max(axis=1),
        color=LINES[0]["color"],
        alpha=0.25,
        linewidth=0,
        label=f"all {everybody.shape[1]} splits",
    )
    left.legend(loc="upper right")
    left.set_xscale("log")
    left.set_xlabel("step (log scale)")
    left.set_ylabel("ratio of the two lengths")
    left.set_title("everybody in every step")
    places = np.geomspace(_FROM, _TO, 200)
    told = []
    late = {"everybody": everybody[len(everybody) // 2 :]} | {
        name: ratios[len(ratios) // 2 :] for name, ratios in batches.items()
    }
    for (name, ratios), line in zip(late.items(), LINES, strict=False):
        above = [float((ratios > place).mean()) for place in places]
        right.plot(places, above, label=name, color=line["color"], linestyle=line["linestyle"], linewidth=2)
        told.append(f"{name}: median {np.median(ratios):.2f}, above {cap:g} in {(ratios > cap).mean():.0%}")
    right.set_xscale("log")
    right.set_xlabel("ratio (log scale)")
    right.set_ylabel("share of steps with a larger one")
    right.set_title("second half of training")
    right.legend(loc="upper right")
    left.set_yscale("log")
    left.set_ylim(_FROM * 5, _TO)
    for axis, shown in (
        (left.xaxis, (1, 3, 10, 30, 100, 300)),
        (left.yaxis, (1, 3, 10, 30)),
        (right.xaxis, (0.1, 0.3, 1, 3, 10, 30)),
    ):
        axis.set_ticks(shown, [f"{tick:g}" for tick in shown])
        axis.axes.minorticks_off()
    left.axhline(cap, color=GREY, linestyle="--", linewidth=1.5)
    label(left, 1.1, cap * 0.86, f"cap at {cap:g}", GREY, va="top")
    right.axvline(cap, color=GREY, linestyle="--", linewidth=1.5)
    label(right, cap * 1.08, 0.62, f"cap at {cap:g}", GREY)
    alt = (
        f"Left: with everybody in every step the ratio starts near {middle[0]:.0f}, then falls to 1 and stays there, "
        f"below the cap of {cap:g}. Right: in small batches it scatters widely, and is often above the cap."
    )
    end = everybody[-1]
    return Picture(
        figure,
        alt,
        f"{everybody.shape[1]} splits; ratio at the last step between {end.min():.4f} and {end.max():.4f}; "
        f"second half, {'; '.join(told)}.",
    )
