"""GANs that learn real digits for longer than a lesson can wait: recorded scores, and the way to record them again.

`recorded` reads `digit_gans.json`, which `python tools/record_digit_gans.py` writes; `record` trains the same networks
again, or a part of them. Taught in lesson 09_gans.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_lib.training.gans import GanSetting, RealDigits, gans_after
from course_lib.training.own_clip import TrainingError
from course_lib.training.side_by_side import globally

Floats = NDArray[np.float64]

FILE = Path(__file__).with_suffix(".json")
SEEDS = tuple(range(10))
COUNTS = (0, 250, 500, 1000, 2000, 3000)
THRESHOLDS = (math.inf, 1.0)
RATES: Mapping[str, tuple[float, ...]] = {
    "sgd": (0.05, 0.1, 0.2, 0.4, 0.8),
    "adam": (0.001, 0.002, 0.004, 0.008),
}
INK = 16
"""Pixels of the samples are kept as whole numbers from 0 to this, as scikit-learn's digits are."""

_HIDDEN, _NOISE, _BATCH, _JUDGED, _SHOWN = 64, 8, 32, 1000, 10


@dataclass(frozen=True)
class DigitGans:
    """What became of GANs on `RealDigits`; C thresholds on the generator, R learning rates, T checkpoints, S seeds.

    `thresholds` (C), inf for no clipping; `rates` (R); `counts` (T), the steps done at each checkpoint; `seeds` (S);
    `modes` and `quality` (C, R, T, S) as in `GanRuns`, of 1000 samples; `clipped` (C, R, S), the share of steps whose
    gradient was longer than the threshold; `samples` (C, R, M, 64), the first M that the first seed's generator makes
    at the end, with pixels from 0 to 1.
    """

    thresholds: tuple[float, ...]
    rates: tuple[float, ...]
    counts: tuple[int, ...]
    seeds: tuple[int, ...]
    modes: NDArray[np.int64]
    quality: Floats
    clipped: Floats
    samples: Floats

    def best(self, threshold: float) -> int:
        """The place in `rates` of the highest quality at the end, the mean over seeds, for one of the `thresholds`."""
        if threshold not in self.thresholds:
            raise TrainingError(f"The threshold must be one of {self.thresholds}, but it is {threshold!r}.")
        return int(self.quality[self.thresholds.index(threshold), :, -1].mean(axis=-1).argmax())


def record(
    optimizer: str,
    *,
    thresholds: Sequence[float] = THRESHOLDS,
    rates: Sequence[float] | None = None,
    counts: Sequence[int] = COUNTS,
    seeds: Sequence[int] = SEEDS,
) -> DigitGans:
    """Train the networks of the record, or a part of them; `optimizer` is "sgd" or "adam", for both networks.

    `rates` are `RATES[optimizer]` unless given. Generators and discriminators have two hidden layers of 64 rectified
    linear units, the noise has 8 dimensions, the batch 32 digits; the loss is the non-saturating one. The whole record
    takes about four minutes of one processor. Raises `TrainingError` for another optimizer, and as `gans_after` does.
    """
    _check(optimizer)
    rates = RATES[optimizer] if rates is None else rates
    settings = [
        GanSetting(f"lr {lr:g}, c {c:g}", lr, None if math.isinf(c) else globally(c))
        for c in thresholds
        for lr in rates
    ]
    stages = gans_after(
        counts,
        RealDigits(),
        settings,
        seeds,
        optimizer=optimizer,
        noise=_NOISE,
        hidden=_HIDDEN,
        batch_size=_BATCH,
        judged=_JUDGED,
    )
    modes, quality = [], []
    for runs in stages:
        modes.append(runs.modes)
        quality.append(runs.quality)
    shape = (len(thresholds), len(rates))
    longer = runs.norms.reshape(-1, *shape, len(seeds)) > np.reshape(thresholds, (-1, 1, 1))
    return DigitGans(
        tuple(thresholds),
        tuple(rates),
        tuple(counts),
        tuple(seeds),
        np.stack(modes, axis=1).reshape(*shape, len(counts), -1),
        np.stack(quality, axis=1).reshape(*shape, len(counts), -1),
        longer.mean(axis=0) if counts[-1] else np.zeros((*shape, len(seeds))),
        (runs.samples[:, 0, :_SHOWN] * INK).round().reshape(*shape, -1, RealDigits.size) / INK,
    )


def recorded(optimizer: str) -> DigitGans:
    """The runs on record with "sgd" or "adam". Raises `TrainingError` for another name."""
    _check(optimizer)
    kept = json.loads(FILE.read_text(encoding="utf-8"))[optimizer]
    return DigitGans(
        tuple(math.inf if c is None else c for c in kept["thresholds"]),
        tuple(kept["rates"]),
        tuple(kept["counts"]),
        tuple(kept["seeds"]),
        np.array(kept["modes"], np.int64),
        np.array(kept["quality"], np.float64),
        np.array(kept["clipped"], np.float64),
        np.array(kept["samples"], np.float64) / INK,
    )


def as_json(runs: Mapping[str, DigitGans]) -> str:
    """The text of the file: one object for each optimizer, one line for each field; null stands for no clipping."""
    return "{\n" + ",\n".join(f'"{optimizer}": {_fields(kept)}' for optimizer, kept in runs.items()) + "\n}\n"


def _fields(kept: DigitGans) -> str:
    fields: dict[str, Any] = {
        "thresholds": [None if math.isinf(c) else c for c in kept.thresholds],
        "rates": kept.rates,
        "counts": kept.counts,
        "seeds": kept.seeds,
        "modes": kept.modes.tolist(),
        "quality": kept.quality.tolist(),
        "clipped": kept.clipped.round(4).tolist(),
        # A generator whose weights are no longer numbers leaves white paper.
        "samples": np.nan_to_num(kept.samples * INK).astype(int).tolist(),
    }
    lines = [f'"{name}": {json.dumps(value, separators=(",", ":"))}' for name, value in fields.items()]
    return "{\n" + ",\n".join(lines) + "\n}"


def _check(optimizer: str) -> None:
    if optimizer not in RATES:
        raise TrainingError(f'optimizer must be "sgd" or "adam", but it is {optimizer!r}.')
