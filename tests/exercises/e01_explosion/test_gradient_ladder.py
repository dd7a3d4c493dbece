"""Question gradient_ladder: right answers in other styles, near misses, and what is said to each."""

from __future__ import annotations

import itertools
import math

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
from course_lib.checks.judges.e01_explosion import gradient_ladder as judges
from course_lib.checks.judging import decide

QUESTION = find("gradient_ladder")


def ladder_loop(gains):
    ladder = np.ones(len(gains) + 1)
    for layer in range(len(gains) - 1, -1, -1):
        ladder[layer] = gains[layer] * ladder[layer + 1]
    return ladder


def ladder_cumprod(gains):
    return np.cumprod(np.append(gains, 1.0)[::-1])[::-1]


def ladder_recursive(gains):
    if len(gains) == 0:
        return [1.0]
    rest = ladder_recursive(gains[1:])
    return [gains[0] * rest[0], *rest]


def ladder_in_logs(gains):
    with np.errstate(divide="ignore"):
        logs = np.append(np.log(np.abs(gains)), 0.0)
    signs = np.append(np.sign(gains), 1.0)
    return np.exp(np.cumsum(logs[::-1])[::-1]) * np.cumprod(signs[::-1])[::-1]


def ladder_torch_float32(gains):
    turned = torch.flip(torch.tensor(gains, dtype=torch.float32), dims=(0,))
    return torch.flip(torch.cumprod(torch.cat([torch.ones(1), turned]), 0), dims=(0,))


def ladder_autograd(gains):
    signals = [torch.tensor(1.0, requires_grad=True)]
    for gain in gains:
        signals.append(signals[-1] * float(gain))
        signals[-1].retain_grad()
    signals[-1].backward()
    return [signal.grad.item() for signal in signals]


def ladder_one_line(gains):
    return [math.prod(gains[layer:]) for layer in range(len(gains) + 1)]


def ladder_accumulate(gains):
    return list(itertools.accumulate([1, *gains[::-1]], lambda product, gain: product * gain))[::-1]


STYLES = [
    ladder_loop,
    ladder_cumprod,
    ladder_recursive,
    ladder_in_logs,
    ladder_torch_float32,
    ladder_autograd,
    ladder_one_line,
    ladder_accumulate,
]


@pytest.mark.parametrize("answer", STYLES, ids=lambda answer: answer.__name__)
def test_right_answers_in_other_styles_pass(answer):
    for got in verdicts("gradient_ladder", answer):
        assert (got.status, got.points) == ("right", got.out_of), got.text()


NEAR_MISSES = [
    lambda gains: [*judges.gradient_ladder(gains), 1.0],
    lambda gains: np.array([judges.gradient_ladder(gains)]),
    lambda gains: np.multiply(judges.gradient_ladder(gains), 1.001),
    lambda gains: np.round(judges.gradient_ladder(gains), 1),
    lambda gains: [gain ** (len(gains) - i) for i, gain in enumerate([*gains, 1.0])],
]


@pytest.mark.parametrize("answer", NEAR_MISSES, ids=ids(NEAR_MISSES))
def test_near_misses_earn_nothing_and_hear_why(answer):
    for seed in range(100, 105):
        cases = drawn("gradient_ladder", seed)
        # Ours lean on the reference, which the guard would refuse: so they answer without it.
        answers = ask_ours(QUESTION.asked, {"gradient_ladder": answer}, cases)
        assert_earns_nothing_and_is_told_why(decide(QUESTION, cases, answers))


def test_a_ready_made_answer_is_refused_kindly():
    verdict = answer_and_decide(
        QUESTION, {"gradient_ladder": lambda gains: dynamics.backward_gradients(gains[0], len(gains))}
    )
    assert (verdict.status, verdict.points) == ("refused", 0), verdict.text()
    assert "backward_gradients" in verdict.message and "write yourself" in verdict.message


def test_the_example_in_the_text_is_right():
    assert judges.gradient_ladder(np.array([2.0, 3.0])) == [6, 3, 1]


def test_a_ladder_multiplied_upwards_with_its_one_at_the_end_is_told_the_direction():
    for verdict in verdicts("gradient_ladder", lambda gains: np.append(np.cumprod(gains), 1.0)):
        first, second = verdict.case["gains"]
        assert verdict.message.startswith(
            "You multiplied from the input upwards, and put the 1 of the output last"
        )
        assert f"rung 0 has every gain above it, {first * second:.4g}, and yours has {first:.4g}" in (
            verdict.message
        )
