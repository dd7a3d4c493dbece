"""What exercise 09_gans asks: fresh cases, and how the learner's code is called on them."""

from __future__ import annotations

import cmath
import math
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from course_lib.checks.asking import Asked, Namespace
from course_lib.checks.case import Case, Plain
from course_lib.data import Dataset, digits

if TYPE_CHECKING:
    from torch import Tensor, nn

Floats = NDArray[np.float64]
Complex = NDArray[np.complex128]

SCHEMES = ("simultaneous", "alternating", "extragradient")


# game_step ------------------------------------------------------------------------------------------------


def draw_game_step(rng: np.random.Generator) -> list[Case]:
    """Both players' gradients long, one of them long, both short, a step longer than the threshold, and home."""

    def case(label: str, x: float, y: float, lr: float, c: float) -> Case:
        signs = rng.choice([-1, 1], size=2)
        inputs = {"x": round(float(signs[0] * x), 2), "y": round(float(signs[1] * y), 2)}
        return Case(label, inputs | {"lr": lr, "max_norm": c})

    def near(value: float) -> float:
        return value * float(rng.uniform(0.9, 1.1))

    return [
        case("both gradients above the threshold", near(3), near(2), 0.5, 1.5),
        case("one gradient above the threshold, one below", near(0.7), near(4), 0.5, 1.5),
        case("a gradient below the threshold", near(0.6), near(0.4), 0.5, 1.5),
        case("a long gradient and a large learning rate", near(30), near(40), 0.8, 10.0),
        Case("at the equilibrium", {"x": 0.0, "y": 0.0, "lr": 0.1, "max_norm": 1.0}),
    ]


def probe_game_step(names: Namespace, case: Case) -> Plain:
    """`game_step(x, y, lr, max_norm)`."""
    return names["game_step"](case["x"], case["y"], case["lr"], case["max_norm"])


# steps_to_radius ------------------------------------------------------------------------------------------


def radius_after(steps: int, r0: float, lr: float, c: float) -> float:
    """The distance from the equilibrium after simultaneous steps that are clipped jointly, free steps included."""
    r = r0
    for done in range(steps):
        if r > c:
            return math.sqrt(r * r + (steps - done) * (lr * c) ** 2)
        r *= math.sqrt(1 + lr * lr)
    return r


def _overshoots(r0: float, lr: float, c: float) -> bool:
    """Whether the last free step lands beyond the threshold by most of a clipped step."""
    r = r0
    while r <= c:
        r *= math.sqrt(1 + lr * lr)
    return r * r - c * c > 0.6 * (lr * c) ** 2


def draw_steps_to_radius(rng: np.random.Generator) -> list[Case]:
    """A goal far away, one nearby, a start inside the threshold, a goal inside it, and a goal already reached.

    The first is so far away that no two mistaken laws agree on it, and no goal is so near to a step that rounding
    could decide. Goals lie half of the way through the last step; the one nearby lies a third, which `round` rounds
    down. Inside, the last free step overshoots so much that it matters where the clipped ones begin.
    """

    def case(
        label: str,
        starts: tuple[float, float],
        lr: float,
        c: float,
        steps: tuple[int, int],
        through: float = 1 / 2,
    ) -> Case:
        r0, n = round(float(rng.uniform(*starts)), 2), int(rng.integers(*steps))
        while not _overshoots(r0, lr, c):
            r0 = round(float(rng.uniform(*starts)), 2)
        while True:
            before, after = radius_after(n - 1, r0, lr, c), radius_after(n, r0, lr, c)
            middle = before + through * (after - before)
            goal = float(f"{middle:.6g}")
            if abs(goal - middle) < (after - before) / 10:
                return Case(label, {"r0": r0, "lr": lr, "max_norm": c, "radius": goal})
            n += 1

    here = round(float(rng.uniform(3, 5)), 1)
    return [
        case("a goal far away", (4, 6), 0.2, 2.0, (5000, 9000)),
        case("a goal nearby", (2, 3), 0.1, 1.0, (300, 900), through=1 / 3),
        case("a start inside the threshold", (0.2, 0.4), 0.1, 2.0, (1200, 1800)),
        case("never above the threshold", (0.5, 0.7), 0.1, 5.0, (100, 200)),
        Case("already there", {"r0": here, "lr": 0.1, "max_norm": 1.0, "radius": here / 2}),
    ]


