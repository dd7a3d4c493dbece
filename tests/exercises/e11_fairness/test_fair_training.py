"""Question fair_training: right answers in other styles, near misses, and what is said to each."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
import torch
from scipy.special import expit
from verdicts import assert_earns_nothing_and_is_told_why, drawn, find, ids, verdict

from course_lib.checks.asking import ask_ours
from course_lib.checks.judges.e11_fairness import fair_training as judges
from course_lib.checks.judging import decide
from course_lib.checks.probes.e11_fairness import applications
from course_lib.data import loanapp
from course_lib.fairness import GroupSetting, fair_clip, grouped_splits, train_logistic

QUESTION = find("fair_training")


def training_in_torch(X, y, group, w, ratio, lr, steps):
    X, y, group = torch.tensor(X), torch.tensor(y).double(), torch.tensor(group)
    p, ratios = torch.tensor(w, requires_grad=True), []
    for _ in range(steps):
        each = torch.nn.functional.binary_cross_entropy_with_logits(X @ p, y, reduction="none") / len(y)
        a, b = (torch.autograd.grad(each[group == k].sum(), p, retain_graph=True)[0] for k in (0, 1))
        ratios.append((a.norm() / b.norm()).item())
        torch.nn.utils.clip_grad_norm_([fake := torch.nn.Parameter(a)], math.inf)
        a = a * torch.clamp(ratio * b.norm() / fake.norm().detach(), max=1)
        with torch.no_grad():
            p -= lr * (a + b)
    return p.detach(), torch.tensor(ratios)


def training_person_by_person(X, y, group, w, ratio, lr, steps):
    w, ratios = list(w), []
    for _ in range(steps):
        parts = [[0.0] * len(w), [0.0] * len(w)]
        for row, truth, k in zip(X.tolist(), y.tolist(), group.tolist(), strict=True):
            error = 1 / (1 + math.exp(-sum(a * b for a, b in zip(row, w, strict=True)))) - truth
            parts[k] = [part + error * entry / len(y) for part, entry in zip(parts[k], row, strict=True)]
        long, short = (math.hypot(*part) for part in parts)
        ratios.append(long / short)
        factor = 1.0 if long <= ratio * short else ratio * short / long
        w = [old - lr * (factor * a + b) for old, a, b in zip(w, *parts, strict=True)]
    return w, np.array(ratios)


def training_by_masks(X, y, group, w, ratio, lr, steps):
    masks, ratios = np.stack([group == 0, group == 1]) / len(y), np.empty(steps)
    w = w.copy()
    for step in range(steps):
        parts = (masks * (expit(X @ w) - y)) @ X
        long, short = np.sqrt((parts**2).sum(axis=1))
        ratios[step] = long / short
        if ratios[step] > ratio:
            parts[0] *= ratio * short / long
        w -= lr * parts.sum(axis=0)
    return w, ratios


TRAININGS = [training_in_torch, training_person_by_person, training_by_masks]


@pytest.mark.parametrize("fair_training", TRAININGS, ids=ids(TRAININGS))
def test_a_fair_training_in_any_style(fair_training):
    got = verdict("fair_training", fair_training=fair_training)
    assert got.right, got.text()


def test_the_training_is_that_of_the_library():
    splits = grouped_splits(loanapp(), [0], 0)
    runs = train_logistic(splits, [GroupSetting("two", 0.5, ratio=2.0)], steps=8)
    X, y, group = splits.x_train[0], splits.y_train[0], splits.group_train[0]
    w, ratios = training_by_masks(X, y, group, np.zeros(X.shape[1]), 2.0, 0.5, 8)
    assert np.allclose(w, runs.weights[0, 0], rtol=1e-10)
    assert np.allclose(ratios, runs.ratios[:, 0, 0], rtol=1e-10)


def test_the_ready_rule_is_refused():
    def fair_training(X, y, group, w, ratio, lr, steps):
        error = (expit(X @ w) - y) / len(y)
        larger, smaller = (X[group == k].T @ error[group == k] for k in (0, 1))
        return w - lr * (fair_clip(larger, smaller, ratio) + smaller), [1.0]

    assert verdict("fair_training", fair_training=fair_training).status == "refused"


def test_each_training_case_brings_what_it_says():
    """Never clipped; not clipped, though the smaller group's would be; always; from some step on."""
    for seed in range(20):
        reached = []
        for case in drawn("fair_training", seed):
            X, y, group = applications.mortgage_applications(case["seed"], case["count"])
            given = (case["w"], case["ratio"], case["lr"], case["steps"])
            _, ratios = training_by_masks(X, y, group, *given)
            reached.append((ratios > case["ratio"]).tolist())
            if len(reached) == 2:
                assert ratios[0] < 1 / case["ratio"], f"seed {seed}"
        assert reached[0] == [False]
        assert reached[1] == [False]
        assert reached[2] == [True] * 3
        assert not all(reached[3])
        assert any(reached[3])


