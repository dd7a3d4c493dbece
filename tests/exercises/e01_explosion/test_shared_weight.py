"""Question shared_weight: right answers in other styles, near misses, and what is said to each."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from verdicts import (
    assert_earns_nothing_and_is_told_why,
    drawn,
    find,
    ids,
    verdicts,
)

from course_lib import dynamics
from course_lib.checks.asking import ask_ours
from course_lib.checks.exercises import answer_and_decide
from course_lib.checks.judges.e01_explosion import shared_weight as judges
from course_lib.checks.judging import decide

QUESTION = find("shared_weight")


def shared_loop(a, layers, x0):
    to_input = 1.0
    for _ in range(layers):
        to_input *= a
    to_one = x0
    for _ in range(layers - 1):
        to_one *= a
    return {"input": to_input, "one_weight": to_one, "shared_weight": sum(to_one for _ in range(layers))}


def shared_autograd(a, layers, x0):
    x = torch.tensor(x0, dtype=torch.float64, requires_grad=True)
    own = torch.full((layers,), a, dtype=torch.float64, requires_grad=True)
    shared = torch.tensor(a, dtype=torch.float64, requires_grad=True)
    separate, together = x, torch.tensor(x0, dtype=torch.float64)
    for layer in range(layers):
        separate, together = own[layer] * separate, shared * together
    separate.backward()
    together.backward()
    return {"input": x.grad, "one_weight": own.grad[0], "shared_weight": shared.grad}


def shared_differences(a, layers, x0):
    def slope(function, at, step=1e-6):
        return (function(at + step) - function(at - step)) / (2 * step)

    return {
        "input": slope(lambda x: a**layers * x, x0),
        "one_weight": slope(lambda first: first * a ** (layers - 1) * x0, a),
        "shared_weight": slope(lambda b: b**layers * x0, a),
    }


def shared_float32(a, layers, x0):
    a, x0 = np.float32(a), np.float32(x0)
    one = np.prod(np.full(layers - 1, a, dtype=np.float32)) * x0
    return {
        "shared_weight": np.float32(layers) * one,
        "one_weight": one,
        "input": np.prod(np.full(layers, a)),
    }


def shared_signals_times_gradients(a, layers, x0):
    signals = [x0 * a**layer for layer in range(layers)]
    gradients = [a ** (layers - 1 - layer) for layer in range(layers)]
    uses = [signal * gradient for signal, gradient in zip(signals, gradients, strict=True)]
    return {"input": gradients[0] * a, "one_weight": uses[0], "shared_weight": sum(uses)}


STYLES = [
    shared_loop,
    shared_autograd,
    shared_differences,
    shared_float32,
    shared_signals_times_gradients,
]


@pytest.mark.parametrize("answer", STYLES, ids=lambda answer: answer.__name__)
def test_right_answers_in_other_styles_pass(answer):
    for got in verdicts("shared_weight", answer):
        assert (got.status, got.points) == ("right", got.out_of), got.text()


NEAR_MISSES = [
    lambda a, layers, x0: list(judges.shared_weight(a, layers, x0).values()),
    lambda a, layers, x0: judges.shared_weight(abs(a), layers, x0),
    lambda a, layers, x0: judges.shared_weight(a, layers, abs(x0)),
    lambda a, layers, x0: judges.shared_weight(a, layers, x0) | {"extra": 1.0},
    lambda a, layers, x0: {
        "input": a**layers,
        "one_weight": a ** (layers - 1) * x0,
        "shared_weight": (layers - 1) * a ** (layers - 1) * x0,
    },
]


@pytest.mark.parametrize("answer", NEAR_MISSES, ids=ids(NEAR_MISSES))
def test_near_misses_earn_nothing_and_hear_why(answer):
    for seed in range(100, 105):
        cases = drawn("shared_weight", seed)
        # Ours lean on the reference, which the guard would refuse: so they answer without it.
        answers = ask_ours(QUESTION.asked, {"shared_weight": answer}, cases)
        assert_earns_nothing_and_is_told_why(decide(QUESTION, cases, answers))


def test_a_ready_made_answer_is_refused_kindly():
    verdict = answer_and_decide(
        QUESTION, {"shared_weight": lambda a, layers, x0: dynamics.shared_weight_gradient(a, layers, x0)}
    )
    assert (verdict.status, verdict.points) == ("refused", 0), verdict.text()
    assert "shared_weight" in verdict.message and "write yourself" in verdict.message


def test_the_example_in_the_text_is_right():
    assert judges.shared_weight(2.0, 1, 5.0) == {"input": 2.0, "one_weight": 5.0, "shared_weight": 5.0}


def shared_exponent_wrong_for_one_key(a, layers, x0):
    return {
        "input": a**layers,
        "one_weight": a ** (layers - 1) * x0,
        "shared_weight": layers * a**layers * x0,
    }


def shared_divided_in_numpy(a, layers, x0):
    y = np.float64(a) ** layers * x0
    return {"input": a**layers, "one_weight": y / a, "shared_weight": layers * y / a}


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (shared_exponent_wrong_for_one_key, "exponent not lowered"),
        (shared_divided_in_numpy, "divided by the weight"),
    ],
)
def test_a_misunderstanding_is_known_again_in_another_coat(answer, told):
    for got in verdicts("shared_weight", answer):
        assert got.misconception == told, got.text()
