r"""The cliff: a loss surface with a steep wall, from a recurrent network with a single unit.

$$x_t = w \, \sigma(x_{t-1}) + b, \qquad x_0 = 0.5, \qquad E(w, b) = \left(\sigma(x_{50}) - 0.7\right)^2$$

No input, 50 steps, two parameters. Along a curve in the plane of (w, b) the state settles at a low or at a
high fixed point: there E jumps, and its gradient is thousands of times that of the valley beside it. One
step of gradient descent from there leaves the region for good; with clipping it only climbs back down.
Pascanu, Mikolov & Bengio 2013, section 2.3 and its figure of the error surface. Taught in lesson 01_explosion.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

STEPS, START_STATE, TARGET = 50, 0.5, 0.7

Vector = NDArray[np.float64]
VectorClip = Callable[[Vector], ArrayLike]


@dataclass(frozen=True)
class Descent:
    """One run of gradient descent: `points` (steps + 1, 2) are the (w, b) visited.

    `losses` (steps + 1,) are the values there, `norms` (steps,) the lengths of the gradients before clipping.
    """

    points: NDArray[np.float64]
    losses: NDArray[np.float64]
    norms: NDArray[np.float64]


def cliff_loss(w: ArrayLike, b: ArrayLike) -> NDArray[np.float64]:
    """The loss E at each (w, b); `w` and `b` broadcast, so a grid gives a surface."""
    loss, _, _ = _loss_and_gradient(np.asarray(w, np.float64), np.asarray(b, np.float64))
    return loss


def cliff_gradient(w: ArrayLike, b: ArrayLike) -> NDArray[np.float64]:
    r"""$(\partial E / \partial w, \partial E / \partial b)$, along a last axis of length 2."""
    _, dw, db = _loss_and_gradient(np.asarray(w, np.float64), np.asarray(b, np.float64))
    return np.stack([dw, db], axis=-1)


def descend(
    start: tuple[float, float] = (4.7, -1.85),
    lr: float = 0.2,
    steps: int = 100,
    clip: VectorClip | None = None,
) -> Descent:
    """Gradient descent on the cliff from `start` = (w, b); `clip` maps a gradient, shape (2,), to the one used.

    With the defaults the walk follows the valley for 26 steps and then meets the wall; that holds for starts
    within a thousandth, while from elsewhere a last digit may decide where on the wall it lands.
    """
    point = np.array(start, np.float64)
    points, losses, norms = [point], [float(cliff_loss(*point))], []
    for _ in range(steps):
        g = cliff_gradient(*point)
        norms.append(float(np.linalg.norm(g)))
        point = point - lr * (g if clip is None else np.asarray(clip(g), np.float64))
        points.append(point)
        losses.append(float(cliff_loss(*point)))
    return Descent(np.array(points), np.array(losses), np.array(norms))


def _loss_and_gradient(w: Vector, b: Vector) -> tuple[Vector, Vector, Vector]:
    """E and its two derivatives, carried forward with the state: d x_t = (what the step adds) + J_t d x_(t-1)."""
    x = np.full(np.broadcast(w, b).shape, START_STATE)
    x_w, x_b = np.zeros_like(x), np.zeros_like(x)
    for _ in range(STEPS):
        s = _sigmoid(x)
        jacobian = w * s * (1 - s)
        x_w, x_b = s + jacobian * x_w, 1 + jacobian * x_b
        x = w * s + b
    s = _sigmoid(x)
    outer = 2 * (s - TARGET) * s * (1 - s)
    return np.asarray((s - TARGET) ** 2), outer * x_w, outer * x_b


def _sigmoid(x: Vector) -> Vector:
    """1 / (1 + exp(-x)), written with tanh so that no exponential overflows."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * x)))
