"""Many networks side by side: each must be what it would be alone."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from course_lib.clipping import clip_by_global_norm, clip_by_value, clip_per_layer, clip_per_parameter
from course_lib.data import Dataset, diabetes, digits
from course_lib.training import (
    Setting,
    TrainingError,
    by_value,
    globally,
    one_by_one,
    per_layer,
    per_parameter,
    train_side_by_side,
)

torch.set_num_threads(1)
NAMES = ("a.weight", "a.bias", "b.weight", "b.bias")


def small():
    """A hundred points of two classes in the plane."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((100, 2))
    return Dataset("plane", X, (X[:, 0] * X[:, 1] > 0).astype(np.int64), ("x", "y"), "drawn here", "none")


def one_network(data, setting, seed, hidden, steps, n_test, batch_size):
    """The same network trained alone, the plain way."""
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(data), generator=generator)
    test, training = order[:n_test], order[n_test:]
    X, y = torch.from_numpy(data.X).float(), torch.from_numpy(data.y)
    sizes = [X.shape[1], *hidden, int(y.max()) + 1]
    multipliers = setting.multipliers or (1.0,) * (len(sizes) - 1)
    parameters = []
    for layer, (inputs, outputs) in enumerate(pairwise(sizes)):
        gain = 1.0 if layer == len(sizes) - 2 else setting.gain
        weight = gain / multipliers[layer] * torch.randn(inputs, outputs, generator=generator)
        parameters.append((weight / math.sqrt(inputs)).requires_grad_())
        parameters.append(torch.zeros(outputs, requires_grad=True))

    def outputs_of(x):
        for layer, s in enumerate(multipliers):
            x = x @ (s * parameters[2 * layer]) + parameters[2 * layer + 1]
            x = torch.relu(x) if layer < len(multipliers) - 1 else x
        return x

    losses, norms = [], []
    for _ in range(steps):
        rows = training[torch.randint(len(training), (batch_size,), generator=generator)]
        loss = nn.functional.cross_entropy(outputs_of(X[rows]), y[rows])
        grads = [g.numpy() for g in torch.autograd.grad(loss, parameters)]
        losses.append(loss.item())
        norms.append(math.sqrt(sum((g.astype(float) ** 2).sum() for g in grads)))
        with torch.no_grad():
            for p, g in zip(parameters, setting.clip(grads) if setting.clip else grads, strict=True):
                p -= setting.lr * torch.as_tensor(g)
    accuracy = (outputs_of(X[test]).argmax(dim=1) == y[test]).double().mean().item()
    return losses, norms, accuracy


def alone(clip):
    """What a batched rule does, for one network's list of gradients."""
    return {
        "none": None,
        "global": lambda grads: clip_by_global_norm(grads, clip)[0],
        "layer": lambda grads: list(clip_per_layer(dict(zip(NAMES, grads, strict=True)), clip)[0].values()),
        "parameter": lambda grads: list(
            clip_per_parameter(dict(zip(NAMES, grads, strict=True)), clip)[0].values()
        ),
        "value": lambda grads: [clip_by_value(g, clip) for g in grads],
    }


def test_each_network_is_what_it_would_be_alone():
    multipliers = (1.0, 30.0)
    rules = {
        "none": None,
        "global": globally(0.1),
        "layer": per_layer(0.1),
        "parameter": per_parameter(0.1),
        "value": by_value(0.1),
    }
    settings = [
        Setting(name, lr, rule, gain=1.5, multipliers=m)
        for lr, m in ((0.1, None), (0.01, multipliers))
        for name, rule in rules.items()
    ]
    options = {"hidden": (6,), "steps": 20, "n_test": 30, "batch_size": 8}
    together = train_side_by_side(small(), settings, [3, 7], **options)
    assert together.names == tuple(rules) * 2
    assert together.losses.shape == together.norms.shape == (20, 10, 2)
    assert together.accuracy.shape == together.finite.shape == (10, 2)
    assert together.movement.shape == (2, 10, 2)
    for i, setting in enumerate(settings):
        single = Setting(
            setting.name, setting.lr, alone(0.1)[setting.name], setting.gain, setting.multipliers
        )
        for j, seed in enumerate([3, 7]):
            losses, norms, accuracy = one_network(small(), single, seed, **options)
            np.testing.assert_allclose(together.losses[:, i, j], losses, rtol=1e-3)
            np.testing.assert_allclose(together.norms[:, i, j], norms, rtol=1e-3)
            assert together.accuracy[i, j] == pytest.approx(accuracy, abs=1 / 30 + 1e-9)


