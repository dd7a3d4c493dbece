"""Question game_choice: right answers in other styles, near misses, and what is said to each."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from verdicts import find, verdict, words_of

from course_lib.checks.probes.e09_gans import game_choice as probes
from course_lib.dynamics.games import play

QUESTION = find("game_choice")


@pytest.mark.parametrize(
    ("lr", "max_norm"), [(0.35, 1.0), (0.3, 1), (np.float64(0.5), 0.8), (torch.tensor(0.4), 1.3)]
)
def test_any_choice_in_the_good_range_passes(lr, max_norm):
    for seed in range(4):
        got = verdict("game_choice", seed, my_scheme="extragradient", my_lr=lr, my_max_norm=max_norm)
        assert got.right, got.text()


def test_the_choice_has_room_on_both_sides():
    def final(scheme, lr, c, seed):
        return probes.noisy_distances(scheme, lr, c, range(50 * seed, 50 * seed + 10))[-100:].mean()

    for seed in range(3):
        good = ((0.3, 1.0), (0.35, 1.0), (0.4, 1.3), (0.6, 0.8))
        assert max(final("extragradient", lr, c, seed) for lr, c in good) < 0.25
        for scheme in ("simultaneous", "alternating"):
            assert min(final(scheme, lr, c, seed) for lr in (0.03, 0.3) for c in (0.3, 3, math.inf)) > 3
        assert (
            min(final("extragradient", lr, c, seed) for lr, c in ((0.35, 10), (0.35, 0.3), (0.05, 1))) > 0.6
        )


def test_the_noisy_game_is_the_game_when_there_is_no_noise(monkeypatch):
    monkeypatch.setattr(probes, "NOISE", 0.0)
    monkeypatch.setattr(probes, "_noisy_game", probes._noisy_game.__wrapped__)
    for scheme in probes.SCHEMES:
        got = probes.noisy_distances(scheme, 0.3, 1.5, [5])
        assert got.shape == (401, 1)
        assert got[0, 0] == pytest.approx(4)
        # Alternation is not the same in every direction; the other two are.
        if scheme != "alternating":
            assert got[:, 0] == pytest.approx(play((4.0, 0.0), 0.3, 400, scheme, 1.5).radii, rel=1e-9)
        else:
            assert 2 < got.min() < got.max() < 7  # simultaneous steps would be at 9.8 by now


def test_an_unknown_scheme_is_said():
    with pytest.raises(ValueError, match="one of 'simultaneous', 'alternating', 'extragradient'"):
        probes.noisy_distances("optimistic", 0.1, 1)


@pytest.mark.parametrize(
    ("scheme", "lr", "max_norm", "said"),
    [
        ("extra", 0.3, 1, "my_scheme must be"),
        (1, 0.3, 1, "my_scheme must be"),
        ("extragradient", 0, 1, "my_lr must be"),
        ("extragradient", math.inf, 1, "my_lr must be"),
        ("extragradient", "0.3", 1, "my_lr must be"),
        ("extragradient", 0.3, 0, "my_max_norm must be"),
        ("extragradient", 0.3, math.nan, "my_max_norm must be"),
        ("extragradient", 0.3, [1, 2], "my_max_norm must be"),
        ("extragradient", 0.3, True, "my_max_norm must be"),
    ],
)
def test_a_choice_of_the_wrong_form_gets_one_sentence(scheme, lr, max_norm, said):
    got = verdict("game_choice", my_scheme=scheme, my_lr=lr, my_max_norm=max_norm)
    assert got.status == "wrong"
    assert said in got.message


@pytest.mark.parametrize(
    ("lr", "max_norm", "name"),
    [
        (0.3, 10, "threshold too high"),
        (0.9, 3, "threshold too high"),
        (0.3, 0.3, "threshold too low"),
        (0.05, math.inf, "learning rate too small"),
        (0.05, 0.1, "learning rate too small"),
        (1.5, math.inf, "learning rate too large"),
    ],
)
def test_a_choice_that_fails_is_told_which_number_is_to_blame(lr, max_norm, name):
    for seed in range(4):
        got = verdict("game_choice", seed, my_scheme="extragradient", my_lr=lr, my_max_norm=max_norm)
        assert got.misconception == name, got.text()


def test_the_worked_step_of_the_last_hint_is_right():
    hint = QUESTION.judged.hints[2]
    assert round(4**2 / (0.2 * 0.5) ** 2) == 1600
    assert "1,600 steps" in hint


def test_the_picture_of_a_choice_says_what_came_of_it():
    got = verdict("game_choice", my_scheme="alternating", my_lr=0.1, my_max_norm=1.0)
    assert "0.3 is asked" in words_of(got.picture)
