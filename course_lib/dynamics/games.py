r"""The smallest game with a generator and a discriminator, and what its players' steps do.

$$\min_x \max_y \; f(x, y) = x y$$

The generator's weight is x, the discriminator's is y; the only equilibrium is (0, 0). Each player descends its own
loss, f and -f, so that together they subtract lr times the field $(y, -x)$. That field is at right angles to (x, y)
and as long as it: it turns, and never points home. Mescheder, Nowozin & Geiger 2017, "The numerics of GANs"; Gidel
et al. 2019, "A variational inequality perspective on GANs". Taught in lesson 09_gans.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from course_lib.dynamics.formats import DynamicsError

Vector = NDArray[np.float64]
GameClip = Callable[[Vector], ArrayLike]
Pair = tuple[float, float]

SCHEMES = ("simultaneous", "alternating", "extragradient")
SCOPES = ("jointly", "separately", "generator")


@dataclass(frozen=True)
class Play:
    """One run of the game: `points` (steps + 1, 2) are the (x, y) visited, nan once they have overflowed."""

    points: NDArray[np.float64]

    @property
    def radii(self) -> NDArray[np.float64]:
        """The distance from the equilibrium, shape (steps + 1,)."""
        return np.asarray(np.hypot(*self.points.T))


def play(
    start: Pair = (1.0, 1.0),
    lr: float = 0.1,
    steps: int = 1000,
    scheme: str = "simultaneous",
    clip: float | GameClip = math.inf,
    scope: str = "jointly",
    decay: float = 0.0,
    weight_limit: float = math.inf,
) -> Play:
    r"""Both players' steps from `start` = (x, y).

    - `scheme`: `"simultaneous"`, both step from the same point; `"alternating"`, y answers the x that has just
      moved; `"extragradient"`, both look one step ahead and step from where they were by the gradient found there
      (Korpelevich 1976).
    - `clip`: a threshold for the norm, or your own function, from a gradient to the one that is used. `scope` says
      what it is given: `"jointly"`, the gradient of both players, shape (2,); `"separately"`, each player's own,
      shape (1,); `"generator"`, that of x alone, shape (1,), while y is not clipped.
    - `decay`: decoupled weight decay, w <- (1 - lr decay) w - lr g, for both players.
    - `weight_limit`: y itself is clamped to at most this size after each step; the *weight* clipping of Arjovsky,
      Chintala & Bottou 2017, Algorithm 1, which is not gradient clipping.

    Raises `DynamicsError` for an unknown scheme or scope, a step, threshold or limit that is not above 0, a negative
    decay, or a `clip` that returns another shape.
    """
    if scheme not in SCHEMES:
        raise DynamicsError(f"scheme must be one of {', '.join(SCHEMES)}, but it is {scheme!r}.")
    if scope not in SCOPES:
        raise DynamicsError(f"scope must be one of {', '.join(SCOPES)}, but it is {scope!r}.")
    _above_zero("lr", lr)
    _above_zero("weight_limit", weight_limit)
    _not_negative("decay", decay)
    if steps < 0:
        raise DynamicsError(f"steps must be 0 or more, but it is {steps}.")
    used, kept = _clipping(clip, scope), 1 - lr * decay

    def ahead(x: float, y: float, g: Pair) -> Pair:
        y = kept * y - lr * g[1]
        return kept * x - lr * g[0], max(-weight_limit, min(y, weight_limit))

    points = np.empty((steps + 1, 2))
    x, y = float(start[0]), float(start[1])
    points[0] = x, y
    for t in range(1, steps + 1):
        g = used(x, y)
        if scheme == "alternating":
            g = (g[0], used(kept * x - lr * g[0], y)[1])
        elif scheme == "extragradient":
            g = used(*ahead(x, y, g))
        x, y = ahead(x, y, g)
        if not (math.isfinite(x) and math.isfinite(y)):
            points[t:] = math.nan
            break
        points[t] = x, y
    return Play(points)


def free_radius(t: ArrayLike, r0: float = math.sqrt(2), lr: float = 0.1) -> NDArray[np.float64]:
    r"""The radius after t simultaneous steps without clipping: $r_t = r_0 (1 + \eta^2)^{t/2}$, exactly."""
    return np.asarray(r0 * np.exp(0.5 * np.log1p(lr**2) * np.asarray(t, np.float64)))


def clipped_radius(
    t: ArrayLike, r0: float = math.sqrt(2), lr: float = 0.1, c: float = 1.0
) -> NDArray[np.float64]:
    r"""The radius after t simultaneous steps clipped jointly: $r_t = \sqrt{r_0^2 + t\, \eta^2 c^2}$, exactly.

    It holds from a radius r0 >= c on, where every step is clipped; a smaller `r0` raises `DynamicsError`.
    """
    _above_zero("c", c)
    if r0 < c:
        raise DynamicsError(f"r0 = {r0:g} lies inside c = {c:g}, where no step is clipped: use free_radius.")
    return np.asarray(np.sqrt(r0**2 + np.asarray(t, np.float64) * (lr * c) ** 2))


def generator_energy(x: ArrayLike, y: ArrayLike, c: float) -> NDArray[np.float64]:
    r"""$H = x^2/2 + h_c(y)$, which continuous play conserves when only the generator is clipped at c.

    $h_c$ is Huber's function: $y^2/2$ up to $|y| = c$ and $c|y| - c^2/2$ beyond, so that its slope is y clipped. A
    simultaneous step adds exactly $\eta^2 c^2 / 2$ to H while y is and stays beyond c on one side, never takes any
    away, and in the long run adds $\eta^2 c^2$ a step on average: y ends at $|y| \approx \eta^2 c\, t$.
    """
    _above_zero("c", c)
    x, size = np.asarray(x, np.float64), np.abs(np.asarray(y, np.float64))
    return np.asarray(x**2 / 2 + np.where(size <= c, size**2 / 2, c * size - c**2 / 2))


def alternating_invariant(x: ArrayLike, y: ArrayLike, lr: float) -> NDArray[np.float64]:
    r"""$Q = x^2 - \eta x y + y^2$, which unclipped alternating steps keep to rounding (no decay).

    For lr < 2 its level lines are ellipses, so the radius stays between $\sqrt{Q/(1+\eta/2)}$ and
    $\sqrt{Q/(1-\eta/2)}$ for ever.
    """
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    return np.asarray(x**2 - lr * x * y + y**2)


def growth_factor(lr: float, decay: float = 0.0, scheme: str = "simultaneous") -> float:
    r"""By how much one unclipped step multiplies the radius; with $a = 1 - \eta\lambda$:

    simultaneous $\sqrt{a^2 + \eta^2}$; extragradient $\sqrt{(a - \eta^2)^2 + a^2 \eta^2}$, both exactly at each step;
    alternating $a$, in the mean over a turn, for $\eta$ below $1 + a$ (beyond that its play turns no more).
    """
    _above_zero("lr", lr)
    _not_negative("decay", decay)
    a = 1 - lr * decay
    if scheme == "simultaneous":
        return math.hypot(a, lr)
    if scheme == "extragradient":
        return math.hypot(a - lr**2, a * lr)
    if scheme != "alternating":
        raise DynamicsError(f"scheme must be one of {', '.join(SCHEMES)}, but it is {scheme!r}.")
    if lr >= 1 + a:
        raise DynamicsError(f"Alternating steps turn only for lr below 1 + a = {1 + a:g}, but lr is {lr:g}.")
    return a


def cycle_radius(lr: float, c: float, decay: float) -> float | None:
    r"""The circle on which simultaneous play, clipped jointly at c and with decay, ends from wherever it starts.

    $r^* = c \sqrt{\eta / (2\lambda - \eta\lambda^2)}$, the fixed point of

    $$r^2 \to (1 - \eta\lambda)^2 r^2 + \eta^2 c^2 .$$

    None where decay alone brings the play home ($r^* \le c$, that is `growth_factor(lr, decay)` at most 1): then
    there is no circle. Raises `DynamicsError` without decay, where the radius grows for ever, and for decay so strong
    that $\eta\lambda \ge 1$.
    """
    _above_zero("lr", lr)
    _above_zero("c", c)
    if not 0 < lr * decay < 1:
        raise DynamicsError(f"lr * decay must lie between 0 and 1, but it is {lr * decay:g}.")
    if growth_factor(lr, decay) <= 1:
        return None
    return c * math.sqrt(lr / (2 * decay - lr * decay**2))


def _clipping(clip: float | GameClip, scope: str) -> Callable[[float, float], Pair]:
    """From a point to both players' gradients as they are used."""
    if not callable(clip):
        _above_zero("clip", clip)
        return _by_norm(float(clip), scope)

    def given(*parts: float) -> Vector:
        g = np.array(parts)
        answer = np.asarray(clip(g.copy()), np.float64)
        if answer.shape != g.shape:
            raise DynamicsError(
                f"clip was given a gradient of shape {g.shape} and must return that shape, not {answer.shape}."
            )
        return answer

    def used(x: float, y: float) -> Pair:
        if scope == "jointly":
            g = given(y, -x)
            return float(g[0]), float(g[1])
        return float(given(y)[0]), float(given(-x)[0]) if scope == "separately" else -x

    return used


def _by_norm(c: float, scope: str) -> Callable[[float, float], Pair]:
    """Clipping by norm in plain numbers, for the hundred thousand steps that a growth law asks for."""

    def jointly(x: float, y: float) -> Pair:
        norm = math.hypot(x, y)
        share = c / norm if norm > c else 1.0
        return share * y, -share * x

    def clamped(g: float) -> float:
        return max(-c, min(g, c))

    if scope == "jointly":
        return jointly
    if scope == "separately":
        return lambda x, y: (clamped(y), clamped(-x))
    return lambda x, y: (clamped(y), -x)


def _above_zero(name: str, value: float) -> None:
    if not value > 0:
        raise DynamicsError(f"{name} must be above 0, but it is {value}.")


def _not_negative(name: str, value: float) -> None:
    if not value >= 0:
        raise DynamicsError(f"{name} must be 0 or more, but it is {value}.")
