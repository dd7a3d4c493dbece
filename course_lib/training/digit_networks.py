"""Many small networks on the handwritten digits, each of them one row of an array.

One row of W holds all weights of a network, so an optimizer or a clipping rule is one formula on rows, and ten
seeds cost little more than one. Used in lesson 05_optimizers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from course_lib.data import digits
from course_lib.training.own_clip import TrainingError

Array: TypeAlias = NDArray[np.floating[Any]]

PIXELS, UNITS, CLASSES, TRAINING = 64, 32, 10, 1400
_SHAPES = ((PIXELS, UNITS), (1, UNITS), (UNITS, CLASSES), (1, CLASSES))
_PLACES = np.cumsum([0, *(rows * columns for rows, columns in _SHAPES)])


class DigitNetworks:
    """Networks with 64 pixels, 32 relu units and 10 classes, in float32; P = 2410 weights each.

    A network's seed decides its first weights, its split (1400 digits to learn from, 397 to test on) and its
    batches. `copies` repeats the list of seeds, so that row k belongs to `seeds[k % len(seeds)]`: the copies of
    one seed start alike and see the same batches, and what differs between them is what you do to their rows.
    Raises `TrainingError` without a seed or a copy.
    """

    def __init__(self, seeds: Sequence[int], copies: int = 1, batch_size: int = 32) -> None:
        if not len(seeds) or copies < 1 or batch_size < 1:
            raise TrainingError("Give at least one seed, one copy, and one digit a batch.")
        data = digits()
        self._x, self._y = (data.X / data.X.max()).astype(np.float32), data.y
        self._rngs = [np.random.default_rng(int(seed)) for seed in seeds]
        self._batch_size, self._copies = batch_size, copies
        orders = np.stack([rng.permutation(len(data)) for rng in self._rngs])
        self._training, self._test = orders[:, :TRAINING], orders[:, TRAINING:]
        start = np.stack([_first_weights(rng) for rng in self._rngs])
        self.start: Array = np.tile(start, (copies, 1))

    def batch(self) -> tuple[Array, NDArray[np.int64]]:
        """The next batch of every seed: pixels between 0 and 1, shape (seeds, batch, 64), and labels."""
        chosen = np.stack(
            [
                order[rng.integers(TRAINING, size=self._batch_size)]
                for rng, order in zip(self._rngs, self._training, strict=True)
            ]
        )
        return self._x[chosen], self._y[chosen]

    def gradient(self, W: Array, x: Array, y: NDArray[np.int64]) -> Array:
        """The gradient of each network's mean cross-entropy; W and the answer have shape (networks, P)."""
        if self._copies > 1:
            x, y = np.tile(x, (self._copies, 1, 1)), np.tile(y, (self._copies, 1))
        w1, b1, w2, b2 = _parts(W)
        h = np.maximum(x @ w1 + b1, 0)
        p = _softmax(h @ w2 + b2)
        networks, batch = y.shape
        p[np.arange(networks)[:, None], np.arange(batch), y] -= 1
        p /= batch
        back = p @ w2.swapaxes(1, 2)
        back *= h > 0
        grads = (x.swapaxes(1, 2) @ back, back.sum(1), h.swapaxes(1, 2) @ p, p.sum(1))
        return np.concatenate([g.reshape(networks, -1) for g in grads], axis=1)

    def accuracy(self, W: Array) -> NDArray[np.float64]:
        """The share of the test digits that each network reads rightly, shape (copies, seeds)."""
        w1, b1, w2, b2 = _parts(W)
        x, y = (np.concatenate([part[self._test]] * self._copies) for part in (self._x, self._y))
        outputs = np.maximum(x @ w1 + b1, 0) @ w2 + b2
        return np.asarray((outputs.argmax(-1) == y).mean(-1).reshape(self._copies, -1))


def _first_weights(rng: np.random.Generator) -> Array:
    w1, w2 = rng.normal(0, (2 / PIXELS) ** 0.5, _SHAPES[0]), rng.normal(0, UNITS**-0.5, _SHAPES[2])
    parts = (w1, np.zeros(_SHAPES[1]), w2, np.zeros(_SHAPES[3]))
    return np.concatenate([part.ravel() for part in parts]).astype(np.float32)


def _parts(W: Array) -> list[Array]:
    ends = zip(_PLACES[:-1], _PLACES[1:], _SHAPES, strict=True)
    return [W[:, start:end].reshape(len(W), *shape) for start, end, shape in ends]


def _softmax(logits: Array) -> Array:
    largest = np.moveaxis(logits, -1, 0).copy().max(axis=0)  # NumPy is slow along a short last axis
    p = np.exp(logits - largest[..., None])
    p /= p.sum(axis=-1, keepdims=True)
    return np.asarray(p)
