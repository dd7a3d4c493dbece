"""How `fair_training` is judged: right solutions, misunderstandings, and what to say to each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.special import expit

from course_lib.checks.case import Answer, Case
from course_lib.checks.compare import same
from course_lib.checks.judging import Judged, Misconception, Say
from course_lib.checks.matching import answering, fails_as
from course_lib.checks.probes.e11_fairness.fair_training import ASKED

IN_PLACE = "changes w in place"

AS_IT_CAME = (
    "each group by its own size",
    "clips the smaller group",
    "logs the ratio after",
    IN_PLACE,
)


def _trained(*mistakes: str) -> Callable[..., Any]:
    """Fair clipping as a learner would write it, with none of the mistakes, or some."""

    def fair_training(
        X: Any, y: Any, group: Any, w: Any, ratio: float, lr: float, steps: int
    ) -> tuple[Any, list[float]]:
        ratios = []
        for _ in range(steps):
            error = expit(X @ w) - y
            sizes = [len(y), len(y)]
            if "divides by nothing" in mistakes:
                sizes = [1, 1]
            if "each group by its own size" in mistakes:
                sizes = [int(np.sum(group == k)) for k in (0, 1)]
            larger, smaller = (X[group == k].T @ error[group == k] / sizes[k] for k in (0, 1))
            long, short = np.linalg.norm(larger), np.linalg.norm(smaller)
            before = long / short
            if "clips the smaller group" in mistakes:
                smaller = smaller * min(1, ratio * long / short)
            else:
                allowed = ratio * short / long
                factor = allowed if "always at the ratio" in mistakes else min(1, allowed)
                larger = larger * factor
                if "shortens both" in mistakes:
                    smaller = smaller * factor
            after = np.linalg.norm(larger) / np.linalg.norm(smaller)
            ratios.append(float(after if "logs the ratio after" in mistakes else before))
            step = lr * (larger + smaller)
            if IN_PLACE in mistakes:
                w -= step
            else:
                w = w - step
        return w, ratios

    return fair_training


def _held(name: str, message: Say, hint: str, *mistakes: str) -> Misconception:
    """One mistake, or several that the same case brings out, told about where the answer first fails."""
    wrong = _trained(*(mistakes or (name,)))
    return Misconception(name, {"fair_training": wrong}, message, hint, fails_as(ASKED, _trained(), wrong))


def _returned(answer: Answer) -> Answer | None:
    """What the function itself returned, where the probe hands on the caller's changed w beside it."""
    pair = answer.value
    changed = isinstance(pair, dict) and set(pair) == {"returned", "your w afterwards"}
    return Answer("given", pair["returned"]) if changed else None


def _changes_w(cases: list[Case], answers: list[Answer]) -> bool:
    """The caller's w is not left alone in some case."""
    return any(map(_returned, answers))


def _right_but_in_place(cases: list[Case], answers: list[Answer]) -> bool:
    """What is returned is right in every case, and the caller's w is not left alone."""
    right = answering(ASKED, _trained())
    return _changes_w(cases, answers) and all(
        same(_returned(answer) or answer, right(case)) for case, answer in zip(cases, answers, strict=True)
    )


