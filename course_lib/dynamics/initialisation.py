r"""Deep networks before training: how the gain of the initialisation decides what comes through.

$h_l = \phi(W_l h_{l-1})$ with $W_l$ normal, standard deviation $g / \sqrt{n}$. For ReLU the critical gain
is sqrt(2) (He, Zhang, Ren & Sun 2015, "Delving deep into rectifiers", section 2.2), for tanh it is 1
(Glorot & Bengio 2010; Schoenholz et al. 2017, "Deep information propagation"); above it a tanh network
keeps its signals bounded while its gradients explode. Taught in lesson 01_explosion.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from course_lib.dynamics.formats import DynamicsError

ACTIVATIONS = ("relu", "tanh", "linear")


@dataclass(frozen=True)
class LayerNorms:
    """What passes each layer boundary of one network; both have the shape (depth + 1,).

    `signal[l]` is the norm of the signal after l layers, over the norm of the input; `gradient[l]` the norm
    of the gradient there, over its norm at the output. Entry 0 of `gradient` is what reaches the input.
    """

    signal: NDArray[np.float64]
    gradient: NDArray[np.float64]


def layer_norms(depth: int, width: int, gain: float, activation: str, rng: np.random.Generator) -> LayerNorms:
    """One random network, one random input and one random output gradient, forward and backward.

    Raises `DynamicsError` for an unknown activation, or a depth or width below 1.
    """
    if activation not in ACTIVATIONS:
        raise DynamicsError(f"There is no activation {activation!r}; there are {', '.join(ACTIVATIONS)}.")
    if depth < 1 or width < 1:
        raise DynamicsError(f"A network needs a depth and a width of at least 1, not {depth} and {width}.")
    weights = gain * rng.standard_normal((depth, width, width)) / math.sqrt(width)
    h, delta = rng.standard_normal(width), rng.standard_normal(width)
    signal, gradient = np.empty(depth + 1), np.empty(depth + 1)
    signal[0], gradient[depth] = np.linalg.norm(h), np.linalg.norm(delta)
    slopes = []
    for layer, W in enumerate(weights):
        h, slope = _activate(W @ h, activation)
        slopes.append(slope)
        signal[layer + 1] = np.linalg.norm(h)
    for layer in reversed(range(depth)):
        delta = weights[layer].T @ (slopes[layer] * delta)
        gradient[layer] = np.linalg.norm(delta)
    return LayerNorms(signal / signal[0], gradient / gradient[depth])


def _activate(a: NDArray[np.float64], activation: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The activation, and its slope."""
    if activation == "relu":
        return np.maximum(a, 0.0), (a > 0).astype(np.float64)
    if activation == "tanh":
        return np.tanh(a), 1 - np.tanh(a) ** 2
    return a, np.ones_like(a)
