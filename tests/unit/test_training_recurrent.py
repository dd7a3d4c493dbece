"""Recurrent networks side by side: each must be what it would be alone, written the plain way."""

import math

import numpy as np
import pytest
import torch

from course_lib.clipping import AutoClipThreshold, ZClipThreshold, clip_by_unit
from course_lib.data import Series, sunspots
from course_lib.training import RecurrentSetting, TrainingError, forecast, train_recurrent

torch.set_num_threads(1)
TASK = forecast(sunspots(), window=8)
SMALL = {"units": 5, "steps": 6, "batch_size": 4}


def one_network(setting, seed, optimizer="sgd", tied=False, units=5, steps=6, batch_size=4):
    """The same network trained alone: losses, norms, and predictions for the test windows."""
    generator = torch.Generator().manual_seed(seed)
    u = torch.randn(units, 1, generator=generator)
    v = torch.randn(1, units, generator=generator)
    weights = [
        torch.eye(units),
        0.3 * u,
        torch.zeros(units, 1),
        (u.T if tied else v) / math.sqrt(units),
        torch.zeros(1, 1),
    ]
    weights = [w.clone().requires_grad_() for w in weights]
    make = torch.optim.SGD if optimizer == "sgd" else torch.optim.Adam
    steps_of = make(weights, lr=setting.lr)
    x, y = torch.from_numpy(TASK.x_train).float(), torch.from_numpy(TASK.y_train).float()

    def predicted(windows):
        W, u, b, v, a = weights
        h = torch.zeros(units, len(windows))
        for t in range(windows.shape[1]):
            h = torch.relu(W @ h + u * windows[:, t] + b)
        return (v @ h + a)[0]

    losses, norms = [], []
    rule = setting.threshold if callable(setting.threshold) else lambda norm: setting.threshold
    for _ in range(steps):
        rows = torch.randint(len(x), (batch_size,), generator=generator)
        steps_of.zero_grad()
        loss = torch.mean((predicted(x[rows]) - y[rows]) ** 2)
        loss.backward()
        norm = torch.cat([w.grad.flatten() for w in weights]).norm().item()
        losses.append(loss.item())
        norms.append(norm)
        for w in weights:
            if setting.unit_ratio is not None:
                shaped = w.detach().numpy(), w.grad.numpy()
                if w.shape[1] == 1 and w.shape[0] == units:  # u has rows of one entry, b is a vector
                    shaped = shaped if w is weights[1] else tuple(a.ravel() for a in shaped)
                w.grad = torch.from_numpy(clip_by_unit(*shaped, setting.unit_ratio).reshape(w.shape))
            elif norm > (limit := float(rule(norm))):
                w.grad *= limit / norm
        steps_of.step()
    with torch.no_grad():
        return losses, norms, predicted(torch.from_numpy(TASK.x_test).float()).double().numpy()


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_each_network_is_what_it_would_be_alone(optimizer, tied):
    settings = [
        RecurrentSetting("free", 0.001),
        RecurrentSetting("clipped", 0.01, 0.5),
        RecurrentSetting("by unit", 0.01, unit_ratio=0.1),
    ]
    runs = train_recurrent(TASK, settings, [3, 7], optimizer=optimizer, tied=tied, **SMALL)
    for row, setting in enumerate(settings):
        for column, seed in enumerate([3, 7]):
            losses, norms, predicted = one_network(setting, seed, optimizer, tied)
            np.testing.assert_allclose(runs.losses[:, row, column], losses, rtol=2e-4)
            np.testing.assert_allclose(runs.norms[:, row, column], norms, rtol=2e-4)
            error = np.mean((predicted - TASK.y_test) ** 2)
            assert runs.errors[row, column] == pytest.approx(error, rel=2e-4)
            assert runs.spread[row, column] == pytest.approx(predicted.std(), rel=1e-3)


def test_a_network_breaks_at_the_very_step_at_which_it_would_break_alone():
    """A closed rectifier lets nothing pass, also where what arrives is infinite; an open one lets nan pass."""
    wild = RecurrentSetting("wild", 10.0)
    runs = train_recurrent(TASK, [wild], range(8), **SMALL)
    alone = np.array([one_network(wild, seed)[1] for seed in range(8)]).T
    np.testing.assert_array_equal(np.isnan(runs.norms[:, 0]), np.isnan(alone))
    assert np.isnan(alone).any() and not np.isnan(alone[-1]).all()


def test_rules_start_afresh_in_every_training():
    settings = [
        RecurrentSetting("auto", 0.01, AutoClipThreshold(50)),
        RecurrentSetting("z", 0.01, ZClipThreshold(warmup=2)),
    ]
    first, second = (train_recurrent(TASK, settings, [0, 1], **SMALL) for _ in range(2))
    np.testing.assert_array_equal(first.used_norms, second.used_norms)
    rule = AutoClipThreshold(50)
    for norms, used in zip(first.norms[:, 0], first.used_norms[:, 0], strict=True):
        np.testing.assert_allclose(used, np.minimum(norms, rule(norms)), rtol=1e-5)


def test_a_run_that_breaks_is_told_as_such():
    runs = train_recurrent(TASK, [RecurrentSetting("wild", 1e6)], [0], units=5, steps=30, batch_size=4)
    assert not runs.finite.any()
    assert np.isinf(runs.errors).all()
    assert np.isnan(runs.spread).all()


def test_the_task_knows_its_yardsticks():
    series = Series("ramp", np.arange(20.0), np.arange(20.0), "drawn here", "none")
    task = forecast(series, n_train=10, window=3)
    assert task.x_train.shape == (7, 3)
    assert task.x_test.shape == (10, 3)
    deviation = np.arange(10.0).std()
    assert task.persistence == pytest.approx(1 / deviation**2)
    assert task.mean_guess == pytest.approx(np.mean((np.arange(10.0, 20) - 4.5) ** 2) / deviation**2)
    np.testing.assert_allclose(task.x_test[0], (np.array([7.0, 8, 9]) - 4.5) / deviation)
    assert task.y_test[0] == pytest.approx((10 - 4.5) / deviation)


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda: forecast(sunspots(), n_train=20, window=30), "do not fit"),
        (lambda: train_recurrent(TASK, [], [0]), "at least one"),
        (
            lambda: train_recurrent(TASK, [RecurrentSetting("x", 0.1)], [0], optimizer="lion"),
            "optimizer must",
        ),
    ],
)
def test_bad_requests_get_a_clear_sentence(ask, words):
    with pytest.raises(TrainingError, match=words):
        ask()


def test_rows_are_found_by_name():
    runs = train_recurrent(
        TASK, [RecurrentSetting("a", 0.1), RecurrentSetting("b", 0.1)], [0], units=2, steps=1
    )
    assert runs.row("b") == 1
    with pytest.raises(KeyError, match="there are a, b"):
        runs.row("c")
