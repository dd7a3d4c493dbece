"""Networks as rows of one array: their gradient is autograd's, and rows never mix."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from course_lib.training.digit_networks import DigitNetworks
from course_lib.training.own_clip import TrainingError


def by_autograd(row, x, y):
    w = torch.from_numpy(row.astype(np.float64)).requires_grad_()
    w1, b1, w2, b2 = torch.split(w, [2048, 32, 320, 10])
    h = torch.relu(torch.from_numpy(x.astype(np.float64)) @ w1.view(64, 32) + b1)
    torch.nn.functional.cross_entropy(h @ w2.view(32, 10) + b2, torch.from_numpy(y)).backward()
    return w.grad.numpy()


def test_the_gradient_of_every_row_is_autograds():
    networks = DigitNetworks([3, 4], copies=2)
    rng = np.random.default_rng(0)
    W = networks.start + 0.1 * rng.normal(size=networks.start.shape).astype(np.float32)
    x, y = networks.batch()
    got = networks.gradient(W, x, y)
    assert got.shape == (4, 2410)
    for row in range(4):
        np.testing.assert_allclose(got[row], by_autograd(W[row], x[row % 2], y[row % 2]), atol=2e-6)


def test_copies_of_a_seed_start_alike_and_a_seed_does_not_know_its_neighbours():
    alone, among = DigitNetworks([7]), DigitNetworks([5, 7], copies=3)
    assert np.array_equal(among.start[[1, 3, 5]], np.repeat(alone.start, 3, axis=0))
    for one, many in zip(alone.batch(), among.batch(), strict=True):
        assert np.array_equal(one[0], many[1])


def test_accuracy_is_about_a_tenth_before_and_high_after_learning():
    networks = DigitNetworks([0, 1])
    W = networks.start
    assert networks.accuracy(W).shape == (1, 2)
    assert (networks.accuracy(W) < 0.4).all()
    for _ in range(200):
        W = W - 0.3 * networks.gradient(W, *networks.batch())
    assert (networks.accuracy(W) > 0.88).all()


@pytest.mark.parametrize(("seeds", "settings"), [([], {}), ([1], {"copies": 0}), ([1], {"batch_size": 0})])
def test_nothing_to_train_gets_one_sentence(seeds, settings):
    with pytest.raises(TrainingError, match="at least one"):
        DigitNetworks(seeds, **settings)
