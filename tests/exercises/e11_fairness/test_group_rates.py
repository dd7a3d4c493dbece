"""Question group_rates: right answers in other styles, near misses, and what is said to each."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
import torch
from verdicts import assert_earns_nothing_and_is_told_why, drawn, ids, verdict, words_of

from course_lib.fairness import group_metrics


def rates_in_a_loop(y, said, group, k):
    counts = {(truth, chosen): 0 for truth in (0, 1) for chosen in (0, 1)}
    for truth, chosen, g in zip(y, said, group, strict=True):
        if g == k:
            counts[int(truth), int(chosen)] += 1
    n = sum(counts.values())
    approved = (counts[1, 1] + counts[0, 1]) / n if n else math.nan
    rates = [approved]
    for truth in (1, 0):
        below = counts[truth, 1] + counts[truth, 0]
        rates.append(counts[truth, 1] / below if below else math.nan)
    return rates


def rates_of_means_of_nothing(y, said, group, k):
    return tuple(said[(group == k) & among].mean() for among in (group == k, y == 1, y == 0))


def rates_in_torch(y, said, group, k):
    y, said, here = torch.tensor(y), torch.tensor(said).double(), torch.tensor(group) == k
    return torch.stack([said[here].mean(), said[here & (y == 1)].mean(), said[here & (y == 0)].mean()])


def rates_by_weights(y, said, group, k):
    here = (group == k).astype(float)
    weights = np.stack([here, here * y, here * (1 - y)])
    return np.divide(
        weights @ said, weights.sum(axis=1), out=np.full(3, np.nan), where=weights.sum(axis=1) > 0
    )


def rates_by_bayes(y, said, group, k):
    y, said = y[group == k], said[group == k]
    both, yes, chosen, n = int(y @ said), int(y.sum()), int(said.sum()), len(y)
    return np.array(
        [
            chosen / n if n else np.nan,
            both / yes if yes else np.nan,
            (chosen - both) / (n - yes) if n > yes else np.nan,
        ]
    )


RATES = [rates_in_a_loop, rates_of_means_of_nothing, rates_in_torch, rates_by_weights, rates_by_bayes]


@pytest.mark.parametrize("group_rates", RATES, ids=ids(RATES))
def test_rates_in_any_style(group_rates):
    for seed in (1, 2, 3):
        got = verdict("group_rates", seed, group_rates=group_rates)
        assert got.right, got.text()


def test_the_rates_are_those_of_the_library():
    case = drawn("group_rates", 5)[0]
    of_group = group_metrics(case["y"], case["said"].astype(float), case["group"])[case["k"]]
    expected = [of_group[name] for name in ("approval rate", "true positive rate", "false positive rate")]
    assert rates_in_a_loop(case["y"], case["said"], case["group"], case["k"]) == pytest.approx(expected)


def ready_rates(y, said, group, k):
    of_group = group_metrics(y, said.astype(float), group)[k]
    return [of_group[name] for name in ("approval rate", "true positive rate", "false positive rate")]


def rates_by_scikit_learn(y, said, group, k):
    from sklearn.metrics import recall_score

    y, said = y[group == k], said[group == k]
    return [said.mean(), recall_score(y, said), recall_score(1 - y, said)]


@pytest.mark.parametrize("group_rates", [ready_rates, rates_by_scikit_learn], ids=ids(range(2)))
def test_ready_metrics_are_refused(group_rates):
    assert verdict("group_rates", group_rates=group_rates).status == "refused"


def test_two_rates_that_forgot_the_group_are_told_so_where_somebody_is():
    def group_rates(y, said, group, k):
        here = said[group == k]
        return [here.mean() if len(here) else math.nan, said[y == 1].mean(), said[y == 0].mean()]

    for seed in range(20):
        got = verdict("group_rates", seed, group_rates=group_rates)
        assert "second and third rates count everybody" in got.message
        assert np.any(got.case["group"] == got.case["k"]), "the case shown is an ordinary one"


NEAR_MISSES = [
    lambda y, said, group, k: rates_in_a_loop(y, said, group, k)[:2],
    lambda y, said, group, k: [round(rate, 2) for rate in rates_in_a_loop(y, said, group, k)],
    lambda y, said, group, k: rates_in_a_loop(y, said, group, 1),
    lambda y, said, group, k: np.mean(said),
]


@pytest.mark.parametrize("answer", NEAR_MISSES, ids=ids(NEAR_MISSES))
def test_near_misses_earn_nothing_and_are_told_why(answer):
    assert_earns_nothing_and_is_told_why(verdict("group_rates", group_rates=answer))


def test_the_picture_of_a_group_counts_everybody_in_it():
    got = verdict("group_rates", group_rates=lambda *given: rates_in_a_loop(*given)[::-1])
    image = ElementTree.fromstring(got.picture)
    people = int(np.sum(got.case["group"] == got.case["k"]))
    dots = [entry for entry in image.iter() if entry.tag.endswith("circle")]
    assert len(dots) == people + 2  # two explain the dots
    assert f"The {people} applicants of group {got.case['k']}" in words_of(got.picture)
