"""How `sunspot_threshold` is judged: right solutions, misunderstandings, and what to say to each."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from course_lib.checks.case import Answer, Case, Plain
from course_lib.checks.compare import show
from course_lib.checks.judging import Finding, Judged, Misconception
from course_lib.checks.probes.e04_threshold.sunspot_threshold import sunspot_runs

ALLOWED_TO_FAIL = 1
"""Of ten fresh runs."""


@lru_cache(maxsize=64)
def _failures(threshold: float, seeds: tuple[int, ...]) -> int:
    found = sunspot_runs(threshold, seeds)
    return int(np.sum(~(found["errors"] < found["persistence"])))


def _threshold(value: Plain) -> float | None:
    """The choice as a number above 0 (inf allowed); `None` where it is none."""
    chosen = value.get("threshold") if isinstance(value, dict) else None
    if isinstance(chosen, np.ndarray) and chosen.size == 1:
        chosen = chosen.item()
    if isinstance(chosen, bool) or not isinstance(chosen, int | float):
        return None
    try:
        number = float(chosen)
    except OverflowError:
        return None
    return number if number > 0 else None


def _failing(case: Case, threshold: float) -> int:
    return _failures(threshold, tuple(int(seed) for seed in case["seeds"]))


def _judge(case: Case, value: Plain) -> Finding:
    threshold = _threshold(value)
    if threshold is None:
        return Finding(False, f"Set my_threshold to one number above 0; got {show(value)}.")
    failing = _failing(case, threshold)
    return Finding(
        failing <= ALLOWED_TO_FAIL,
        f"At {show(threshold)}, {failing} of ten fresh runs do not beat persistence; {ALLOWED_TO_FAIL} may.",
    )


def _in_range(low: float, high: float) -> Callable[[list[Case], list[Answer]], bool]:
    """The choice fails, and lies in this range."""

    def matches(cases: list[Case], answers: list[Answer]) -> bool:
        threshold = _threshold(answers[0].value) if answers[0].status == "given" else None
        if threshold is None or not low < threshold <= high:
            return False
        return not _judge(cases[0], answers[0].value).right

    return matches


def _chosen(name: str, example: float, low: float, high: float, story: str, hint: str) -> Misconception:
    def say(case: Case, answer: Answer) -> str:
        threshold = _threshold(answer.value) or math.nan
        return f"At {show(threshold)}, {_failing(case, threshold)} of ten fresh runs do not beat persistence. {story}"

    return Misconception(name, {"my_threshold": example}, say, hint, matches=_in_range(low, high))


JUDGED = Judged(
    name="sunspot_threshold",
    dear="trains recurrent networks",
    reference={"my_threshold": 8.0},
    judge=_judge,
    misconceptions=(
        _chosen(
            "no threshold",
            math.inf,
            1e5,
            math.inf,
            "That is as good as no clipping: these runs break within a few steps.",
            "Print the errors at 1000, 100, 10, 1 and 0.1.",
        ),
        _chosen(
            "a placebo",
            3000.0,
            600.0,
            1e5,
            "The disasters are cut, but a step of 0.03 times this threshold is still a disaster.",
            "Is a step of 0.03 * threshold short against weights of length 4 (the root of 16)?",
        ),
        _chosen(
            "the upper edge",
            300.0,
            30.0,
            600.0,
            "You are at the upper edge of the safe zone: some starts survive this step, others do not.",
            "Go down by another factor of ten, and leave a margin on both sides.",
        ),
        _chosen(
            "a stall",
            0.5,
            0.1,
            3.0,
            "Nothing breaks, but every step is clipped, and 100 steps of 0.03 times this do not lead far enough.",
            "Compare the threshold with the norms of a run that works: most of them should lie below it.",
        ),
        _chosen(
            "a standstill",
            0.01,
            0.0,
            0.1,
            "The weights do not move: 100 steps of 0.03 times this threshold are nothing. (With a "
            "larger learning rate "
            "it would work; here the learning rate is given.)",
            "Look at np.median(sunspot_runs(10.0)['norms']), and stay above it.",
        ),
    ),
    hints=(
        "Measure before you choose: sunspot_runs at 1000, 100, 10, 1 and 0.1, five starts each.",
        "Count the errors below persistence at each threshold, and take the middle of the range where all are.",
        "for c in (1000, 100, 30, 10, 3, 1): print(c, np.sum(sunspot_runs(c)['errors'] < 0.877)).",
    ),
)
