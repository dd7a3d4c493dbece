"""A threshold from a log of gradient norms, or the reason why the log gives none.

The rule is that of lesson 04_threshold: a high percentile of the norms of a run that survived.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from course_lib.training.own_clip import TrainingError

ENOUGH = 100  # steps: the norms of the first batches are those of the start, not of the run
HELD_BACK = 0.9  # share of clipped steps above which the threshold set the pace of the run
APART = 10  # how many times the typical norm is no longer "somewhat above" it


@dataclass(frozen=True)
class Suggestion:
    """A threshold, or None where the log cannot give one, and the reason in one or two sentences."""

    threshold: float | None
    reason: str

    def __str__(self) -> str:
        return self.reason


def suggest_threshold(norms: ArrayLike, used_norms: ArrayLike, percentile: float = 90.0) -> Suggestion:
    """The percentile of the later half of a log of S norms, if they are those of a run that survived.

    `norms` (S,) are the norms of the whole gradient before clipping and `used_norms` (S,) those after it; where
    nothing was clipped give the norms twice. There is no suggestion from a log that is shorter than 100 steps,
    holds nan or inf in its later half, or little but zeros, still grows (the last quarter's median is above ten
    times the first's), was clipped in the later half in more than nine of ten steps, or has not settled (the
    percentile is above ten times the median). Whether the run *learned* no norm can say.

    Raises `TrainingError` where the two logs do not fit together or the percentile is outside (0, 100].
    Source: Pascanu, Mikolov & Bengio 2013, section 3.2; measured in lesson 04_threshold.
    """
    seen, used = np.asarray(norms, dtype=float), np.asarray(used_norms, dtype=float)
    if seen.ndim != 1 or seen.shape != used.shape:
        raise TrainingError(
            f"A log holds one norm a step, before and after clipping alike, but the shapes are "
            f"{seen.shape} and {used.shape}."
        )
    if not 0 < percentile <= 100:
        raise TrainingError(f"A percentile lies above 0 and up to 100, but it is {percentile:g}.")
    if len(seen) < ENOUGH:
        return _none(
            f"{len(seen)} steps are logged, and the norms of the first steps are not typical; log {ENOUGH}, "
            "clipped at a cautious guess."
        )
    recent, passed = seen[len(seen) // 2 :], used[len(seen) // 2 :]
    reason = _unfit(seen, recent, passed, percentile)
    if reason:
        return _none(reason)
    threshold = float(np.percentile(recent, percentile))
    return Suggestion(
        threshold,
        f"Clip at {threshold:.3g}: {percentile:g}% of the last {len(recent)} norms are below it (their median is "
        f"{np.median(recent):.3g}), and {_clipped(recent, passed):.0%} of those steps were clipped. This holds if "
        "the run learns, which norms cannot show: look whether its predictions vary.",
    )


def _unfit(
    seen: NDArray[np.float64], recent: NDArray[np.float64], passed: NDArray[np.float64], percentile: float
) -> str | None:
    """What keeps the log from giving a threshold."""
    broken = int((~np.isfinite(recent)).sum())
    if broken:
        return (
            f"{broken} of the last {len(recent)} norms are nan or inf, so the run did not survive; clip from "
            "the first step at a cautious guess and log again."
        )
    if np.percentile(recent, percentile) == 0:
        return f"{percentile:g}% of the last {len(recent)} gradients are zero, so nothing is being learned."
    quarter = len(seen) // 4
    first, last = np.median(seen[:quarter]), np.median(seen[-quarter:])
    if last > APART * first:
        return (
            f"the norms still grow, from a median of {first:.3g} in the first quarter of the log to {last:.3g} in "
            "the last; lower the threshold or the learning rate until they settle."
        )
    if _clipped(recent, passed) > HELD_BACK:
        return (
            f"{_clipped(recent, passed):.0%} of the last {len(recent)} steps were clipped, so with SGD learning "
            "rate times threshold set the pace and the norms are those of a run held back; raise one of the two "
            "until most steps pass. (Adam hardly cares: keep the threshold.)"
        )
    high, median = np.percentile(recent, percentile), np.median(recent)
    if high > APART * median:
        return (
            f"{100 - percentile:g}% of the last {len(recent)} norms are above {high:.3g}, more than {APART} times "
            f"the median of {median:.3g}: explosions are too common here to call the rest typical."
        )
    return None


def _clipped(recent: NDArray[np.float64], passed: NDArray[np.float64]) -> float:
    return float(np.mean(recent != passed))


def _none(reason: str) -> Suggestion:
    return Suggestion(None, f"No threshold from this log: {reason}")
