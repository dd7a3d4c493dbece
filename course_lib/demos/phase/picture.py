"""The phase plane in words, as `demo.js` says it, and as a static picture for a page without a kernel."""

from __future__ import annotations

import math

from course_lib.demos import svg
from course_lib.demos.phase.model import LATE, STEPS, Outcome, State, Walk, compute
from course_lib.demos.wording import decimal, power_of_ten, size

WALKS = ("inner", "outer")


def words(state: State) -> list[str]:
    """What the picture shows, in sentences; the first is the headline."""
    outcome = compute(state)
    given = f"{state['scheme'].capitalize()} steps of {decimal(state['lr'])}, {_clipped(state)}"
    return [f"{given}{_law(state, outcome)}", _end(outcome)]


def _clipped(state: State) -> str:
    c = decimal(state["threshold"])
    decay = f", decay {decimal(state['decay'], 3)}" if state["decay"] else ""
    return {
        "nobody": "nothing clipped",
        "both": f"both gradients clipped by one norm at {c}",
        "generator": f"only the generator's gradient clipped at {c}",
        "weight": f"the discriminator's weight kept within {c}",
    }[state["clipped"]] + decay


def _law(state: State, outcome: Outcome) -> str:
    lr, c, factor = state["lr"], state["threshold"], decimal(outcome["factor"], 4)
    if outcome["law"] == "out":
        return f": every step multiplies the radius by {factor}, and both walks spiral out."
    if outcome["law"] == "root":
        added = size(2 * math.log10(lr * c))
        return f": every clipped step adds {added} to the squared radius. Slower than a spiral, and still no cycle."
    if outcome["law"] == "linear":
        return (
            ": no cycle. The discriminator, which nobody clips, drifts out by about "
            f"{size(2 * math.log10(lr) + math.log10(c))} a step in the long run."
        )
    if outcome["law"] == "circle":
        circle = decimal(outcome["circle"])
        return f": both walks close in on a circle of radius {circle}, where decay balances the push."
    if outcome["law"] == "kept":
        return f": every step keeps x² − {decimal(lr)}xy + y², so that each walk stays on its own ellipse."
    if outcome["law"] == "measured":
        return "."
    if state["clipped"] == "both":
        return ": decay alone is enough, and both walks come home."
    per = "in the mean, a step" if state["scheme"] == "alternating" else "every step"
    return f": {per} multiplies the radius by {factor}, and both walks come home."


def _end(outcome: Outcome) -> str:
    inner, outer = outcome["inner"], outcome["outer"]
    return (
        f"In the last {LATE} of {STEPS:,} steps the radius of the inner walk is {_between(inner)}, "
        f"that of the outer walk {_between(outer)}."
    )


def _between(walk: Walk) -> str:
    least, most = (size(math.log10(max(radius, 1e-300))) for radius in (walk["least"], walk["most"]))
    return least if least == most else f"{least} to {most}"


WIDTH, HEIGHT = 700, 360
SIDE, TOP = 318, 8  # the plane is a square from (0, TOP)
REACH = 6  # and shows weights from -6 to 6
CHART = (376, 688)  # left and right edge of the chart of radii
DECADES = (-2, 2)  # of the radius, on its logarithmic axis


def marks(state: State) -> list[svg.Mark]:
    """The plane with both walks, and beside it their radii over time."""
    outcome = compute(state)
    drawn = [*_plane(), *_free_region(state), *_chart()]
    if outcome["circle"]:
        drawn.append(svg.circle(_x(0), _y(0), outcome["circle"] * SIDE / (2 * REACH), "circle"))
        drawn.append(
            svg.line(CHART[0], _height(outcome["circle"]), CHART[1], _height(outcome["circle"]), "circle")
        )
    for name in WALKS:
        walk: Walk = outcome[name]  # type: ignore[literal-required]
        points = list(zip(walk["x"].tolist(), walk["y"].tolist(), strict=True))
        drawn += [svg.polyline([(_x(a), _y(b)) for a, b in part], f"path {name}") for part in _inside(points)]
        late = _inside(points[-LATE:])
        drawn += [svg.polyline([(_x(a), _y(b)) for a, b in part], f"late {name}") for part in late]
        radii = [(_time(t), _height(math.hypot(*points[t]))) for t in range(0, STEPS + 1, 10)]
        drawn.append(svg.polyline(radii, f"radius {name}"))
        drawn.append(svg.circle(_x(points[0][0]), _y(points[0][1]), 5, f"start {name}"))
    return [*drawn, *_names(outcome)]


