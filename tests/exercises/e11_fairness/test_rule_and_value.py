"""Question rule_and_value: right answers in other styles, near misses, and what is said to each."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
import torch
from verdicts import find, verdict, words_of

from course_lib.checks.judges.e11_fairness import rule_and_value as judges
from course_lib.checks.probes.e11_fairness import rule_and_value as probes
from course_lib.fairness import GroupSetting

QUESTION = find("rule_and_value")


@pytest.mark.parametrize(
    ("rule", "value"),
    [("weigh", 0.75), ("weigh", np.float64(0.7)), ("cap", torch.tensor(0.65)), ("cap", 0.6)],
)
def test_any_choice_in_the_good_range_passes(rule, value):
    got = verdict("rule_and_value", 4, my_rule=rule, my_value=value)
    assert got.right, got.text()


def of_many_draws(rule, value):
    """How many of 2000 draws of six fresh networks reach both accuracies."""
    scanned, inverted = probes.accuracies_of_each(rule, value, probes.FRESH_NETWORKS)
    rng = np.random.default_rng(0)
    six = np.stack([rng.choice(len(scanned), 6, replace=False) for _ in range(2000)])
    reached = (scanned[six].mean(axis=1) >= judges.AS_SCANNED) & (
        inverted[six].mean(axis=1) >= judges.INVERTED
    )
    return reached.mean()


@pytest.mark.parametrize(("rule", "value"), [("weigh", 0.7), ("weigh", 0.75), ("cap", 0.65)])
def test_a_good_choice_does_not_hang_on_the_draw(rule, value):
    assert of_many_draws(rule, value) > 0.99


@pytest.mark.parametrize(("rule", "value"), [("weigh", 1.0), ("weigh", 0.5), ("cap", 2.0), ("cap", 0.4)])
def test_what_one_would_guess_without_an_experiment_fails(rule, value):
    assert of_many_draws(rule, value) < 0.02


def test_without_a_rule_no_learning_rate_reaches_the_inverted():
    """Each rule stands at its best learning rate; so does none."""
    from course_lib.fairness.digit_groups import train_digit_groups

    rates = [0.3, 0.7, 1.0, 2.0, 3.0]
    runs = train_digit_groups([GroupSetting(f"{lr}", lr) for lr in rates], range(6), share=0.05, units=24)
    assert runs.inverted.mean(axis=1).max() < 0.5


@pytest.mark.parametrize(
    ("rule", "value", "said"),
    [
        ("clip", 1, "must be 'cap' or 'weigh'"),
        (1, 1, "must be 'cap' or 'weigh'"),
        ("cap", 0, "one number above 0"),
        ("weigh", -1, "one number above 0"),
        ("weigh", float("nan"), "one number above 0"),
        ("weigh", "1", "one number above 0"),
        ("weigh", True, "one number above 0"),
        ("cap", [1.0, 2.0], "one number above 0"),
        ("weigh", 1000, "leaves nothing of the larger group"),
    ],
)
def test_a_choice_of_the_wrong_form_gets_one_sentence(rule, value, said):
    got = verdict("rule_and_value", my_rule=rule, my_value=value)
    assert got.status == "wrong"
    assert said in got.message


def told_of(rule, value, scanned, inverted, monkeypatch):
    """What is said of a choice that reaches these accuracies, which no training needs to reach."""
    monkeypatch.setattr(judges, "_accuracies_of_each", lambda *_: [(scanned, inverted)] * 6)
    return verdict("rule_and_value", my_rule=rule, my_value=value)


@pytest.mark.parametrize(
    ("rule", "value", "reached", "said"),
    [
        ("cap", 1.0, (0.962, 0.597), "only kept from being much louder"),
        ("cap", 1.0, (0.962, 0.605), "Almost: the inverted digits lack 0.015. Go down a little."),
        ("cap", 0.5, (0.934, 0.696), "Almost: the digits as scanned lack 0.006. Go up a little."),
        ("cap", 0.4, (0.880, 0.677), "the digits as scanned fall short"),
        ("cap", 0.2, (0.022, 0.788), "the larger group hardly counts"),
        ("weigh", 0.6, (0.961, 0.611), "Almost: the inverted digits lack 0.009. Go up a little."),
        ("weigh", 1.0, (0.897, 0.646), "The digits as scanned lose by it"),
        ("weigh", 1.1, (0.786, 0.590), "Both groups lose by it"),
        ("weigh", 2.0, (0.026, 0.309), "Now both groups lose"),
    ],
)
def test_a_choice_is_told_what_its_accuracies_say(rule, value, reached, said, monkeypatch):
    got = told_of(rule, value, *reached, monkeypatch)
    assert got.status == "misconception"
    assert said in got.message
    assert ("hardly counts" in got.message) == (value == 0.2)


def test_the_worked_step_of_the_last_hint_is_measured():
    told = re.findall(r"about (0\.\d\d) and (0\.\d\d)", QUESTION.judged.hints[2])
    assert len(told) == 2
    for value, pair in zip((0.5, 1.0), told, strict=True):
        measured = probes.accuracies_of_each("weigh", value, probes.FRESH_NETWORKS).mean(axis=1)
        # Forty networks at a rate near the edge: the last bit of a sum moves the mean by a hundredth or two.
        assert np.abs(np.array(pair, float) - measured).max() < 0.025


def test_an_unknown_rule_is_said():
    with pytest.raises(ValueError, match="one of 'cap', 'weigh'"):
        probes.group_accuracies("hope", 1)


def test_the_picture_of_a_choice_shows_every_network_and_says_the_means():
    got = verdict("rule_and_value", my_rule="weigh", my_value=0.3)
    image = ElementTree.fromstring(got.picture)
    dots = [entry for entry in image.iter() if entry.tag.endswith("circle")]
    assert len(dots) == 6 + 1  # one explains the dots
    scanned, inverted = judges._accuracies_of(got.case, got.got.value)
    assert f"yours reach {scanned:.2f} and {inverted:.2f}" in words_of(got.picture)