JUDGED = Judged(
    name="fair_training",
    reference={"fair_training": _trained()},
    misconceptions=(
        Misconception(
            "as it came",
            {"fair_training": _trained(*AS_IT_CAME)},
            "This is the loop as it came; all four mistakes are still in it.",
            "Begin with a ratio so high that nothing is clipped: do the two gradients add up to that of the mean "
            "loss?",
        ),
        # The first case brings `w -= ...` out, whatever else is wrong: so all cases decide what is said of it.
        Misconception(
            IN_PLACE,
            {"fair_training": _trained(IN_PLACE)},
            "The answer itself is not the trouble here: `w -= ...` writes into the array that the caller gave you.",
            "Which of the ways to subtract makes a new array?",
            _right_but_in_place,
        ),
        Misconception(
            "two are left: in place and log",
            {"fair_training": _trained(IN_PLACE, "logs the ratio after")},
            "Two mistakes are left. `w -= ...` writes into the array that the caller gave you; and the log holds the "
            "ratio after clipping.",
            "Which way to subtract makes a new array? And when is the ratio still the one before clipping?",
        ),
        Misconception(
            "two are left: in place and wrong group",
            {"fair_training": _trained(IN_PLACE, "clips the smaller group")},
            "Two mistakes are left. `w -= ...` writes into the array that the caller gave you; and it is the smaller "
            "group's gradient that you shorten.",
            "Which way to subtract makes a new array? And which group may be how long at most?",
        ),
        _held(
            "each group by its own size",
            "Each group's gradient is divided by its own size, so a group of 80 weighs as much as one of 420. "
            "That reweights the people before anything is clipped, and the two no longer add up to the gradient "
            "of the mean loss.",
            "The mean loss is a sum over people divided by one number. Which?",
        ),
        _held(
            "divides by nothing",
            "Your contributions are sums over people that nobody divides. The loss is a mean, so your step is as many "
            "times too long as there are people.",
            "The mean loss is a sum over people divided by their number. Where in your lines is that number?",
        ),
        _held(
            "two are left: sizes and in place",
            "Two mistakes are left. Each group's gradient is divided by its own size, not by the number of all "
            "people; and `w -= ...` writes into the caller's array.",
            "By which one number does the mean loss divide? And which way to subtract makes a new array?",
            "each group by its own size",
            IN_PLACE,
        ),
        _held(
            "clips the smaller group",
            "It is the smaller group's gradient that you shorten: the rule the wrong way round. Fair clipping "
            "caps the larger group at ratio times the smaller one.",
            "Who may be how long, at most? Say it in a sentence, then write the factor for that group.",
        ),
        _held(
            "two are left: wrong group and log",
            "Two mistakes are left. It is the smaller group's gradient that you shorten, the rule the wrong way "
            "round; and the log holds the ratio after clipping.",
            "Two questions about order and about whom: when is the ratio still the one before clipping, and which "
            "group may be how long at most?",
            "clips the smaller group",
            "logs the ratio after",
        ),
        _held(
            "always at the ratio",
            "Without the cap at 1 your factor also LENGTHENS the larger group's gradient wherever it is short "
            "enough. Clipping only shortens.",
            "What is your factor where the larger group's gradient is short enough already, and what should it be?",
        ),
        _held(
            "shortens both",
            "Your factor multiplies the sum, and so shortens the smaller group's gradient too. The ratio between "
            "the two stays what it was.",
            "The factor belongs to the larger group's gradient alone.",
        ),
        _held(
            "logs the ratio after",
            "Your log holds the ratios after clipping. Such a log can never exceed the cap, and cannot show how "
            "often it was needed.",
            "Append the ratio before you clip.",
        ),
        Misconception(
            "in place, and more",
            {"fair_training": _trained(IN_PLACE, "clips the smaller group", "logs the ratio after")},
            "`w -= ...` writes into the array that the caller gave you. That is not all: with a new array in its place "
            "your answers would still not be right.",
            "Mend this one first; the next check is then about the rest.",
            _changes_w,
        ),
    ),
    hints=(
        "As it came, four lines are wrong: one about whose size divides, one about who is shortened, one about when to "
        "log, one about whose array it is.",
        "Take the cases in their order: no clipping first, then weights at which nothing may be clipped either.",
        "Say the contributions to the mean gradient are [3, 4] and [0, 1], and ratio is 2. First the log gets 5 / 1. "
        "Then [3, 4] may be 2 long and becomes [1.2, 1.6]; [0, 1] stays. From w = [0, 0] a step with lr = 1 leads to a "
        "new array, [-1.2, -2.6].",
    ),
)
