"""How `initial_gain` is judged: right solutions, misunderstandings, and what to say to each."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_lib.checks.case import Answer, Case, Floats, Plain
from course_lib.checks.compare import show
from course_lib.checks.judges.e01_explosion.layers import listed, log_plot
from course_lib.checks.judging import Finding, Judged, Misconception
from course_lib.checks.reading import numbers_in
from course_lib.data import digits, standardise

DEPTH, WIDTH, BATCH = 50, 64, 32

LEAST, MOST = 0.5, 2.0
"""Between these must lie the gradient at the input over that at the output, typically (geometric mean)."""


def gradient_norms(gain: float, seeds: Iterable[int]) -> Floats:
    """Norms of dE/dh_0 ... dE/dh_50 in a fresh tanh network on a batch of digits: shape (seeds, 51).

    The same numbers as the exercise's own function of that name gives for one seed.
    """
    networks = [_network(int(seed)) for seed in seeds]
    inputs, targets, readout = (np.stack([network[k] for network in networks]) for k in range(3))
    weights = [gain * np.stack(layer) for layer in zip(*(network[3] for network in networks), strict=True)]
    activations = [inputs]
    for weight in weights:
        activations.append(np.tanh(activations[-1] @ weight.swapaxes(1, 2)))
    logits = activations[-1] @ readout.swapaxes(1, 2)
    likely = np.exp(logits - logits.max(axis=2, keepdims=True))
    likely /= likely.sum(axis=2, keepdims=True)
    gradient = (likely - targets) @ readout / BATCH
    norms = [np.linalg.norm(gradient, axis=(1, 2))]
    for weight, after in zip(reversed(weights), reversed(activations[1:]), strict=True):
        gradient = (gradient * (1 - after**2)) @ weight
        norms.append(np.linalg.norm(gradient, axis=(1, 2)))
    return np.stack(norms[::-1], axis=1)


@lru_cache(maxsize=32)  # a wrong gain is measured at several gains, on the same sixteen networks
def _network(seed: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Digits (32, 64), their labels as rows of 10, readout (10, 64) and weights (50, 64, 64) at a gain of 1."""
    pixels, labels = _digits()
    rng = np.random.default_rng(seed)
    rows = rng.integers(len(pixels), size=BATCH)
    weights = rng.standard_normal((DEPTH, WIDTH, WIDTH)) / np.sqrt(WIDTH)
    readout = rng.normal(size=(10, WIDTH)) / np.sqrt(WIDTH)
    return pixels[rows], np.eye(10)[labels[rows]], readout, weights


@lru_cache(maxsize=1)
def _digits() -> tuple[Floats, NDArray[Any]]:
    data = digits()
    (scaled,) = standardise(data)
    return scaled.X, data.y


@lru_cache(maxsize=64)
def _typical_norms(gain: float, seeds: tuple[int, ...]) -> tuple[float, ...]:
    """Geometric mean over the networks of each signal's gradient norm, relative to the output's."""
    with np.errstate(all="ignore"):
        norms = gradient_norms(gain, seeds)
        typical = np.exp(np.mean(np.log(norms / norms[:, -1:]), axis=0))
    return tuple(np.nan_to_num(typical, nan=0.0).tolist())


def _profile(case: Case, gain: float) -> tuple[float, ...]:
    return _typical_norms(float(gain), tuple(int(seed) for seed in case["seeds"]))


def _gain(value: Plain) -> float | None:
    number = numbers_in(value)
    if number is None or number.size != 1 or not np.isfinite(number).all() or number.item() <= 0:
        return None
    return float(number.item())


def _judge(case: Case, value: Plain) -> Finding:
    gain = _gain(value)
    if gain is None:
        return Finding(False, f"initial_gain must be one finite number above 0, and is {show(value)}.")
    ratio = _profile(case, gain)[0]
    wanted = f"a gain at which that ratio lies between {LEAST:g} and {MOST:g}"
    return Finding(LEAST <= ratio <= MOST, _measured(case, Answer("given", gain)), wanted)


def _measured(case: Case, answer: Answer) -> str:
    ratio = _profile(case, answer.value)[0]
    return (
        f"With gain {show(answer.value)}, over {len(case['seeds'])} fresh networks, the gradient that reaches "
        f"the input is typically {show(ratio, 2)} times the one at the output."
    )


