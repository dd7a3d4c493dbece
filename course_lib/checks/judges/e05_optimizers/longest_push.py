"""How `longest_push` is judged: right solutions, misunderstandings, and what to say to each."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from course_lib.checks.case import Answer, Case, Floats, Plain
from course_lib.checks.chart import BLUE, GREEN, VERMILION, chart
from course_lib.checks.compare import show
from course_lib.checks.judging import Finding, Judged, Misconception, Say
from course_lib.checks.matching import first_failing
from course_lib.checks.probes.e05_optimizers.longest_push import MOST_GRADIENTS
from course_lib.checks.reading import numbers_in
from course_lib.training.optimizers import largest_adam_step

ENOUGH = 0.99
"""The share of the supremum that is asked for."""


def _stream(value: Plain) -> Floats | None:
    """The gradients as a vector, or `None` where they are none, too many, or not finite."""
    g = numbers_in(value)
    if g is None or g.ndim != 1 or not 0 < g.size <= MOST_GRADIENTS:
        return None
    return g if np.isfinite(g).all() and 0 < np.abs(g).max() < 1e150 else None


def _push(g: Floats, beta1: float, beta2: float, corrected: bool = True) -> float:
    """The last step of Adam on a stream, in learning rates; `corrected=False`: as if after a long silence."""
    g = g / np.abs(g).max()
    ago = np.arange(g.size - 1, -1, -1)
    m, v = (1 - beta1) * np.sum(beta1**ago * g), (1 - beta2) * np.sum(beta2**ago * g**2)
    if corrected:
        m, v = m / (1 - beta1**g.size), v / (1 - beta2**g.size)
    return float(abs(m) / math.sqrt(v)) if v > 0 else 0.0


def _share_of_longest(case: Case, g: Floats, corrected: bool = True) -> float:
    return _push(g, case["beta1"], case["beta2"], corrected) / largest_adam_step(case["beta1"], case["beta2"])


def _kind(case: Case, answer: Answer) -> str:
    if answer.status != "given":
        return answer.status
    g = _stream(answer.value)
    if g is None:
        return "no stream"
    if _share_of_longest(case, g) >= ENOUGH:
        return "right"
    if _share_of_longest(case, g, corrected=False) >= ENOUGH:
        return "no silence"
    if np.count_nonzero(np.abs(g) > 1e-6 * np.abs(g).max()) == 1:
        return "one spike"
    if np.ptp(np.abs(g)) < 1e-9 * np.abs(g).max():
        return "steady"
    if _share_of_longest(case, np.abs(g)) >= ENOUGH:
        return "changing signs"
    tail = np.abs(g[-10:])
    shrinking = g.size >= 10 and bool((np.diff(tail) < 0).all())
    if shrinking or _share_of_longest(case, g[::-1]) >= ENOUGH:
        return "backwards"
    if g.size >= 10 and (np.diff(tail) > 0).all():
        return "wrong growth"
    return "wrong"


def _judge(case: Case, value: Plain) -> Finding:
    g = _stream(value)
    if g is None:
        return Finding(
            False,
            f"A list of 1 to {MOST_GRADIENTS:,} finite numbers, not all 0, is needed; got {show(value)}.",
        )
    pushed, most = _push(g, case["beta1"], case["beta2"]), largest_adam_step(case["beta1"], case["beta2"])
    return Finding(
        pushed >= ENOUGH * most,
        f"The last step is {pushed:.3f} learning rates long; {ENOUGH:g} of {most:.3f} is asked.",
    )


def _say_push(story: str) -> Callable[[Case, Answer], str]:
    def say(case: Case, answer: Answer) -> str:
        g = _stream(answer.value)
        assert g is not None
        most = largest_adam_step(case["beta1"], case["beta2"])
        return story.format(pushed=f"{_push(g, case['beta1'], case['beta2']):.3f}", most=f"{most:.3f}")

    return say


def _grown(beta1: float, beta2: float, factor: float | None = None, silence: int = 12_000) -> Floats:
    growing = (factor or beta2 / beta1) ** np.arange(-80.0, 1.0)
    return np.concatenate([np.zeros(silence), growing])


def _held(name: str, wrong: Callable[[float, float], Any], message: Say, hint: str) -> Misconception:
    return Misconception(name, {"longest_push": wrong}, message, hint, matches=first_failing(_kind, name))


def _picture(case: Case, got: Plain, expected: Plain) -> str:
    g = _stream(got)
    if g is None:
        return ""
    last = min(40, g.size)
    most = largest_adam_step(case["beta1"], case["beta2"])
    pushes = [
        _push(g[: g.size - k], case["beta1"], case["beta2"]) if g[: g.size - k].any() else 0.0
        for k in range(last)
    ]
    sizes = np.abs(g[-last:]) / np.abs(g).max()
    alt = (
        f"The last {last} gradients and the steps that Adam makes of them. The last step is {pushes[0]:.3f} "
        "learning rates "
        f"long; the longest possible is {most:.3f}."
    )
    return chart(
        [
            (f"your steps, the last {pushes[0]:.3f} learning rates", pushes[::-1], BLUE, "none"),
            (f"the longest possible, {most:.3f}", [most, most], GREEN, "8 4"),
            ("the size of your gradients, in units of the largest", sizes.tolist(), VERMILION, "2 3"),
        ],
        [] if last > 1 else [(f"your only step, {pushes[0]:.3f}", 0.5, pushes[0], BLUE)],
        float(f"{1.1 * most:.2g}"),
        alt,
    )


JUDGED = Judged(
    name="longest_push",
    reference={"longest_push": _grown},
    judge=_judge,
    misconceptions=(
        _held(
            "steady",
            lambda beta1, beta2: np.ones(1000),
            _say_push(
                "Steady gradients make a step of {pushed}: m and the root of v grow together. Up to "
                "{most} is possible."
            ),
            "m forgets faster than v. When would you want v to be small, and m to be large?",
        ),
        _held(
            "one spike",
            lambda beta1, beta2: np.append(np.zeros(12_000), 1e6),
            _say_push(
                "That is the isolated spike, a step of {pushed}, often taken for the longest. m holds only one "
                "gradient here; "
                "several in a row fill it further, up to {most}."
            ),
            "Let the last gradients grow towards the end. By which factor, the equality in the proof says.",
        ),
        _held(
            "backwards",
            lambda beta1, beta2: _grown(beta1, beta2)[::-1],
            _say_push(
                "Your gradients shrink towards the end, and the last step is {pushed}: the large "
                "ones have left m, while v "
                "still remembers them. The newest gradient has to be the largest."
            ),
            "Turn the part that is not silent round: [::-1].",
        ),
        _held(
            "no silence",
            lambda beta1, beta2: _grown(beta1, beta2, silence=0),
            _say_push(
                "The growth is right, but it begins too early: the bias correction still divides v "
                "by less than 1, and so "
                "the step is {pushed}, not {most}. Adam has to have been silent for a long time first."
            ),
            "Put ten thousand zeros before the growth.",
        ),
        _held(
            "changing signs",
            lambda beta1, beta2: _grown(beta1, beta2) * (-1.0) ** np.arange(12_081),
            _say_push(
                "The sizes are right, but the signs change: in m the gradients cancel, in v they do "
                "not, and the last step "
                "is {pushed} instead of {most}."
            ),
            "Let all gradients push the same way.",
        ),
        _held(
            "wrong growth",
            lambda beta1, beta2: _grown(beta1, beta2, factor=3.0),
            _say_push(
                "Growing is right, and your last step is {pushed}. But the factor from one gradient to the next "
                "is not the best: "
                "{most} is possible."
            ),
            "Equality in the inequality of Cauchy and Schwarz: the gradient k steps ago is (beta1 / beta2)**k of "
            "the last.",
        ),
    ),
    hints=(
        "Try streams in your adam_step first: all ones, then zeros and a one, then zeros and something that grows.",
        "After a silence, gradients that grow by a constant factor; the factor depends on beta1 and beta2.",
        "With beta1 = 0.5 and beta2 = 0.75 the factor would be 0.75 / 0.5: after a long silence 1, 1.5, 2.25 and so "
        "on, each 1.5 times the one before.",
    ),
    picture=_picture,
)
