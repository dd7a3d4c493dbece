"""Question game_step: right answers in other styles, near misses, and what is said to each."""

from __future__ import annotations

import math
from pathlib import Path

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

from course_lib.dynamics.games import play

QUESTION = find("game_step")


def test_the_example_of_the_text_is_right():
    reference = QUESTION.judged.reference["game_step"]
    assert reference(3.0, 4.0, 0.1, 1.0) == pytest.approx((2.92, 4.06), abs=1e-12)
    text = (Path(__file__).resolve().parents[3] / "source" / "exercises" / "09_gans.py").read_text()
    assert "`game_step(3.0, 4.0, 0.1, 1.0)` is `(2.92, 4.06)`" in text


def step_by_vectors(x, y, lr, c):
    g = np.array([y, -x])
    return np.array([x, y]) - lr * g * min(1, c / max(np.linalg.norm(g), 1e-300))


def step_by_autograd(x, y, lr, c):
    w = torch.tensor([x, y], dtype=torch.float64, requires_grad=True)
    w.prod().backward()
    g = w.grad * torch.tensor([1.0, -1.0])
    return (w - lr * g / torch.clamp(g.norm() / c, min=1.0)).tolist()


def step_as_a_rotation(x, y, lr, c):
    z = complex(x, y)
    z += 1j * lr * z * (c / abs(z) if abs(z) > c else 1)
    return [z.real, z.imag]


STEPS = [step_by_vectors, step_by_autograd, step_as_a_rotation]


@pytest.mark.parametrize("game_step", STEPS, ids=ids(STEPS))
def test_a_step_in_any_style(game_step):
    got = verdict("game_step", game_step=game_step)
    assert got.right, got.text()


def test_a_ready_game_is_refused():
    def game_step(x, y, lr, c):
        return play((x, y), lr, 1, clip=c).points[-1]

    assert verdict("game_step", game_step=game_step).status == "refused"


NEAR_MISSES = [
    lambda x, y, lr, c: x,
    lambda x, y, lr, c: (x, y),
    lambda x, y, lr, c: step_by_vectors(x, y, lr, c)[::-1],
]


@pytest.mark.parametrize("answer", NEAR_MISSES, ids=ids(NEAR_MISSES))
def test_near_misses_earn_nothing_and_are_told_why(answer):
    assert_earns_nothing_and_is_told_why(verdict("game_step", game_step=answer))


def stretched(x, y, lr, c):
    share = c / math.hypot(x, y)  # fails at the equilibrium too
    return x - lr * share * y, y + lr * share * x


def in_turn(x, y, lr, c):
    share = min(1, c / math.hypot(x, y))
    x = x - lr * share * y
    return x, y + lr * share * x


def in_turn_and_clipped_anew(x, y, lr, c):
    norm = math.hypot(x, y)
    x = x - lr * y * (c / norm if norm > c else 1)
    norm = math.hypot(x, y)
    return x, y + lr * x * (c / norm if norm > c else 1)


@pytest.mark.parametrize(
    ("game_step", "name"),
    [
        (stretched, "always as long as the threshold"),
        (in_turn, "y answers the new x"),
        (in_turn_and_clipped_anew, "y clipped anew at the new x"),
    ],
)
def test_the_natural_mistakes_of_a_step_are_named(game_step, name):
    for seed in range(4):
        assert verdict("game_step", seed, game_step=game_step).misconception == name


def with_new_weights_clipped(kind, gradient_too):
    def game_step(x, y, lr, c):
        norm = math.hypot(x, y)
        share = c / norm if gradient_too and norm > c else 1
        x, y = x - lr * share * y, y + lr * share * x
        if kind == "jointly":
            norm = math.hypot(x, y)
            return (x * c / norm, y * c / norm) if norm > c else (x, y)
        return max(-c, min(x, c)) if kind == "each" else x, max(-c, min(y, c))

    return game_step


@pytest.mark.parametrize("gradient_too", [False, True], ids=["instead of the gradient", "and the gradient"])
@pytest.mark.parametrize("kind", ["jointly", "each", "y only"])
def test_clipping_the_new_weights_is_told_from_clipping_the_gradient(kind, gradient_too):
    for seed in range(20):
        got = verdict("game_step", seed, game_step=with_new_weights_clipped(kind, gradient_too))
        assert "weight clipping" in got.message, got.text()
        assert "clipping of the gradients" in got.message


def test_both_signs_turned_are_told():
    def game_step(x, y, lr, c):
        norm = math.hypot(x, y)
        share = c / norm if norm > c else 1
        return x + lr * share * y, y - lr * share * x

    for seed in range(20):
        got = verdict("game_step", seed, game_step=game_step)
        assert "x climbs xy and your y descends it" in got.message, got.text()


@pytest.mark.parametrize(
    ("answer", "part"),
    [
        (lambda x, y, lr, c: (x + 11, y), "for x"),
        (lambda x, y, lr, c: (step_by_vectors(x, y, lr, c)[0], y + 7), "for y"),
    ],
)
def test_a_part_that_is_wrong_is_called_by_its_name(answer, part):
    got = verdict("game_step", game_step=answer)
    assert f" {part}, got" in got.message, got.text()
    assert " at " not in got.message.split(": expected")[1]


def test_the_worked_step_of_the_last_hint_is_right():
    hint = QUESTION.judged.hints[2]
    reference = QUESTION.judged.reference["game_step"]
    assert reference(6.0, 8.0, 0.5, 5.0) == pytest.approx((4.0, 9.5), abs=1e-12)
    assert "(6, 8)" in hint
    assert "(4, 9.5)" in hint


def test_the_picture_of_a_step_says_where_it_ends():
    got = verdict("game_step", game_step=lambda x, y, lr, c: (x + 1, y + 1))
    assert f"yours ends at ({got.case['x'] + 1:.4g}, {got.case['y'] + 1:.4g})" in words_of(got.picture)
