"""Question cure_and_strength: right answers in other styles, near misses, and what is said to each."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from verdicts import verdict

from course_lib.checks.probes.e05_optimizers import cure_and_strength as probes


@pytest.mark.parametrize(
    ("cure", "strength"), [("clip", 1), ("clip", np.float64(0.01)), ("clip", torch.tensor(3.0))]
)
def test_any_choice_in_the_good_range_passes(cure, strength):
    for seed in (1, 2):
        got = verdict("cure_and_strength", seed, my_cure=cure, my_strength=strength)
        assert got.right, got.text()


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
