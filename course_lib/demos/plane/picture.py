"""The plane in words, as `demo.js` says it, and as a static picture for a page without a kernel."""

from __future__ import annotations

import math

import numpy as np

from course_lib.demos import svg
from course_lib.demos.plane.model import State, Vector, compute
from course_lib.demos.wording import decimal

BY = {
    "value": "by value",
    "l2": "by its l2 norm",
    "linf": "by its l∞ norm",
    "published": "by g / max(1, g / c), entry by entry,",
}
ALLOWED = {
    "value": "the box: every |gᵢ| ≤",
    "l2": "the l2 ball: ‖g‖₂ ≤",
    "linf": "the l∞ ball: ‖g‖∞ ≤",
    "published": "no bound below: gᵢ ≤",
}


def words(state: State) -> list[str]:
    """What the picture shows, in sentences; the first is the headline."""
    outcome, g = compute(state), _given(state)
    clipped = outcome["rules"][state["rule"]]
    headline = f"The gradient {_pair(g)}, clipped {BY[state['rule']]} at {decimal(state['threshold'])}, "
    through = _let_through(state, clipped["vector"])
    if np.array_equal(g, clipped["vector"]):
        return [f"{headline}stays as it is.", f"Its length is {decimal(outcome['length'])}.", *through]
    turned = clipped["turned"]
    turn = "is kept" if turned < 0.05 else f"turned by {decimal(turned, 1)} degrees"
    return [
        f"{headline}becomes {_pair(clipped['vector'])}.",
        f"Its length goes from {decimal(outcome['length'])} to {decimal(clipped['length'])}, "
        f"and its direction {turn}.",
        *through,
    ]


def _let_through(state: State, vector: Vector) -> list[str]:
    """What the published formula does not hold."""
    entries = zip(("first", "second"), vector, strict=True)
    free = [name for name, entry in entries if entry < -state["threshold"]]
    if state["rule"] != "published" or not free:
        return []
    are, them = ("is", "it") if len(free) == 1 else ("are", "them")
    return [f"The {' and the '.join(free)} component {are} negative, and nothing holds {them}."]


def _given(state: State) -> Vector:
    return np.array([state["first"], state["second"]])


def _pair(vector: Vector) -> str:
    return f"({decimal(float(vector[0]))}, {decimal(float(vector[1]))})"


ACROSS, UP = 12, 6  # the picture reaches from -12 to 12, and from -6 to 6
WIDTH, HEIGHT = 696, 348
WIDEST_ARC = 4.6  # so that the angle beside it is still on the page
UNIT = WIDTH / (2 * ACROSS)


def marks(state: State) -> list[svg.Mark]:
    """The gradient, what the rule in view makes of it, and the box or ball it is clipped to."""
    g, clipped = _given(state), compute(state)["rules"][state["rule"]]
    return [
        *_axes(),
        *_region(state),
        *_turn(g, clipped["vector"], clipped["turned"], state["rule"]),
        *_arrow(g, "given"),
        *_arrow(clipped["vector"], state["rule"]),
        *_names(g, clipped["vector"], state["rule"]),
    ]


def _x(first: float) -> float:
    return (ACROSS + first) * UNIT


def _y(second: float) -> float:
    return (UP - second) * UNIT


def _axes() -> list[svg.Mark]:
    drawn = [
        svg.text(WIDTH - 4, _y(0) + 32, "first component", "tick end"),
        svg.text(_x(0) + 8, 14, "second component", "tick"),
    ]
    for first in range(2 - ACROSS, ACROSS, 2):
        drawn.append(svg.line(_x(first), 0, _x(first), HEIGHT, "grid" if first else "axis"))
        if first and first % 4 == 0:
            drawn.append(svg.text(_x(first), _y(0) + 16, decimal(first), "tick middle"))
    for second in range(2 - UP, UP, 2):
        drawn.append(svg.line(0, _y(second), WIDTH, _y(second), "grid" if second else "axis"))
        if second:
            drawn.append(svg.text(_x(0) - 7, _y(second) + 4, decimal(second), "tick end"))
    return drawn


