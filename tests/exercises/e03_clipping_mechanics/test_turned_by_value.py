"""Question turned_by_value: right answers in other styles, near misses, and what is said to each."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from verdicts import (
    assert_earns_nothing_and_is_told_why,
    find,
    ids,
    verdict,
    words_of,
)

from course_lib import clipping
from course_lib.checks.judges.e03_clipping_mechanics import turned_by_value as judges

QUESTION = find("turned_by_value")


def turned_by_half_angles(g, limit):
    clipped = np.minimum(np.maximum(g, -limit), limit)
    u, v = g / np.linalg.norm(g), clipped / np.linalg.norm(clipped)
    return 2 * np.degrees(np.arctan2(np.linalg.norm(u - v), np.linalg.norm(u + v)))


def turned_in_a_loop(g, limit):
    product = before = after = 0.0
    for entry in map(float, g):
        cut = max(-limit, min(limit, entry))
        product, before, after = product + entry * cut, before + entry**2, after + cut**2
    return math.degrees(math.acos(min(1.0, product / math.sqrt(before * after))))


def turned_in_torch(g, limit):
    g = torch.from_numpy(g)
    cosine = torch.nn.functional.cosine_similarity(g, g.clamp(-limit, limit), dim=0)
    return torch.rad2deg(torch.arccos(cosine.clamp(-1, 1)))


def turned_by_the_law_of_cosines(g, limit):
    h = np.sign(g) * np.minimum(np.abs(g), limit)
    a, b, c = (float(np.linalg.norm(side)) for side in (g, h, g - h))
    return math.acos(max(-1, min(1, (a * a + b * b - c * c) / (2 * a * b)))) * 180 / math.pi


ANGLES = [
    turned_by_half_angles,
    turned_in_a_loop,
    turned_in_torch,
    turned_by_the_law_of_cosines,
    lambda g, v: np.array(turned_in_a_loop(g, v)),
]


@pytest.mark.parametrize("turned_by_value", ANGLES, ids=ids(ANGLES))
def test_turned_by_value_in_any_style(turned_by_value):
    got = verdict("turned_by_value", turned_by_value=turned_by_value)
    assert got.right, got.text()


NEAR_MISSES = [
    lambda g, v: turned_in_a_loop(g, v) + 0.01,
    lambda g, v: -turned_in_a_loop(g, v),
    lambda g, v: 180 - turned_in_a_loop(g, v),
    lambda g, v: f"{turned_in_a_loop(g, v)} degrees",
    lambda g, v: turned_in_a_loop(np.abs(g[:4]), v),
    lambda g, v: turned_in_a_loop(g, 1.0),
]


@pytest.mark.parametrize("answer", NEAR_MISSES, ids=ids(NEAR_MISSES))
def test_near_misses_earn_nothing_and_are_told_why(answer):
    assert_earns_nothing_and_is_told_why(verdict("turned_by_value", turned_by_value=answer))


def test_radians_are_told_with_the_same_angle_in_degrees():
    got = verdict(
        "turned_by_value", turned_by_value=lambda g, v: math.radians(turned_in_a_loop(g.astype(float), v))
    )
    assert "0.364 is the angle in radians; in degrees it is 20.85" in got.message


REFUSED = [lambda g, v: clipping.angle_between(g, np.clip(g, -v, v))]


@pytest.mark.parametrize("answer", REFUSED, ids=ids(REFUSED))
def test_ready_made_answers_are_refused(answer):
    got = verdict("turned_by_value", turned_by_value=answer)
    assert (got.status, got.points) == ("refused", 0), got.text()


def test_the_picture_of_a_turn_says_the_angle():
    words = words_of(verdict("turned_by_value", turned_by_value=lambda g, v: 3.5).picture)
    assert "turns the gradient by 20.9 degrees" in words
    assert "your answer, 3.5 degrees" in words
    assert words.endswith("The square is the limit.")


def undivided(divide):
    """The angle from a scalar product that is divided by too little."""

    def turned_by_value(g, limit):
        h = np.clip(g, -limit, limit)
        return np.degrees(np.arccos(np.clip(g @ h / divide(g, h), -1, 1)))

    return turned_by_value


def undivided_and_not_kept_in_range(g, limit):
    with np.errstate(invalid="ignore"):
        return np.degrees(np.arccos(g @ np.clip(g, -limit, limit)))


UNDIVIDED = [
    undivided(lambda g, h: 1.0),
    undivided(lambda g, h: np.linalg.norm(g)),
    undivided(lambda g, h: np.linalg.norm(h)),
    undivided_and_not_kept_in_range,
]


@pytest.mark.parametrize("turned_by_value", UNDIVIDED, ids=ids(UNDIVIDED))
def test_a_scalar_product_taken_for_a_cosine_is_not_called_clipping_by_norm(turned_by_value):
    for seed in range(20):
        got = verdict("turned_by_value", seed, turned_by_value=turned_by_value)
        assert got.misconception == "not divided by both lengths", got.text()
        given = "nan" if turned_by_value is undivided_and_not_kept_in_range else "0"
        assert got.message.startswith(
            f"{given} degrees, although the clip turns g by 20.9: is your cosine divided by both lengths?"
        )
        assert "clips by value" not in got.message


def test_clipping_by_norm_before_the_angle_is_still_told():
    def turned_by_norm(g, limit):
        h = g * min(1, limit / float(np.linalg.norm(g)))
        return np.degrees(np.arccos(np.clip(g @ h / (np.linalg.norm(g) * np.linalg.norm(h)), -1, 1)))

    def nan_where_nothing_turns(g, limit):
        return turned_by_norm(g, limit) if np.abs(g).max() > limit else math.nan

    for seed in range(20):
        for answer in (turned_by_norm, nan_where_nothing_turns, lambda g, limit: 0.0):
            got = verdict("turned_by_value", seed, turned_by_value=answer)
            assert got.misconception == "no turn at all", got.text()
            assert got.message.startswith("You found no turn anywhere. Clipping by norm")


def test_the_worked_step_of_the_last_hint_is_right():
    hint = QUESTION.judged.hints[2]
    degrees = judges._turned_by_value(np.array([4.0, 1.0]), 1.0)
    assert f"5 / ({math.sqrt(17):.3f} * {math.sqrt(2):.3f}) = {5 / math.sqrt(34):.4f}" in hint
    assert f"{math.radians(degrees):.4f} radians, or {degrees:.2f} degrees" in hint
