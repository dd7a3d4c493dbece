"""What `modes_and_quality` asks: fresh cases, and how the learner's code is called on them."""

from __future__ import annotations

import math

import numpy as np

from course_lib.checks.asking import Asked, Namespace
from course_lib.checks.case import Case, Floats, Plain
from course_lib.checks.probes.e09_gans.real_digits import real_digits

MODES, ALLOWED = 8, 0.2


def draw(rng: np.random.Generator) -> list[Case]:
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
    data, share = real_digits(), 1 / 16
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


def probe(names: Namespace, case: Case) -> Plain:
    """`modes_and_quality(samples, known, labels, allowed, share)`."""
    return names["modes_and_quality"](
        case["samples"], case["known"], case["labels"], case["allowed"], case["share"]
    )


ASKED = Asked(
    name="modes_and_quality",
    title="Count modes and quality",
    points=2,
    needs=("modes_and_quality",),
    draw=draw,
    probe=probe,
    refuses=("course_lib.training.gans.Ring.judge", "course_lib.training.gans.RealDigits.judge"),
    prepare=real_digits,
)
