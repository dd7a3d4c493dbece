"""How `clip_by_norm` is judged: right solutions, misunderstandings, and what to say to each."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from course_lib.checks.case import Answer, Case, Plain
from course_lib.checks.chart import BLUE, GREEN, VERMILION
from course_lib.checks.compare import show
from course_lib.checks.judges.e03_clipping_mechanics.pictures import (
    Arrow,
    drawable_in,
    in_a_plane,
    in_degrees,
    norm_of,
    plane,
)
from course_lib.checks.judging import Judged, Misconception, Say
from course_lib.checks.matching import fails_as
from course_lib.checks.probes.e03_clipping_mechanics.clip_by_norm import ASKED
from course_lib.clipping import angle_between, clip_by_value


def _picture(case: Case, got: Plain, expected: Plain) -> str:
    """The gradient, the answer and the right one, with the ball of the threshold."""
    g, c = np.asarray(case["g"], dtype=np.float64), float(case["max_norm"])
    right = np.asarray(expected, dtype=np.float64)
    drawable = drawable_in(got["returned"] if isinstance(got, dict) and "returned" in got else got, g.shape)
    vectors = [g, right] if drawable is None else [g, drawable, right]
    tips = in_a_plane(vectors)
    arrows = [Arrow(f"g, length {norm_of(g):.3g}", tips[0], BLUE, width=1.5)]
    expected_arrow = Arrow(f"expected, length {norm_of(right):.3g}", tips[-1], GREEN, "8 4", 4)
    if drawable is None:
        arrows += [expected_arrow]
        said = "Your answer is not a vector of this shape, or not finite, and is not drawn."
    else:
        length = norm_of(drawable)
        turned = angle_between(g, drawable) if g.any() and length > 0 else 0.0
        arrows += [
            expected_arrow,
            Arrow(f"your answer, length {length:.3g}", tips[1], VERMILION, "2 3", 3),
        ]
        said = f"Your answer has length {length:.3g} and is turned by {in_degrees(turned)} from g."
    alt = (
        f"The gradient g has length {norm_of(g):.3g}. {said} "
        f"Expected is length {norm_of(right):.3g} in the direction of g. The circle is the threshold, {c:.3g}."
    )
    reach = 1.1 * max(c, *(min(norm_of(vector), 2 * c) for vector in vectors))
    return plane(arrows, reach, alt, "threshold", c)


def clip_by_norm(g: Any, max_norm: float) -> Any:
    """One factor for the whole gradient, where it is longer than `max_norm`."""
    norm = np.sqrt(np.sum(g**2))
    return g * (max_norm / norm) if norm > max_norm else g


def _divided_by_zero(g: Any, max_norm: float) -> Any:
    norm = math.sqrt(sum(float(entry) ** 2 for entry in g))
    return g * min(1, max_norm / norm)


def _in_place(g: Any, max_norm: float) -> Any:
    norm = np.sqrt(np.sum(g**2))
    if norm > max_norm:
        g *= max_norm / norm
    return g


def _say_by_value(case: Case, answer: Answer) -> str:
    g, c = case["g"], case["max_norm"]
    cut = clip_by_value(g, c)
    if (turned := angle_between(g, cut)) < 0.01:
        return (
            f"This is clipping by value: no entry is beyond {show(c)}, so you left a gradient of length "
            f"{show(norm_of(g))} as it was. The length has to be {show(c)} at most."
        )
    return (
        f"This is clipping by value: each entry was cut on its own, and the direction turned by {in_degrees(turned)}. "
        "One factor has to scale the whole vector."
    )


def _say_largest(case: Case, answer: Answer) -> str:
    g, c = case["g"], case["max_norm"]
    return (
        f"You divided by the largest entry, {show(float(np.abs(g).max()))} (the l-infinity norm). The direction is "
        f"kept, but the result still has length {show(norm_of(answer.value))}, and {show(c)} is allowed."
    )


def _held(name: str, wrong: Callable[[Any, float], Any], message: Say, hint: str) -> Misconception:
    matches = fails_as(ASKED, clip_by_norm, wrong, rtol=2e-5)
    return Misconception(name, {"clip_by_norm": wrong}, message, hint, matches)


JUDGED = Judged(
    name="clip_by_norm",
    reference={"clip_by_norm": clip_by_norm},
    rtol=2e-5,  # float32 keeps 7 digits; and PyTorch's norm + 1e-6 in the denominator is a right answer too
    misconceptions=(
        _held(
            "clips by value",
            lambda g, c: np.clip(g, -c, c),
            _say_by_value,
            "Compute one number, min(1, max_norm / length), and multiply the whole of g by it.",
        ),
        _held(
            "the published formula",
            lambda g, c: g / np.maximum(1, g / c),
            lambda case, answer: (
                f"This is still the published formula: the entry {show(float(np.min(case['g'])))} is divided by 1 "
                "and survives. The norm is missing from it."
            ),
            "Put the length of g where the formula has g itself: in the denominator, and only there.",
        ),
        _held(
            "the formula to the letter",
            lambda g, c: g / max(1, g / c),
            "Python's max(1, g / c) asks whether an array is larger than 1, and an array has no one answer to that. "
            "One number should be compared with 1: how long g is, measured in thresholds.",
            "norm = np.linalg.norm(g) is one number, so max(1, norm / max_norm) is one as well.",
        ),
        _held(
            "always rescales",
            lambda g, c: g * c / np.linalg.norm(g),
            lambda case, answer: (
                f"A gradient of length {show(norm_of(case['g']))} was stretched to {show(case['max_norm'])}. "
                "Clipping only shortens: what is within the threshold stays as it is."
            ),
            "The factor is never above 1: min(1, max_norm / length).",
        ),
        _held(
            "squared length",
            lambda g, c: g * np.minimum(1, c / np.maximum(np.sum(g**2), 1e-300)),
            lambda case, answer: (
                f"The sum of squares, {show(norm_of(case['g']) ** 2)}, is the square of the length: the length is "
                f"{show(norm_of(case['g']))}. Your result has length {show(norm_of(answer.value))}, and "
                f"{show(min(case['max_norm'], norm_of(case['g'])))} is right."
            ),
            "Take the square root of the sum of squares before you compare.",
        ),
        _held(
            "largest entry",
            lambda g, c: g * np.minimum(1, c / np.maximum(np.abs(g).max(), 1e-300)),
            _say_largest,
            "Use the length of the vector: the square root of the sum of all squares.",
        ),
        _held(
            "sum of magnitudes",
            lambda g, c: g * np.minimum(1, c / np.maximum(np.abs(g).sum(), 1e-300)),
            lambda case, answer: (
                f"You divided by the sum of magnitudes, {show(float(np.abs(case['g']).sum()))} (the l1 norm). "
                f"The length of this gradient is {show(norm_of(case['g']))}."
            ),
            "Square every entry, add, and take the root: that is the length.",
        ),
        _held(
            "down to length one",
            lambda g, c: g / np.maximum(1, np.linalg.norm(g)),
            lambda case, answer: (
                f"Your result has length {show(norm_of(answer.value))} at a threshold of {show(case['max_norm'])}: "
                "the threshold got lost, and everything above 1 is cut to 1."
            ),
            "In max(1, norm / max_norm) the norm is measured in thresholds. Divide by that.",
        ),
        _held(
            "divides by the threshold as well",
            lambda g, c: g / np.maximum(1, np.linalg.norm(g)) / c,
            lambda case, answer: (
                f"Your result has length {show(norm_of(answer.value))} at a threshold of {show(case['max_norm'])}: you "
                "divide g by the threshold. Divide the norm by it: g / max(1, norm / max_norm)."
            ),
            "Check the brackets: max_norm belongs inside max(1, ...).",
        ),
        _held(
            "forgets a return",
            lambda g, c: g * (c / np.linalg.norm(g)) if np.linalg.norm(g) > c else None,
            "A gradient that needs no clipping comes back as None: a Python function that ends without a return gives "
            "None.",
            "Add the return for the other branch: return g.",
        ),
        _held(
            "drops the step",
            lambda g, c: g if np.linalg.norm(g) <= c else np.zeros_like(g),
            lambda case, answer: (
                f"A gradient of length {show(norm_of(case['g']))} became zero: the step is lost, and with it the "
                "direction. Clipping keeps the direction and shortens the step."
            ),
            "Scale by max_norm / length instead of by 0.",
        ),
        _held(
            "returns the factor",
            lambda g, c: np.minimum(1, c / np.maximum(np.linalg.norm(g), 1e-300)),
            lambda case, answer: (
                f"{show(answer.value)} is the factor. What is asked is the clipped gradient: g times it."
            ),
            "Multiply g by the number that you returned.",
        ),
        _held(
            "nan for the zero gradient",
            lambda g, c: g / np.linalg.norm(g) * np.minimum(c, np.linalg.norm(g)),
            "The zero gradient came back as nan: its length is 0, and 0 / 0 has no value. At a minimum of the loss "
            "the gradient is zero, and one nan there would end the run.",
            "Leave the gradient alone unless it is too long; then you never divide by 0.",
        ),
        _held(
            "division by zero",
            _divided_by_zero,
            "Your code divides by the length, and the zero gradient has length 0. At a minimum of the loss the "
            "gradient is zero, so this case does come.",
            "Return g as it is where norm <= max_norm, and divide by norm only after that.",
        ),
        _held(
            "changes its input",
            _in_place,
            "The result is right, but your function has written into the g of its caller, who may still need it "
            "(to log its norm, say). An operator such as *= changes an array in place.",
            "Write g * factor, which makes a new array, instead of g *= factor.",
        ),
    ),
    hints=(
        "One symbol is missing in the formula. What should be compared with the threshold: each entry, or the "
        "whole gradient?",
        "Compute the length of g once. If it is at most max_norm, return g; otherwise scale all of g by one factor, "
        "such that the new length is max_norm.",
        "(3, 4) has length 5. At max_norm 1 it is too long by a factor of 5, so both entries are divided by 5: "
        "(0.6, 0.8), of length 1. At max_norm 10 it is short enough and stays (3, 4).",
    ),
    picture=_picture,
)
