"""Question transient: right answers in other styles, near misses, and what is said to each."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from verdicts import assert_earns_nothing_and_is_told_why, drawn, find, ids, verdicts

from course_lib.checks.asking import ask_ours
from course_lib.checks.judges.e01_explosion import transient as judges
from course_lib.checks.judging import decide

QUESTION = find("transient")


def highest(A):
    return max(np.linalg.norm(np.linalg.matrix_power(A, k), 2) for k in range(1, 80))


def transient_search(radius, peak):
    low, high = 0.0, 2 * peak
    while high - low > 1e-4:
        middle = (low + high) / 2
        low, high = (
            (middle, high) if highest(np.array([[radius, middle], [0, radius]])) < peak else (low, middle)
        )
    return [[radius, middle], [0, radius]]


def transient_other_eigenvalues(radius, peak):
    corners = np.geomspace(0.01, 1000, 20)
    for _ in range(4):
        below = [b for b in corners if highest(np.array([[radius, 0], [b, -radius / 2]])) < peak]
        corners = np.linspace(below[-1], corners[len(below)], 8)
    return np.array([[radius, 0], [below[-1], -radius / 2]])


def transient_closed_form(radius, peak):
    k = np.arange(1, 200)
    return np.array(
        [[radius, np.min((peak - radius ** (2 * k) / peak) / (k * radius ** (k - 1)))], [0, radius]]
    )


def transient_turned(radius, peak):
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    return turn @ transient_closed_form(radius, peak) @ turn.T


def transient_padded(radius, peak):
    A = np.zeros((3, 3))
    A[:2, :2] = transient_closed_form(radius, peak)
    A[2, 2] = -radius
    return A


def transient_torch(radius, peak):
    k = torch.arange(1, 200, dtype=torch.float64)
    corner = ((peak - radius ** (2 * k) / peak) / (k * radius ** (k - 1))).min()
    return radius * torch.eye(2, dtype=torch.float64) + corner * torch.tensor([[0.0, 1.0], [0.0, 0.0]])


STYLES = [
    transient_search,
    transient_other_eigenvalues,
    transient_turned,
    transient_padded,
    transient_torch,
]


@pytest.mark.parametrize("answer", STYLES, ids=lambda answer: answer.__name__)
def test_right_answers_in_other_styles_pass(answer):
    for got in verdicts("transient", answer):
        assert (got.status, got.points) == ("right", got.out_of), got.text()


NEAR_MISSES = [
    lambda radius, peak: 1.02 * judges.transient(radius, peak),
    lambda radius, peak: judges.transient(radius, 1.03 * peak),
    lambda radius, peak: judges.transient(radius, peak)[0],
    lambda radius, peak: judges.transient(0.95 * radius, peak),
    lambda radius, peak: np.kron(np.eye(5), judges.transient(radius, peak)),
    lambda radius, peak: np.array([[radius, 1e308], [0, radius]]),
    lambda radius, peak: np.array([[math.nan, 1], [0, radius]]),
]


@pytest.mark.parametrize("answer", NEAR_MISSES, ids=ids(NEAR_MISSES))
def test_near_misses_earn_nothing_and_hear_why(answer):
    for seed in range(100, 105):
        cases = drawn("transient", seed)
        # Ours lean on the reference, which the guard would refuse: so they answer without it.
        answers = ask_ours(QUESTION.asked, {"transient": answer}, cases)
        assert_earns_nothing_and_is_told_why(decide(QUESTION, cases, answers))


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (lambda radius, peak: [[radius, peak], [0, radius]], "peak in the first step"),
        (lambda radius, peak: [[radius, 0], [-peak, radius / 2]], "peak in the first step"),
        (lambda radius, peak: [[0, -radius], [radius, 0]], "no hump"),
        (lambda radius, peak: [[1, 0.1], [0, 1]], "shear"),
        (lambda radius, peak: [[radius, peak], [peak, radius]], "peak put into an eigenvalue"),
    ],
)
def test_a_misunderstanding_is_known_again_in_another_coat(answer, told):
    for got in verdicts("transient", answer):
        assert got.misconception == told, got.text()


def test_the_worked_step_of_the_last_hint_is_right():
    hint = QUESTION.judged.hints[2]
    low, high, middle = (judges._powers(judges._triangular(0.8, corner)) for corner in (0.5, 1.0, 0.75))
    for norms in (low, high):
        assert f"{norms.max():.2f} at k = {norms.argmax()}" in hint
    assert f"0.75, gives {middle.max():.2f}" in hint