def _region(state: State) -> list[svg.Mark]:
    c, rule = state["threshold"], state["rule"]
    look, allowed = f"allowed {rule}-allowed", f"{ALLOWED[rule]} {decimal(c)}"
    box, ball = (_x(-c), _y(c), 2 * c * UNIT, 2 * c * UNIT), (_x(0), _y(0), c * UNIT)
    below = svg.text(_x(0), min(_y(-c) + 19, HEIGHT - 7), allowed, "small middle")
    if rule == "published":
        corner = svg.rect(-2, _y(c), _x(c) + 2, HEIGHT - _y(c) + 2, look)
        return [
            svg.rect(*box, "edge"),
            svg.circle(*ball, "edge"),
            corner,
            svg.text(8, HEIGHT - 8, allowed, "small"),
        ]
    if rule == "l2":
        return [svg.rect(*box, "edge"), svg.circle(*ball, look), below]
    return [svg.circle(*ball, "edge"), svg.rect(*box, look), below]


def _turn(g: Vector, vector: Vector, turned: float, rule: str) -> list[svg.Mark]:
    """Where the tip came from, and the angle between the two directions."""
    thread = svg.line(_x(g[0]), _y(g[1]), _x(vector[0]), _y(vector[1]), f"thread {rule}-line")
    if turned < 0.5:
        return [thread]
    start, by = math.atan2(g[1], g[0]), _signed_turn(g, vector)
    length = math.hypot(*g)
    radius = min(0.62 * length, WIDEST_ARC)
    arc = [_at(start + by * step / 24, radius) for step in range(25)]
    beside = math.cos(start + by / 2)
    side = "start" if beside > 0.4 else "end" if beside < -0.4 else "middle"
    x, y = _at(start + by / 2, radius + 14 / UNIT)
    return [
        thread,
        svg.polyline([(_x(0), _y(0)), _at(start + by, length)], f"ray {rule}-line"),
        svg.polyline(arc, "arc"),
        svg.text(x, y + 4, f"{decimal(turned, 1)}°", f"degrees {side}"),
    ]


def _at(angle: float, radius: float) -> tuple[float, float]:
    return _x(radius * math.cos(angle)), _y(radius * math.sin(angle))


def _signed_turn(g: Vector, vector: Vector) -> float:
    """The turn in radians, positive where it goes against the clock."""
    return math.atan2(g[0] * vector[1] - g[1] * vector[0], float(g @ vector))


def _arrow(vector: Vector, look: str) -> list[svg.Mark]:
    length = math.hypot(*vector) * UNIT
    if length < 1:
        return []
    head = min(12.0, length)
    tip = np.array([_x(vector[0]), _y(vector[1])])
    along = np.array([vector[0], -vector[1]]) * UNIT / length
    across = np.array([-along[1], along[0]]) * 0.42 * head
    neck = tip - head * along
    corners = [(float(x), float(y)) for x, y in (tip, neck + across, neck - across)]
    return [
        svg.line(_x(0), _y(0), float(neck[0]), float(neck[1]), f"shaft {look}-line"),
        svg.polygon(corners, f"{look}-head"),
    ]


def _names(g: Vector, vector: Vector, rule: str) -> list[svg.Mark]:
    """The gradient and its clipped image by name, on different sides of the arrow."""
    side = -1 if _signed_turn(g, vector) < 0 else 1
    normal = math.atan2(g[1], g[0]) + side * math.pi / 2
    given = _name(g, f"gradient {_pair(g)}", -math.cos(normal), -math.sin(normal), "given-name")
    if np.array_equal(g, vector):
        return [given]
    return [given, _name(vector, _pair(vector), math.cos(normal), math.sin(normal), f"{rule}-name")]


def _name(vector: Vector, said: str, right: float, up: float, look: str) -> svg.Mark:
    half = 3.7 * len(said)
    middle = _x(vector[0]) + 16 * right + (math.copysign(half, right) if abs(right) > 0.4 else 0)
    x = min(max(middle, half + 2), WIDTH - half - 2)
    return svg.text(x, min(max(_y(vector[1]) - 18 * up + 5, 14), HEIGHT - 6), said, f"{look} middle")
