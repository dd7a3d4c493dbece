r"""What per-example clipping and noise, the two parts of DP-SGD, cost a digit class that is seldom seen.

DP-SGD clips each example's gradient to length c, adds the clipped gradients of a batch of B, adds Gaussian noise
of standard deviation $\sigma c$ to the sum, and divides by B (Abadi et al. 2016, "Deep learning with
differential privacy", Algorithm 1). Here either part can be had without the other: clipping alone is not private,
and noise alone only as far as pixels between 0 and 1 bound the gradients. Nothing here counts a privacy budget.
Used in lesson 11_fairness.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from course_lib.data import digits, split, thinned
from course_lib.fairness.inputs import FairnessError, Floats, positive

CLASSES, TEST = 10, 497


@dataclass(frozen=True)
class PrivateSetting:
    """`max_norm` is the threshold for each example's gradient; `noise` the deviation of the noise on their sum.

    DP-SGD with noise multiplier $\\sigma$ has `noise` = $\\sigma$ * `max_norm`.
    """

    name: str
    lr: float
    max_norm: float = math.inf
    noise: float = 0.0


@dataclass(frozen=True)
class PrivateRuns:
    """`of_class` and `of_others` (settings, seeds): the share of test digits of the thinned class, and of the others,
    that are read rightly; `clipped_share` (2, settings, seeds): how many of the gradients of the class, and of the
    others, were clipped in training (nan where none of the class was met).
    """

    names: tuple[str, ...]
    of_class: Floats
    of_others: Floats
    clipped_share: Floats


def train_privately(
    settings: Sequence[PrivateSetting],
    seeds: Sequence[int],
    *,
    label: int = 8,
    keep: float = 0.15,
    steps: int = 600,
    batch_size: int = 128,
) -> PrivateRuns:
    """Softmax regressions on 1300 digits of which class `label` keeps a share `keep`; 497 whole digits to be tested on.

    A seed decides split, batches and noise; settings share them. The gradient of one example is the outer
    product of its pixels (with a 1 for the bias) and its errors, so its length is the product of their lengths.
    Raises `FairnessError` for settings that cannot work, `DataError` for a class or share that cannot be.
    """
    if not settings or not len(seeds) or steps < 1:
        raise FairnessError("Give at least one setting, one seed and one step.")
    lr = np.array([positive(s.lr, f"The learning rate of {s.name}") for s in settings])
    c = np.array([positive(s.max_norm, f"The threshold of {s.name}") for s in settings])
    noise = np.array([s.noise for s in settings])
    if not (noise >= 0).all():
        raise FairnessError("The noise is a standard deviation: 0 or more.")
    rngs = [np.random.default_rng(int(seed)) for seed in seeds]
    pairs = [split(digits(), TEST, rng) for rng in rngs]
    trains = [thinned(train, label, keep, rng) for (train, _), rng in zip(pairs, rngs, strict=True)]
    least = min(len(train) for train in trains)
    if not 1 <= batch_size <= least:
        raise FairnessError(f"A batch must have 1 to {least} digits, not {batch_size}.")
    tables = [np.column_stack([train.X, np.ones(len(train))]) for train in trains]
    eye, count = np.eye(CLASSES), len(settings)
    W = np.zeros((len(seeds), tables[0].shape[1], count, CLASSES))
    tally = np.zeros((2, 2, len(seeds), count))  # (clipped or met) by (of the class or not)
    for _ in range(steps):
        rows = [
            rng.choice(len(table), batch_size, replace=False) for rng, table in zip(rngs, tables, strict=True)
        ]
        x = np.stack([table[at] for table, at in zip(tables, rows, strict=True)])
        y = np.stack([train.y[at] for train, at in zip(trains, rows, strict=True)])
        error = _softmax(_times(x, W)) - eye[y][:, :, None, :]  # (seeds, batch, settings, classes)
        length = np.linalg.norm(x, axis=-1)[..., None] * np.linalg.norm(error, axis=-1)
        over = length > c
        error *= np.where(over, c / np.where(over, length, 1), 1)[..., None]
        for place, at in enumerate((y == label, y != label)):
            tally[0, place] += (over & at[..., None]).sum(axis=1)
            tally[1, place] += at.sum(axis=1)[:, None]
        total = x.swapaxes(1, 2) @ error.reshape(len(seeds), batch_size, -1)
        z = np.stack([rng.normal(size=(x.shape[2], CLASSES)) for rng in rngs])
        total = total.reshape(W.shape) + noise[:, None] * z[:, :, None, :]
        W -= lr[:, None] / batch_size * total
    shares = []
    for of_class in (True, False):
        right = [
            (_times(np.column_stack([test.X, np.ones(len(test))]), w).argmax(axis=-1) == test.y[:, None])[
                (test.y == label) == of_class
            ].mean(axis=0)
            for (_, test), w in zip(pairs, W, strict=True)
        ]
        shares.append(np.stack(right, axis=1))
    met = np.where(tally[1] > 0, tally[1], np.nan)
    return PrivateRuns(tuple(s.name for s in settings), shares[0], shares[1], (tally[0] / met).swapaxes(1, 2))


def _times(x: Floats, W: Floats) -> Floats:
    """x (..., n, d) with W (..., d, settings, classes): (..., n, settings, classes)."""
    flat = W.reshape(*W.shape[:-2], -1)
    return np.asarray((x @ flat).reshape(*x.shape[:-1], *W.shape[-2:]))


def _softmax(logits: Floats) -> Floats:
    p = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(p / p.sum(axis=-1, keepdims=True))
