"""The groups in words, as `demo.js` says it, and as a static picture for a page without a kernel."""

from __future__ import annotations

from course_lib.demos import svg
from course_lib.demos.groups.model import Outcome, State, compute
from course_lib.demos.wording import decimal

NAMES = ("white", "black or Hispanic")
SPANS = {
    "accuracy": (70, 100, 10),
    "approval rate": (60, 100, 10),
    "true positive rate": (80, 100, 5),
    "false positive rate": (0, 100, 20),
    "auc": (70, 100, 10),
    "log loss": (0, 80, 20),
}
"""Axes: from, to and between two ticks."""

TITLES = {metric: f"{metric}, %" for metric in SPANS} | {"auc": "AUC, %", "log loss": "log loss, times 100"}
CHANGES = 12
"""The axis of changes reaches this far to both sides, in points."""


def words(state: State) -> list[str]:
    """What the picture shows, in sentences; the first is the headline."""
    outcome = compute(state)
    return [_headline(state, outcome), _change(outcome), _acting(outcome)]


def _headline(state: State, outcome: Outcome) -> str:
    ratio = outcome["ratio"]
    rule = "No rule" if ratio is None else f"Ratio {decimal(ratio)}"
    name = "AUC" if state["metric"] == "auc" else state["metric"]
    means = f"{decimal(outcome['means'][0], 1)} and {decimal(outcome['means'][1], 1)}"
    return f"{rule}, {state['batch']}: {name} {means}, a gap of {decimal(outcome['gap'], 1)}."


def _change(outcome: Outcome) -> str:
    if outcome["verdict"] == "off":
        return "This is what the other positions are compared with."
    if outcome["verdict"] == "identical":
        return "On each of the ten splits the gap is the one without the rule."
    told = f"{decimal(outcome['change'])} ± {decimal(outcome['spread'])} points over ten splits"
    if outcome["verdict"] == "noise":
        return f"The rule changes the gap by {told}: less than splits differ."
    return f"The rule changes the gap by {told}."


def _acting(outcome: Outcome) -> str:
    if outcome["verdict"] == "off":
        return "Nothing is clipped."
    return (
        f"It shortens {decimal(outcome['clipped'], 1)}% of the steps and moves the weights by "
        f"{decimal(outcome['moved'], 1)}% of their length."
    )


WIDTH, HEIGHT = 700, 276
LEFT, RIGHT = 150, 684
ROWS = (44, 96)
GROUND, CHANGE, CHANGE_GROUND = 132, 218, 248


def marks(state: State) -> list[svg.Mark]:
    """Above, ten dots a group with their mean, beside the mean without the rule; below, the change of the gap."""
    outcome = compute(state)
    low, high, every = SPANS[state["metric"]]
    drawn = [svg.text(LEFT, 18, TITLES[state["metric"]], "title")]
    for tick in range(low, high + 1, every):
        x = _x(tick, low, high)
        drawn.append(svg.line(x, 26, x, GROUND, "grid"))
        drawn.append(svg.text(x, GROUND + 17, str(tick), "tick middle"))
    for row, (name, style) in enumerate(zip(NAMES, ("first", "second"), strict=True)):
        drawn.append(svg.text(LEFT - 12, ROWS[row] - 4, "recorded as", f"{style}-name end"))
        drawn.append(svg.text(LEFT - 12, ROWS[row] + 12, name, f"{style}-name end"))
        plain = _x(sum(outcome["plain"][row]) / 10, low, high)
        drawn.append(svg.line(plain, ROWS[row] - 19, plain, ROWS[row] + 19, "plain"))
        for place, value in enumerate(outcome["groups"][row]):
            drawn.append(_dot(_x(value, low, high), ROWS[row] + _aside(place), style))
        x = _x(outcome["means"][row], low, high)
        drawn.append(svg.line(x, ROWS[row] - 14, x, ROWS[row] + 14, f"{style}-mean"))
    drawn.append(svg.text(plain, GROUND - 4, "no rule", "tick middle"))  # below the second group's thin line
    drawn.append(
        svg.text(LEFT, CHANGE - 28, "change of the gap, white minus black or Hispanic, in points", "title")
    )
    for tick in range(-CHANGES, CHANGES + 1, 4):
        x = _x(tick, -CHANGES, CHANGES)
        drawn.append(svg.line(x, CHANGE - 20, x, CHANGE_GROUND, "grid"))
        drawn.append(svg.text(x, CHANGE_GROUND + 17, decimal(tick), "tick middle"))
    zero = _x(0, -CHANGES, CHANGES)
    drawn.append(svg.line(zero, CHANGE - 20, zero, CHANGE_GROUND, "plain"))
    for place, value in enumerate(outcome["changes"]):
        drawn.append(_diamond(_x(value, -CHANGES, CHANGES), CHANGE + _aside(place)))
    return drawn


def _aside(place: int) -> float:
    """Ten dots do not hide each other: each split has a height of its own."""
    return (place - 4.5) * 2.4


def _dot(x: float, y: float, style: str) -> svg.Mark:
    return svg.circle(x, y, 3.2, style) if style == "first" else svg.rect(x - 3, y - 3, 6, 6, style)


def _diamond(x: float, y: float) -> svg.Mark:
    return svg.polygon([(x - 4, y), (x, y - 4), (x + 4, y), (x, y + 4)], "change")


def _x(value: float, low: float, high: float) -> float:
    """Pixels from the left; what is off the axis stays at its edge."""
    return LEFT + (min(max(value, low), high) - low) / (high - low) * (RIGHT - LEFT)
