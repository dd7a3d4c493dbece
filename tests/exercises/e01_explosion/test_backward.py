"""Question backward: right answers in other styles, near misses, and what is said to each."""

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

from course_lib.checks.asking import ask_ours
from course_lib.checks.exercises import answer_and_decide
from course_lib.checks.judges.e01_explosion import backward as judges
from course_lib.checks.judging import decide
from course_lib.checks.probes.e01_explosion import backward as probes

QUESTION = find("backward")


def backward_recursive(weights, activations, gradient):
    if not weights:
        return []
    local = gradient * (1 - activations[-1] ** 2)
    below = backward_recursive(weights[:-1], activations[:-1], local @ weights[-1])
    return [*below, local[:, None] * activations[-2][None, :]]


def backward_torch(weights, activations, gradient):
    weights = [torch.tensor(W) for W in weights]
    activations = [torch.tensor(h) for h in activations]
    gradient, gradients = torch.tensor(gradient), []
    for layer in range(len(weights) - 1, -1, -1):
        gradient = gradient * (1 - activations[layer + 1] ** 2)
        gradients.insert(0, torch.outer(gradient, activations[layer]))
        gradient = weights[layer].T @ gradient
    return gradients


def backward_einsum_float32(weights, activations, gradient):
    result = [None] * len(weights)
    gradient = gradient.astype(np.float32)
    for layer in range(len(weights))[::-1]:
        slope = 1 - activations[layer + 1].astype(np.float32) ** 2
        gradient = np.einsum("i,i->i", gradient, slope)
        result[layer] = np.einsum("i,j->ij", gradient, activations[layer].astype(np.float32))
        gradient = np.einsum("ij,i->j", weights[layer].astype(np.float32), gradient)
    return tuple(result)


def backward_jacobians(weights, activations, gradient):
    gradients = []
    for layer, before in enumerate(activations[:-1]):
        product = np.eye(len(activations[-1]))
        for above in range(len(weights) - 1, layer, -1):
            product = product @ np.diag(1 - activations[above + 1] ** 2) @ weights[above]
        local = (gradient @ product) @ np.diag(1 - activations[layer + 1] ** 2)
        gradients.append([[g * h for h in before] for g in local])
    return gradients


def backward_differences(weights, activations, gradient):
    def error(layer, W):
        h = activations[layer]
        for matrix in [W, *weights[layer + 1 :]]:
            h = np.tanh(matrix @ h)
        return gradient @ h

    gradients = []
    for layer, W in enumerate(weights):
        slopes = np.zeros_like(W)
        for place in np.ndindex(W.shape):
            nudge = np.zeros_like(W)
            nudge[place] = 1e-6
            slopes[place] = (error(layer, W + nudge) - error(layer, W - nudge)) / 2e-6
        gradients.append(slopes)
    return gradients


STYLES = [
    backward_recursive,
    backward_torch,
    backward_einsum_float32,
    backward_jacobians,
    backward_differences,
]


@pytest.mark.parametrize("answer", STYLES, ids=lambda answer: answer.__name__)
def test_right_answers_in_other_styles_pass(answer):
    for got in verdicts("backward", answer):
        assert (got.status, got.points) == ("right", got.out_of), got.text()


NEAR_MISSES = [
    lambda W, h, g: judges.backward(W, h, g)[1:],
    lambda W, h, g: [1.001 * gradient for gradient in judges.backward(W, h, g)],
    lambda W, h, g: [-gradient for gradient in judges.backward(W, h, g)],
    lambda W, h, g: judges.backward(W, h, g)[-1],
    lambda W, h, g: [gradient.ravel() for gradient in judges.backward(W, h, g)],
]


@pytest.mark.parametrize("answer", NEAR_MISSES, ids=ids(NEAR_MISSES))
def test_near_misses_earn_nothing_and_hear_why(answer):
    for seed in range(100, 105):
        cases = drawn("backward", seed)
        # Ours lean on the reference, which the guard would refuse: so they answer without it.
        answers = ask_ours(QUESTION.asked, {"backward": answer}, cases)
        assert_earns_nothing_and_is_told_why(decide(QUESTION, cases, answers))


def test_the_judge_says_in_which_layer_a_backward_pass_goes_wrong():
    def spoiled(weights, activations, gradient):
        gradients = backward_recursive(weights, activations, gradient)
        gradients[0] = 2 * gradients[0]
        return gradients

    verdict = answer_and_decide(QUESTION, {"backward": spoiled})
    assert verdict.status == "wrong"
    assert verdict.message.startswith("Layer 1: its gradient is wrong")
    assert "layers above it are right" in verdict.message


def test_a_ready_made_answer_is_refused_kindly():
    verdict = answer_and_decide(QUESTION, {"backward": lambda W, h, g: _by_autograd(W, h, g)})
    assert (verdict.status, verdict.points) == ("refused", 0), verdict.text()
    assert "backward" in verdict.message and "write yourself" in verdict.message


def _by_autograd(weights, activations, gradient):
    leaves = [torch.tensor(W, requires_grad=True) for W in weights]
    h = torch.tensor(activations[0])
    for W in leaves:
        h = torch.tanh(W @ h)
    (torch.tensor(gradient) @ h).backward()
    return [W.grad for W in leaves]


def test_the_notebooks_forward_pass_is_the_probes_and_its_backward_pass_has_all_three_faults(notebook):
    for case in drawn("backward", 4):
        ours, theirs = (f(case["weights"], case["x"]) for f in (probes.forward, notebook["forward"]))
        for one, other in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(one, other)
    verdict = answer_and_decide(QUESTION, {"backward": notebook["broken_backward"]})
    assert verdict.misconception == "as it was given"