def _x(first: float) -> float:
    return (REACH + first) * SIDE / (2 * REACH)


def _y(second: float) -> float:
    return TOP + (REACH - second) * SIDE / (2 * REACH)


def _time(step: float) -> float:
    return CHART[0] + step / STEPS * (CHART[1] - CHART[0])


def _height(radius: float) -> float:
    low, high = DECADES
    decade = min(max(math.log10(max(radius, 1e-300)), low), high)
    return TOP + SIDE * (high - decade) / (high - low)


def _inside(points: list[tuple[float, float]]) -> list[list[tuple[float, float]]]:
    """The stretches of a walk that lie in the square, each of two points at least."""
    parts: list[list[tuple[float, float]]] = [[]]
    for x, y in points:
        if abs(x) <= REACH and abs(y) <= REACH:
            parts[-1].append((x, y))
        elif parts[-1]:
            parts.append([])
    return [part for part in parts if len(part) > 1]


def _plane() -> list[svg.Mark]:
    drawn = [svg.rect(0, TOP, SIDE, SIDE, "frame")]
    for tick in range(-4, 5, 2):
        drawn.append(svg.line(_x(tick), TOP, _x(tick), TOP + SIDE, "grid" if tick else "axis"))
        drawn.append(svg.line(0, _y(tick), SIDE, _y(tick), "grid" if tick else "axis"))
        drawn.append(svg.text(_x(tick), TOP + SIDE + 15, decimal(tick), "tick middle"))
        if tick:
            drawn.append(svg.text(_x(0) - 5, _y(tick) + 4, decimal(tick), "tick end"))
    return [
        *drawn,
        svg.text(SIDE / 2, TOP + SIDE + 31, "generator's weight x", "tick middle"),
        svg.text(5, TOP + 15, "discriminator's weight y", "tick"),
    ]


def _free_region(state: State) -> list[svg.Mark]:
    """Where nothing is clipped: a disc, a band, or the band that the weight may not leave."""
    c = state["threshold"] * SIDE / (2 * REACH)
    if state["clipped"] == "nobody":
        return []
    if state["clipped"] == "both":
        return [svg.circle(_x(0), _y(0), c, "free")]
    return [svg.rect(0, _y(0) - c, SIDE, 2 * c, "free" if state["clipped"] == "generator" else "free wall")]


def _chart() -> list[svg.Mark]:
    left, right = CHART
    drawn = [svg.text(left, TOP + SIDE + 31, "radius (log scale) over steps", "tick")]
    for exponent in range(DECADES[0], DECADES[1] + 1):
        height = _height(10.0**exponent)
        drawn.append(svg.line(left, height, right, height, "grid" if exponent > DECADES[0] else "axis"))
        drawn.append(svg.text(left - 8, height + 4, power_of_ten(exponent), "tick end"))
    for step in range(0, STEPS + 1, 500):
        place = "end" if step == STEPS else "middle"
        drawn.append(svg.text(_time(step), TOP + SIDE + 15, f"{step:,}", f"tick {place}"))
    return drawn


def _names(outcome: Outcome) -> list[svg.Mark]:
    """Each walk by name where its line begins, and the circle by its radius."""
    named = [
        svg.text(_time(30), _height(outcome[name]["x"][0]) + down, f"{name} walk", f"{name}-name")  # type: ignore[literal-required]
        for name, down in (("inner", 18), ("outer", -20))
    ]
    if not outcome["circle"]:
        return named
    height = _height(outcome["circle"]) + (16 if outcome["circle"] < 2 else -6)
    return [*named, svg.text(CHART[1], height, f"r* = {decimal(outcome['circle'])}", "small end")]
