r"""The scalar chain: L layers, each multiplies by the same number, $y_l = a \, y_{l-1}$, so $y_L = a^L x_0$.

The simplest network in which a gradient explodes (|a| > 1) or vanishes (|a| < 1). Bengio, Simard &
Frasconi 1994, "Learning long-term dependencies with gradient descent is difficult". Taught in lesson
01_explosion. Every function can run in float16, bfloat16, float32 or float64, rounding after each layer
as the hardware does.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from course_lib.dynamics.formats import DynamicsError, float_format, rounded

Series = NDArray[np.float64]


def forward_signals(gain: float, depth: int, x0: float = 1.0, number_format: str = "float64") -> Series:
    r"""The signal before the first and after each layer, $y_0 = x_0, \dots, y_L$: shape (depth + 1,)."""
    return _powers(gain, depth, x0, number_format)


def backward_gradients(gain: float, depth: int, number_format: str = "float64") -> Series:
    r"""The gradient of the output with respect to each signal, $\partial y_L / \partial y_l = a^{L-l}$.

    Shape (depth + 1,): entry 0 is the gradient that reaches the input, the last entry is 1.
    """
    return _powers(gain, depth, 1.0, number_format)[::-1].copy()


def weight_gradients(gain: float, depth: int, x0: float = 1.0, number_format: str = "float64") -> Series:
    r"""The gradient of the output with respect to each layer's own weight: signal in, times gradient out.

    $$\frac{\partial y_L}{\partial a_l} = y_{l-1} \cdot \frac{\partial y_L}{\partial y_l} = a^{L-1} x_0$$

    Shape (depth,): the same for every layer.
    """
    signals = forward_signals(gain, depth, x0, number_format)
    gradients = backward_gradients(gain, depth, number_format)
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(rounded(signals[:-1] * gradients[1:], number_format))


def shared_weight_gradient(gain: float, depth: int, x0: float = 1.0, number_format: str = "float64") -> float:
    r"""The gradient with respect to one weight that all layers share, $L a^{L-1} x_0$: the sum over layers."""
    total = 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        for gradient in weight_gradients(gain, depth, x0, number_format):
            total = rounded(total + float(gradient), number_format)
    return total


def overflow_depth(gain: float, number_format: str = "float32", x0: float = 1.0) -> int | None:
    r"""The first depth at which $|a|^L |x_0|$ is infinite in the format, by formula.

    $$L = \left\lceil \frac{\log_2 M - \log_2 |x_0|}{\log_2 |a|} \right\rceil$$

    with M half a step above the largest finite number. None where |gain| <= 1 or x0 = 0: it never is.
    """
    kind = float_format(number_format)
    if abs(gain) <= 1 or x0 == 0:
        return None
    return max(0, math.ceil((kind.overflow_exponent - math.log2(abs(x0))) / math.log2(abs(gain))))


def overflow_depth_by_running(
    gain: float, number_format: str = "float32", x0: float = 1.0, most: int = 100_000
) -> int | None:
    """The first depth at which the signal is infinite, found by running the chain in the format.

    It differs from `overflow_depth` where rounding adds up: bfloat16 holds 1.2 as 1.203125, so that chain
    overflows 6 layers early, and 1.001 as 1, so that one never grows. None where the signal stops changing,
    or is finite after `most` layers.
    """
    return _first_depth(gain, number_format, x0, most, math.isinf)


def underflow_depth(gain: float, number_format: str = "float32", x0: float = 1.0) -> int | None:
    r"""The first depth at which $|a|^L |x_0|$ is nearer to 0 than to any other number, by formula.

    None where |gain| >= 1. Running the chain may never get there: a gain above 1/2 rounds the smallest
    positive number back to itself.
    """
    kind = float_format(number_format)
    if abs(gain) >= 1:
        return None
    if x0 == 0:
        return 0
    if gain == 0:
        return 1
    half_the_smallest = math.log2(kind.smallest) - 1
    return max(0, math.ceil((half_the_smallest - math.log2(abs(x0))) / math.log2(abs(gain))))


def underflow_depth_by_running(
    gain: float, number_format: str = "float32", x0: float = 1.0, most: int = 100_000
) -> int | None:
    """The first depth at which the signal is exactly 0, found by running; None where it gets stuck above 0."""
    return _first_depth(gain, number_format, x0, most, lambda y: y == 0)


def _powers(gain: float, depth: int, start: float, number_format: str) -> Series:
    if depth < 0:
        raise DynamicsError(f"A chain has at least 0 layers, but depth is {depth}.")
    a = rounded(gain, number_format)
    y = np.empty(depth + 1)
    y[0] = rounded(start, number_format)
    with np.errstate(over="ignore"):
        for layer in range(depth):
            y[layer + 1] = rounded(float(np.float64(a) * y[layer]), number_format)
    return y


def _first_depth(
    gain: float, number_format: str, x0: float, most: int, reached: Callable[[float], bool]
) -> int | None:
    a, y = rounded(gain, number_format), rounded(x0, number_format)
    with np.errstate(over="ignore"):
        for depth in range(most + 1):
            if reached(y):
                return depth
            before, y = y, rounded(float(np.float64(a) * y), number_format)
            if abs(y) == abs(before):
                return None
    return None
