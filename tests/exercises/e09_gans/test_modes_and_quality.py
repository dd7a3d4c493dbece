"""Question modes_and_quality: right answers in other styles, near misses, and what is said to each."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
import torch
from verdicts import (
    assert_earns_nothing_and_is_told_why,
    find,
    ids,
    verdict,
    words_of,
)

QUESTION = find("modes_and_quality")


def modes_in_a_loop(samples, known, labels, allowed, share):
    hits, good = {}, 0
    for sample in samples.tolist():
        if any(math.isnan(entry) for entry in sample):
            continue
        best = min(range(len(known)), key=lambda k: math.dist(sample, known[k]))
        if math.dist(sample, known[best]) <= allowed:
            good += 1
            hits[int(labels[best])] = hits.get(int(labels[best]), 0) + 1
    return [sum(count >= share * len(samples) for count in hits.values()), good / len(samples)]


def modes_in_torch(samples, known, labels, allowed, share):
    near = torch.cdist(torch.tensor(samples), torch.tensor(known)).min(dim=1)
    good = near.values <= allowed
    counts = torch.bincount(torch.tensor(labels)[near.indices[good]])
    return (counts / len(samples) >= share).sum(), good.float().mean()


def modes_by_squares(samples, known, labels, allowed, share):
    squares = ((samples**2).sum(1)[:, None] - 2 * samples @ known.T + (known**2).sum(1)).clip(0)
    good = np.nan_to_num(squares, nan=np.inf).min(1) <= allowed**2
    _, counts = np.unique(labels[squares.argmin(1)[good]], return_counts=True)
    return np.array([(counts >= share * len(samples)).sum(), good.mean()])


COUNTERS = [modes_in_a_loop, modes_in_torch, modes_by_squares]


@pytest.mark.parametrize("modes_and_quality", COUNTERS, ids=ids(COUNTERS))
def test_modes_in_any_style(modes_and_quality):
    for seed in (11, 12):
        got = verdict("modes_and_quality", seed, modes_and_quality=modes_and_quality)
        assert got.right, got.text()


@pytest.mark.parametrize("target", ["Ring", "RealDigits"])
def test_a_ready_judge_of_samples_is_refused(target):
    from course_lib.training import gans

    ready = getattr(gans, target)()

    def modes_and_quality(samples, known, labels, allowed, share):
        return ready.judge(torch.tensor(samples[None], dtype=torch.float32))

    assert verdict("modes_and_quality", modes_and_quality=modes_and_quality).status == "refused"


def test_the_modes_of_the_judge_are_those_of_the_lesson():
    from course_lib.training.gans import Ring

    ring, reference = Ring(), QUESTION.judged.reference["modes_and_quality"]
    rng = np.random.default_rng(3)
    samples = ring.middles.numpy()[rng.integers(0, 8, 500) // 2] + rng.normal(scale=0.15, size=(500, 2))
    mode, good = ring.judge(torch.tensor(samples[None], dtype=torch.float32))
    shares = torch.bincount(mode[0][good[0]], minlength=8) / 500
    modes, quality = reference(samples, ring.middles.double().numpy(), np.arange(8), 0.2, 0.01)
    assert (modes, quality) == (int((shares >= 0.01).sum()), pytest.approx(float(good.double().mean())))
    assert 0 < modes < 8


NEAR_MISSES = [
    lambda samples, known, labels, allowed, share: 8,
    lambda samples, known, labels, allowed, share: modes_in_a_loop(samples, known, labels, allowed, share)[
        ::-1
    ],
]


@pytest.mark.parametrize("answer", NEAR_MISSES, ids=ids(NEAR_MISSES))
def test_near_misses_earn_nothing_and_are_told_why(answer):
    assert_earns_nothing_and_is_told_why(verdict("modes_and_quality", modes_and_quality=answer))


@pytest.mark.parametrize(
    ("answer", "part"),
    [
        (lambda *inputs: (5.5, modes_in_a_loop(*inputs)[1]), "for modes"),
        (lambda *inputs: (modes_in_a_loop(*inputs)[0], 7.5), "for quality"),
    ],
)
def test_a_part_that_is_wrong_is_called_by_its_name(answer, part):
    got = verdict("modes_and_quality", modes_and_quality=answer)
    assert f" {part}, got" in got.message, got.text()
    assert " at " not in got.message.split(": expected")[1]


def modes_counted(modes=None, is_good=None, of=None, of_quality=None):
    """Right but for one line: the modes counted, what is good, or how many samples a share is of."""

    def modes_and_quality(samples, known, labels, allowed, share):
        distances = np.linalg.norm(samples[:, None] - known[None], axis=2)
        nearest = distances.min(axis=1)
        good = nearest < allowed if is_good == "<" else nearest <= allowed
        label, ok = labels[distances.argmin(axis=1)], ~np.isnan(samples).any(axis=1)
        needed = share * (ok.sum() if of == "finite" else len(samples))
        covered = sum((good & (label == k)).sum() >= needed for k in modes or set(labels.tolist()))
        return covered, good.sum() / (ok.sum() if of_quality == "finite" else len(samples))

    return modes_and_quality


@pytest.mark.parametrize(
    ("modes_and_quality", "said"),
    [
        (modes_counted(modes=range(8)), "You count labels 0 to 7"),
        (modes_counted(modes=range(9)), "For 64 samples judged by 150 real digits: expected"),
        (modes_counted(is_good="<"), "exactly 0.25 away is good"),
        (modes_counted(of="finite"), "Your share of a mode is one of the samples that are not nan"),
        (modes_counted(of_quality="finite"), "Your quality divides by the samples that are not nan"),
        (lambda *inputs: modes_counted()(*inputs)[::-1], "quality first"),
    ],
)
def test_the_natural_mistakes_of_counting_modes_are_named(modes_and_quality, said):
    for seed in range(20):
        got = verdict("modes_and_quality", seed, modes_and_quality=modes_and_quality)
        assert got.points == 0
        assert said in got.message, got.text()


def test_the_worked_step_of_the_last_hint_is_right():
    hint = QUESTION.judged.hints[2]
    reference = QUESTION.judged.reference["modes_and_quality"]
    points = np.array([[0.0], [10.0]])
    samples = np.array([[0.1], [0.1], [3.0], [10.1], [7.0]])
    assert reference(samples, points, np.array([3, 7]), 0.2, 0.3) == (1, 0.6)
    assert "one mode is covered, and the quality is 3/5" in hint


def test_the_picture_of_samples_counts_them():
    got = verdict("modes_and_quality", modes_and_quality=lambda *inputs: (8, 1.0))
    good = round(64 * got.expected[1])
    assert f"{good} are good" in words_of(got.picture)
    hits = [element.text for element in ElementTree.fromstring(got.picture) if (element.text or "").isdigit()]
    assert sum(map(int, hits)) == good
    assert len(hits) == 8