def test_the_readers_function_does_what_the_rule_does():
    settings = [
        Setting("rule", 0.1, globally(0.1)),
        Setting("pair", 0.1, one_by_one(lambda grads: clip_by_global_norm(grads, 0.1))),
        Setting("list", 0.1, one_by_one(lambda grads: clip_by_global_norm(grads, 0.1)[0])),
    ]
    done = train_side_by_side(small(), settings, range(3), hidden=(6,), steps=20, n_test=30)
    np.testing.assert_allclose(done.losses[:, 1], done.losses[:, 0], rtol=1e-5)
    np.testing.assert_allclose(done.losses[:, 2], done.losses[:, 0], rtol=1e-5)


def test_the_same_seeds_give_the_same_run():
    def once():
        torch.manual_seed(np.random.default_rng().integers(2**31))
        return train_side_by_side(small(), [Setting("a", 0.1)], [1, 2], hidden=(4,), steps=5, n_test=10)

    np.testing.assert_array_equal(once().losses, once().losses)


def test_multipliers_change_the_gradient_and_not_the_network():
    settings = [Setting("plain", 0.0), Setting("scaled", 0.0, multipliers=(1.0, 300.0))]
    done = train_side_by_side(small(), settings, range(3), hidden=(6,), steps=3, n_test=30)
    np.testing.assert_allclose(done.losses[:, 0], done.losses[:, 1], rtol=1e-5)
    assert (done.norms[:, 1] > 20 * done.norms[:, 0]).all()
    assert (done.movement == 0).all()


def test_a_diverged_network_harms_no_other_and_is_right_about_nothing():
    settings = [Setting("wild", 1e6), Setting("calm", 0.1)]
    done = train_side_by_side(small(), settings, range(3), hidden=(6, 6, 6), steps=30, n_test=30)
    assert not done.finite[0].any()
    assert (done.accuracy[0] == 0).all()
    assert done.finite[1].all()
    calm = train_side_by_side(small(), settings[1:], range(3), hidden=(6, 6, 6), steps=30, n_test=30)
    np.testing.assert_allclose(done.losses[:, 1], calm.losses[:, 0], rtol=1e-4)
    mine = Setting("mine", 1e6, one_by_one(lambda grads: [g * 1.0 for g in grads]))
    assert not train_side_by_side(
        small(), [mine], range(2), hidden=(6, 6, 6), steps=30, n_test=30
    ).finite.any()


def test_claims_c42_and_c43_one_exploding_layer_starves_the_others_under_global_clipping():
    settings = [
        Setting("global", 0.003, globally(1.0), multipliers=(1.0, 300.0, 1.0)),
        Setting("per parameter", 0.1, per_parameter(0.1), multipliers=(1.0, 300.0, 1.0)),
        Setting("value", 0.03, by_value(0.1), multipliers=(1.0, 300.0, 1.0)),
    ]
    done = train_side_by_side(digits(), settings, range(5), hidden=(32, 32), steps=300, n_test=397)
    accuracy, first_layer = done.accuracy.mean(axis=1), done.movement[0].mean(axis=1)
    assert first_layer[0] < 0.003 < 0.03 < first_layer[1] < first_layer[2]
    assert accuracy[0] + 0.02 < accuracy[1]
    assert accuracy[0] + 0.04 < accuracy[2]


def test_the_gain_decides_whether_a_deep_network_learns():
    settings = [Setting("vanishes", 0.05, gain=0.5), Setting("He", 0.05), Setting("explodes", 0.05, gain=3.0)]
    done = train_side_by_side(digits(), settings, range(3), hidden=(32,) * 8, steps=150, n_test=397)
    vanishes, he, explodes = done.accuracy.mean(axis=1)
    assert he > 0.6
    assert vanishes < 0.2
    assert explodes < 0.2


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"settings": []}, "at least one setting and one seed"),
        ({"seeds": []}, "at least one setting and one seed"),
        ({"data": diabetes()}, "targets of diabetes must be classes"),
        ({"n_test": 0}, "n_test must be 1 to 99, but it is 0"),
        ({"n_test": 100}, "n_test must be 1 to 99, but it is 100"),
        ({"activation": "gelu"}, "no activation 'gelu'; there are relu, tanh"),
        (
            {"settings": [Setting("odd", 0.1, multipliers=(1.0,))]},
            "'odd' has 1 multipliers for 2 layers; give one a layer",
        ),
        (
            {"settings": [Setting("odd", 0.1, one_by_one(lambda grads: None))]},
            "must return the list of clipped gradients",
        ),
    ],
)
def test_what_cannot_be(change, says):
    asked = {
        "data": small(),
        "settings": [Setting("a", 0.1)],
        "seeds": [0],
        "hidden": (4,),
        "steps": 1,
        "n_test": 10,
    } | change
    with pytest.raises(TrainingError, match=says):
        train_side_by_side(asked.pop("data"), asked.pop("settings"), asked.pop("seeds"), **asked)
