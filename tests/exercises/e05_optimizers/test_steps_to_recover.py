"""Question steps_to_recover: right answers in other styles, near misses, and what is said to each."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from verdicts import assert_earns_nothing_and_is_told_why, find, ids, verdict

from course_lib.training.optimizers import braked_share, recovery_steps

QUESTION = find("steps_to_recover")


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
    reference = QUESTION.judged.reference["steps_to_recover"]
    for spike, beta2, share in ((100, 0.999, 0.9), (37.5, 0.99, 0.8), (3, 0.999, 0.9)):
        assert reference(spike, beta2, share) == recovery_steps(spike, beta2, share)


NEAR_MISSES = [
    lambda k, b, q: counted_by_running(k, b, q) + 1,
    lambda k, b, q: str(counted_by_running(k, b, q)),
    lambda k, b, q: 3751,
]


@pytest.mark.parametrize("answer", NEAR_MISSES, ids=ids(NEAR_MISSES))
def test_near_misses_earn_nothing_and_are_told_why(answer):
    assert_earns_nothing_and_is_told_why(verdict("steps_to_recover", steps_to_recover=answer))


def test_the_picture_of_a_recovery_says_where_the_answer_stands():
    got = verdict("steps_to_recover", steps_to_recover=lambda k, b, q: 100)
    image = ElementTree.fromstring(got.picture)
    share = braked_share(got.case["spike"], got.case["beta2"], after=100)
    assert f"after your 100 it is at {share:.3f}" in image.get("aria-label")


def test_the_worked_step_of_the_last_hint_is_right():
    hint = QUESTION.judged.hints[2]
    excess, goal = 0.001 * (10**2 - 1), 0.97**-2 - 1
    exact = math.log(excess / goal) / -math.log(0.999)
    assert f"v is {1 + excess:g} right after" in hint
    assert f"1 / 0.97**2 = {1 + goal:.4f}" in hint
    assert f"n = {exact:.1f}, and {math.ceil(exact)} whole steps" in hint
    reference = QUESTION.judged.reference["steps_to_recover"]
    assert reference(10, 0.999, 0.97) == math.ceil(exact)
