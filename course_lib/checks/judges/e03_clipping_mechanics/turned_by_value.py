"""How `turned_by_value` is judged: right solutions, misunderstandings, and what to say to each."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from course_lib.checks.case import Answer, Case, Plain
from course_lib.checks.compare import same, show
from course_lib.checks.judges.e03_clipping_mechanics.pictures import in_degrees, picture_of_turn
from course_lib.checks.judging import Judged, Misconception, Say
from course_lib.checks.matching import Matches, fails_as
from course_lib.checks.probes.e03_clipping_mechanics.turned_by_value import ASKED
from course_lib.checks.reading import vector_in
from course_lib.clipping import angle_between, clip_by_value


def _turned_by_value(g: Any, limit: float) -> float:
    return _angle(g, np.clip(g, -limit, limit))


def _angle(u: Any, v: Any) -> float:
    return float(np.degrees(np.arccos(np.clip(_cosine(u, v), -1, 1))))


def _cosine(u: Any, v: Any) -> float:
    return float(np.dot(u, v) / (np.linalg.norm(u) * np.linalg.norm(v)))


def _signed_in_the_first_plane(g: Any, limit: float) -> float:
    cut = np.clip(g, -limit, limit)
    return float(np.degrees(np.arctan2(cut[1], cut[0]) - np.arctan2(g[1], g[0])))


def _in_the_first_plane(g: Any, limit: float) -> float:
    return abs(_signed_in_the_first_plane(g, limit))


def _turned_without_lengths(g: Any, limit: float) -> float:
    return float(np.degrees(np.arccos(np.clip(np.dot(g, np.clip(g, -limit, limit)), -1, 1))))


def _not_divided_by_both_lengths(cases: list[Case], answers: list[Answer]) -> bool:
    """The arccos of a scalar product that is divided by one length or by none, kept within [-1, 1] or nan beyond."""

    def angles(case: Case) -> list[list[float]]:
        g = case["g"]
        cut = np.clip(g, -case["limit"], case["limit"])
        products = np.dot(g, cut) / np.array([1.0, np.linalg.norm(g), np.linalg.norm(cut)])
        kept = np.degrees(np.arccos(np.clip(products, -1, 1)))
        return [*kept.tolist(), *np.where(np.abs(products) > 1, np.nan, kept).tolist()]

    each_way = zip(*(angles(case) for case in cases), strict=True)
    return any(
        all(
            same(answer, Answer("given", angle), rtol=1e-4, atol=2e-3)
            for answer, angle in zip(answers, way, strict=True)
        )
        for way in each_way
    )


def _never_turned(cases: list[Case], answers: list[Answer]) -> bool:
    """0 everywhere, but for what float32 makes of a cosine of 1, and nan where rounding carries one beyond it."""
    zero, missing = Answer("given", 0.0), Answer("given", math.nan)
    return same(answers[0], zero, atol=0.1) and all(
        same(a, zero, atol=0.1) or same(a, missing) for a in answers
    )


def _say_undivided(case: Case, answer: Answer) -> str:
    g = np.asarray(case["g"], dtype=np.float64)
    cut = clip_by_value(g, case["limit"])
    return (
        f"{show(answer.value)} degrees, although the clip turns g by {angle_between(g, cut):.3g}: is your cosine "
        f"divided by both lengths? A cosine lies between -1 and 1, and <g, clipped> is {show(float(g @ cut))} here."
    )


def _picture(case: Case, got: Plain, expected: Plain) -> str:
    degrees = vector_in(got)
    g = np.asarray(case["g"], dtype=np.float64)
    if degrees is None or degrees.size != 1 or not np.isfinite(degrees[0]):
        return picture_of_turn(g, case["limit"], f"the right answer here, {in_degrees(expected)}", expected)
    return picture_of_turn(
        g, case["limit"], f"your answer, {show(float(degrees[0]))} degrees", float(degrees[0])
    )


def _held(
    name: str,
    wrong: Callable[[Any, float], Any],
    message: Say,
    hint: str,
    matches: Matches | None = None,
) -> Misconception:
    matches = matches or fails_as(ASKED, _turned_by_value, wrong, rtol=1e-4, atol=2e-3)
    return Misconception(name, {"turned_by_value": wrong}, message, hint, matches)


JUDGED = Judged(
    name="turned_by_value",
    reference={"turned_by_value": _turned_by_value},
    rtol=1e-4,
    atol=2e-3,  # degrees: what float32 leaves of a small angle
    misconceptions=(
        _held(
            "radians",
            lambda g, v: np.arccos(np.clip(_cosine(g, np.clip(g, -v, v)), -1, 1)),
            lambda case, answer: (
                f"{show(answer.value)} is the angle in radians; in degrees it is {math.degrees(answer.value):.4g}."
            ),
            "np.degrees turns radians into degrees.",
        ),
        _held(
            "the cosine",
            lambda g, v: _cosine(g, np.clip(g, -v, v)),
            lambda case, answer: (
                f"{show(answer.value)} is the cosine of the angle. The angle itself is its arccos, in degrees."
            ),
            "np.degrees(np.arccos(cosine)).",
        ),
        _held(
            "not divided by both lengths",
            _turned_without_lengths,
            _say_undivided,
            "The scalar product grows with the length of either vector. What makes an angle of it that does not?",
            matches=_not_divided_by_both_lengths,
        ),
        _held(
            "no turn at all",
            lambda g, v: _angle(g, g * min(1, v / float(np.linalg.norm(g)))),
            "You found no turn anywhere. Clipping by norm (or by the largest entry) never turns, since it scales the "
            "whole vector. Clipping by value cuts each entry on its own.",
            "np.clip(g, -limit, limit) clips by value.",
            matches=_never_turned,
        ),
        _held(
            "cuts above only",
            lambda g, v: _angle(g, np.minimum(g, v)),
            lambda case, answer: (
                f"The entry {show(float(np.min(case['g'])))} stayed whole: you cut at {show(case['limit'])} from "
                f"above, but not at {show(-case['limit'])} from below."
            ),
            "The box has two sides: np.clip(g, -limit, limit).",
        ),
        _held(
            "where the clipped arrow points",
            lambda g, v: _angle(np.eye(len(g))[0], np.clip(g, -v, v)),
            lambda case, answer: (
                f"{show(answer.value)} degrees is the angle between the clipped gradient and the first axis. "
                "Asked is the angle between the gradient before and the gradient after."
            ),
            "Both vectors belong into the cosine: g and its clipped self.",
        ),
        _held(
            "an angle with a sign",
            _signed_in_the_first_plane,
            lambda case, answer: (
                f"{show(answer.value)} has a sign: you subtract two directions. Asked is how far apart they are, "
                "which is never negative."
            ),
            "An angle between two vectors comes from their scalar product, in any number of dimensions.",
        ),
        _held(
            "only the first two entries",
            _in_the_first_plane,
            lambda case, answer: (
                f"This works in the plane. With {len(case['g'])} entries the angle needs all of them, not two."
            ),
            "cos = <g, clipped> / (|g| |clipped|) holds in any number of dimensions.",
        ),
        _held(
            "nan where nothing turns",
            lambda g, v: np.degrees(np.arccos(_cosine(g, np.clip(g, -v, v)))),
            "Where nothing is cut you return nan: rounding has made the cosine a little larger than 1 "
            "(1.0000000000000002), and arccos has no value there.",
            "Keep the cosine within [-1, 1] with np.clip before you take its arccos.",
        ),
    ),
    hints=(
        "Two steps: clip by value, then the angle between the vector before and the vector after.",
        "The angle comes from cos = <g, clipped> / (|g| |clipped|). Mind the units, and a cosine just above 1.",
        "(4, 1) at limit 1 becomes (1, 1). Their scalar product is 5, their lengths are 4.123 and 1.414, so the "
        "cosine is 5 / (4.123 * 1.414) = 0.8575, and its arccos 0.5404 radians, or 30.96 degrees.",
    ),
    picture=_picture,
)