def probe_steps_to_radius(names: Namespace, case: Case) -> Plain:
    """`steps_to_radius(r0, lr, max_norm, radius)`."""
    return names["steps_to_radius"](case["r0"], case["lr"], case["max_norm"], case["radius"])


# cycle_threshold ------------------------------------------------------------------------------------------


def draw_cycle_threshold(rng: np.random.Generator) -> list[Case]:
    """A decay of middle strength, a weak one, one just weak enough for a circle, one too strong for it, and none."""

    def case(label: str, lr: float, decay: float) -> Case:
        return Case(label, {"lr": lr, "decay": decay, "radius": round(float(rng.uniform(2, 9)), 1)})

    return [
        case("a decay of middle strength", 0.3, round(float(rng.uniform(0.03, 0.04)), 3)),
        case("a weak decay", 0.1, round(float(rng.uniform(0.005, 0.02)), 3)),
        case("a decay just above half the learning rate", 0.4, round(float(rng.uniform(0.202, 0.206)), 4)),
        case("a decay that brings the play home by itself", 0.1, round(float(rng.uniform(0.08, 0.2)), 3)),
        case("no decay", 0.1, 0.0),
    ]


def probe_cycle_threshold(names: Namespace, case: Case) -> Plain:
    """`cycle_threshold(lr, decay, radius)`."""
    return names["cycle_threshold"](case["lr"], case["decay"], case["radius"])


# worse_when_clipped ---------------------------------------------------------------------------------------


def draw_worse_when_clipped(rng: np.random.Generator) -> list[Case]:
    """A large learning rate, a middle one, and a small one with many steps."""
    return [
        Case("a large learning rate", {"lr": 0.3, "steps": int(rng.integers(150, 250))}),
        Case("a middle learning rate", {"lr": 0.2, "steps": int(rng.integers(300, 500))}),
        Case("a small learning rate", {"lr": 0.1, "steps": int(rng.integers(900, 1300))}),
    ]


def probe_worse_when_clipped(names: Namespace, case: Case) -> Plain:
    """`worse_when_clipped(lr, steps)`, whose three parts get their names here."""
    result = names["worse_when_clipped"](case["lr"], case["steps"])
    if isinstance(result, list | tuple) and len(result) == 3:
        return dict(zip(("scheme", "start", "max_norm"), result, strict=True))
    return result


# modes_and_quality ----------------------------------------------------------------------------------------

MODES, ALLOWED = 8, 0.2


def draw_modes_and_quality(rng: np.random.Generator) -> list[Case]:
    """Rings of eight that bring in one difficulty after the other, and real digits.

    Counts are of 64, so that shares are exact in every precision. No distance lies near the one allowed, but in the
    ring where samples lie at exactly that.
    """
    turn = rng.uniform(0, 2 * math.pi)
    angles = turn + 2 * math.pi * np.arange(MODES) / MODES
    middles = np.round(2 * np.stack([np.cos(angles), np.sin(angles)], axis=1), 3)
    order = rng.permutation(MODES)

    def good(mode: int, count: int) -> Floats:
        return _around(rng, middles[order[mode]], count, 0.0, 0.12)

    def bad(mode: int, count: int) -> Floats:
        return _around(rng, middles[order[mode]], count, 0.26, 0.4)

    def cornered(mode: int, count: int) -> Floats:  # within 0.2 in each coordinate, yet 0.25 away
        offsets = rng.choice([-1, 1], size=(count, 2)) * rng.uniform(0.17, 0.19, size=(count, 2))
        return np.asarray(middles[order[mode]] + offsets)

    def case(label: str, parts: list[Floats], share: float) -> Case:
        samples = np.concatenate(parts)
        assert len(samples) == 64
        inputs = {"samples": samples[rng.permutation(64)], "known": middles, "labels": np.arange(MODES)}
        return Case(label, inputs | {"allowed": ALLOWED, "share": share})

    return [
        case("all eight modes, every sample good", [good(mode, 8) for mode in range(MODES)], 1 / 32),
        case(
            "two modes, and samples that are near none",
            [good(0, 20), good(1, 16), bad(4, 10), bad(5, 10), cornered(6, 8)],
            1 / 32,
        ),
        case(
            "hardly a good sample: 12, 4, 2 and 1 in four modes",
            [good(0, 12), good(1, 4), good(2, 2), good(3, 1), bad(4, 45)],
            1 / 16,
        ),
        case(
            "half of the samples overflowed",
            [good(0, 20), good(1, 5), good(2, 3), bad(3, 4), np.full((32, 2), math.nan)],
            1 / 16,
        ),
        _at_the_edge(rng),
        _drawn_digits(rng),
    ]


