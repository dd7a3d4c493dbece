"""How nan spreads through the parameters of a network, step by step. Lesson 01_explosion."""

from __future__ import annotations

import numpy as np
from matplotlib.patches import Rectangle

from course_lib.dynamics import Spread
from course_lib.figures.picture import Picture
from course_lib.figures.style import PALETTE, new_figure


def nan_spread(spread: Spread) -> Picture:
    """One row a step, one column a parameter; the loss of each step at its left."""
    figure, [axes] = new_figure(7.5, 4.2)
    broken = (spread.infinite + spread.nan)[1:]
    axes.grid(False)
    for row, shares in enumerate(broken):
        for column, share in enumerate(shares):
            colour, text = (PALETTE["vermilion"], "nan") if share == 1 else ("#f4f4f4", "finite")
            if 0 < share < 1:
                colour, text = PALETTE["orange"], f"{share:.0%} lost"
            axes.add_patch(
                Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor=colour, edgecolor="white", linewidth=2)
            )
            axes.text(
                column,
                row,
                text,
                ha="center",
                va="center",
                fontsize=10.5,
                color="white" if share == 1 else "black",
                weight="bold" if share == 1 else "normal",
            )
    axes.set_xlim(-0.5, len(spread.names) - 0.5)
    axes.set_ylim(len(broken) - 0.5, -0.5)
    axes.set_xticks(range(len(spread.names)), spread.names)
    axes.set_yticks(
        range(len(broken)), [f"step {i + 1}: loss {value:.2g}" for i, value in enumerate(spread.losses)]
    )
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_xlabel("parameters after the step, from the first layer to the last")
    first = spread.first_nonfinite_loss
    gone = next((step + 1 for step, row in enumerate(broken) if np.all(row == 1)), None)
    alt = (
        "A table of eight training steps by six parameters. All are finite after four steps although the loss is "
        "already huge; after the fifth the first layer is nan, after the sixth every parameter is."
    )
    numbers = (
        f"first loss that is not finite: step {first + 1 if first is not None else 'none'}; "
        f"everything nan after step {gone}."
    )
    return Picture(figure, alt, numbers)
