"""A formula that is published widely, and wrong: `g / max(1, g / c)`. The norm is missing.

Kept here as what it is, so that lesson 03_clipping_mechanics can run it and break it. The formula it was
once meant to be has the norm in the denominator, `g / max(1, norm(g) / c)` (Abadi et al. 2016,
Algorithm 1), and is the same as `clip_by_norm`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def published_formula(g: Any, c: float) -> Any:
    """The formula to the letter, `g / max(1, g / c)`: it clips no negative number.

    On an array it does not run: Python's `max` asks for the truth of an array, and NumPy (ValueError)
    and PyTorch (RuntimeError) refuse.
    """
    return g / max(1, g / c)


def published_elementwise(g: ArrayLike, c: float) -> NDArray[np.float64]:
    """The formula read coordinate by coordinate, with `np.maximum` for `max`: now it runs, one-sided.

    A positive coordinate becomes min(g_i, c); a negative one is left alone however large it is, so
    symmetric noise gets a drift to the negative side.
    """
    g = np.asarray(g)
    return g / np.maximum(1, g / c)