def _at_the_edge(rng: np.random.Generator) -> Case:
    """Samples exactly as far away as allowed: all in quarters, so that no way to compute it rounds."""
    known = np.array([(2, 0), (1.5, 1.5), (0, 2), (-1.5, 1.5), (-2, 0), (-1.5, -1.5), (0, -2), (1.5, -1.5)])
    inside, edge, outside = known[rng.permutation(MODES)[:3]]
    offsets = np.array([(0.25, 0), (-0.25, 0), (0, 0.25), (0, -0.25)])
    samples = np.concatenate(
        [np.tile(inside, (16, 1)), edge + np.tile(offsets, (4, 1)), outside + np.tile(2 * offsets, (8, 1))]
    )
    inputs = {"samples": samples[rng.permutation(64)], "known": known, "labels": np.arange(MODES)}
    return Case("samples exactly as far away as allowed", inputs | {"allowed": 0.25, "share": 1 / 32})


def _around(rng: np.random.Generator, middle: Floats, count: int, near: float, far: float) -> Floats:
    angles, distances = rng.uniform(0, 2 * math.pi, count), rng.uniform(near, far, count)
    return np.asarray(middle + (distances * np.array([np.cos(angles), np.sin(angles)])).T)


def _drawn_digits(rng: np.random.Generator) -> Case:
    """64 'generated' digits: real ones that nobody has counted yet, and blends of two that are no digit at all.

    Among them are eights and nines: a ring has no such labels. Drawn until both are covered, no distance is a close
    call, and the examples with samples enough are as many neither as the modes nor as those of labels 0 to 7.
    """
    data, share = _digits(), 1 / 16
    while True:
        rows = rng.permutation(len(data))
        known, labels = data.X[rows[:150]], data.y[rows[:150]]
        classes = [8, 9, *rng.choice(8, size=2, replace=False)]
        real = data.X[[row for row in rows[150:] if data.y[row] in classes][:46]]
        pair = data.X[rows[-36:]]
        samples = np.round(np.concatenate([real, (pair[:18] + pair[18:]) / 2]), 3)[rng.permutation(64)]
        apart = np.linalg.norm(samples[:, None] - known[None], axis=2)
        nearest, distances = apart.argmin(axis=1), np.sort(apart, axis=1)
        allowed = round(float(np.quantile(distances[:, 0], 0.7)), 2)
        good = distances[:, 0] <= allowed
        modes, examples = (
            np.flatnonzero(np.bincount(hit[good]) >= share * 64) for hit in (labels[nearest], nearest)
        )
        clear = np.abs(distances[:, 0] - allowed).min() > 1e-3
        clear = clear and (distances[:, 1] - distances[:, 0]).min() > 1e-4
        if clear and {8, 9} <= set(modes) and len(examples) not in (len(modes), len(modes) - 2):
            inputs: dict[str, Plain] = {"samples": samples, "known": known, "labels": labels}
            inputs |= {"allowed": allowed, "share": share}
            return Case("64 samples judged by 150 real digits", inputs)


@cache
def _digits() -> Dataset:
    return digits()


def probe_modes_and_quality(names: Namespace, case: Case) -> Plain:
    """`modes_and_quality(samples, known, labels, allowed, share)`."""
    return names["modes_and_quality"](
        case["samples"], case["known"], case["labels"], case["allowed"], case["share"]
    )


# gan_step -------------------------------------------------------------------------------------------------


def tiny_gan(seed: int) -> tuple[nn.Module, nn.Module, list[tuple[Tensor, Tensor]]]:
    """A generator and a discriminator of real digits (8 by 8 pixels), and four pairs of batches: real, noise.

    Batches hold 16 digits, shape (16, 64), and noise of shape (16, 4). The discriminator gives a logit, shape
    (16, 1): positive where it takes a digit for real.
    """
    import torch
    from torch import nn

    generator = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 64), nn.Sigmoid()).double()
    discriminator = nn.Sequential(nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 1)).double()
    rng, X = np.random.default_rng(seed), _digits().X
    with torch.no_grad():
        for weight in (*generator.parameters(), *discriminator.parameters()):
            spread = math.sqrt(2 / weight.shape[-1]) if weight.ndim == 2 else 0.1
            weight.copy_(torch.from_numpy(rng.normal(scale=spread, size=weight.shape)))
    batches = [
        (torch.from_numpy(X[rng.choice(len(X), 16)]), torch.from_numpy(rng.normal(size=(16, 4))))
        for _ in range(4)
    ]
    return generator, discriminator, batches


