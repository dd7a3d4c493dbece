"""Signal forward and gradient backward through a chain, layer by layer. Lesson 01_explosion."""

from __future__ import annotations

import numpy as np

from course_lib.dynamics import backward_gradients, forward_signals
from course_lib.figures.picture import Picture
from course_lib.figures.style import GREY, LINES, label, new_figure

PARTS = ("forward", "backward", "product")


def chain_growth(gain: float, depth: int, show: tuple[str, ...] = PARTS) -> Picture:
    """The chain y_l = gain * y_(l-1) with x0 = 1; `show` names the lines to draw."""
    layers = np.arange(depth + 1)
    signals, gradients = forward_signals(gain, depth), backward_gradients(gain, depth)
    figure, [axes] = new_figure(7, 3.4)
    every = max(1, depth // 10)
    if "forward" in show:
        axes.semilogy(layers, signals, markevery=every, **LINES[0])
        label(axes, depth * 1.02, signals[-1], "signal", LINES[0]["color"], va="center")
    if "backward" in show:
        axes.semilogy(layers, gradients, markevery=every, **LINES[1])
        label(axes, -depth * 0.02, gradients[0], "gradient", LINES[1]["color"], va="center", ha="right")
    if "product" in show:
        axes.semilogy(layers, signals * gradients, color=GREY, linestyle=":", linewidth=2)
        label(axes, depth / 2, signals[-1] * 1.4, "signal times gradient", GREY, ha="center", va="bottom")
    axes.set_xlim(-0.24 * depth, 1.18 * depth)
    axes.set_ylim(min(1, signals[-1]) / 4, max(1, signals[-1]) * 6)
    axes.set_xticks(range(0, depth + 1, max(1, depth // 5)))
    axes.set_xlabel("layer (0 is the input)")
    axes.set_ylabel("size (log scale)")
    drawn = {
        "forward": "the signal as a straight line from 1 at the input",
        "backward": "the gradient as a straight line that ends at 1 at the output",
        "product": "their product as a level line",
    }
    alt = f"A chain of {depth} layers of gain {gain:g} on a log axis: " + ", ".join(
        drawn[part] for part in PARTS if part in show
    )
    end = f"{signals[-1]:,.0f}" if signals[-1] >= 1 else f"{signals[-1]:.2g}"
    return Picture(
        figure, alt + ".", f"gain {gain:g}, depth {depth}: factor {end} from one end to the other."
    )
