"""The monitor in words, as `demo.js` says it, and as a static picture for a page without a kernel."""

from __future__ import annotations

import math
from collections.abc import Sequence

from course_lib.demos import svg
from course_lib.demos.monitor.model import STEPS, Outcome, State, compute
from course_lib.demos.wording import decimal, power_of_ten, size


def words(state: State) -> list[str]:
    """What the picture shows, in sentences; the first is the headline."""
    outcome = compute(state)
    return [_headline(state, outcome), _clipping(outcome), _update(outcome)]


def _headline(state: State, outcome: Outcome) -> str:
    clipped = "No clipping" if outcome["threshold"] is None else f"Threshold {size(outcome['threshold'])}"
    setting = f"{clipped}, learning rate {state['rate']}"
    if outcome["verdict"] == "broken":
        return f"{setting}: the run breaks after {_steps(outcome['survived'])}."
    error = decimal(outcome["error"] or 0.0)
    yardstick = decimal(state["runs"]["persistence"])
    told = {
        "useful": f"the run works: error {error}, below the {yardstick} of last year's value",
        "constant": f"a silent death: the run predicts a constant, error {error}",
        "useless": f"the run is useless: error {error}, last year's value has {yardstick}",
    }
    return f"{setting}: {told[outcome['verdict']]}."


def _clipping(outcome: Outcome) -> str:
    norms = f"the first norm is {size(outcome['first'])}, the largest {size(outcome['largest'])}"
    if outcome["threshold"] is None:
        return f"Nothing is clipped; {norms}."
    late = f"{outcome['late']} of them in the second half" if outcome["clipped"] else "none"
    return f"{_steps(outcome['clipped'])} of {outcome['survived']} clipped, {late}; {norms}."


def _update(outcome: Outcome) -> str:
    return f"The longest update is {size(outcome['longest'])}."


def _steps(count: int) -> str:
    return f"{count} {'step' if count == 1 else 'steps'}"


WIDTH, HEIGHT = 700, 456
LEFT, RIGHT = 62, 688
PANEL, GAP, TOP = 104, 38, 22
NORMS, UPDATES, LOSSES = (-1, 7), (-5, 3), (-2, 6)


def marks(state: State) -> list[svg.Mark]:
    """Three panels over the steps: the gradient's norm with the threshold, the update, the loss."""
    outcome = compute(state)
    run = state["runs"]["runs"][state["rate"]][str(state["notch"])]
    threshold = outcome["threshold"]
    drawn = [
        *_panel(0, "gradient norm", NORMS, run["norms"], "norm"),
        *_panel(1, "length of the update", UPDATES, outcome["updates"], "update"),
        *_panel(2, "loss of the batch", LOSSES, run["losses"], "loss"),
        svg.text((LEFT + RIGHT) / 2, _bottom(2) + 33, "step", "tick middle"),
    ]
    if threshold is not None:
        y = _y(0, threshold, NORMS)
        drawn.append(svg.line(LEFT, y, RIGHT, y, "threshold"))
        drawn.append(svg.text(RIGHT - 4, y - 5, f"threshold {size(threshold)}", "threshold-name end"))
        drawn += [
            svg.circle(_x(step), _y(0, norm, NORMS), 2.6, "over")
            for step, norm in enumerate(run["norms"])
            if norm > threshold
        ]
    if outcome["survived"] < STEPS:
        x = _x(outcome["survived"])
        drawn.append(svg.line(x, TOP, x, _bottom(2), "end-line"))
        drawn.append(svg.text(x + 6, TOP + PANEL / 2, "nan from here on", "end-name"))
    return drawn


def _panel(place: int, name: str, span: tuple[int, int], logs: Sequence[float], style: str) -> list[svg.Mark]:
    low, high = span
    drawn = [svg.text(LEFT, _bottom(place) - PANEL - 7, name, f"{style}-name")]
    for log in range(low, high + 1, 2):
        y = _y(place, log, span)
        drawn.append(svg.line(LEFT, y, RIGHT, y, "grid"))
        drawn.append(svg.text(LEFT - 8, y + 4, power_of_ten(log), "tick end"))
    for step in range(0, STEPS + 1, 50):
        drawn.append(svg.line(_x(step), _bottom(place) - PANEL, _x(step), _bottom(place), "grid"))
        if place == 2:
            drawn.append(svg.text(_x(step), _bottom(2) + 17, str(step), "tick middle"))
    points = [(_x(step), _y(place, log, span)) for step, log in enumerate(logs)]
    return [*drawn, svg.polyline(points, style)]


def _x(step: int) -> float:
    return LEFT + step / STEPS * (RIGHT - LEFT)


def _bottom(place: int) -> float:
    return TOP + PANEL + place * (PANEL + GAP)


def _y(place: int, log: float, span: tuple[int, int]) -> float:
    """Pixels from the top; what is off the panel stays at its edge."""
    low, high = span
    shown = min(max(log, low), high) if math.isfinite(log) else high
    return _bottom(place) - PANEL * (shown - low) / (high - low)
