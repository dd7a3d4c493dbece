"""Exercise 05: right answers in many styles pass, near misses do not, and what is odd gets a sentence."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
import torch

from course_lib.checks.asking import ask
from course_lib.checks.exercises import load
from course_lib.checks.judging import Question, decide
from course_lib.checks.probes import e05_optimizers as probes
from course_lib.training.optimizers import braked_share, recovery_steps

QUESTIONS: dict[str, Question] = {question.name: question for question in load("05_optimizers").questions}


def verdict(question, seed=11, **names):
    """The verdict on names that a learner has defined."""
    asked = QUESTIONS[question].asked
    cases = asked.draw(np.random.default_rng(seed))
    return decide(QUESTIONS[question], cases, ask(asked, names, cases))


def ids(entries):
    return [str(number) for number in range(len(entries))]


# Right answers, written otherwise ---------------------------------------------------------------------------


def adam_in_a_loop(w, g, m, v, t, lr, beta1, beta2, eps):
    w, m, v = list(w), list(m * np.ones(3)), list(v * np.ones(3))
    for i in range(len(w)):
        m[i] += (1 - beta1) * (g[i] - m[i])
        v[i] += (1 - beta2) * (g[i] ** 2 - v[i])
        w[i] -= lr * m[i] / (1 - beta1**t) / (math.sqrt(v[i] / (1 - beta2**t)) + eps)
    return w, m, v


def adam_in_torch(w, g, m, v, t, lr, beta1, beta2, eps):
    w, g, m, v = (torch.tensor(part) for part in (w, g, m, v))
    m, v = torch.lerp(g, m, beta1), beta2 * v + (1 - beta2) * g * g
    scale = lr * math.sqrt(1 - beta2**t) / (1 - beta1**t)
    return [w - scale * m / (v.sqrt() + eps * math.sqrt(1 - beta2**t)), m, v]


@pytest.mark.parametrize("adam_step", [adam_in_a_loop, adam_in_torch], ids=ids(range(2)))
def test_adam_in_any_style(adam_step):
    got = verdict("adam_step", adam_step=adam_step)
    assert got.right, got.text()


def test_a_ready_adam_is_refused():
    from course_lib.training.optimizers import Adam

    def adam_step(w, g, m, v, t, lr, beta1, beta2, eps):
        ready = Adam(lr, beta1, beta2, eps, t=t - 1, m=m, v=v)
        return ready.step(w, g), ready.m, ready.v

    assert verdict("adam_step", adam_step=adam_step).status == "refused"


def counted_by_running(spike, beta2, share):
    v, n = 1 + (1 - beta2) * (spike**2 - 1), 0
    while 1 / math.sqrt(v) < share:
        v, n = 1 + (v - 1) * beta2, n + 1
    return n


@pytest.mark.parametrize(
    "steps_to_recover",
    [
        counted_by_running,
        lambda k, b, q: float(counted_by_running(k, b, q)),
        lambda k, b, q: np.int64(counted_by_running(k, b, q)),
    ],
    ids=ids(range(3)),
)
def test_recovery_in_any_style(steps_to_recover):
    got = verdict("steps_to_recover", steps_to_recover=steps_to_recover)
    assert got.right, got.text()


def test_the_reference_counts_as_the_library_does():
    reference = QUESTIONS["steps_to_recover"].judged.reference["steps_to_recover"]
    for spike, beta2, share in ((100, 0.999, 0.9), (37.5, 0.99, 0.8), (3, 0.999, 0.9)):
        assert reference(spike, beta2, share) == recovery_steps(spike, beta2, share)


STREAMS = [
    lambda beta1, beta2: [0.0] * 20_000 + [(beta2 / beta1) ** k for k in range(200)],
    lambda beta1, beta2: torch.cat(
        [torch.full((9000,), 1e-20), -1e9 * (beta2 / beta1) ** torch.arange(-60.0, 1)]
    ),
    lambda beta1, beta2: np.append(
        np.zeros(40_000), np.geomspace(1e-4, 1, round(4 * math.log(10) / math.log(beta2 / beta1)) + 1)
    ),
]


@pytest.mark.parametrize("longest_push", STREAMS, ids=ids(STREAMS))
def test_a_long_push_by_any_stream(longest_push):
    got = verdict("longest_push", longest_push=longest_push)
    assert got.right, got.text()


def balanced_by_bisection(w, g, decay):
    def along(c):
        return -decay * (w @ w) - c * (g @ w) / np.linalg.norm(g)

    low, high = 0.0, float(np.linalg.norm(g))
    if along(high) < 0 or g @ w >= 0:
        return None
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if along(middle) < 0 else (low, middle)
    return np.array(high)


def test_a_balance_by_bisection():
    got = verdict("balance_threshold", balance_threshold=balanced_by_bisection)
    assert got.right, got.text()


def adamw_by_torch(gradient, w, steps, lr, decay, max_norm):
    p = torch.nn.Parameter(torch.tensor(w))
    optimizer, norms = torch.optim.AdamW([p], lr=lr, weight_decay=decay), []
    for step in range(steps):
        g = gradient(p.detach().numpy(), step)
        norms.append(float(np.linalg.norm(g)))
        p.grad = torch.from_numpy(g * min(1, max_norm / norms[-1]))
        optimizer.step()
    return p, norms


def test_adamw_by_torch():
    got = verdict("train_adamw", train_adamw=adamw_by_torch)
    assert got.right, got.text()


@pytest.mark.parametrize(
    ("cure", "strength"), [("clip", 1), ("clip", np.float64(0.01)), ("clip", torch.tensor(3.0))]
)
def test_any_choice_in_the_good_range_passes(cure, strength):
    for seed in (1, 2):
        got = verdict("cure_and_strength", seed, my_cure=cure, my_strength=strength)
        assert got.right, got.text()


# Near misses ------------------------------------------------------------------------------------------------

NEAR_MISSES = [
    ("adam_step", lambda w, g, m, v, t, lr, beta1, beta2, eps: w),
    ("adam_step", lambda **inputs: adam_in_a_loop(**inputs)[:2]),
    ("adam_step", lambda **inputs: adam_in_a_loop(**(inputs | {"lr": 2 * inputs["lr"]}))),
    ("steps_to_recover", lambda k, b, q: counted_by_running(k, b, q) + 1),
    ("steps_to_recover", lambda k, b, q: str(counted_by_running(k, b, q))),
    ("steps_to_recover", lambda k, b, q: 3751),
    ("longest_push", lambda b1, b2: []),
    ("longest_push", lambda b1, b2: np.zeros(10)),
    ("longest_push", lambda b1, b2: np.full(10, np.nan)),
    ("longest_push", lambda b1, b2: np.ones(60_000)),
    ("longest_push", lambda b1, b2: np.ones((2, 2))),
    ("balance_threshold", lambda w, g, decay: 0.0),
    ("balance_threshold", lambda w, g, decay: None),
    ("train_adamw", lambda gradient, w, steps, lr, decay, max_norm: w),
    (
        "train_adamw",
        lambda gradient, w, steps, lr, decay, max_norm: adamw_by_torch(gradient, w, steps, lr, 0, max_norm),
    ),
]


@pytest.mark.parametrize(("question", "answer"), NEAR_MISSES, ids=ids(NEAR_MISSES))
def test_near_misses_earn_nothing_and_are_told_why(question, answer):
    got = verdict(question, **{question: answer})
    assert got.status in ("wrong", "misconception", "error")
    assert got.points == 0
    assert len(got.message) > 20
    assert len(got.hints) >= 3


@pytest.mark.parametrize(
    ("cure", "strength", "said"),
    [
        ("clipping", 1, "must be 'clip'"),
        (1, 1, "must be 'clip'"),
        ("clip", 0, "one number above 0"),
        ("clip", float("nan"), "one number above 0"),
        ("clip", "1", "one number above 0"),
        ("clip", True, "one number above 0"),
        ("clip", [1.0, 2.0], "one number above 0"),
        ("smaller lr", 0.1, "divided by 1 or more"),
    ],
)
def test_a_choice_of_the_wrong_form_gets_one_sentence(cure, strength, said):
    got = verdict("cure_and_strength", my_cure=cure, my_strength=strength)
    assert got.status == "wrong"
    assert said in got.message


def test_the_choice_has_room_on_both_sides():
    for seed in range(3):
        seeds = range(50 * seed, 50 * seed + 6)
        assert min(probes.glitch_accuracy("clip", c, seeds) for c in (1e-4, 1.0, 3.0)) > 0.875
        assert (
            max(probes.glitch_accuracy(cure, s, seeds) for cure, s in (("warm-up", 1), ("smaller lr", 2)))
            < 0.8
        )


def test_an_unknown_cure_is_said():
    with pytest.raises(ValueError, match="one of 'clip', 'warm-up', 'smaller lr'"):
        probes.glitch_accuracy("pray", 1)


# Pictures ---------------------------------------------------------------------------------------------------


def test_the_picture_of_a_recovery_says_where_the_answer_stands():
    got = verdict("steps_to_recover", steps_to_recover=lambda k, b, q: 100)
    image = ElementTree.fromstring(got.picture)
    share = braked_share(got.case["spike"], got.case["beta2"], after=100)
    assert f"after your 100 it is at {share:.3f}" in image.get("aria-label")


def test_the_picture_of_a_push_says_both_lengths():
    got = verdict("longest_push", longest_push=lambda b1, b2: np.ones(500))
    image = ElementTree.fromstring(got.picture)
    assert "The last step is 1.000 learning rates long" in image.get("aria-label")


def test_the_worked_steps_of_the_hints_are_right():
    worked = {name: question.judged.hints[2] for name, question in QUESTIONS.items()}
    ours = {name: question.judged.reference for name, question in QUESTIONS.items()}
    excess, goal = 0.001 * (10**2 - 1), 0.97**-2 - 1
    exact = math.log(excess / goal) / -math.log(0.999)
    assert f"v is {1 + excess:g} right after" in worked["steps_to_recover"]
    assert f"1 / 0.97**2 = {1 + goal:.4f}" in worked["steps_to_recover"]
    assert f"n = {exact:.1f}, and {math.ceil(exact)} whole steps" in worked["steps_to_recover"]
    assert ours["steps_to_recover"]["steps_to_recover"](10, 0.999, 0.97) == math.ceil(exact)
    w, g = np.array([2.0, 0.0]), np.array([-3.0, 4.0])
    balanced = ours["balance_threshold"]["balance_threshold"](w, g, 0.5)
    assert f"cancel at c = {balanced:.2f}" in worked["balance_threshold"]
    assert ours["balance_threshold"]["balance_threshold"](w, -g, 0.5) is None
    assert f"multiplied by {1 - 0.1 * 0.5:g}" in worked["train_adamw"]
    assert f"{0.75 / 0.5:g}, {(0.75 / 0.5) ** 2:g} and so on" in worked["longest_push"]
