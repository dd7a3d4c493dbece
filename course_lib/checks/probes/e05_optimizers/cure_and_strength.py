"""What `cure_and_strength` asks: fresh cases, and how the learner's code is called on them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_lib.checks.asking import Asked, Namespace
from course_lib.checks.case import Case, Plain
from course_lib.training.digit_networks import DigitNetworks
from course_lib.training.optimizers import Adam

CURES = ("clip", "warm-up", "smaller lr")

LEARNING_RATE, STEPS, GLITCH_AT = 2e-3, 150, 40


def draw(rng: np.random.Generator) -> list[Case]:
    """Networks that nobody has seen."""
    return [Case("six fresh networks", {"seeds": rng.integers(0, 2**31, size=6)})]


def probe(names: Namespace, case: Case) -> Plain:
    """The learner's choice; `case` matters to the judge only."""
    return {"cure": names["my_cure"], "strength": names["my_strength"]}


def glitch_accuracy(cure: str, strength: float, seeds: Iterable[int] = range(3)) -> float:
    """The mean test accuracy of digit networks after 150 steps of Adam, of which step 40 is a glitch batch.

    In the glitch batch all pixels are ten thousand times too bright. `cure` is `"clip"` (by norm at `strength`,
    each step), `"warm-up"` (the learning rate rises linearly over the first `strength` steps) or `"smaller lr"`
    (the learning rate, 0.002, divided by `strength`). Each number in `seeds` makes one network.
    """
    if cure not in CURES:
        raise ValueError(f"cure must be one of {', '.join(map(repr, CURES))}, but it is {cure!r}.")
    networks, batches = _networks(tuple(int(seed) for seed in seeds))
    W: NDArray[Any] = networks.start
    adam = Adam(LEARNING_RATE / (strength if cure == "smaller lr" else 1))
    full = adam.lr
    for t, (x, y) in enumerate(batches, start=1):
        G = networks.gradient(W, np.float32(1e4) * x if t == GLITCH_AT else x, y)
        if cure == "clip":
            norms = np.linalg.norm(G, axis=1, keepdims=True)
            G = G * np.minimum(1, np.float32(strength) / np.maximum(norms, 1e-30))
        adam.lr = full * min(1, t / strength) if cure == "warm-up" else full
        W = np.asarray(adam.step(W, G), dtype=np.float32)
    return float(networks.accuracy(W).mean())


def prepare_cure_and_strength() -> None:
    """The networks that `glitch_accuracy` trains unless told otherwise."""
    _networks((0, 1, 2))


@lru_cache(maxsize=2)  # whoever compares cures does so on the same networks
def _networks(seeds: tuple[int, ...]) -> tuple[DigitNetworks, list[tuple[NDArray[Any], NDArray[np.int64]]]]:
    """The networks of these seeds, and their batches."""
    networks = DigitNetworks(seeds)
    return networks, [networks.batch() for _ in range(STEPS)]


ASKED = Asked(
    name="cure_and_strength",
    title="Choose a cure for a glitch batch, and its strength",
    points=2,
    needs=("my_cure", "my_strength"),
    draw=draw,
    probe=probe,
    prepare=prepare_cure_and_strength,
)
