"""Question steps_to_radius: right answers in other styles, near misses, and what is said to each."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from verdicts import (
    assert_earns_nothing_and_is_told_why,
    find,
    ids,
    verdict,
    words_of,
)

from course_lib.checks.probes.e09_gans import steps_to_radius as probes
from course_lib.dynamics.games import clipped_radius, play

QUESTION = find("steps_to_radius")


def test_the_example_of_the_text_is_right():
    reference = QUESTION.judged.reference["steps_to_radius"]
    assert reference(2.0, 0.3, 1.0, 3.0) == 56
    text = (Path(__file__).resolve().parents[3] / "source" / "exercises" / "09_gans.py").read_text()
    assert "`steps_to_radius(2.0, 0.3, 1.0, 3.0)` is `56`" in text


def counted_in_the_plane(r0, lr, c, radius):
    x, y, n = r0, 0.0, 0
    while math.hypot(x, y) < radius:
        share = min(1, c / math.hypot(x, y))
        x, y, n = x - lr * share * y, y + lr * share * x, n + 1
    return n


def counted_by_formula(r0, lr, c, radius):
    free = max(0, math.ceil(math.log(min(c, radius) / r0) / (0.5 * math.log1p(lr**2))))
    r = r0 * (1 + lr**2) ** (free / 2)
    return float(free + max(0, math.ceil((radius**2 - r**2) / (lr * c) ** 2)))


def counted_by_the_game(r0, lr, c, radius):
    return np.argmax(play((0.0, r0), lr, 15_000, clip=c).radii >= radius)


COUNTS = [counted_in_the_plane, counted_by_formula, counted_by_the_game]


@pytest.mark.parametrize("steps_to_radius", COUNTS, ids=ids(COUNTS))
def test_steps_in_any_style(steps_to_radius):
    for seed in (11, 12):
        got = verdict("steps_to_radius", seed, steps_to_radius=steps_to_radius)
        assert got.right, got.text()


def test_a_ready_law_is_refused():
    def steps_to_radius(r0, lr, c, radius):
        return int(np.argmax(clipped_radius(np.arange(10_000), r0, lr, c) >= radius))

    assert verdict("steps_to_radius", steps_to_radius=steps_to_radius).status == "refused"


def test_the_radius_of_the_judge_is_that_of_play():
    for r0, lr, c in ((0.3, 0.1, 2.0), (5.0, 0.2, 1.0), (0.5, 0.1, 9.0)):
        radii = play((r0, 0.0), lr, 300, clip=c).radii
        assert [probes.radius_after(n, r0, lr, c) for n in range(301)] == pytest.approx(radii, rel=1e-12)


NEAR_MISSES = [
    lambda r0, lr, c, radius: counted_in_the_plane(r0, lr, c, radius) + 1,
    lambda r0, lr, c, radius: str(counted_in_the_plane(r0, lr, c, radius)),
    lambda r0, lr, c, radius: 500,
]


@pytest.mark.parametrize("answer", NEAR_MISSES, ids=ids(NEAR_MISSES))
def test_near_misses_earn_nothing_and_are_told_why(answer):
    assert_earns_nothing_and_is_told_why(verdict("steps_to_radius", steps_to_radius=answer))


@pytest.mark.parametrize("value", [None, math.inf, np.inf])
def test_whoever_says_never_is_told_of_the_limit_cycle(value):
    got = verdict("steps_to_radius", steps_to_radius=lambda r0, lr, c, radius: value)
    assert got.misconception == "never"
    assert "limit cycle" in got.message


def rounded_in_two_parts(r0, lr, c, radius):
    if r0 >= radius:
        return 0
    inside = r0 < c
    free = math.ceil(math.log(min(c, radius) / r0) / (0.5 * math.log1p(lr**2))) if inside else 0
    return free + max(0, math.ceil((radius**2 - max(r0, min(c, radius)) ** 2) / (lr * c) ** 2))


@pytest.mark.parametrize(
    ("steps_to_radius", "name", "said"),
    [
        (
            lambda *inputs: max(0, counted_in_the_plane(*inputs) - 1),
            "rounds down",
            "after the step that reaches",
        ),
        (rounded_in_two_parts, "starts again at the threshold", "where the last free step lands"),
    ],
)
def test_a_count_that_is_one_off_is_told_why(steps_to_radius, name, said):
    for seed in range(4):
        got = verdict("steps_to_radius", seed, steps_to_radius=steps_to_radius)
        assert got.misconception == name, got.text()
        assert said in got.hints[0]


def counted_by(rounding):
    def steps_to_radius(r0, lr, c, radius):
        """One formula for the clipped steps, after a loop over the free ones."""
        steps, r = 0, r0
        while r < min(radius, c):
            r, steps = r * math.sqrt(1 + lr**2), steps + 1
        return steps + max(0, rounding((radius**2 - r**2) / (lr * c) ** 2))

    return steps_to_radius


@pytest.mark.parametrize("rounding", [round, math.floor, int], ids=["round", "floor", "int"])
def test_a_count_that_is_not_rounded_up_is_told_so(rounding):
    for seed in range(20):
        got = verdict("steps_to_radius", seed, steps_to_radius=counted_by(rounding))
        assert "one too small: the last step must reach" in got.message, got.text()
        assert "round up" in got.message


def test_the_worked_step_of_the_last_hint_is_right():
    hint = QUESTION.judged.hints[2]
    squares = [probes.radius_after(n, 1.5, 0.5, 2.0) ** 2 for n in range(6)]
    assert ", ".join(f"{square:.2f}" for square in squares[:4]) in hint
    assert "{:.2f}, {:.2f}".format(*squares[4:]) in hint
    assert QUESTION.judged.reference["steps_to_radius"](1.5, 0.5, 2.0, 2.5) == 5
    assert "takes 5 steps" in hint


def test_the_picture_of_a_count_says_how_far_play_is_by_then():
    got = verdict("steps_to_radius", steps_to_radius=lambda r0, lr, c, radius: 100)
    inputs = got.case.inputs
    there = probes.radius_after(100, inputs["r0"], inputs["lr"], inputs["max_norm"])
    assert f"after your 100 it is {there:.4g}" in words_of(got.picture)
