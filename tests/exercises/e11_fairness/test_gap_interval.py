"""Question gap_interval: right answers in other styles, near misses, and what is said to each."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.stats import binom
from verdicts import assert_earns_nothing_and_is_told_why, drawn, find, ids, verdict, words_of

from course_lib.checks.asking import ask_ours
from course_lib.checks.probes.e11_fairness import applications
from course_lib.checks.probes.e11_fairness import gap_interval as probes
from course_lib.fairness.inputs import FairnessError
from course_lib.fairness.logistic import logistic_optimum

QUESTION = find("gap_interval")


def interval_row_by_row(y, said, group, rng):
    gaps = []
    for _ in range(4000):
        rate = []
        for k in (0, 1):
            rows = np.flatnonzero(group == k)
            rows = rows[rng.integers(0, len(rows), len(rows))]
            rate.append(said[rows][y[rows] == 1].mean())
        gaps.append(rate[0] - rate[1])
    return np.percentile(gaps, [2.5, 97.5])


def interval_of_everybody_resampled(y, said, group, rng):
    rows = rng.integers(0, len(y), (5000, len(y)))
    y, said, group = y[rows], said[rows], group[rows]
    rates = [(y * said * (group == k)).sum(1) / (y * (group == k)).sum(1) for k in (0, 1)]
    return [float(end) for end in np.quantile(rates[0] - rates[1], [0.025, 0.975])]


def interval_of_the_approved_alone(y, said, group, rng):
    rates = []
    for k in (0, 1):
        approved = said[(group == k) & (y == 1)]
        rates.append(rng.choice(approved, (6000, len(approved))).mean(axis=1))
    gaps = np.sort(rates[0] - rates[1])
    return torch.tensor([gaps[150], gaps[-151]])


def interval_by_counts(y, said, group, rng):
    rates = []
    for k in (0, 1):
        approved = said[(group == k) & (y == 1)]
        rates.append(rng.binomial(len(approved), approved.mean(), 20_000) / len(approved))
    return tuple(np.quantile(rates[0] - rates[1], [0.025, 0.975]))


def interval_without_luck(y, said, group, rng):
    """The two binomial distributions themselves, folded."""
    tables = []
    for k in (0, 1):
        approved = said[(group == k) & (y == 1)]
        hits = np.arange(len(approved) + 1)
        tables.append((hits / len(approved), binom.pmf(hits, len(approved), approved.mean())))
    gaps = (tables[0][0][:, None] - tables[1][0]).ravel()
    order = np.argsort(gaps)
    below = np.cumsum((tables[0][1][:, None] * tables[1][1]).ravel()[order])
    return gaps[order][np.searchsorted(below, [0.025, 0.975])]


INTERVALS = [
    interval_row_by_row,
    interval_of_everybody_resampled,
    interval_of_the_approved_alone,
    interval_by_counts,
    interval_without_luck,
]


@pytest.mark.parametrize("gap_interval", INTERVALS[:3], ids=ids(range(3)))
def test_an_interval_in_any_style(gap_interval):
    got = verdict("gap_interval", gap_interval=gap_interval)
    assert got.right, got.text()


@pytest.mark.parametrize("gap_interval", INTERVALS[3:], ids=ids(range(2)))
def test_an_interval_by_quicker_ways_for_many_seeds(gap_interval):
    for seed in range(20):
        got = verdict("gap_interval", seed, gap_interval=gap_interval)
        assert got.right, f"seed {seed}: {got.text()}"


def test_applications_are_decided_in_every_order():
    """In this order a rare feature separates the applications that the lender's imitator sees: no optimum exists."""
    X, y, _ = applications.mortgage_applications(319100674, count=1976)
    with pytest.raises(FairnessError):
        logistic_optimum(X[400:], y[400:])
    found, following = (probes.decided_applications(seed) for seed in (319100674, 319100675))
    for name in ("y", "said", "group"):
        np.testing.assert_array_equal(found[name], following[name])


def test_luck_does_not_decide():
    """The reference, drawn with 40 other generators on one set of cases, is right each time."""
    question = QUESTION
    for case in drawn("gap_interval", 3)[:2]:
        for seed in range(40):
            again = type(case)(case.label, {**case.inputs, "seed": seed})
            answer = ask_ours(question.asked, question.judged.reference, [again])[0]
            assert question.judged.judge(again, answer.value).right, f"{case.label}, generator {seed}"


def ready_interval(y, said, group, rng):
    from course_lib.fairness import bootstrap_metrics, gaps, interval

    drawn_gaps = gaps(bootstrap_metrics(y, said.astype(float), group, rng), 0, 1)
    return interval(drawn_gaps["true positive rate"])


def scipys_interval(y, said, group, rng):
    from scipy.stats import bootstrap

    approved = [said[(group == k) & (y == 1)] for k in (0, 1)]
    found = bootstrap(approved, lambda a, b, axis: a.mean(axis) - b.mean(axis), method="percentile", rng=rng)
    return found.confidence_interval


@pytest.mark.parametrize("gap_interval", [ready_interval, scipys_interval], ids=ids(range(2)))
def test_a_ready_interval_is_refused(gap_interval):
    assert verdict("gap_interval", gap_interval=gap_interval).status == "refused"


def test_few_resamples_are_told_of_luck():
    def gap_interval(y, said, group, rng):
        low, high = interval_without_luck(y, said, group, rng)
        return low + 0.12 * (high - low) / 4, high

    got = verdict("gap_interval", gap_interval=gap_interval)
    assert got.status == "wrong"
    assert "may be bad luck" in got.message


def test_an_interval_upside_down_is_told():
    got = verdict("gap_interval", gap_interval=lambda *given: interval_without_luck(*given)[::-1])
    assert "low end comes first" in got.message
    assert "other order" in got.hints[0]


NEAR_MISSES = [
    lambda y, said, group, rng: (-1.0, 1.0),
    lambda y, said, group, rng: (math.nan, math.nan),
    lambda y, said, group, rng: 0.1,
    lambda y, said, group, rng: np.sort(rng.normal(size=4000)),
    lambda *given: interval_without_luck(*given) + 0.05,
]


@pytest.mark.parametrize("answer", NEAR_MISSES, ids=ids(NEAR_MISSES))
def test_near_misses_earn_nothing_and_are_told_why(answer):
    assert_earns_nothing_and_is_told_why(verdict("gap_interval", gap_interval=answer))


def test_the_picture_of_an_interval_says_where_the_answer_lies():
    got = verdict("gap_interval", gap_interval=lambda y, said, group, rng: (0.1, 0.2))
    assert "your interval runs from 0.100 to 0.200" in words_of(got.picture)
