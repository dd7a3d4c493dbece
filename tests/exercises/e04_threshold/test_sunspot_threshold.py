"""Question sunspot_threshold: right answers in other styles, near misses, and what is said to each."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from verdicts import verdict


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
