"""How `autoclip_thresholds` is judged: right solutions, misunderstandings, and what to say to each."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from course_lib.checks.case import Floats
from course_lib.checks.compare import show
from course_lib.checks.judges.e04_threshold.pictures import picture_of_thresholds
from course_lib.checks.judging import Judged, Misconception, Say


def _autoclip(norms: Any, percentile: float) -> Floats:
    return np.array([np.percentile(norms[: t + 1], percentile) for t in range(len(norms))])


def _without_the_present(norms: Any, percentile: float) -> Floats:
    return np.array([np.percentile(norms[:t], percentile) if t else math.inf for t in range(len(norms))])


def _feeding_back(norms: Any, percentile: float) -> Floats:
    kept: list[float] = []
    limits = []
    for norm in norms:
        limits.append(float(np.percentile([*kept, norm], percentile)))
        kept.append(min(float(norm), limits[-1]))
    return np.array(limits)


def _held(name: str, wrong: Callable[[Any, float], Any], message: Say, hint: str) -> Misconception:
    return Misconception(name, {"autoclip_thresholds": wrong}, message, hint)


JUDGED = Judged(
    name="autoclip_thresholds",
    reference={"autoclip_thresholds": _autoclip},
    misconceptions=(
        _held(
            "leaves out the present",
            _without_the_present,
            "Your history ends one step too early: the norm of the present step belongs to it. (It would have been a "
            "reasonable rule, but it has no threshold at all for the first step.)",
            "norms[: t + 1] contains the norm of step t.",
        ),
        _held(
            "knows the future",
            lambda norms, p: np.full(len(norms), np.percentile(norms, p)),
            "One percentile over all norms of the run, for every step: at step 1 it already knows the last norm. A "
            "training run does not.",
            "At each step use only the norms up to and including it.",
        ),
        _held(
            "the other tail",
            lambda norms, p: _autoclip(norms, 100 - p),
            lambda case, answer: (
                f"This is percentile {show(100 - case['percentile'])}, counted from above. At the "
                f"{show(case['percentile'])}th percentile, {show(case['percentile'])}% of the norms lie *below* it."
            ),
            "Give `percentile` to np.percentile as it is.",
        ),
        _held(
            "a percent of a percent",
            lambda norms, p: _autoclip(norms, p / 100),
            "The percentile was divided by 100 before np.percentile, which wants percents: this is "
            "nearly the minimum.",
            "np.percentile takes 0 to 100, np.quantile takes 0 to 1.",
        ),
        _held(
            "the mean",
            lambda norms, p: np.array([np.mean(norms[: t + 1]) for t in range(len(norms))]),
            "This is the mean of the norms so far. A single explosion lifts the mean for a long time; that is why "
            "AutoClip takes a percentile.",
            "np.percentile instead of np.mean.",
        ),
        _held(
            "remembers what was left",
            _feeding_back,
            "Your history holds the norms after clipping. Then every threshold pulls the next one "
            "down, step by step, "
            "towards the smallest norm of all. AutoClip remembers the norms before.",
            "Keep the norms as they came, not min(norm, threshold).",
        ),
        _held(
            "the clipped norms",
            lambda norms, p: np.minimum(norms, _autoclip(norms, p)),
            "These are the norms after clipping. Asked are the thresholds themselves, also where nothing is clipped.",
            "Return the percentiles.",
        ),
    ),
    hints=(
        "What does AutoClip know at the first step? At the second?",
        "A loop over the steps; in each, the percentile of everything up to and including it.",
        "Norms 4, 8, 2 and the 50th percentile: the first threshold is that of 4 alone, 4; the second that of 4 and "
        "8, 6; the third that of 4, 8 and 2, 4.",
    ),
    picture=picture_of_thresholds,
)