def test_every_half_mended_training_is_told_what_is_left():
    """Of the four mistakes, whichever are left, the message names one or two that are, and none that is not."""
    question, cases = QUESTION, drawn("fair_training", 11)
    pairs = {
        "as it came": set(judges.AS_IT_CAME),
        "two are left: sizes and in place": {"each group by its own size", "changes w in place"},
        "two are left: wrong group and log": {"clips the smaller group", "logs the ratio after"},
        "two are left: in place and log": {"changes w in place", "logs the ratio after"},
        "two are left: in place and wrong group": {"changes w in place", "clips the smaller group"},
        "in place, and more": {"changes w in place"},
    }
    for count in (1, 2, 3, 4):
        for left in combinations(judges.AS_IT_CAME, count):
            names = {"fair_training": judges._trained(*left)}
            told = decide(question, cases, ask_ours(question.asked, names, cases)).misconception
            assert told, f"nothing is said of {left}"
            assert pairs.get(told, {told}) <= set(left), f"{told} is said of {left}"
            if told == "changes w in place":
                assert left == ("changes w in place",), "the answer itself is said to be right"


def training_with_a_slip(slip):
    """The loop of the exercise, mended up to `w -= ...` and one slip more, or up to one slip alone."""

    def fair_training(X, y, group, w, ratio, lr, steps):
        ratios = []
        for _ in range(steps):
            error = expit(X @ w) - y
            people = 1 if slip == "undivided" else len(y)
            larger = X[group == 0].T @ error[group == 0] / people
            smaller = X[group == 1].T @ error[group == 1] / people
            allowed = ratio * np.linalg.norm(smaller)
            if slip != "in place, log after":
                ratios.append(np.linalg.norm(larger) / np.linalg.norm(smaller))
            if slip == "in place, no cap at one":
                larger = larger * allowed / np.linalg.norm(larger)
            elif slip == "clips the sum":
                together = larger + smaller
                together *= min(1, allowed / np.linalg.norm(larger))
                w = w - lr * together
                continue
            else:
                larger = larger * min(1, allowed / np.linalg.norm(larger))
            if slip == "in place, log after":
                ratios.append(np.linalg.norm(larger) / np.linalg.norm(smaller))
            if slip.startswith("in place"):
                w -= lr * (larger + smaller)
            else:
                w = w - lr * (larger + smaller)
        return w, ratios

    return fair_training


@pytest.mark.parametrize(
    ("slip", "said"),
    [
        ("in place", "The answer itself is not the trouble"),
        ("in place, log after", "Two mistakes are left"),
        ("in place, no cap at one", "That is not all"),
        ("clips the sum", "Your factor multiplies the sum"),
        ("undivided", "nobody divides"),
    ],
)
def test_a_slip_in_training_is_told_and_nothing_else_is_called_right(slip, said):
    for seed in range(20):
        got = verdict("fair_training", seed, fair_training=training_with_a_slip(slip))
        assert said in got.message, f"seed {seed}: {got.text()}"
        assert not any(hint.startswith("Four lines are wrong") for hint in got.hints)


NEAR_MISSES = [
    lambda X, y, group, w, ratio, lr, steps: w,
    lambda *given: training_by_masks(*given[:4], 2 * given[4], *given[5:]),
    lambda *given: (training_by_masks(*given)[0], []),
    lambda X, y, group, *rest: training_by_masks(X, y, 1 - group, *rest),
]


@pytest.mark.parametrize("answer", NEAR_MISSES, ids=ids(NEAR_MISSES))
def test_near_misses_earn_nothing_and_are_told_why(answer):
    assert_earns_nothing_and_is_told_why(verdict("fair_training", fair_training=answer))
