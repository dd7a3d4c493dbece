"""The arithmetic of the chain: what each layer multiplies, and which number format gives up where.

`compute` in `demo.js` is the same arithmetic; `tests/unit/test_demo_arithmetic.py` holds the two together.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple, TypedDict

import numpy as np
from numpy.typing import NDArray

from course_lib.dynamics.formats import FORMATS, FloatFormat


class State(TypedDict):
    """What the reader can move: `unit` "linear" (h = a h) or "tanh" (h = tanh(a h)), L layers, x0."""

    unit: str
    gain: float
    depth: int
    start: float


Side = Literal["over", "under"]


class Horizon(NamedTuple):
    """The first layer at which a format would round a size to infinity ("over") or to 0 ("under")."""

    layer: int
    side: Side


class Outcome(TypedDict):
    """Sizes layer by layer, as decimal logarithms, and the horizon of each format (`None`: there is none)."""

    forward: NDArray[np.float64]
    backward: NDArray[np.float64]
    signal_horizon: dict[str, Horizon | None]
    gradient_horizon: dict[str, Horizon | None]


# float64 holds everything the sliders can reach, so the picture leaves it out.
HELD = {name: FORMATS[name] for name in ("float16", "bfloat16", "float32")}


def compute(state: State) -> Outcome:
    r"""The chain $h_0 = x_0$, $h_l = \phi(a h_{l-1})$ and the gradient that comes back through it.

    `forward[l]` is $\log_{10} |h_l|$ and `backward[l]` is $\log_{10} |\partial h_L / \partial h_l|$, both for
    l = 0 to L. A linear layer multiplies both by |a|; a tanh layer multiplies the gradient by
    $|a| (1 - h_l^2)$. The signal's horizon counts layers from the input, the gradient's from the output
    back. For the linear chain the horizons reach beyond L, and are `overflow_depth` and `underflow_depth` of
    `course_lib.dynamics.chain`; for tanh they are looked for within it.

    Logarithms throughout, so that a chain is not cut short by the float64 it is computed in.
    Bengio, Simard & Frasconi 1994; taught in lesson 01_explosion.
    """
    if state["unit"] == "tanh":
        forward, factors = _tanh_chain(state)
        backward = np.append(np.cumsum(factors[::-1])[::-1], 0.0)
        signal = {name: _first_outside(forward, held) for name, held in HELD.items()}
        gradient = {name: _first_outside(backward[::-1], held) for name, held in HELD.items()}
    else:
        rate, start = _log2(state["gain"]), _log2(state["start"])
        forward = np.array([start + _times(layer, rate) for layer in range(state["depth"] + 1)])
        backward = np.array([_times(state["depth"] - layer, rate) for layer in range(state["depth"] + 1)])
        signal = {name: _line_leaves(start, rate, held) for name, held in HELD.items()}
        gradient = {name: _line_leaves(0.0, rate, held) for name, held in HELD.items()}
    return Outcome(
        forward=forward * math.log10(2),
        backward=backward * math.log10(2),
        signal_horizon=signal,
        gradient_horizon=gradient,
    )


def _tanh_chain(state: State) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """log2 |h_l| for l = 0 to L, and log2 |dh_l / dh_(l-1)| for l = 1 to L."""
    rate = _log2(state["gain"])
    h, log_h = abs(state["start"]), _log2(state["start"])
    forward, factors = [log_h], []
    for _ in range(state["depth"]):
        z = abs(state["gain"]) * h
        # Below 1e-8 tanh z is z to the last bit, and the logarithm goes on where h itself would underflow.
        small = z < 1e-8
        h = z if small else math.tanh(z)
        log_h = log_h + rate if small else math.log2(h)
        forward.append(log_h)
        factors.append(rate + _log2_slope(z))
    return np.array(forward), np.array(factors)


def _log2_slope(z: float) -> float:
    """log2 of 1 - tanh(z)^2, written as -2 log2 cosh z so that it survives tanh(z) rounding to 1."""
    return -2 * (z + math.log1p(math.exp(-2 * z)) - math.log(2)) / math.log(2)


def _line_leaves(start: float, rate: float, held: FloatFormat) -> Horizon | None:
    """Where start + layer * rate first leaves what a format holds."""
    if side := _outside(start, held):
        return Horizon(0, side)
    if rate > 0:
        return Horizon(math.ceil((held.overflow_exponent - start) / rate), "over")
    if rate < 0:
        return Horizon(max(1, math.ceil((underflow_exponent(held) - start) / rate)), "under")
    return None


def _first_outside(sizes: NDArray[np.float64], held: FloatFormat) -> Horizon | None:
    """The first of the sizes (log2) that a format cannot hold."""
    for layer, log_size in enumerate(sizes):
        if side := _outside(log_size, held):
            return Horizon(layer, side)
    return None


def _outside(log_size: float, held: FloatFormat) -> Side | None:
    if log_size >= held.overflow_exponent:
        return "over"
    return "under" if log_size <= underflow_exponent(held) else None


def underflow_exponent(held: FloatFormat) -> float:
    """log2 of the number up to which rounding gives 0: half of the smallest, by ties to even."""
    return math.log2(held.smallest) - 1


def _log2(number: float) -> float:
    return math.log2(abs(number)) if number else -math.inf


def _times(layers: int, rate: float) -> float:
    """layers * rate, and 0 for no layers even where the rate is -inf (a gain of 0)."""
    return layers * rate if layers else 0.0
