"""How `game_choice` is judged: right solutions, misunderstandings, and what to say to each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from course_lib.checks.case import Answer, Case, Floats, Plain
from course_lib.checks.chart import GREEN, VERMILION, chart, top_of
from course_lib.checks.compare import show
from course_lib.checks.judging import Finding, Judged, Misconception
from course_lib.checks.matching import first_failing
from course_lib.checks.probes.e09_gans.game_choice import SCHEMES, START, STEPS, noisy_distances
from course_lib.checks.reading import number_in
from course_lib.dynamics.games import play

TARGET, LATE = 0.3, 100
"""The mean distance to reach, and over how many last steps."""


@lru_cache(maxsize=64)
def _distances(scheme: str, lr: float, max_norm: float, seeds: tuple[int, ...]) -> Floats:
    """The mean distance of these games at each step."""
    found = noisy_distances(scheme, lr, max_norm, seeds)
    with np.errstate(over="ignore"):
        return np.asarray(found.mean(axis=1))


def _threshold_in(value: Plain) -> float | None:
    """A threshold, which may be inf: never clip."""
    if isinstance(value, float) and value == math.inf:
        return value
    return number_in(value)


def _complaint(value: Plain) -> str:
    """What is wrong with the form of a choice, in one sentence; empty when nothing is."""
    if not isinstance(value, dict) or set(value) != {"scheme", "lr", "max_norm"}:
        return f"Set my_scheme to a word, my_lr and my_max_norm to numbers; got {show(value)}."
    if not isinstance(value["scheme"], str) or value["scheme"] not in SCHEMES:
        return f"my_scheme must be 'simultaneous', 'alternating' or 'extragradient'; it is {show(value['scheme'])}."
    lr, c = number_in(value["lr"]), _threshold_in(value["max_norm"])
    if lr is None or lr <= 0:
        return f"my_lr must be one number above 0; it is {show(value['lr'])}."
    if c is None or c <= 0:
        return f"my_max_norm must be one number above 0, or math.inf; it is {show(value['max_norm'])}."
    return ""


def _chosen(case: Case, value: Plain) -> Floats:
    lr, c = number_in(value["lr"]), _threshold_in(value["max_norm"])
    assert lr is not None
    assert c is not None
    return _distances(value["scheme"], lr, c, tuple(int(seed) for seed in case["seeds"]))


def _final(case: Case, value: Plain) -> float:
    return float(_chosen(case, value)[-LATE:].mean())


def _judge(case: Case, value: Plain) -> Finding:
    if complaint := _complaint(value):
        return Finding(False, complaint)
    final = _final(case, value)
    return Finding(
        final <= TARGET, f"On {case.label} the mean distance is {show(final)}; at most {TARGET} is asked."
    )


def _kind(case: Case, answer: Answer) -> str:
    if answer.status != "given":
        return answer.status
    if _complaint(answer.value):
        return "not a choice"
    if _final(case, answer.value) <= TARGET:
        return "right"
    if answer.value["scheme"] != "extragradient":
        return str(answer.value["scheme"])
    lr, c = number_in(answer.value["lr"]), _threshold_in(answer.value["max_norm"])
    assert lr is not None
    assert c is not None

    def comes_home(threshold: float) -> bool:  # in time, and if there were no noise
        steps = STEPS - LATE
        return bool(play((START, 0.0), lr, steps, "extragradient", threshold).radii[-1] < TARGET)

    if lr >= 1:
        return "learning rate too large"
    if comes_home(c):
        return "threshold too high"
    return "threshold too low" if comes_home(math.inf) else "learning rate too small"


def _held(name: str, choice: tuple[str, float, float], story: str, hint: str) -> Misconception:
    def say(case: Case, answer: Answer) -> str:
        final = _final(case, answer.value)
        return f"On {case.label} the mean distance is {show(final)}; at most {TARGET} is asked. {story}"

    names = dict(zip(("my_scheme", "my_lr", "my_max_norm"), choice, strict=True))
    return Misconception(name, names, say, hint, matches=first_failing(_kind, name))


def _picture(case: Case, got: Plain, expected: Plain) -> str:
    if _complaint(got):
        return ""
    distances = _chosen(case, got)
    if not np.isfinite(distances).all():
        return ""
    curve: Sequence[float] = [float(distance) for distance in distances[::4]]
    alt = (
        f"The mean distance of ten games from their equilibria over {STEPS} steps with your choice. It "
        f"starts at {START:g}, and is {show(_final(case, got))} in the last {LATE} steps; {TARGET} is asked."
    )
    return chart(
        [
            (
                f"your choice: {show(_final(case, got))} over the last {LATE} of {STEPS} steps",
                curve,
                VERMILION,
                "none",
            ),
            (f"asked: {TARGET}", [TARGET, TARGET], GREEN, "8 5"),
        ],
        [],
        top_of(*curve),
        alt,
    )


JUDGED = Judged(
    name="game_choice",
    reference={"my_scheme": "extragradient", "my_lr": 0.35, "my_max_norm": 1.0},
    judge=_judge,
    misconceptions=(
        _held(
            "simultaneous",
            ("simultaneous", 0.1, 1.0),
            "Clipping bounds the steps of simultaneous play, and they still lead outwards. No threshold brings "
            "it home.",
            "Which scheme comes home without noise? Clipping can only protect one that does.",
        ),
        _held(
            "alternating",
            ("alternating", 0.1, 1.0),
            "Alternating play at best circles the equilibrium, and clipped jointly it drifts out. It does not come "
            "home, and noise only drives it further out.",
            "Circling is not coming home. One scheme of the three looks ahead.",
        ),
        _held(
            "threshold too high",
            ("extragradient", 0.3, math.inf),
            "The scheme comes home, but now and then a bad batch throws it far out again: your threshold lets "
            "too much of it through.",
            "What is left of a bad batch is as long as the threshold. Cut just above the ordinary gradients near "
            "home.",
        ),
        _held(
            "threshold too low",
            ("extragradient", 0.3, 0.2),
            "Bad batches are cut, and so are the steps that lead home: at this threshold the way is too long "
            "for 400 steps.",
            "Clipped, r² shrinks by about (lr * max_norm)² a step. How many steps does it take from 4?",
        ),
        _held(
            "learning rate too small",
            ("extragradient", 0.03, 3.0),
            "The scheme is the right one, but at this learning rate it does not even get home without clipping.",
            "A step of it shrinks the distance by about lr² / 2 of itself. 400 steps have to do.",
        ),
        _held(
            "learning rate too large",
            ("extragradient", 1.2, 1.0),
            "Above a learning rate of 1 looking ahead overshoots: close to the equilibrium every step leads "
            "away from it, so play cannot settle there.",
            "Come down well below 1.",
        ),
    ),
    hints=(
        "Measure without fear: three schemes, three learning rates and three thresholds are 27 calls of a "
        "tenth of a second.",
        "First the scheme that comes home at all. Then a learning rate with which it arrives in 400 steps. "
        "Then the lowest threshold that does not stop it.",
        "At a learning rate of 0.2 and a threshold of 0.5, r² falls by about (0.2 * 0.5)² = 0.01 a step. From 4 that "
        "is 16 / 0.01 = 1,600 steps home, four times too many.",
    ),
    picture=_picture,
)
