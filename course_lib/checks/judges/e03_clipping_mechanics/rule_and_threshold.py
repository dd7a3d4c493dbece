"""How `rule_and_threshold` is judged: right solutions, misunderstandings, and what to say to each."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from course_lib.checks.case import Answer, Case, Floats, Plain
from course_lib.checks.compare import show
from course_lib.checks.judging import Finding, Judged, Misconception, Say
from course_lib.checks.matching import first_failing
from course_lib.checks.probes.e03_clipping_mechanics.rule_and_threshold import LEARNING_RATE, pascal_errors
from course_lib.checks.reading import vector_in

TARGET = 0.65
"""The test error to stay below, in units of the variance."""

_RULES: dict[str, Callable[[Floats, float], Floats]] = {
    "norm": lambda G, c: (
        G * np.minimum(1.0, c / np.maximum(np.sqrt(G[:, None] @ G[:, :, None])[:, 0], 1e-300))
    ),
    "value": lambda G, c: np.clip(G, -c, c),
}
"""Gradients in rows, each clipped by itself; lengths to the last bit as `np.linalg.norm` of one row gives them."""


@lru_cache(maxsize=64)
def _error(rule: str, threshold: float, splits: tuple[int, ...]) -> float:
    errors = pascal_errors(lambda G: _RULES[rule](G, threshold), splits)
    return float(errors.mean())


def _complaint(value: Plain) -> str:
    """What is wrong with the form of a choice, in one sentence; empty when nothing is."""
    if not isinstance(value, dict) or set(value) != {"rule", "threshold"}:
        return f"Set my_rule to a word and my_threshold to a number; got {show(value)}."
    rule, threshold = value["rule"], vector_in(value["threshold"])
    if not isinstance(rule, str) or rule not in _RULES:
        return f"my_rule must be the word 'norm' or the word 'value'; it is {show(rule)}."
    if threshold is None or threshold.size != 1 or not 0 < threshold[0] < math.inf:
        return f"my_threshold must be one number above 0; it is {show(value['threshold'])}."
    return ""


def _threshold(value: Plain) -> float:
    return float(np.ravel(value["threshold"])[0])


def _error_of(case: Case, value: Plain) -> float:
    return _error(value["rule"], _threshold(value), tuple(int(seed) for seed in case["splits"]))


def _judge(case: Case, value: Plain) -> Finding:
    if complaint := _complaint(value):
        return Finding(False, complaint)
    error = _error_of(case, value)
    return Finding(error < TARGET, f"On {case.label} the error is {error:.2f}; below {TARGET} is asked.")


def _kind(case: Case, answer: Answer) -> str:
    """Which way a valid choice went wrong, in a few words."""
    if answer.status != "given":
        return answer.status
    if _complaint(answer.value):
        return "not a choice"
    error = _error_of(case, answer.value)
    if error < TARGET:
        return "right"
    if answer.value["rule"] == "norm":
        return "norm, and it diverges" if error > 1 else "norm"
    if error > 2:
        return "value, far too large"
    return "value, too small" if _threshold(answer.value) < 0.02 else "value, too large"


def _say_error(story: Callable[[float], str]) -> Callable[[Case, Answer], str]:
    """The error on the fresh splits, then the story, which knows the threshold."""

    def say(case: Case, answer: Answer) -> str:
        threshold, error = _threshold(answer.value), _error_of(case, answer.value)
        shown = f"{error:.2f}" if error < 100 else f"{error:.1g}"
        return (
            f"On {case.label}, clipping by {answer.value['rule']} at {show(threshold)} ends at an error of {shown}; "
            f"below {TARGET} is asked. {story(threshold)}"
        )

    return say


def _held(name: str, rule: str, threshold: float, message: Say, hint: str) -> Misconception:
    names = {"my_rule": rule, "my_threshold": threshold}
    return Misconception(name, names, message, hint, matches=first_failing(_kind, name))


JUDGED = Judged(
    name="rule_and_threshold",
    dear="trains on ten splits",
    reference={"my_rule": "value", "my_threshold": 0.02},
    judge=_judge,
    misconceptions=(
        _held(
            "norm",
            "norm",
            0.02,
            _say_error(
                lambda c: (
                    "One factor scales all ten entries, and the blood pressure's entry, 133 times too large, decides "
                    "it: the nine healthy ones hardly move. No threshold mends that."
                )
            ),
            "Which rule cuts the one sick entry and leaves the other nine alone?",
        ),
        _held(
            "norm, and it diverges",
            "norm",
            100.0,
            _say_error(
                lambda c: (
                    f"Steps of up to {LEARNING_RATE} * {show(c)} along the blood pressure overshoot, again and "
                    "again. A smaller threshold stops that, but then the nine healthy weights hardly move."
                )
            ),
            "What do the nine healthy weights need, and what does the tenth?",
        ),
        _held(
            "value, too small",
            "value",
            0.001,
            _say_error(
                lambda c: (
                    f"In 400 steps of at most {LEARNING_RATE} * {show(c)} no weight gets further from 0 than "
                    f"{show(400 * LEARNING_RATE * c)}, and the best weights are some tenths: the run stalls."
                )
            ),
            "How large must the threshold be for 400 steps of 0.05 * threshold to reach a weight of 0.3?",
        ),
        _held(
            "value, too large",
            "value",
            0.3,
            _say_error(
                lambda c: (
                    f"The rule is right. But each step moves the blood pressure's weight by up to "
                    f"{LEARNING_RATE} * {show(c)}, and the predictions by 133 times that, "
                    f"{show(133 * LEARNING_RATE * c)} standard deviations: the weight "
                    "jumps to and fro around its best value."
                )
            ),
            "Keep 133 * 0.05 * threshold well below 1, so that one step cannot throw the predictions about.",
        ),
        _held(
            "value, far too large",
            "value",
            10.0,
            _say_error(
                lambda c: (
                    f"That is worse than always predicting the mean, which has an error of 1: at {show(c)} the sick "
                    "entry is still so large after the cut that its steps overshoot."
                )
            ),
            "Print pascal_error for thresholds from 1 down to 0.0001, a factor of 3 or 10 apart.",
        ),
    ),
    hints=(
        "Measure before you choose: call pascal_error for both rules at 0.001, 0.01, 0.1 and 1.",
        "One entry of the gradient is sick, the other nine are healthy. Choose the rule that treats entries one by "
        "one; then a threshold from which 400 steps of 0.05 * threshold can reach weights of some tenths.",
        "Two that fail: at 0.001 a weight gets no further than 0.02 in 400 steps, too short for some tenths; at 1 one "
        "step moves the predictions by 6.7 standard deviations, too far. Do both sums for what lies between.",
    ),
)