def draw_gan_step(rng: np.random.Generator) -> list[Case]:
    """Steps, each of which brings in one thing that the ones before do not ask for."""

    def case(label: str, steps: int, max_norm: float) -> Case:
        return Case(
            label, {"seed": int(rng.integers(2**31)), "steps": steps, "lr": 0.5, "max_norm": max_norm}
        )

    return [
        case("one step, nothing to clip", 1, 1e6),
        case("two steps, nothing to clip", 2, 1e6),
        case("one step, both clipped", 1, 0.02),
        case("two steps, both clipped", 2, 0.02),
    ]


def probe_gan_step(names: Namespace, case: Case) -> Plain:
    """`gan_step(generator, discriminator, g_optimizer, d_optimizer, real, noise, max_norm)`, several times."""
    import torch

    generator, discriminator, batches = tiny_gan(case["seed"])
    g_optimizer = torch.optim.SGD(generator.parameters(), lr=case["lr"])
    d_optimizer = torch.optim.SGD(discriminator.parameters(), lr=case["lr"])

    def weights(model: nn.Module) -> Tensor:
        return torch.cat([weight.detach().flatten() for weight in model.parameters()])

    starts = weights(discriminator), weights(generator)
    norms = [
        names["gan_step"](generator, discriminator, g_optimizer, d_optimizer, real, noise, case["max_norm"])
        for real, noise in batches[: case["steps"]]
    ]
    ends = weights(discriminator), weights(generator)
    moved = [float((end - start).norm()) for start, end in zip(starts, ends, strict=True)]
    return {
        "D moved by": moved[0],
        "G moved by": moved[1],
        "norms of D and G": norms,
        "weights": torch.cat(ends),
    }


# game_choice ----------------------------------------------------------------------------------------------

STEPS, START = 400, 4.0
NOISE, BAD_BATCH, HOW_BAD = 0.05, 0.02, 300.0


def draw_game_choice(rng: np.random.Generator) -> list[Case]:
    """Games that nobody has seen."""
    return [Case("ten fresh games", {"seeds": rng.integers(0, 2**31, size=10)})]


def probe_game_choice(names: Namespace, case: Case) -> Plain:
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


ASKED: tuple[Asked, ...] = (
    Asked(
        name="game_step",
        title="One simultaneous step, clipped jointly",
        points=1,
        needs=("game_step",),
        draw=draw_game_step,
        probe=probe_game_step,
        refuses=("course_lib.dynamics.games.play",),
    ),
    Asked(
        name="steps_to_radius",
        title="Count the steps that clipped play takes to a radius",
        points=1,
        needs=("steps_to_radius",),
        draw=draw_steps_to_radius,
        probe=probe_steps_to_radius,
        refuses=("course_lib.dynamics.games.clipped_radius", "course_lib.dynamics.games.free_radius"),
    ),
    Asked(
        name="cycle_threshold",
        title="Find the threshold for a circle of a given radius",
        points=1,
        needs=("cycle_threshold",),
        draw=draw_cycle_threshold,
        probe=probe_cycle_threshold,
        refuses=("course_lib.dynamics.games.cycle_radius",),
    ),
    Asked(
        name="worse_when_clipped",
        title="Find play that clipping makes worse",
        points=1,
        needs=("worse_when_clipped",),
        draw=draw_worse_when_clipped,
        probe=probe_worse_when_clipped,
    ),
    Asked(
        name="modes_and_quality",
        title="Count modes and quality",
        points=2,
        needs=("modes_and_quality",),
        draw=draw_modes_and_quality,
        probe=probe_modes_and_quality,
        refuses=("course_lib.training.gans.Ring.judge", "course_lib.training.gans.RealDigits.judge"),
        prepare=_digits,
    ),
    Asked(
        name="gan_step",
        title="Mend a training step with four mistakes",
        points=2,
        needs=("gan_step",),
        draw=draw_gan_step,
        probe=probe_gan_step,
    ),
    Asked(
        name="game_choice",
        title="Choose scheme, learning rate and threshold by experiment",
        points=2,
        needs=("my_scheme", "my_lr", "my_max_norm"),
        draw=draw_game_choice,
        probe=probe_game_choice,
        prepare=prepare_game_choice,
    ),
)
