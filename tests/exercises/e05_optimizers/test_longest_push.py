"""Question longest_push: right answers in other styles, near misses, and what is said to each."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
import torch
from verdicts import assert_earns_nothing_and_is_told_why, find, ids, verdict

QUESTION = find("longest_push")


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


NEAR_MISSES = [
    lambda b1, b2: [],
    lambda b1, b2: np.zeros(10),
    lambda b1, b2: np.full(10, np.nan),
    lambda b1, b2: np.ones(60_000),
    lambda b1, b2: np.ones((2, 2)),
]


@pytest.mark.parametrize("answer", NEAR_MISSES, ids=ids(NEAR_MISSES))
def test_near_misses_earn_nothing_and_are_told_why(answer):
    assert_earns_nothing_and_is_told_why(verdict("longest_push", longest_push=answer))


def test_the_picture_of_a_push_says_both_lengths():
    got = verdict("longest_push", longest_push=lambda b1, b2: np.ones(500))
    image = ElementTree.fromstring(got.picture)
    assert "The last step is 1.000 learning rates long" in image.get("aria-label")


def test_the_worked_step_of_the_last_hint_is_right():
    hint = QUESTION.judged.hints[2]
    assert f"{0.75 / 0.5:g}, {(0.75 / 0.5) ** 2:g} and so on" in hint
