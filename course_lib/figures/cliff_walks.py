"""Two walks towards a cliff: plain gradient descent, and the same with clipping. Lesson 01_explosion."""

from __future__ import annotations

import math

import numpy as np

from course_lib.dynamics import Descent, cliff_loss
from course_lib.figures.picture import Picture
from course_lib.figures.style import PALETTE, label, new_figure


def cliff_walks(free: Descent, clipped: Descent) -> Picture:
    """Both walks over the level lines of the loss, and their losses step by step."""
    figure, [plane, course] = new_figure(9.5, 4, columns=2)
    w, b = np.meshgrid(np.linspace(4.1, 4.9, 240), np.linspace(-2.5, -1.75, 240))
    plane.contourf(w, b, cliff_loss(w, b), levels=np.linspace(0, 0.49, 15), cmap="Greys", alpha=0.8)
    plane.plot(
        *free.points.T, color=PALETTE["vermilion"], linestyle="--", marker="s", markersize=3, linewidth=1.8
    )
    plane.plot(
        *clipped.points.T, color=PALETTE["blue"], linestyle="-", marker="o", markersize=3, linewidth=1.8
    )
    plane.set_xlim(4.1, 4.9)
    plane.set_ylim(-2.5, -1.75)
    plane.set_xlabel("weight w")
    plane.set_ylabel("bias b")
    plane.set_title("darker: larger loss", fontsize=11)
    out = free.points[int(free.norms.argmax()) + 1]
    away = f"without clipping:\noff to ({out[0]:.0f}, {out[1]:.0f})"
    label(plane, 4.52, -1.78, away, PALETTE["vermilion"], ha="right", va="top")
    label(plane, 4.4, -2.44, "the wall", "white", ha="center", va="bottom")
    start_w, start_b = free.points[0]
    label(plane, start_w + 0.02, start_b, "start", PALETTE["black"], va="center")
    steps = np.arange(len(free.losses))
    course.semilogy(steps, free.losses, color=PALETTE["vermilion"], linestyle="--", linewidth=1.8)
    course.semilogy(steps, clipped.losses, color=PALETTE["blue"], linewidth=1.8)
    label(
        course,
        steps[-1],
        free.losses[-1] * 1.25,
        "without clipping",
        PALETTE["vermilion"],
        ha="right",
        va="bottom",
    )
    label(course, 0, clipped.losses.min(), "clipped at 1", PALETTE["blue"], va="bottom")
    course.set_xlabel("step")
    course.set_ylabel("loss (log scale)")
    alt = (
        "Left: level lines of a loss with a steep wall; both walks come down the same valley, the unclipped one "
        "leaves the picture in a single jump, the clipped one steps back and goes on. Right: the loss of the "
        "unclipped walk jumps up and stays constant, that of the clipped walk falls."
    )
    # When the clipped walk meets the wall again hangs on the last bit; what its last ten steps share does not.
    late = math.ceil(100 * clipped.losses[-10:].max()) / 100
    numbers = (
        f"steepest gradient {free.norms.max():.0f}; loss at the end {free.losses[-1]:.2g} without clipping, "
        f"below {late:g} with."
    )
    return Picture(figure, alt, numbers)
