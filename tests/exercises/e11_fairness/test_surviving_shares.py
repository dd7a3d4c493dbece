"""Question surviving_shares: right answers in other styles, near misses, and what is said to each."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from verdicts import assert_earns_nothing_and_is_told_why, drawn, ids, verdict


def shares_in_a_loop(G, group, max_norm):
    kept = {0: np.zeros(G.shape[1]), 1: np.zeros(G.shape[1])}
    whole = {0: np.zeros(G.shape[1]), 1: np.zeros(G.shape[1])}
    for g, k in zip(G, group, strict=True):
        long = math.hypot(*g)
        kept[int(k)] += g if long <= max_norm else g / long * max_norm
        whole[int(k)] += g
    return [math.hypot(*kept[k]) / math.hypot(*whole[k]) for k in (0, 1)]


def shares_in_torch(G, group, max_norm):
    G, members = torch.tensor(G), torch.nn.functional.one_hot(torch.tensor(group)).T.double()
    clipped = torch.renorm(G, 2, 0, max_norm)
    return (members @ clipped).norm(dim=1) / (members @ G).norm(dim=1)


def shares_by_published_formula(G, group, max_norm):
    clipped = G / np.maximum(1, np.linalg.norm(G, axis=1) / max_norm)[:, None]
    return tuple(
        float(np.linalg.norm(clipped[group == k].mean(0)) / np.linalg.norm(G[group == k].mean(0)))
        for k in (0, 1)
    )


SHARES = [shares_in_a_loop, shares_in_torch, shares_by_published_formula]


@pytest.mark.parametrize("surviving_shares", SHARES, ids=ids(SHARES))
def test_shares_in_any_style(surviving_shares):
    for seed in (1, 2, 3):
        got = verdict("surviving_shares", seed, surviving_shares=surviving_shares)
        assert got.right, got.text()


def test_clipping_costs_the_smaller_group_more_and_can_lengthen_a_sum():
    for seed in range(50):
        plain, nobody, against = drawn("surviving_shares", seed)
        shares = [shares_in_a_loop(**case.inputs) for case in (plain, nobody, against)]
        assert shares[0][1] < shares[0][0] - 0.2, f"seed {seed}"
        assert shares[1] == [1, 1]
        assert shares[2][1] > 1.1, f"seed {seed}"


@pytest.mark.parametrize("total", [np.sum, np.mean], ids=["sum", "mean"])
def test_one_factor_for_all_is_told_whichever_norm_it_came_from(total):
    def surviving_shares(G, group, max_norm):
        return [min(1, max_norm / np.linalg.norm(total(G, axis=0)))] * 2

    got = verdict("surviving_shares", surviving_shares=surviving_shares)
    assert got.misconception == "the batch is clipped"


def test_shares_in_the_other_order_are_called_right_numbers():
    for seed in range(20):
        got = verdict(
            "surviving_shares", seed, surviving_shares=lambda *given: shares_in_a_loop(*given)[::-1]
        )
        assert "right two numbers, in the other order" in got.message
        assert "group 0" in got.hints[0]


NEAR_MISSES = [
    lambda G, group, max_norm: shares_in_a_loop(G, group, max_norm)[::-1],
    lambda G, group, max_norm: shares_in_a_loop(G, group, 2 * max_norm),
    lambda G, group, max_norm: np.zeros(2),
    lambda G, group, max_norm: np.full(2, np.nan),
]


@pytest.mark.parametrize("answer", NEAR_MISSES, ids=ids(NEAR_MISSES))
def test_near_misses_earn_nothing_and_are_told_why(answer):
    assert_earns_nothing_and_is_told_why(verdict("surviving_shares", surviving_shares=answer))
