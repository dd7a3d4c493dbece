"""Exercise 04: right answers in many styles pass, near misses do not, and every mistake is told by its name."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
import torch

from course_lib.checks.asking import ask, ask_ours
from course_lib.checks.exercises import load
from course_lib.checks.judges import e04_threshold as judges
from course_lib.checks.judging import Question, decide
from course_lib.checks.probes import e04_threshold as probes
from course_lib.clipping import AutoClipThreshold, ZClipThreshold

torch.set_num_threads(1)
QUESTIONS: dict[str, Question] = {question.name: question for question in load("04_threshold").questions}


def verdict(question, seed=11, **names):
    """The verdict on names that a learner has defined."""
    asked = QUESTIONS[question].asked
    cases = asked.draw(np.random.default_rng(seed))
    return decide(QUESTIONS[question], cases, ask(asked, names, cases))


UPDATES = [
    lambda norms, lr, c: [lr * min(float(n), c) for n in norms],
    lambda norms, lr, c: torch.clamp(torch.tensor(norms), max=c) * lr,
    lambda norms, lr, c: lr * norms * np.minimum(1, c / np.maximum(norms, 1e-300)),
    lambda norms, lr, c: np.where(norms > c, lr * c, lr * norms),
]


@pytest.mark.parametrize("update_lengths", UPDATES)
def test_update_lengths_in_any_style(update_lengths):
    got = verdict("update_lengths", update_lengths=update_lengths)
    assert got.right, got.text()


def autoclip_sorted(norms, percentile):
    """The percentile by hand: sort, and go the right share of the way."""
    limits = []
    for t in range(len(norms)):
        seen = sorted(float(n) for n in norms[: t + 1])
        place = (len(seen) - 1) * percentile / 100
        low, high = math.floor(place), math.ceil(place)
        limits.append(seen[low] + (place - low) * (seen[high] - seen[low]))
    return limits


AUTOCLIPS = [
    autoclip_sorted,
    lambda norms, p: [np.quantile(norms[: t + 1], p / 100) for t in range(len(norms))],
    lambda norms, p: torch.stack(
        [torch.quantile(torch.tensor(norms[: t + 1]), p / 100) for t in range(len(norms))]
    ),
]


@pytest.mark.parametrize("autoclip_thresholds", AUTOCLIPS)
def test_autoclip_in_any_style(autoclip_thresholds):
    got = verdict("autoclip_thresholds", autoclip_thresholds=autoclip_thresholds)
    assert got.right, got.text()


def zclip_in_torch(norms, warmup):
    norms = torch.tensor(norms)
    mean, variance = norms[:warmup].mean(), norms[:warmup].var(unbiased=False)
    limits = torch.full_like(norms, math.inf)
    for t in range(warmup, len(norms)):
        z = (norms[t] - mean) / (variance.sqrt() + 1e-12)
        if z > 2.5:
            limits[t] = mean + 6.25 * variance.sqrt() / z
        left = torch.minimum(norms[t], limits[t])
        mean = mean + 0.03 * (left - mean)
        variance = variance + 0.03 * ((left - mean) ** 2 - variance)
    return limits


def test_zclip_in_another_style():
    got = verdict("zclip_thresholds", zclip_thresholds=zclip_in_torch)
    assert got.right, got.text()


def test_the_exercise_asks_for_what_the_library_computes():
    for case in probes.draw_zclip_thresholds(np.random.default_rng(0)):
        rule = ZClipThreshold(warmup=case["warmup"])
        ours = [float(rule(norm)) for norm in case["norms"]]
        np.testing.assert_allclose(judges._zclip(case["norms"], case["warmup"]), ours, rtol=1e-4)
    for case in probes.draw_autoclip_thresholds(np.random.default_rng(0)):
        rule = AutoClipThreshold(case["percentile"])
        np.testing.assert_allclose(
            judges._autoclip(case["norms"], case["percentile"]), [float(rule(n)) for n in case["norms"]]
        )


@pytest.mark.parametrize(
    ("question", "names"),
    [
        (
            "autoclip_thresholds",
            {
                "autoclip_thresholds": lambda norms, p: [
                    float(r(n)) for r in [AutoClipThreshold(p)] for n in norms
                ]
            },
        ),
        (
            "zclip_thresholds",
            {
                "zclip_thresholds": lambda norms, w: [
                    float(r(n)) for r in [ZClipThreshold(warmup=w)] for n in norms
                ]
            },
        ),
    ],
)
def test_the_librarys_own_rules_are_refused(question, names):
    assert verdict(question, **names).status == "refused"


def healthy_or_not(losses, norms, max_norm, predictions, targets):
    """The rule in one expression, over tensors."""
    every = torch.cat([torch.tensor(losses), torch.tensor(norms)])
    half, quarter = len(norms) // 2, len(losses) // 4
    return (
        "broken"
        if not bool(torch.isfinite(every).all())
        else "silent"
        if torch.tensor(predictions).std() < torch.tensor(targets).std() / 100
        else "stalled"
        if sum(n > max_norm for n in norms[half:]) > 0.95 * half
        and sum(losses[-quarter:]) > 0.9 * sum(losses[:quarter])
        else "healthy"
    )


@pytest.mark.parametrize("seed", range(10))
def test_diagnose_in_another_style(seed):
    got = verdict("diagnose", seed, diagnose=healthy_or_not)
    assert got.right, got.text()


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("threshold", [4, 6.0, np.float64(10.0), torch.tensor(15.0)])
def test_a_threshold_in_the_safe_zone_passes(threshold, seed):
    got = verdict("sunspot_threshold", seed, my_threshold=threshold)
    assert got.right, got.text()


@pytest.mark.parametrize(
    ("threshold", "name"),
    [
        (math.inf, "no threshold"),
        (1e9, "no threshold"),
        (1000, "a placebo"),
        (500, "the upper edge"),
        (1.0, "a stall"),
        (0.05, "a standstill"),
    ],
)
def test_a_threshold_outside_is_told_on_which_side(threshold, name):
    got = verdict("sunspot_threshold", my_threshold=threshold)
    assert (got.status, got.misconception) == ("misconception", name), got.text()
    assert "of ten fresh runs" in got.message


@pytest.mark.parametrize("threshold", [0, -3.0, "10", True, [1.0, 2.0], math.nan])
def test_what_is_no_threshold_is_told_so(threshold):
    got = verdict("sunspot_threshold", my_threshold=threshold)
    assert got.status == "wrong"
    assert "one number above 0" in got.message


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("zclip_thresholds", {"zclip_thresholds": judges._as_it_came}),
        ("autoclip_thresholds", {"autoclip_thresholds": judges._without_the_present}),
        ("autoclip_thresholds", {"autoclip_thresholds": lambda norms, p: 3.0}),
    ],
)
def test_the_picture_shows_norms_and_thresholds(question, names):
    asked = QUESTIONS[question].asked
    cases = asked.draw(np.random.default_rng(11))
    got = decide(QUESTIONS[question], cases, ask_ours(asked, names, cases))
    picture = ElementTree.fromstring(got.picture)
    circles = [mark for mark in picture.iter() if mark.tag.endswith("circle")]
    assert len(circles) == len(got.case["norms"])
    drawn = "not drawn" not in picture.get("aria-label")
    assert drawn == (np.ndim(got.got.value) == 1)


def test_the_worked_steps_of_the_hints_are_right():
    worked = {name: question.judged.hints[2] for name, question in QUESTIONS.items()}
    ours = {name: question.judged.reference for name, question in QUESTIONS.items()}
    steps = ours["update_lengths"]["update_lengths"](np.array([1.0, 6.0, 600.0]), 0.1, 2.0)
    np.testing.assert_allclose(steps, [0.1, 0.2, 0.2])
    assert "a norm of 1 gives a step of 0.1, a norm of 6 one of 0.2" in worked["update_lengths"]
    assert ours["matching_lr"]["matching_lr"](0.1, 4.0, 2.0) == 0.2
    assert "lr 0.1 at threshold 4" in worked["matching_lr"]
    found = ours["autoclip_thresholds"]["autoclip_thresholds"](np.array([4.0, 8.0, 2.0]), 50)
    np.testing.assert_array_equal(found, [4, 6, 4])
    assert (
        "4 alone, 4; the second that of 4 and 8, 6; the third that of 4, 8 and 2, 4"
        in worked["autoclip_thresholds"]
    )
    assert f"10 + 2.5**2 * 2 / 5 = {10 + ZClipThreshold().z_max ** 2 * 2 / 5:g}" in worked["zclip_thresholds"]
