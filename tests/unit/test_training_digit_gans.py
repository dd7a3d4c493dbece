"""The record of GANs on real digits: the file holds what it says it holds, and a part of it comes out again."""

import json
import math

import numpy as np
import pytest
import torch

from course_lib.training import TrainingError
from course_lib.training.digit_gans import (
    COUNTS,
    FILE,
    RATES,
    SEEDS,
    THRESHOLDS,
    DigitGans,
    as_json,
    record,
    recorded,
)

torch.set_num_threads(1)


@pytest.mark.parametrize("optimizer", RATES)
def test_the_file_holds_the_whole_record(optimizer):
    kept = recorded(optimizer)
    assert (kept.thresholds, kept.rates, kept.counts, kept.seeds) == (
        THRESHOLDS,
        RATES[optimizer],
        COUNTS,
        SEEDS,
    )
    shape = len(THRESHOLDS), len(kept.rates)
    assert kept.modes.shape == kept.quality.shape == (*shape, len(COUNTS), len(SEEDS))
    assert kept.clipped.shape == (*shape, len(SEEDS))
    assert kept.samples.shape == (*shape, 10, 64)
    for share in (kept.quality, kept.clipped, kept.samples):
        assert share.min() >= 0 and share.max() <= 1
    assert set(np.unique(kept.modes)) <= set(range(11))
    # A covered mode needs ten good samples of a thousand.
    assert (kept.quality >= 0.01 * kept.modes - 1e-9).all()
    assert (kept.clipped[THRESHOLDS.index(math.inf)] == 0).all()
    assert len(SEEDS) >= 10


def test_reading_and_writing_change_nothing():
    text = FILE.read_text(encoding="utf-8")
    assert as_json({optimizer: recorded(optimizer) for optimizer in RATES}) == text
    assert len(text) < 300_000


# Training is chaotic. On the machine of the record a part of it comes out again to the last bit; on another one, single
# runs end elsewhere. First weights changed by a millionth moved the means over ten seeds, after 1000 steps, by up to
# 0.07 in quality (of 0.35) and 1.0 in modes (of 8).
QUALITY_WITHIN, MODES_WITHIN = 0.15, 2.0


def differs(kept, place, again):
    """Whether the seeds' means after 1000 steps, unclipped, are others than those on record at a place in `rates`."""
    count = kept.counts.index(1000)
    quality = abs(again.quality[0, 0, -1].mean() - kept.quality[0, place, count].mean())
    modes = abs(again.modes[0, 0, -1].mean() - kept.modes[0, place, count].mean())
    return bool(quality > QUALITY_WITHIN or modes > MODES_WITHIN)


@pytest.mark.parametrize(("optimizer", "rate"), [("sgd", 0.2), ("adam", 0.004)])
def test_a_part_of_the_record_comes_out_again(optimizer, rate):
    kept = recorded(optimizer)
    again = record(optimizer, thresholds=[math.inf], rates=[rate], counts=[1000])
    assert [differs(kept, place, again) for place in (kept.rates.index(rate), 0)] == [False, True]
    if optimizer == "sgd":
        assert differs(kept, -1, again)  # at 0.8 nothing is learned


def test_the_best_rate_is_the_one_with_the_highest_mean_at_the_end():
    kept = record("sgd", thresholds=[math.inf, 1.0], rates=[0.1, 0.2, 0.4], counts=[0], seeds=[0])
    quality = np.zeros_like(kept.quality)
    quality[1, 2], quality[0, 1] = 0.5, 0.3
    kept = DigitGans(**vars(kept) | {"quality": quality})
    assert (kept.best(math.inf), kept.best(1.0)) == (1, 2)
    with pytest.raises(TrainingError, match=r"must be one of \(inf, 1.0\), but it is 3"):
        kept.best(3)


@pytest.mark.parametrize("called", [record, recorded])
def test_another_optimizer_gets_one_sentence(called):
    with pytest.raises(TrainingError, match='optimizer must be "sgd" or "adam", but it is \'lion\''):
        called("lion")


def test_samples_of_a_broken_generator_can_be_written():
    kept = record("sgd", thresholds=[math.inf], rates=[1e30], counts=[5], seeds=[0])
    assert set(json.loads(as_json({"sgd": kept}))["sgd"]["samples"][0][0][0]) == {0}
