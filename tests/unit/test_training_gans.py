"""Many small GANs side by side: each must be what it would be alone, and its judges must judge."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from course_lib.clipping import clip_by_global_norm
from course_lib.training import (
    GanSetting,
    RealDigits,
    Ring,
    TrainingError,
    early_gradients,
    gans_after,
    globally,
    one_by_one,
    train_gans,
)

torch.set_num_threads(1)


def module(sizes, generator):
    """The same network as one of PyTorch's own."""
    layers = []
    for inputs, units in pairwise(sizes):
        layer = nn.Linear(inputs, units)
        with torch.no_grad():
            drawn = torch.randn(inputs, units, generator=generator) * math.sqrt(2 / inputs)
            layer.weight.copy_(drawn.T)
            layer.bias.zero_()
        layers += [layer, nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def one_gan(setting, seed, threshold, steps, adam, noise=4, hidden=16, batch=8):
    """One generator against one discriminator, the plain way, with PyTorch's optimizers and clipping."""
    target, generator = Ring(), torch.Generator().manual_seed(seed)
    G = module((noise, hidden, hidden, 2), generator)
    D = module((2, hidden, hidden, 1), generator)
    optimizers = [
        torch.optim.Adam(m.parameters(), setting.lr, betas=(0.5, 0.999))
        if adam
        else torch.optim.SGD(m.parameters(), setting.lr)
        for m in (G, D)
    ]
    norms = []
    for _ in range(steps):
        z = torch.randn(2 * batch, noise, generator=generator)
        real = target.draw(batch, generator)
        told = torch.cat([D(real), D(G(z[:batch]).detach())])
        right = torch.cat([torch.ones(batch, 1), torch.zeros(batch, 1)])
        optimizers[1].zero_grad()
        # The mean over both halves is half the sum of their means.
        (2 * nn.functional.binary_cross_entropy_with_logits(told, right)).backward()
        if setting.both:
            nn.utils.clip_grad_norm_(D.parameters(), threshold)
        optimizers[1].step()
        optimizers[0].zero_grad()
        d = torch.sigmoid(D(G(z[batch:])))
        loss = torch.log(1 - d) if setting.loss == "saturating" else -torch.log(d)
        loss.mean().backward()
        norms.append(float(nn.utils.clip_grad_norm_(G.parameters(), threshold)))
        optimizers[0].step()
    with torch.no_grad():
        return norms, G(torch.randn(50, noise, generator=generator)).numpy()


@pytest.mark.parametrize("adam", [False, True], ids=["sgd", "adam"])
def test_each_network_is_what_it_would_be_alone(adam):
    settings = [
        GanSetting("free", 0.01),
        GanSetting("generator", 0.02, globally(0.3)),
        GanSetting("both", 0.02, globally(0.3), both=True),
        GanSetting("saturating", 0.01, globally(0.3), loss="saturating"),
    ]
    runs = train_gans(
        Ring(),
        settings,
        [3, 5],
        steps=12,
        optimizer="adam" if adam else "sgd",
        hidden=16,
        batch_size=8,
        judged=50,
    )
    for i, setting in enumerate(settings):
        for j, seed in enumerate((3, 5)):
            threshold = 0.3 if setting.clip else math.inf
            norms, samples = one_gan(setting, seed, threshold, 12, adam)
            np.testing.assert_allclose(runs.norms[:, i, j], norms, rtol=2e-3)
            np.testing.assert_allclose(runs.samples[i, j], samples, atol=2e-3)
    assert (runs.norms[:, 1] > 0.3).any(), "nothing was clipped, so nothing was compared"


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_judging_on_the_way_changes_nothing(optimizer):
    settings = [GanSetting("free", 0.02), GanSetting("clipped", 0.02, globally(0.3), both=True)]
    asked = {"optimizer": optimizer, "hidden": 16, "batch_size": 8, "judged": 50}
    for count, stage in zip([0, 4, 9], gans_after([0, 4, 9], Ring(), settings, [3, 5], **asked), strict=True):
        alone = train_gans(Ring(), settings, [3, 5], steps=count, **asked)
        for name, expected in vars(alone).items():
            np.testing.assert_array_equal(getattr(stage, name), expected, name)


def test_your_own_clip_does_what_the_library_does():
    mine = one_by_one(lambda grads: clip_by_global_norm(grads, 0.1)[0])
    runs = train_gans(
        Ring(),
        [GanSetting("mine", 0.1, mine, both=True), GanSetting("its", 0.1, globally(0.1), both=True)],
        range(2),
        steps=10,
    )
    np.testing.assert_allclose(runs.samples[0], runs.samples[1], atol=1e-5)
    assert runs.names == ("mine", "its")


def test_the_ring_counts_modes_and_quality():
    target = Ring()
    real = target.draw(2000, torch.Generator().manual_seed(0))
    mode, good = target.judge(real)
    assert good.double().mean() > 0.999  # beyond four standard deviations in the plane: exp(-8)
    assert torch.bincount(mode, minlength=8).min() > 150
    middle = torch.zeros(1, 10, 2)
    assert not target.judge(middle)[1].any()
    assert not target.judge(middle * math.nan)[1].any()


def test_a_mode_needs_one_good_sample_in_a_hundred():
    from course_lib.training.gans import _score

    target = Ring()
    samples = target.middles[0].repeat(3, 200, 1)
    samples[1, :2] = target.middles[3]  # one in a hundred
    samples[1, 2] = target.middles[4]  # one in two hundred
    samples[2, :50] = target.middles[5] + 0.3  # nearest to mode 5, and not good
    modes, quality = _score(target, samples)
    assert modes.tolist() == [1, 2, 1]
    np.testing.assert_allclose(quality, [1, 1, 0.75])


def test_digits_are_judged_by_their_nearest_neighbour():
    target = RealDigits()
    assert target.accuracy > 0.97
    digits_drawn = target.draw(500, torch.Generator().manual_seed(0))
    mode, good = target.judge(digits_drawn)
    assert good.all() and len(set(mode.tolist())) == 10
    assert not target.judge(torch.rand(200, 64, generator=torch.Generator().manual_seed(0)))[1].any()
    average = target.known.mean(dim=0, keepdim=True)
    assert not target.judge(average)[1].any(), "the mean of all digits is no digit"
    assert target.judge(target.known[:100].view(4, 25, 64))[0].shape == (4, 25)


def test_a_broken_network_scores_nothing_and_says_so():
    broken = GanSetting("broken", 0.01, lambda grads: [g * math.nan for g in grads])
    runs = train_gans(Ring(), [broken, GanSetting("calm", 0.01)], range(2), steps=20)
    assert runs.finite.tolist() == [[False, False], [True, True]]
    assert runs.modes[0].tolist() == [0, 0] and runs.quality[0].tolist() == [0, 0]


def test_only_the_saturating_loss_falls_silent():
    early = early_gradients(Ring(), range(3), [0, 300])
    assert (early.fooled[1] < 0.1).all()
    assert (early.saturating[1] < 0.3 * early.saturating[0]).all()
    assert (early.non_saturating[1] > 1.5 * early.non_saturating[0]).all()


def test_the_two_gradients_differ_by_the_odds():
    """grad log(1 - D) = -D grad logit and grad -log D = -(1 - D) grad logit: equal where D is one half."""
    target = Ring()
    early = early_gradients(target, [0], [0])
    ratio = (early.saturating / early.non_saturating).item()
    assert 0.2 < ratio < 5
    assert early.fooled.item() == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"settings": []}, "at least one setting"),
        ({"seeds": []}, "at least one setting and one seed"),
        ({"optimizer": "rmsprop"}, 'optimizer must be "sgd" or "adam"'),
        ({"settings": [GanSetting("odd", 0.1, loss="hinge")]}, "The loss of 'odd' must be one of"),
    ],
)
def test_what_cannot_work_gets_one_sentence(asked, said):
    given = {"settings": [GanSetting("plain", 0.1)], "seeds": [0]} | asked
    with pytest.raises(TrainingError, match=said):
        train_gans(Ring(), given.pop("settings"), given.pop("seeds"), steps=1, **given)


@pytest.mark.parametrize(("seeds", "counts"), [([], [0]), ([0], []), ([0], [3, 1]), ([0], [-1])])
def test_early_gradients_need_rising_counts(seeds, counts):
    with pytest.raises(TrainingError, match="counts of steps that rise"):
        early_gradients(Ring(), seeds, counts)


@pytest.mark.parametrize("counts", [[], [3, 1], [2, 2], [-1]])
def test_stages_need_rising_counts(counts):
    with pytest.raises(TrainingError, match="counts that rise"):
        next(gans_after(counts, Ring(), [GanSetting("plain", 0.1)], [0]))
