"""Minibatch gradient descent on linear regression, many settings side by side, with any clipping rule.

Taught in lesson 03_clipping_mechanics, where one feature is in a wrong unit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Rule = Callable[[Floats, Floats], Floats]
"""Clips gradients in rows, shape (K, d), by one threshold a row, shape (K, 1); returns shape (K, d)."""


@dataclass(frozen=True)
class Split:
    """Features (n, d) and targets (n,) to learn from and to test on."""

    x_train: Floats
    y_train: Floats
    x_test: Floats
    y_test: Floats


@dataclass(frozen=True)
class Sweep:
    """The best setting of a sweep and its test error on every split, in units of the targets' variance."""

    lr: float
    threshold: float
    errors: Floats


def random_rotation(d: int, rng: np.random.Generator) -> Floats:
    """A random orthogonal matrix of shape (d, d): the Q of a Gaussian matrix."""
    return np.linalg.qr(rng.normal(size=(d, d)))[0]


def sweep(
    splits: Sequence[Split], rule: Rule, lrs: Floats, thresholds: Floats, steps: int = 400, batch: int = 32
) -> Sweep:
    """Train on every split with every pair of learning rate and threshold; keep the pair with the best mean error.

    All pairs run side by side as rows of one weight matrix and see the same batches; the batches of split
    number i come from seed i. An error that is not finite counts as 1e9. The pair is chosen on the same
    splits whose errors are returned, which is a small optimism shared by every rule that is swept.
    """
    lr, threshold = (grid.ravel()[:, None] for grid in np.meshgrid(lrs, thresholds, indexing="ij"))
    errors = np.stack(
        [_test_errors(split, rule, lr, threshold, steps, batch, seed) for seed, split in enumerate(splits)],
        axis=1,
    )
    best = int(errors.mean(axis=1).argmin())
    return Sweep(float(lr[best, 0]), float(threshold[best, 0]), errors[best])


def _test_errors(
    split: Split, rule: Rule, lr: Floats, threshold: Floats, steps: int, batch: int, seed: int
) -> Floats:
    rng = np.random.default_rng(seed)
    weights = np.zeros((len(lr), split.x_train.shape[1]))
    with np.errstate(all="ignore"):  # rows that diverge run on as inf and nan, and lose
        for _ in range(steps):
            rows = rng.choice(len(split.y_train), batch, replace=False)
            x, y = split.x_train[rows], split.y_train[rows]
            weights = weights - lr * rule((weights @ x.T - y) @ x / batch, threshold)
        errors = ((split.x_test @ weights.T - split.y_test[:, None]) ** 2).mean(axis=0) / split.y_test.var()
    return np.where(np.isfinite(errors), errors, 1e9)
