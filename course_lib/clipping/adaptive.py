"""Thresholds that move with the run: AutoClip and ZClip from the history of norms, AGC from the weights.

The arithmetic of the papers in NumPy; `adaptive_torch` puts it behind clippers for a PyTorch loop.
Taught in lesson 04_threshold.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from course_lib.clipping.inputs import Array, ClippingError, gradient, threshold

Floats = NDArray[np.float64]
ThresholdRule = Callable[[ArrayLike], Floats]
"""Takes the norm of this step (one number, or one for each of K runs) and gives the threshold for it."""


class AutoClipThreshold:
    r"""The p-th percentile of all norms so far, the present one included.

    $$c_t = \operatorname{percentile}_p\,(n_1, \dots, n_t)$$

    Called once a step with the norm, a number or one for each of K runs, shape (K,); gives thresholds of
    the same shape. So at the first step $c_1 = n_1$: whatever comes first passes as it is. A norm of 0 or
    one that is not finite says nothing about the scale of gradients and is left out of the history; while
    there is no history the threshold is infinite. Interpolates linearly between norms, as `np.percentile`.
    Raises `ClippingError` for a percentile outside (0, 100].

    Seetharaman, Wichern, Pardo & Le Roux 2020, "AutoClip: adaptive gradient clipping for source separation
    networks"; they use p = 10. Taught in lesson 04_threshold.
    """

    def __init__(self, percentile: float = 10.0) -> None:
        if threshold(percentile, "percentile") > 100:
            raise ClippingError(f"percentile must be at most 100, but it is {percentile:g}.")
        self.percentile = float(percentile)
        self._history: list[Floats] = []

    def __call__(self, norm: ArrayLike) -> Floats:
        """The threshold for a step of this norm; the norm joins the history."""
        norms = np.asarray(norm, np.float64)
        self._history.append(np.where(np.isfinite(norms) & (norms > 0), norms, np.nan))
        history = np.stack(self._history)
        known = np.isfinite(history).any(axis=0)
        percentiles = np.nanpercentile(np.where(known, history, 0.0), self.percentile, axis=0)
        return np.asarray(np.where(known, percentiles, math.inf), np.float64)


class ZClipThreshold:
    r"""A norm far above its running mean is cut, and the farther it is above, the lower the threshold.

    With the running mean $\mu$ and standard deviation $\sigma$ of the norms, $z = (n - \mu) / (\sigma + 10^{-6})$:

    $$c = \mu + \frac{z_{\max}^2\, \sigma}{z} \ \text{ where } z > z_{\max}, \qquad
      c = \infty \ \text{ otherwise,}$$

    and then $\mu \leftarrow \alpha \mu + (1 - \alpha)\, n'$ and
    $\sigma^2 \leftarrow \alpha \sigma^2 + (1 - \alpha)(n' - \mu)^2$ with the clipped norm
    $n' = \min(n, c)$ and the new mean. The first `warmup` norms give the first mean and variance, and are not clipped.

    `ceiling` is a fixed threshold on top, also during the warm-up (the authors' code calls it `max_grad_norm`).
    Called once a step with the norm, a number or one for each of K runs, shape (K,). A norm that is not finite
    is left out of the statistics. Raises `ClippingError` for a `decay` outside (0, 1), a `warmup` below 1, or
    another setting that is not above 0.

    Kumar, Owen, Chowdhury & Güra 2025, "ZClip: adaptive spike mitigation for LLM pre-training", with its
    reciprocal threshold and the defaults of the authors' code. Taught in lesson 04_threshold.
    """

    def __init__(
        self, z_max: float = 2.5, decay: float = 0.97, warmup: int = 25, ceiling: float = math.inf
    ) -> None:
        if threshold(decay, "decay") >= 1:
            raise ClippingError(f"decay must be below 1, but it is {decay:g}.")
        if isinstance(warmup, bool) or not isinstance(warmup, int) or warmup < 1:
            raise ClippingError(f"warmup must be a whole number of at least 1 step, but it is {warmup!r}.")
        self.z_max, self.decay = threshold(z_max, "z_max"), float(decay)
        self.warmup, self.ceiling = warmup, threshold(ceiling, "ceiling")
        self._first: list[Floats] = []
        self._mean: Floats = np.zeros(0)
        self._variance: Floats = np.zeros(0)

    def __call__(self, norm: ArrayLike) -> Floats:
        """The threshold for a step of this norm; what is left of the norm joins the statistics."""
        norms = np.asarray(norm, np.float64)
        if len(self._first) < self.warmup:
            self._first.append(np.where(np.isfinite(norms), norms, np.nan))
            if len(self._first) == self.warmup:
                self._start()
            return np.full_like(norms, self.ceiling)
        deviation = np.sqrt(self._variance)
        with np.errstate(all="ignore"):  # what is not finite is put aside below
            z = (norms - self._mean) / (deviation + 1e-6)
            limits = np.where(z > self.z_max, self._mean + self.z_max**2 * deviation / z, math.inf)
            kept = np.minimum(norms, limits)
            mean = self.decay * self._mean + (1 - self.decay) * kept
            variance = self.decay * self._variance + (1 - self.decay) * (kept - mean) ** 2
        usable = np.isfinite(norms)
        self._mean = np.where(usable, mean, self._mean)
        self._variance = np.where(usable, variance, self._variance)
        return np.asarray(np.minimum(limits, self.ceiling), np.float64)

    def _start(self) -> None:
        first = np.stack(self._first)
        known = np.isfinite(first)
        count = np.maximum(known.sum(axis=0), 1)
        self._mean = np.where(known, first, 0.0).sum(axis=0) / count
        self._variance = np.where(known, (first - self._mean) ** 2, 0.0).sum(axis=0) / count


def clip_by_unit(weight: ArrayLike, grad: ArrayLike, ratio: float = 0.01, floor: float = 1e-3) -> Array:
    r"""Adaptive gradient clipping: each unit's gradient is at most `ratio` times as long as the unit's weights.

    $$g_i \leftarrow g_i \cdot \min\left(1, \frac{\lambda \max(\lVert w_i \rVert, \epsilon)}{\lVert g_i \rVert}\right)$$

    A unit i is one index of the first axis, as PyTorch stores weights: a row of a linear layer, an output channel of a
    convolution, with all its incoming weights. A vector (a bias) and a single number are one unit. Shape and dtype
    of `grad` are kept. Nothing here depends on the history. Raises `ClippingError` when `ratio` or `floor` is not
    above 0, the shapes differ, or something is not finite.

    Brock, De, Smith & Simonyan 2021, "High-performance large-scale image recognition without normalization",
    section 4 (`floor` keeps weights that start at 0 from being frozen). Taught in lesson 04_threshold.
    """
    w, g = gradient(weight, "The weight"), gradient(grad)
    most, epsilon = threshold(ratio, "ratio"), threshold(floor, "floor")
    if w.shape != g.shape:
        raise ClippingError(
            f"Weight and gradient must have one shape, but they have {w.shape} and {g.shape}."
        )
    allowed = most * np.maximum(_unit_norms(w), epsilon)
    norms = _unit_norms(g)
    factor = np.where(norms > allowed, allowed / np.where(norms > 0, norms, 1.0), 1.0)
    return np.asarray(g.astype(np.float64) * factor, g.dtype)


def _unit_norms(array: Array) -> Floats:
    """The length of each unit, in a shape that broadcasts against the array."""
    squares = array.astype(np.float64) ** 2
    axes = tuple(range(1, array.ndim)) if array.ndim > 1 else None
    return np.asarray(np.sqrt(np.sum(squares, axis=axes, keepdims=array.ndim > 1)), np.float64)
