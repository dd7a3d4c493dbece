"""The chain in words, as `demo.js` says it, and as a static picture for a page without a kernel."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from course_lib.demos import svg
from course_lib.demos.chain.model import HELD, Horizon, Outcome, State, compute, underflow_exponent
from course_lib.demos.wording import decimal, power_of_ten, size

TOO = {"over": "large", "under": "small"}


def words(state: State) -> list[str]:
    """What the picture shows, in sentences; the first is the headline."""
    outcome, depth = compute(state), state["depth"]
    forward, backward = outcome["forward"], outcome["backward"]
    reached = [
        (name, Horizon(depth - found.layer, found.side))
        for name, found in outcome["gradient_horizon"].items()
        if found and found.layer <= depth
    ]
    lost = _outgrown("; it is", outcome["signal_horizon"].items())
    sentences = [
        f"{depth} {state['unit']} {'layer' if depth == 1 else 'layers'} of gain {decimal(state['gain'])}: "
        f"on its way back to the input the gradient {_change(float(backward[0]))}.",
        f"The signal {_journey(size(float(forward[0])), size(float(forward[depth])))}{lost}.",
    ]
    if reached:
        sentences.append(f"{_outgrown('Coming back, the gradient is', reached)}.")
    return sentences


def _change(log10: float) -> str:
    if abs(log10) < 1e-9:
        return "keeps its size"
    return f"{'grows' if log10 > 0 else 'shrinks'} to {size(log10)} times its size"


def _journey(start: str, end: str) -> str:
    return f"stays at {end}" if start == end else f"goes from {start} to {end}"


def _outgrown(opening: str, horizons: Iterable[tuple[str, Horizon | None]]) -> str:
    """`; it is too large for float16 at layer 61, for bfloat16 and float32 at layer 487`, or nothing."""
    together: dict[Horizon, list[str]] = {}
    for name, found in horizons:
        if found:
            together.setdefault(found, []).append(name)
    clauses, last = [], ""
    for (layer, side), names in together.items():
        too = "" if side == last else f"too {TOO[side]} "
        clauses.append(f"{too}for {_joined(names)} at layer {layer}")
        last = side
    return f"{opening} {', '.join(clauses)}" if clauses else ""


def _joined(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


WIDTH, HEIGHT = 700, 330
LEFT, RIGHT, TOP, BOTTOM = 62, 688, 30, 294
HALVES = (8, 16, 32, 64, 160)
SPANS = ((20, 5), (40, 10), (80, 20), (160, 40), (250, 50))
# The ceilings of bfloat16 and float32 lie on one line of the picture, so one of them names both.
CEILINGS = {
    "float16": "float16 ≤ 65,504",
    "bfloat16": "bfloat16 and float32 ≤ 3.4 × 10³⁸",
    "float32": "",
}
FLOORS = {
    "float16": "float16 > 3 × 10⁻⁸",
    "bfloat16": "bfloat16 > 5 × 10⁻⁴¹",
    "float32": "float32 > 7 × 10⁻⁴⁶",
}


@dataclass(frozen=True)
class Scale:
    """From layers and decimal logarithms to pixels: `span` layers wide, `half` decades up and down."""

    span: int
    half: int

    def x(self, layer: float) -> float:
        """Pixels from the left."""
        return LEFT + layer / self.span * (RIGHT - LEFT)

    def y(self, log10: float) -> float:
        """Pixels from the top; what is off the picture stays at its edge."""
        shown = min(max(log10, -self.half), self.half)
        return TOP + (BOTTOM - TOP) * (self.half - shown) / (2 * self.half)


def marks(state: State) -> list[svg.Mark]:
    """Both curves on a logarithmic axis, and where each format ends."""
    outcome = compute(state)
    reach = max(abs(log) for log in (*outcome["forward"], *outcome["backward"]) if math.isfinite(log))
    half = next((half for half in HALVES if half >= reach), HALVES[-1])
    span, tick = next((span, tick) for span, tick in SPANS if span >= 1.25 * state["depth"])
    scale = Scale(span, half)
    return [
        *_axes(scale, tick, state["depth"]),
        *_limits(scale),
        *_curve(scale, outcome["forward"], "signal", 2.6),
        *_curve(scale, outcome["backward"], "gradient", 3.2),
        *_names(scale, state["depth"], outcome),
    ]


def _axes(scale: Scale, tick: int, depth: int) -> list[svg.Mark]:
    drawn = [
        svg.text(LEFT - 8, TOP - 12, "size", "tick end"),
        svg.text(LEFT, TOP - 12, "input", "tick"),
        svg.text(max(scale.x(depth), LEFT + 54), TOP - 12, "output", "tick middle"),
        svg.text(scale.x(scale.span / 2), BOTTOM + 32, "layer", "tick middle"),
    ]
    for log in range(-scale.half, scale.half + 1, scale.half // 2):
        drawn.append(svg.line(LEFT, scale.y(log), RIGHT, scale.y(log), "grid" if log else "axis"))
        drawn.append(svg.text(LEFT - 8, scale.y(log) + 4, power_of_ten(log), "tick end"))
    for layer in range(0, scale.span + 1, tick):
        drawn.append(svg.line(scale.x(layer), TOP, scale.x(layer), BOTTOM, "grid"))
        drawn.append(svg.text(scale.x(layer), BOTTOM + 17, str(layer), "tick middle"))
    return [*drawn, svg.line(scale.x(depth), TOP - 6, scale.x(depth), BOTTOM, "axis")]


def _limits(scale: Scale) -> list[svg.Mark]:
    drawn = []
    for name, held in HELD.items():
        ceiling, floor = held.overflow_exponent * math.log10(2), underflow_exponent(held) * math.log10(2)
        if ceiling < scale.half:
            drawn += _limit(scale.y(ceiling), TOP, CEILINGS[name], 15 if scale.half <= 32 else -6)
        if floor > -scale.half:
            drawn += _limit(scale.y(floor), BOTTOM, FLOORS[name], 15 if name == "float32" else -6)
    return drawn


def _limit(y: float, edge: float, words: str, shift: float) -> list[svg.Mark]:
    return [
        svg.rect(LEFT, min(y, edge), RIGHT - LEFT, abs(y - edge), "outside"),
        svg.line(LEFT, y, RIGHT, y, "limit"),
        svg.text(RIGHT - 4, y + shift, words, "small end"),
    ]


def _curve(scale: Scale, logs: Iterable[float], name: str, radius: float) -> list[svg.Mark]:
    seen = [(scale.x(layer), scale.y(log)) for layer, log in enumerate(logs) if abs(log) <= scale.half]
    every = math.ceil(9 / (scale.x(1) - scale.x(0)))
    return [svg.polyline(seen, name), *(svg.circle(x, y, radius, f"{name}-dot") for x, y in seen[::every])]


def _names(scale: Scale, depth: int, outcome: Outcome) -> list[svg.Mark]:
    signal, gradient = float(outcome["forward"][depth]), float(outcome["backward"][0])
    said = f"signal {size(signal)}"
    fits = scale.x(depth) + 10 + 7.6 * len(said) <= RIGHT
    right_of_the_end = svg.text(scale.x(depth) + 10, scale.y(signal) + 5, said, "signal-name")
    above_the_end = svg.text(scale.x(depth) - 9, scale.y(signal) - 11, said, "signal-name end")
    beside = -12 if gradient > 0 else 22
    return [
        right_of_the_end if fits else above_the_end,
        svg.text(LEFT + 9, scale.y(gradient) + beside, f"gradient {size(gradient)}", "gradient-name"),
    ]
