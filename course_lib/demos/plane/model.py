"""The arithmetic of the plane: one gradient of two components, clipped by four rules.

`compute` in `demo.js` is the same arithmetic; `tests/unit/test_demo_arithmetic.py` holds the two together.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from course_lib.clipping import angle_between, clip_by_norm, clip_by_value, published_elementwise

Vector = NDArray[np.float64]


class State(TypedDict):
    """What the reader can move: the gradient (`first`, `second`), the threshold above 0, the rule in view."""

    first: float
    second: float
    threshold: float
    rule: str


class Clipped(TypedDict):
    """What one rule makes of the gradient: the vector, its l2 length, and the degrees it was turned by."""

    vector: Vector
    length: float
    turned: float


class Outcome(TypedDict):
    """The gradient's own l2 length, and what each rule makes of it."""

    length: float
    rules: dict[str, Clipped]


RULES: dict[str, Callable[[Vector, float], NDArray[np.floating[Any]]]] = {
    "value": clip_by_value,
    "l2": lambda g, c: clip_by_norm(g, c, p=2),
    "linf": lambda g, c: clip_by_norm(g, c, p=math.inf),
    "published": published_elementwise,
}


def compute(state: State) -> Outcome:
    """Length and turn of the gradient under each of the four rules, all at the same threshold.

    The zero gradient has no direction, and is turned by 0 degrees. Raises `ClippingError` for a threshold
    that is not above 0 and for a gradient that is not finite. Taught in lesson 03_clipping_mechanics.
    """
    g = np.array([state["first"], state["second"]])
    rules = {name: np.asarray(rule(g, state["threshold"]), np.float64) for name, rule in RULES.items()}
    return Outcome(
        length=math.hypot(*g),
        rules={
            name: Clipped(
                vector=vector, length=math.hypot(*vector), turned=angle_between(g, vector) if g.any() else 0.0
            )
            for name, vector in rules.items()
        },
    )
