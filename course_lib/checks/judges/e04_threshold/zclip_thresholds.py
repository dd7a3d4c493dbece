"""How `zclip_thresholds` is judged: right solutions, misunderstandings, and what to say to each."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from course_lib.checks.case import Floats
from course_lib.checks.judges.e04_threshold.pictures import picture_of_thresholds
from course_lib.checks.judging import Judged, Misconception, Say

Z_MAX, DECAY = 2.5, 0.97


def _zclip(
    norms: Any,
    warmup: int,
    rises: bool = False,
    raw: bool = False,
    late: bool = False,
    frozen: bool = False,
    plain: bool = False,
    variance_for_deviation: bool = False,
) -> Floats:
    """ZClip, with one or more of the mistakes that can be made."""
    mean, variance = float(np.mean(norms[:warmup])), float(np.var(norms[:warmup]))
    limits = [math.inf] * warmup
    for norm in map(float, norms[warmup + late :]):
        deviation = variance if variance_for_deviation else math.sqrt(variance)
        z = (norm - mean) / deviation
        excess = deviation * (z / Z_MAX if rises else Z_MAX if plain else Z_MAX**2 / z)
        limit = mean + excess if z > Z_MAX else math.inf
        limits.append(limit)
        kept = norm if raw else min(norm, limit)
        if not frozen:
            mean = DECAY * mean + (1 - DECAY) * kept
            variance = DECAY * variance + (1 - DECAY) * (kept - mean) ** 2
    return np.array([*[math.inf] * late, *limits])


def _as_it_came(norms: Any, warmup: int) -> Floats:
    return _zclip(norms, warmup, rises=True, raw=True, variance_for_deviation=True)


def _held(name: str, wrong: Callable[[Any, int], Any], message: Say, hint: str) -> Misconception:
    return Misconception(name, {"zclip_thresholds": wrong}, message, hint)


JUDGED = Judged(
    name="zclip_thresholds",
    reference={"zclip_thresholds": _zclip},
    misconceptions=(
        _held(
            "as it came",
            _as_it_came,
            "This is the code as it came, with all three mistakes in it.",
            "Feed it one spike and print z, the threshold, and the mean after it.",
        ),
        _held(
            "the wilder, the higher",
            lambda norms, warmup: _zclip(norms, warmup, rises=True),
            "Your threshold rises with z: a spike that is ten times as wild gets through ten times "
            "as long. The factor "
            "z / z_max stands the wrong way round.",
            "The wilder the norm, the lower the threshold: divide by z.",
        ),
        _held(
            "learns from the spike",
            lambda norms, warmup: _zclip(norms, warmup, raw=True),
            "The spike goes into mean and variance at its full length, and after it nothing looks like a spike for "
            "many steps. What joins the statistics is what was left of it.",
            "Update with min(norm, threshold).",
        ),
        _held(
            "variance for deviation",
            lambda norms, warmup: _zclip(norms, warmup, variance_for_deviation=True),
            "z is measured in variances here, not in standard deviations. The variance has another unit, the square.",
            "Take the root of the variance before you divide by it.",
        ),
        _held(
            "rises and learns",
            lambda norms, warmup: _zclip(norms, warmup, rises=True, raw=True),
            "Two mistakes are left: the threshold still rises with z, and the full spike still joins the statistics.",
            "Begin with the threshold: which way should it go as z grows?",
        ),
        _held(
            "rises in variances",
            lambda norms, warmup: _zclip(norms, warmup, rises=True, variance_for_deviation=True),
            "Two mistakes are left: the threshold still rises with z, and z is still measured in variances.",
            "Begin with the unit of z: how many standard deviations above the mean?",
        ),
        _held(
            "learns in variances",
            lambda norms, warmup: _zclip(norms, warmup, raw=True, variance_for_deviation=True),
            "Two mistakes are left: z is measured in variances, and the full spike joins the statistics.",
            "Begin with the standard deviation, the root of the variance.",
        ),
        _held(
            "the same for every spike",
            lambda norms, warmup: _zclip(norms, warmup, plain=True),
            "You clip at mean + z_max deviations, however wild the spike is. That is a reasonable "
            "rule, but not ZClip: "
            "there a wilder spike is cut lower.",
            "Multiply the excess z_max * deviation by z_max / z.",
        ),
        _held(
            "never learns",
            lambda norms, warmup: _zclip(norms, warmup, frozen=True),
            "Mean and variance stay what they were after the warm-up. They have to follow the run.",
            "Update both after every step, also after calm ones.",
        ),
    ),
    hints=(
        "Three lines are wrong: one about a unit, one about which way a number goes, one about what is remembered.",
        "z counts standard deviations. The threshold falls as z grows. What is left of the norm joins the mean.",
        "Mean 10, variance 4, z_max 2.5, norm 20: the deviation is 2, z is 5, and the limit 10 + 2.5**2 * 2 / 5 = "
        "12.5. It is 12.5, not 20, that the mean and the variance then take.",
    ),
    picture=picture_of_thresholds,
)
