"""Clipping by value: each coordinate is clamped on its own, so the direction may turn.

Mikolov 2012, PhD thesis "Statistical language models based on neural networks", section 3.2.2, clamps
to [-15, 15]. Taught in lesson 03_clipping_mechanics.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from course_lib.clipping.inputs import Array, gradient, threshold


def clip_by_value(g: ArrayLike, limit: float) -> Array:
    r"""Each coordinate clamped to the box, $g_i \leftarrow \max(-v, \min(g_i, v))$.

    Shape and dtype are kept. The result may turn, but always by less than
    `worst_value_angle(g.size)` degrees: a step along it still leads downhill.
    Raises `ClippingError` when `limit` is not above 0 or `g` is not finite. (PyTorch's
    `clip_grad_value_` turns an infinite entry into `limit` and leaves nan as it is.)
    """
    g, v = gradient(g), threshold(limit, "limit")
    return np.asarray(np.clip(g.astype(np.float64), -v, v), g.dtype)
