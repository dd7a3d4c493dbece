"""The spike in words, as `demo.js` says it, and as a static picture for a page without a kernel."""

from __future__ import annotations

import math
from dataclasses import dataclass

from course_lib.demos import svg
from course_lib.demos.spike.model import SPANS, Course, State, compute
from course_lib.demos.wording import decimal, power_of_ten, size


def words(state: State) -> list[str]:
    """What the picture shows, in sentences; the first is the headline."""
    outcome = compute(state)
    raw, spike, c = outcome["raw"], state["spike"], state["threshold"]
    met = f"One gradient of size {_written(spike)} among gradients of size 1, at step {state['at']}"
    if spike == 1:
        return [f"{met}: that is no spike, and Adam's step stays as it is."]
    share = decimal(raw["share"], 3)
    headline = f"{met}: right after it Adam steps as if its learning rate were {share} times as large."
    lasting = f"{_back(raw)} The longest step on the way is {decimal(raw['longest'], 2)} learning rates."
    if c >= spike:
        return [
            headline,
            lasting,
            f"Clipping at {_written(c)} changes nothing: the spike is not longer than that.",
        ]
    if c == 1:
        return [headline, lasting, "Clipped at 1, the spike is an ordinary gradient, and nothing happens."]
    clipped = outcome["clipped"]
    return [
        headline,
        lasting,
        f"Clipped at {_written(c)}, it falls to {decimal(clipped['share'], 3)}. {_back(clipped)}",
    ]


def _back(course: Course) -> str:
    n = course["recovery"]
    if n == 0:
        return "It never falls below nine tenths."
    return f"It is back at nine tenths after {n:,} ordinary {'step' if n == 1 else 'steps'}."


def _written(number: float) -> str:
    return size(math.log10(number))


WIDTH, HEIGHT = 700, 470
LEFT, RIGHT = 62, 688
PANELS = {"m": (26, 126), "v": (164, 284), "step": (322, 432)}
NAMES = {
    "m": "m̂, the mean of gradients",
    "v": "v̂, the mean of squared gradients",
    "step": "step = m̂ / √v̂, in learning rates",
}


@dataclass(frozen=True)
class Scale:
    """From steps and values to pixels; a logarithmic panel counts in decades, from 0 to `top`."""

    span: int
    panel: str
    top: float

    def x(self, step: float) -> float:
        """Pixels from the left."""
        return LEFT + step / self.span * (RIGHT - LEFT)

    def y(self, value: float) -> float:
        """Pixels from the top."""
        upper, lower = PANELS[self.panel]
        return lower - (lower - upper) * value / self.top


def marks(state: State) -> list[svg.Mark]:
    """Three panels over one time axis: both averages on logarithmic axes, and the step."""
    outcome = compute(state)
    span, decades = SPANS[state["memory"]], max(1, math.ceil(math.log10(state["spike"]) - 1e-9))
    tops = {"m": float(decades), "v": float(2 * decades), "step": 3.5}
    shown = seen(span, state["at"])
    drawn: list[svg.Mark] = []
    for panel, top in tops.items():
        scale = Scale(span, panel, top)
        drawn += _axes(scale, state["at"])
        for name, course in (("raw", outcome["raw"]), ("clipped", outcome["clipped"])):
            series = {"m": course["m"], "v": course["v"], "step": course["step"]}[panel]
            points = [(scale.x(t), scale.y(_shown(panel, float(series[t - 1])))) for t in shown]
            drawn.append(svg.polyline(points, name))
    return [*drawn, *_legend(state)]


def seen(span: int, at: int) -> list[int]:
    """The steps that are drawn: every one around the spike, and enough of the others."""
    every = span // 200
    return [t for t in range(1, span + 1) if at - 2 <= t <= at + 40 or t % every == 0 or t == 1]


def _shown(panel: str, value: float) -> float:
    return value if panel == "step" else max(0.0, math.log10(value))


def _axes(scale: Scale, at: int) -> list[svg.Mark]:
    upper, lower = PANELS[scale.panel]
    whole = int(scale.top)
    ticks = (0, 1, 2, 3) if scale.panel == "step" else range(0, whole + 1, max(1, whole // 2))
    drawn = [svg.text(LEFT, upper - 9, NAMES[scale.panel], "small")]
    for tick in ticks:
        drawn.append(svg.line(LEFT, scale.y(tick), RIGHT, scale.y(tick), "grid" if tick else "axis"))
        written = str(tick) if scale.panel == "step" else power_of_ten(tick)
        drawn.append(svg.text(LEFT - 8, scale.y(tick) + 4, written, "tick end"))
    drawn.append(svg.line(scale.x(at), upper, scale.x(at), lower, "strike"))
    if scale.panel != "step":
        return drawn
    for tick in range(0, scale.span + 1, scale.span // 4):
        place = "end" if tick == scale.span else "middle"
        drawn.append(svg.text(scale.x(tick), lower + 17, f"{tick:,}", f"tick {place}"))
    return [*drawn, svg.text(scale.x(scale.span * 3 / 8), lower + 32, "step of training", "tick middle")]


def _legend(state: State) -> list[svg.Mark]:
    y = PANELS["m"][0] - 13
    clipped = f"clipped at {_written(state['threshold'])}"
    right = RIGHT - 7.4 * len(clipped) - 6
    return [
        svg.line(right - 160, y, right - 132, y, "raw"),
        svg.text(right - 126, y + 4, "as it comes", "raw-name"),
        svg.line(right - 32, y, right - 4, y, "clipped"),
        svg.text(right + 2, y + 4, clipped, "clipped-name"),
    ]
