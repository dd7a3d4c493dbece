"""Exercise 01: right answers in other people's styles pass, near misses do not, and the notebook keeps its word."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch

from course_lib.build import source, transform
from course_lib.checks.asking import ask_ours
from course_lib.checks.case import Answer
from course_lib.checks.exercises import answer_and_decide, load
from course_lib.checks.judges import e01_explosion as judges
from course_lib.checks.judging import decide
from course_lib.checks.probes import e01_explosion as probes

ROOT = Path(__file__).resolve().parents[2]
EXERCISE = load("01_explosion")
QUESTIONS = {question.name: question for question in EXERCISE.questions}
SEEDS = range(100, 105)


def verdicts(name, answer):
    return [answer_and_decide(QUESTIONS[name], {name: answer}, seed) for seed in SEEDS]


# gradient_ladder: a loop, cumprod, recursion, log space, torch, autograd, one line, float32


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


# overflow_layer: while, logarithms, torch in the format itself, fractions, one line


def overflow_while(gain, layers, number_format):
    largest, size, layer = torch.finfo(getattr(torch, number_format)).max, abs(gain), 1
    while size <= largest and layer <= layers:
        size, layer = size * abs(gain), layer + 1
    return layer if layer <= layers else None


def overflow_logarithms(gain, layers, number_format):
    largest = torch.finfo(getattr(torch, number_format)).max
    if abs(gain) <= 1:
        return None
    layer = int(math.log(largest) // math.log(abs(gain))) + 1
    return None if layer > layers else layer


def overflow_in_the_format(gain, layers, number_format):
    signal = torch.ones((), dtype=getattr(torch, number_format))
    for layer in range(layers):
        signal = signal * gain
        if torch.isinf(signal):
            return layer + 1
    return None


def overflow_fractions(gain, layers, number_format):
    largest, size = Fraction(torch.finfo(getattr(torch, number_format)).max), Fraction(1)
    for layer in range(1, layers + 1):
        size *= abs(Fraction(gain))
        if size > largest:
            return layer
    return None


def overflow_one_line(gain, layers, number_format):
    limit = math.log(torch.finfo(getattr(torch, number_format)).max)
    return next((layer for layer in range(1, layers + 1) if layer * math.log(abs(gain)) > limit), None)


def overflow_numpy(gain, layers, number_format):
    largest = torch.finfo(getattr(torch, number_format)).max
    with np.errstate(over="ignore"):
        sizes = np.abs(np.cumprod(np.full(layers, gain)))
    beyond = np.flatnonzero(sizes > largest)
    return beyond[0] + 1 if beyond.size else None


# shared_weight: formula, loop with a sum over uses, autograd, finite differences, float32, signals times gradients


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


# backward: recursion, torch without autograd, row vectors, full Jacobians, finite differences, float32


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


# first_nonfinite: next, torch, recursion, math entry by entry, x - x, indices


def nonfinite_next(record):
    return next(((step, name) for step, name, tensor in record if not np.all(np.isfinite(tensor))), None)


def nonfinite_torch(record):
    for step, name, tensor in record:
        if not torch.isfinite(torch.as_tensor(tensor)).all():
            return [step, name]
    return None


def nonfinite_recursive(record):
    if not record:
        return None
    step, name, tensor = record[0]
    return (step, name) if (~np.isfinite(tensor)).any() else nonfinite_recursive(record[1:])


def nonfinite_entry_by_entry(record):
    for step, name, tensor in record:
        for value in tensor.ravel():
            if math.isnan(value) or math.isinf(value):
                return step, name
    return None


def nonfinite_by_difference(record):
    with np.errstate(invalid="ignore"):
        broken = [(step, name) for step, name, tensor in record if ((tensor - tensor) != 0).any()]
    return broken[0] if broken else None


def nonfinite_nan_or_inf(record):
    bad = [i for i, entry in enumerate(record) if np.isnan(entry[2]).any() or np.isinf(entry[2]).any()]
    return record[min(bad)][:2] if bad else None


# transient: closed form, another search, other shapes, another basis, torch


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


STYLES = {
    "gradient_ladder": [
        ladder_loop,
        ladder_cumprod,
        ladder_recursive,
        ladder_in_logs,
        ladder_torch_float32,
        ladder_autograd,
        ladder_one_line,
        ladder_accumulate,
    ],
    "overflow_layer": [
        overflow_while,
        overflow_logarithms,
        overflow_in_the_format,
        overflow_fractions,
        overflow_one_line,
        overflow_numpy,
    ],
    "shared_weight": [
        shared_loop,
        shared_autograd,
        shared_differences,
        shared_float32,
        shared_signals_times_gradients,
    ],
    "backward": [
        backward_recursive,
        backward_torch,
        backward_einsum_float32,
        backward_jacobians,
        backward_differences,
    ],
    "first_nonfinite": [
        nonfinite_next,
        nonfinite_torch,
        nonfinite_recursive,
        nonfinite_entry_by_entry,
        nonfinite_by_difference,
        nonfinite_nan_or_inf,
    ],
    "initial_gain": [1.15, np.float64(1.13), np.float32(1.18), torch.tensor(1.15), [1.16], np.array(1.14)],
    "transient": [
        transient_search,
        transient_other_eigenvalues,
        transient_turned,
        transient_padded,
        transient_torch,
    ],
}


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        pytest.param(name, answer, id=f"{name}-{getattr(answer, '__name__', answer)}")
        for name, answers in STYLES.items()
        for answer in answers
    ],
)
def test_right_answers_in_other_styles_pass(name, answer):
    for verdict in verdicts(name, answer) if callable(answer) else verdicts(name, answer)[:3]:
        assert (verdict.status, verdict.points) == ("right", verdict.out_of), verdict.text()


def test_five_styles_for_every_question():
    assert STYLES.keys() == QUESTIONS.keys()
    assert all(len(answers) >= 5 for answers in STYLES.values())


NEAR_MISSES = {
    "gradient_ladder": [
        lambda gains: [*judges.gradient_ladder(gains), 1.0],
        lambda gains: np.array([judges.gradient_ladder(gains)]),
        lambda gains: np.multiply(judges.gradient_ladder(gains), 1.001),
        lambda gains: np.round(judges.gradient_ladder(gains), 1),
        lambda gains: [gain ** (len(gains) - i) for i, gain in enumerate([*gains, 1.0])],
    ],
    "overflow_layer": [
        lambda gain, layers, kind: judges.overflow_layer(gain, layers, kind) or 0,
        lambda gain, layers, kind: judges.overflow_layer(gain, layers, kind) or layers,
        lambda gain, layers, kind: judges.overflow_layer(gain, 10**4, kind),
        lambda gain, layers, kind: judges.overflow_layer(gain, layers - 1, kind),
        lambda gain, layers, kind: str(judges.overflow_layer(gain, layers, kind)),
    ],
    "shared_weight": [
        lambda a, layers, x0: list(judges.shared_weight(a, layers, x0).values()),
        lambda a, layers, x0: judges.shared_weight(abs(a), layers, x0),
        lambda a, layers, x0: judges.shared_weight(a, layers, abs(x0)),
        lambda a, layers, x0: judges.shared_weight(a, layers, x0) | {"extra": 1.0},
        lambda a, layers, x0: {
            "input": a**layers,
            "one_weight": a ** (layers - 1) * x0,
            "shared_weight": (layers - 1) * a ** (layers - 1) * x0,
        },
    ],
    "backward": [
        lambda W, h, g: judges.backward(W, h, g)[1:],
        lambda W, h, g: [1.001 * gradient for gradient in judges.backward(W, h, g)],
        lambda W, h, g: [-gradient for gradient in judges.backward(W, h, g)],
        lambda W, h, g: judges.backward(W, h, g)[-1],
        lambda W, h, g: [gradient.ravel() for gradient in judges.backward(W, h, g)],
    ],
    "first_nonfinite": [
        lambda record: (judges.first_nonfinite(record) or (0, "none"))[1],
        lambda record: judges.first_nonfinite(record) or (0, ""),
        lambda record: (judges.first_nonfinite(record) or (None, None))[::-1],
        lambda record: judges.first_nonfinite(record[::-1]),
        lambda record: judges.first_nonfinite(record) is not None,
    ],
    "initial_gain": [1.04, 1.3, 0.0, -1.15, "1.15", [1.1, 1.2], math.nan, math.inf, True],
    "transient": [
        lambda radius, peak: 1.02 * judges.transient(radius, peak),
        lambda radius, peak: judges.transient(radius, 1.03 * peak),
        lambda radius, peak: judges.transient(radius, peak)[0],
        lambda radius, peak: judges.transient(0.95 * radius, peak),
        lambda radius, peak: np.kron(np.eye(5), judges.transient(radius, peak)),
        lambda radius, peak: np.array([[radius, 1e308], [0, radius]]),
        lambda radius, peak: np.array([[math.nan, 1], [0, radius]]),
    ],
}


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        pytest.param(name, answer, id=f"{name}-{place if callable(answer) else answer}")
        for name, answers in NEAR_MISSES.items()
        for place, answer in enumerate(answers)
    ],
)
def test_near_misses_earn_nothing_and_hear_why(name, answer):
    question = QUESTIONS[name]
    for seed in SEEDS if callable(answer) else range(3):
        cases = question.asked.draw(np.random.default_rng(seed))
        # Ours lean on the reference, which the guard would refuse: so they answer without it.
        answers = [Answer("given", question.asked.probe({name: answer}, case)) for case in cases]
        verdict = decide(question, cases, answers)
        assert (verdict.points, verdict.status in ("wrong", "misconception")) == (0, True), verdict.text()
        assert len(verdict.message) > 20


def test_every_misconception_is_told_apart_for_fifty_seeds():
    for name in (
        "gradient_ladder",
        "overflow_layer",
        "shared_weight",
        "backward",
        "first_nonfinite",
        "transient",
    ):
        question = QUESTIONS[name]
        for seed in range(1000, 1050):
            cases = question.asked.draw(np.random.default_rng(seed))
            for held in question.judged.misconceptions:
                verdict = decide(question, cases, ask_ours(question.asked, held.wrong, cases))
                assert verdict.misconception == held.name, f"seed {seed}, {held.name}: {verdict.text()}"


def test_a_gain_is_told_apart_by_where_it_comes_from_or_on_which_side_it_lies():
    question = QUESTIONS["initial_gain"]
    told = {answer_and_decide(question, {"initial_gain": gain}).misconception for gain in (0.7, 1.0, 1.05)}
    assert told == {"too small", "the linear theory"}
    told = {
        answer_and_decide(question, {"initial_gain": gain}).misconception for gain in (1.3, 2**0.5, 1.667)
    }
    assert told == {"too large", "the gain for ReLU"}
    assert answer_and_decide(question, {"initial_gain": 5 / 3}).misconception == "the default for tanh"


def test_the_judge_says_in_which_layer_a_backward_pass_goes_wrong():
    def spoiled(weights, activations, gradient):
        gradients = backward_recursive(weights, activations, gradient)
        gradients[0] = 2 * gradients[0]
        return gradients

    verdict = answer_and_decide(QUESTIONS["backward"], {"backward": spoiled})
    assert verdict.status == "wrong"
    assert verdict.message.startswith("Layer 1: its gradient is wrong")
    assert "layers above it are right" in verdict.message


@pytest.mark.parametrize(
    ("name", "answer", "refused"),
    [
        (
            "overflow_layer",
            lambda gain, layers, kind: _library().overflow_depth(gain, kind),
            "overflow_depth",
        ),
        (
            "gradient_ladder",
            lambda gains: _library().backward_gradients(gains[0], len(gains)),
            "backward_gradients",
        ),
        (
            "shared_weight",
            lambda a, layers, x0: _library().shared_weight_gradient(a, layers, x0),
            "shared_weight",
        ),
        ("backward", lambda W, h, g: _by_autograd(W, h, g), "backward"),
    ],
)
def test_ready_made_answers_are_refused_kindly(name, answer, refused):
    verdict = answer_and_decide(QUESTIONS[name], {name: answer})
    assert (verdict.status, verdict.points) == ("refused", 0), verdict.text()
    assert refused in verdict.message and "write yourself" in verdict.message


def _library():
    import course_lib.dynamics

    return course_lib.dynamics


def _by_autograd(weights, activations, gradient):
    leaves = [torch.tensor(W, requires_grad=True) for W in weights]
    h = torch.tensor(activations[0])
    for W in leaves:
        h = torch.tanh(W @ h)
    (torch.tensor(gradient) @ h).backward()
    return [W.grad for W in leaves]


@pytest.fixture(scope="module")
def notebook(tmp_path_factory):
    """The names of the exercise after its given cells have run: what it hands to the learner."""
    read = source.read(ROOT / "source" / "exercises" / "01_explosion.py", ROOT)
    names: dict[str, object] = {"__name__": "__main__"}
    for cell in read.cells:
        if cell.kind == "code" and not cell.check:
            exec(transform.learners_copy(cell.text), names)
    return names


def test_the_notebooks_experiment_is_the_judges(notebook):
    for gain, seed in ((0.9, 1), (1.15, 7), (5 / 3, 123456)):
        np.testing.assert_allclose(
            notebook["gradient_norms"](gain, seed), judges.gradient_norms(gain, [seed])[0], rtol=1e-9
        )


def test_the_notebooks_forward_pass_is_the_probes_and_its_backward_pass_has_all_three_faults(notebook):
    question = QUESTIONS["backward"]
    cases = question.asked.draw(np.random.default_rng(4))
    for case in cases:
        ours, theirs = (f(case["weights"], case["x"]) for f in (probes.forward, notebook["forward"]))
        for one, other in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(one, other)
    verdict = answer_and_decide(question, {"backward": notebook["broken_backward"]})
    assert verdict.misconception == "as it was given"


def test_the_examples_in_the_text_are_right():
    assert judges.gradient_ladder(np.array([2.0, 3.0])) == [6, 3, 1]
    assert judges.overflow_layer(300.0, 10, "float16") == 2
    assert judges.overflow_layer(0.5, 10, "float16") is None
    assert judges.shared_weight(2.0, 1, 5.0) == {"input": 2.0, "one_weight": 5.0, "shared_weight": 5.0}
    record = [(3, "hidden", np.array([1.0, np.inf])), (3, "loss", np.array(np.nan))]
    assert judges.first_nonfinite(record) == (3, "hidden")
    assert {name: torch.finfo(getattr(torch, name)).max for name in probes.LARGEST} == probes.LARGEST


def shared_exponent_wrong_for_one_key(a, layers, x0):
    return {
        "input": a**layers,
        "one_weight": a ** (layers - 1) * x0,
        "shared_weight": layers * a**layers * x0,
    }


def shared_divided_in_numpy(a, layers, x0):
    y = np.float64(a) ** layers * x0
    return {"input": a**layers, "one_weight": y / a, "shared_weight": layers * y / a}


def overflow_numpy_logarithm(gain, layers, number_format):
    layer = int(np.log(torch.finfo(getattr(torch, number_format)).max) / np.log(gain)) + 1
    return layer if 0 < layer <= layers else None


@pytest.mark.parametrize(
    ("name", "answer", "told"),
    [
        ("shared_weight", shared_exponent_wrong_for_one_key, "exponent not lowered"),
        ("shared_weight", shared_divided_in_numpy, "divided by the weight"),
        ("overflow_layer", overflow_numpy_logarithm, "logarithm of a negative gain"),
        ("transient", lambda radius, peak: [[radius, peak], [0, radius]], "peak in the first step"),
        ("transient", lambda radius, peak: [[radius, 0], [-peak, radius / 2]], "peak in the first step"),
        ("transient", lambda radius, peak: [[0, -radius], [radius, 0]], "no hump"),
        ("transient", lambda radius, peak: [[1, 0.1], [0, 1]], "shear"),
        ("transient", lambda radius, peak: [[radius, peak], [peak, radius]], "peak put into an eigenvalue"),
    ],
)
def test_a_misunderstanding_is_known_again_in_another_coat(name, answer, told):
    for verdict in verdicts(name, answer):
        assert verdict.misconception == told, verdict.text()


# What a fresh reader wrote: messages that must be true of the very code they answer


def overflow_without_the_last_layer(gain, layers, number_format):
    signal = 1.0
    for layer in range(1, layers):
        signal *= gain
        if abs(signal) > probes.LARGEST[number_format]:
            return layer
    return None


def overflow_tested_before_multiplying(gain, layers, number_format):
    signal = 1.0
    for layer in range(layers):
        if abs(signal) > probes.LARGEST[number_format]:
            return layer
        signal *= gain
    return None


def overflow_tested_before_multiplying_from_one(gain, layers, number_format):
    signal = 1.0
    for layer in range(1, layers + 1):
        if abs(signal) > probes.LARGEST[number_format]:
            return layer
        signal *= gain
    return None


@pytest.mark.parametrize("answer", [overflow_without_the_last_layer, overflow_tested_before_multiplying])
def test_who_never_looks_at_the_last_layer_is_told_so(answer):
    for verdict in verdicts("overflow_layer", answer):
        layers = verdict.case["layers"]
        assert verdict.message.startswith(
            f"You never look at the last layer: here it is layer {layers} of {layers}"
        )
        assert verdict.misconception == "last layer not looked at"


def test_who_tests_before_multiplying_and_counts_from_one_is_a_layer_late():
    for verdict in verdicts("overflow_layer", overflow_tested_before_multiplying_from_one):
        assert verdict.misconception == "one layer late", verdict.text()
        assert verdict.message.startswith("One layer late: after layer")


def test_every_chain_is_said_only_where_every_chain_got_none():
    def none_for_float64(gain, layers, number_format):
        return None if number_format == "float64" else overflow_while(gain, layers, number_format)

    for verdict in verdicts("overflow_layer", none_for_float64):
        assert (verdict.status, "every chain" in verdict.message) == ("wrong", False), verdict.text()
    for verdict in verdicts("overflow_layer", lambda gain, layers, number_format: None):
        assert "None for every chain" in verdict.message


def nonfinite_by_isinf(record):
    for step, name, tensor in record:
        if np.isinf(tensor).any():
            return step, name
    return None


def nonfinite_by_the_largest(record):
    for step, name, tensor in record:
        if np.max(np.abs(tensor)) == np.inf:
            return step, name
    return None


@pytest.mark.parametrize("answer", [nonfinite_by_isinf, nonfinite_by_the_largest])
def test_who_looks_for_infinities_is_not_told_of_a_comparison_that_is_not_there(answer):
    for verdict in verdicts("first_nonfinite", answer):
        found = judges.first_nonfinite(verdict.case["record"])
        tensor = next(t for step, name, t in verdict.case["record"] if (step, name) == found)
        assert np.isnan(tensor).any() and not np.isinf(tensor).any()
        assert verdict.message == (
            f"You find infinities only. Here the first to break is standardised of step {found[0]}, which holds nan, "
            "and no infinity comes before it. nan is not infinite, and it is neither larger than any number nor equal "
            "to one."
        )


def test_a_logarithm_of_zero_is_not_called_an_overflow():
    def first_nan(record):
        return next(((step, name) for step, name, tensor in record if np.isnan(tensor).any()), None)

    for verdict in verdicts("first_nonfinite", first_nan):
        assert verdict.case.label == "a softmax that is too sure"
        assert verdict.message.startswith(
            "You look for nan only. Here the first to break is log_probabilities"
        )
        assert "which holds -inf" in verdict.message
        assert "An infinity often comes first, from a number too large or from the logarithm of 0" in (
            verdict.message
        )


def test_a_ladder_multiplied_upwards_with_its_one_at_the_end_is_told_the_direction():
    for verdict in verdicts("gradient_ladder", lambda gains: np.append(np.cumprod(gains), 1.0)):
        first, second = verdict.case["gains"]
        assert verdict.message.startswith(
            "You multiplied from the input upwards, and put the 1 of the output last"
        )
        assert f"rung 0 has every gain above it, {first * second:.4g}, and yours has {first:.4g}" in (
            verdict.message
        )


@pytest.mark.parametrize("gain", [1.3, 1.5, 2.0, 3.0, 100.0])
def test_how_much_a_gain_makes_of_the_gradient_in_each_layer_is_measured(gain):
    verdict = answer_and_decide(QUESTIONS["initial_gain"], {"initial_gain": gain})
    ratio = judges._profile(verdict.case, gain)[0]
    assert f"each layer multiplies the gradient by {ratio ** (1 / 50):.3g} on average" in verdict.message
    assert "a little more" not in verdict.message


def test_a_gain_that_saturates_every_unit_is_not_said_to_grow_the_gradient():
    for gain in (300.0, 1e6):
        verdict = answer_and_decide(QUESTIONS["initial_gain"], {"initial_gain": gain})
        assert verdict.misconception == "too large"
        assert "nearly every tanh is saturated, with a slope near 0" in verdict.message
        assert "multiplies" not in verdict.message


def test_the_worked_steps_of_the_hints_are_right():
    worked = {name: question.judged.hints[2] for name, question in QUESTIONS.items()}
    assert np.isfinite([1.0, np.inf]).tolist() == [True, False]
    assert "np.isfinite([1, inf]) is [True, False]" in worked["first_nonfinite"]
    ratios = [norms[0] / norms[-1] for norms in judges.gradient_norms(1.0, range(3))]
    typical = math.exp(np.mean(np.log(ratios)))
    shown = ", ".join(f"{ratio:.3f}" for ratio in ratios)
    assert f"seeds 0, 1 and 2 give {shown}" in worked["initial_gain"]
    assert f"exp(mean of the logarithms) is {typical:.3f}" in worked["initial_gain"]
    low, high, middle = (judges._powers(judges._triangular(0.8, corner)) for corner in (0.5, 1.0, 0.75))
    for norms in (low, high):
        assert f"{norms.max():.2f} at k = {norms.argmax()}" in worked["transient"]
    assert f"0.75, gives {middle.max():.2f}" in worked["transient"]
