"""The longest step of three optimizers against the clipping threshold. Lesson 03_clipping_mechanics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from course_lib.figures.picture import Picture
from course_lib.figures.style import GREY, LINES, label, new_figure


def step_lengths(limits: Sequence[float], steps: Mapping[str, Sequence[float]]) -> Picture:
    """`steps[optimizer]` (limits,): the longest step in units of learning rate times threshold."""
    figure, [axes] = new_figure(7, 3.6)
    axes.axhline(1, color=GREY, linewidth=6, alpha=0.25)
    for (name, values), line in zip(steps.items(), LINES, strict=False):
        axes.loglog(limits, values, **line)
        label(axes, limits[0] * 1.25, values[0] * 1.25, name, line["color"], va="bottom")
    axes.set_xlabel("threshold c")
    axes.set_ylabel("longest step / (lr · c)")
    axes.set_ylim(min(min(v) for v in steps.values()) / 2, max(max(v) for v in steps.values()) * 4)
    alt = (
        "The longest step in units of learning rate times threshold, on log axes: SGD is level at 1, heavy ball level "
        "at 10, Adam falls along a straight line from 1000 to 0.1, so its step does not depend on the threshold."
    )
    numbers = "; ".join(
        f"{name}: {', '.join(f'{value:.3g}' for value in values)}" for name, values in steps.items()
    )
    return Picture(figure, alt, f"at c = {', '.join(f'{c:g}' for c in limits)}. {numbers}.")
