"""What `game_choice` asks: fresh cases, and how the learner's code is called on them."""

from __future__ import annotations

import cmath
import math
from collections.abc import Iterable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from course_lib.checks.asking import Asked, Namespace
from course_lib.checks.case import Case, Floats, Plain

Complex = NDArray[np.complex128]

SCHEMES = ("simultaneous", "alternating", "extragradient")

STEPS, START = 400, 4.0

NOISE, BAD_BATCH, HOW_BAD = 0.05, 0.02, 300.0


def draw(rng: np.random.Generator) -> list[Case]:
    """Games that nobody has seen."""
    return [Case("ten fresh games", {"seeds": rng.integers(0, 2**31, size=10)})]


def probe(names: Namespace, case: Case) -> Plain:
    """The learner's choice; `case` matters to the judge only."""
    return {"scheme": names["my_scheme"], "lr": names["my_lr"], "max_norm": names["my_max_norm"]}


def noisy_distances(scheme: str, lr: float, max_norm: float, seeds: Iterable[int] = range(10)) -> Floats:
    """How far noisy games are from their equilibrium: shape (401, games), the start and after each of 400 steps.

    Each number in `seeds` makes one game, (x - a) (y - b), with an equilibrium (a, b) of its own and a start 4 away
    from it. Every gradient is that of a small batch: noise with a standard deviation of 0.05 is added to both
    players', and in one batch of fifty 300 times as much. Both players' gradients together are clipped by norm at
    `max_norm` (`math.inf`: not at all). `scheme` is `"simultaneous"`, `"alternating"` (y answers the new x) or
    `"extragradient"` (look one step ahead, then step from where you were by the gradient found there).
    """
    if scheme not in SCHEMES:
        raise ValueError(f"scheme must be one of {', '.join(map(repr, SCHEMES))}, but it is {scheme!r}.")
    games = [_noisy_game(int(seed)) for seed in seeds]
    noise = np.stack([noise for noise, _ in games], axis=1)  # (2 batches a step, games)
    # The place of both players as one complex number x + iy, seen from the equilibrium. There the gradients are
    # y and -x, together -i times the place.
    z = np.empty((STEPS + 1, len(games)), dtype=complex)
    z[0] = [start for _, start in games]

    def step(place: Complex, batch: int) -> Complex:
        g = noise[batch] - 1j * place
        factor = max_norm / np.maximum(np.abs(g), 1e-300)
        return np.asarray(g * (lr * np.minimum(1, factor)))

    with np.errstate(over="ignore", invalid="ignore"):
        for t, place in enumerate(z[:-1]):
            moved = step(place, 2 * t)
            if scheme == "alternating":
                moved.imag = step(place.real - moved.real + 1j * place.imag, 2 * t + 1).imag
            elif scheme == "extragradient":
                moved = step(place - moved, 2 * t + 1)
            z[t + 1] = place - moved
        distances = np.linalg.norm([z.real, z.imag], axis=0)
    return np.asarray(np.nan_to_num(distances, nan=math.inf, posinf=math.inf))


def prepare_game_choice() -> None:
    """The games that `noisy_distances` plays unless told otherwise."""
    for seed in range(10):
        _noisy_game(seed)


@lru_cache(maxsize=64)  # whoever compares schemes does so on the same games
def _noisy_game(seed: int) -> tuple[Complex, complex]:
    """The noise of both players' gradients in each batch, and the start as seen from the equilibrium."""
    rng = np.random.default_rng(seed)
    noise = _batch_noise(rng)
    _, towards = rng.uniform(
        0, 2 * math.pi, size=2
    )  # the first says where the equilibrium is; no distance needs it
    return noise[:, 0] + 1j * noise[:, 1], START * cmath.exp(1j * towards)


def _batch_noise(rng: np.random.Generator) -> Floats:
    spread = np.where(rng.random(2 * STEPS) < BAD_BATCH, HOW_BAD, 1.0) * NOISE
    return np.asarray(spread[:, None] * rng.normal(size=(2 * STEPS, 2)))


ASKED = Asked(
    name="game_choice",
    title="Choose scheme, learning rate and threshold by experiment",
    points=2,
    needs=("my_scheme", "my_lr", "my_max_norm"),
    draw=draw,
    probe=probe,
    prepare=prepare_game_choice,
)
