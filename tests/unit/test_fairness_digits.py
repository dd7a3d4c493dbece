"""Digit networks with a small group, and private softmax regressions, against the course's own reference rules."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from course_lib.clipping import clip_per_example
from course_lib.data import digits, partly_inverted, split, thinned
from course_lib.fairness import FairnessError, GroupSetting, fair_clip, group_weights
from course_lib.fairness.digit_groups import TEST, train_digit_groups
from course_lib.fairness.private_digits import PrivateSetting, train_privately


def test_one_step_of_a_digit_network_is_the_rule_on_pytorchs_gradients(monkeypatch):
    """The weights after one step with ratio 0.5 and reweighting, against autograd and `fair_clip`."""
    from course_lib.fairness import digit_groups

    kept = []
    init = digit_groups._Networks.__init__

    def spy(self, *arguments):
        init(self, *arguments)
        kept.append((self, [w.copy() for w in self.weights]))

    monkeypatch.setattr(digit_groups._Networks, "__init__", spy)
    settings = [GroupSetting("a", 0.3, 0.5, 0.5), GroupSetting("b", 0.2)]
    runs = train_digit_groups(settings, [4], steps=1, batch_size=64)
    (network, start) = kept[0]

    rng = np.random.default_rng(4)
    train, _ = split(digits(), TEST, rng)
    train = partly_inverted(train, 0.05, rng)
    rng.normal(size=(64, 16))
    rng.normal(size=(16, 10))
    rows = rng.integers(len(train), size=64)
    x = torch.from_numpy(2 * train.X[rows] - 1)
    y, group = torch.from_numpy(train.y[rows]), train.group[rows]
    assert 0 < group.sum() < 64
    for place, setting in enumerate(settings):
        weights = [torch.tensor(w[0, place], dtype=torch.float64, requires_grad=True) for w in start]
        hidden = torch.tanh(x @ weights[0][:-1] + weights[0][-1])
        losses = torch.nn.functional.cross_entropy(
            hidden @ weights[1][:-1] + weights[1][-1], y, reduction="none"
        )
        losses = losses * torch.from_numpy(group_weights(train.group, setting.strength)[rows]) / 64
        flat = []
        for of_group in (0, 1):
            grads = torch.autograd.grad(
                losses[torch.from_numpy(group == of_group)].sum(), weights, retain_graph=True
            )
            flat.append(np.concatenate([g.numpy().ravel() for g in grads]))
        step = fair_clip(*flat, setting.ratio) + flat[1]
        moved = np.concatenate(
            [
                (b - w[0, place]).ravel()
                for b, w in zip([w[0, place] for w in network.weights], start, strict=True)
            ]
        )
        assert moved == pytest.approx(-setting.lr * step, abs=2e-6)
    assert runs.clipped[:, 0].tolist() == [1.0, 0.0]


def test_weighing_serves_the_inverted_digits_and_a_cap_of_two_does_not():
    settings = [
        GroupSetting("as it is", 0.3),
        GroupSetting("ratio 2", 0.3, 2.0),
        GroupSetting("weighed", 0.3, strength=1.0),
    ]
    runs = train_digit_groups(settings, [0, 1], steps=300)
    assert runs.names == ("as it is", "ratio 2", "weighed")
    plain, capped, weighed = runs.inverted.mean(axis=1)
    assert capped < plain + 0.1 < weighed - 0.1
    assert (runs.as_scanned[:2] > 0.9).all()
    assert 0.2 < runs.clipped[1].mean() < 0.9


def test_one_private_step_is_clip_per_example_and_noise():
    seed, lr, c, noise = 2, 0.7, 4.0, 1.5
    settings = [PrivateSetting("both", lr, c, noise), PrivateSetting("neither", lr)]
    runs = train_privately(settings, [seed], steps=2, batch_size=32)
    rng = np.random.default_rng(seed)
    train, test = split(digits(), 497, rng)
    train = thinned(train, 8, 0.15, rng)
    table = np.column_stack([train.X, np.ones(len(train))])
    W = [np.zeros((65, 10)), np.zeros((65, 10))]
    over = []
    for _ in range(2):
        rows = rng.choice(len(table), 32, replace=False)
        z = rng.normal(size=(65, 10))
        for k, (threshold, deviation) in enumerate(((c, noise), (math.inf, 0.0))):
            logits = torch.from_numpy(table[rows] @ W[k])
            error = torch.softmax(logits, -1).numpy() - np.eye(10)[train.y[rows]]
            each = table[rows][:, :, None] * error[:, None, :]
            clipped, norms = clip_per_example({"W": each}, threshold)
            over.append(norms > threshold)
            W[k] = W[k] - lr * (clipped["W"].sum(axis=0) + deviation * z) / 32
    right = [(np.column_stack([test.X, np.ones(497)]) @ w).argmax(1) == test.y for w in W]
    of_class = test.y == 8
    assert runs.of_class[:, 0] == pytest.approx([r[of_class].mean() for r in right])
    assert runs.of_others[:, 0] == pytest.approx([r[~of_class].mean() for r in right])
    both, neither = (np.concatenate(over[k::2]).mean() for k in (0, 1))
    assert 0 < both < 1
    assert neither == 0
    assert runs.clipped_share[1, :, 0] == pytest.approx([both, 0], abs=0.05)  # hardly an 8 is met


@pytest.mark.parametrize(
    ("run", "said"),
    [
        (lambda: train_digit_groups([], [0]), "one setting"),
        (lambda: train_digit_groups([GroupSetting("a", -1.0)], [0]), "learning rate of a"),
        (lambda: train_privately([], [0]), "one setting"),
        (lambda: train_privately([PrivateSetting("a", 1.0, 0.0)], [0]), "threshold of a"),
        (lambda: train_privately([PrivateSetting("a", 1.0, noise=-1.0)], [0]), "standard deviation"),
        (lambda: train_privately([PrivateSetting("a", 1.0)], [0], batch_size=5000), "A batch must have"),
    ],
)
def test_what_cannot_be_trained_is_said(run, said):
    with pytest.raises(FairnessError, match=said):
        run()