def _too_large(case: Case, answer: Answer) -> str:
    ratio = _profile(case, answer.value)[0]
    if ratio < LEAST:  # at a gain of hundreds the gradient vanishes again
        return (
            f"{_measured(case, answer)} The gain is so large that nearly every tanh is saturated, with a slope near 0: "
            "next to no gradient comes through."
        )
    return (
        f"{_measured(case, answer)} The gain is too large: each layer multiplies the gradient by "
        f"{show(ratio ** (1 / DEPTH), 3)} on average, and fifty of them multiply that fifty times."
    )


def _side(below: bool) -> Callable[[list[Case], list[Answer]], bool]:
    def matches(cases: list[Case], answers: list[Answer]) -> bool:
        gains = [_gain(answer.value) for answer in answers]
        return all(gain is not None and (gain < 1.15) is below for gain in gains)

    return matches


def _picture(case: Case, got: Plain, expected: Plain) -> str:
    gain = _gain(got)
    if gain is None:
        return ""
    profile = _profile(case, gain)
    alt = (
        f"Gradient norm at each of the 51 signals, relative to the output, with gain {show(gain)}: "
        f"from the input on {listed(profile)}. A level line at 1 would be ideal."
    )
    return log_plot(
        alt,
        "layers before it, counted from the input",
        "gradient norm",
        [("ideal", [1.0] * len(profile)), ("yours", profile)],
    )


JUDGED = Judged(
    name="initial_gain",
    dear="trains sixteen networks",
    reference={"initial_gain": 1.15},
    judge=_judge,
    picture=_picture,
    misconceptions=(
        Misconception(
            "the default for tanh",
            {"initial_gain": 5 / 3},
            lambda case, answer: (
                f"{_measured(case, answer)} 5/3 is what torch.nn.init.calculate_gain('tanh') suggests. It keeps the "
                "signal large over a few layers, but the gradient grows by a tenth at each of fifty layers."
            ),
            "Run gradient_norms for several gains below 5/3 and compare the first entry with the last.",
        ),
        Misconception(
            "the gain for ReLU",
            {"initial_gain": math.sqrt(2)},
            lambda case, answer: (
                f"{_measured(case, answer)} The square root of 2 makes up for the half that ReLU cuts off; tanh cuts "
                "nothing off, so here it is too much."
            ),
            "He's rule was derived for ReLU; this network needs its own experiment.",
        ),
        Misconception(
            "the linear theory",
            {"initial_gain": 1.0},
            lambda case, answer: (
                f"{_measured(case, answer)} Gain 1 is right for a linear network: its layers keep lengths on average. "
                "Each tanh takes a little off the gradient (its slope is below 1), and after fifty layers most is gone."
            ),
            "The gain must make up for the slopes of fifty tanh: a little above 1. How little, the experiment says.",
        ),
        Misconception(
            "the framework's default layer",
            {"initial_gain": 1 / math.sqrt(3)},
            lambda case, answer: (
                f"{_measured(case, answer)} 1/sqrt(3) is what nn.Linear does unasked (uniform weights up to "
                "1/sqrt(n)): a gradient loses nearly half at every layer. Defaults are made for shallow networks."
            ),
            "Try 0.9, 1.0, 1.1, 1.2 and watch the ratio change by decades.",
        ),
        Misconception(
            "too small",
            {"initial_gain": 0.9},
            lambda case, answer: (
                f"{_measured(case, answer)} The gain is too small: the gradient vanishes on its way. (If you compared "
                "weight gradients: those agree at any small gain, since the signal shrinks upwards as much as the "
                "gradient shrinks downwards. Compare the entries of gradient_norms.)"
            ),
            "Raise it in steps of 0.05 until the ratio is near 1.",
            matches=_side(below=True),
        ),
        Misconception(
            "too large",
            {"initial_gain": 2.0},
            _too_large,
            "Lower it in steps of 0.05 until the ratio is near 1.",
            matches=_side(below=False),
        ),
    ),
    hints=(
        "The ratio norms[0] / norms[-1] changes by decades between gain 0.9 and gain 1.5; in between it is 1.",
        "For a handful of gains, average the logarithm of the ratio over ten seeds or more. One seed misleads: "
        "single networks differ by a factor of two and more.",
        "At gain 1.0 the seeds 0, 1 and 2 give 0.162, 0.146, 0.195 for norms[0] / norms[-1], and "
        "exp(mean of the logarithms) is 0.166: too small by a factor of six. The same at 1.1 and at 1.2, with more "
        "seeds, tells between which of them 1 is reached.",
    ),
)
