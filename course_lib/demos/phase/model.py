"""The arithmetic of the phase plane: two walks of the bilinear game, and the law that governs them.

`compute` in `demo.js` is the same arithmetic; `tests/unit/test_demo_arithmetic.py` holds the two together.
"""

from __future__ import annotations

import math
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from course_lib.dynamics.games import cycle_radius, growth_factor, play

STEPS, LATE = 2000, 500
STARTS = {"inner": (0.5, 0.0), "outer": (3.0, 0.0)}
CLIPPED = ("nobody", "both", "generator", "weight")
SCHEMES = ("simultaneous", "alternating", "extragradient")


class State(TypedDict):
    """What the reader can move: how the players step, what is clipped and where, the step, the decay."""

    scheme: str
    clipped: str
    threshold: float
    lr: float
    decay: float


class Walk(TypedDict):
    """Where one walk went, shape (STEPS + 1,), and between which radii its last LATE steps lie."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    least: float
    most: float


class Outcome(TypedDict):
    """Both walks; `law` names what is known of this state, `factor` that of an unclipped step, `circle` a radius."""

    inner: Walk
    outer: Walk
    law: str
    factor: float
    circle: float


def compute(state: State) -> Outcome:
    """The game min max xy from a start near the equilibrium and from one far away, by `dynamics.games.play`.

    `clipped` is what meets the threshold: nothing, both players' gradient by its joint norm, the generator's
    gradient, or the discriminator's weight itself. `law` is "out", "root", "linear", "circle", "kept", "home", or
    "measured" where only the walks themselves tell; `circle` is 0 where there is none. Taught in lesson 09_gans.
    """
    asked: dict[str, Any] = {part: state[part] for part in ("lr", "decay", "scheme")}
    if state["clipped"] == "weight":
        asked["weight_limit"] = state["threshold"]
    elif state["clipped"] != "nobody":
        asked["clip"] = state["threshold"]
        asked["scope"] = "jointly" if state["clipped"] == "both" else "generator"
    inner, outer = (_walk(start, asked) for start in STARTS.values())
    law, circle = _law(state)
    factor = growth_factor(state["lr"], state["decay"], state["scheme"])
    return Outcome(inner=inner, outer=outer, law=law, factor=factor, circle=circle)


def _walk(start: tuple[float, float], asked: dict[str, Any]) -> Walk:
    run = play(start, steps=STEPS, **asked)
    late = run.radii[-LATE:]
    return Walk(x=run.points[:, 0], y=run.points[:, 1], least=float(late.min()), most=float(late.max()))


def _law(state: State) -> tuple[str, float]:
    lr, decay, c = state["lr"], state["decay"], state["threshold"]
    factor = growth_factor(lr, decay, state["scheme"])
    if state["clipped"] == "nobody":
        return ("kept" if math.isclose(factor, 1, rel_tol=1e-12) else "out" if factor > 1 else "home"), 0.0
    if state["scheme"] != "simultaneous" or state["clipped"] == "weight":
        return "measured", 0.0
    if decay == 0:
        return ("root" if state["clipped"] == "both" else "linear"), 0.0
    if state["clipped"] == "generator":
        return "measured", 0.0
    circle = cycle_radius(lr, c, decay)
    return ("home", 0.0) if circle is None else ("circle", circle)
