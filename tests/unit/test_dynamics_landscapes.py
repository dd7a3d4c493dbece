"""The cliff, the exponential loss, and how nan spreads."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from course_lib.clipping import clip_by_norm
from course_lib.data import breast_cancer, split, standardise
from course_lib.dynamics import (
    DynamicsError,
    cliff_gradient,
    cliff_loss,
    descend,
    exponential_loss,
    exponential_slope,
    logistic_loss,
    logistic_slope,
    spread_of_nonfinite,
    train_linear,
)

torch.set_num_threads(1)
PROPERTY = settings(deadline=None, max_examples=100)


@PROPERTY
@given(st.floats(-8, 8), st.floats(-8, 8))
def test_the_cliff_and_its_gradient_are_those_of_autograd(w, b):
    theta = torch.tensor([w, b], dtype=torch.float64, requires_grad=True)
    x = torch.tensor(0.5, dtype=torch.float64)
    for _ in range(50):
        x = theta[0] * torch.sigmoid(x) + theta[1]
    loss = (torch.sigmoid(x) - 0.7) ** 2
    loss.backward()
    # The state amplifies rounding by the very Jacobian product that makes the gradient steep.
    near = 1e-9 * max(1.0, theta.grad.norm().item())
    assert cliff_loss(w, b) == pytest.approx(loss.item(), rel=1e-7, abs=1e-10)
    np.testing.assert_allclose(cliff_gradient(w, b), theta.grad.numpy(), rtol=1e-6, atol=near)


def test_a_grid_gives_a_surface():
    W, B = np.meshgrid(np.linspace(3, 7, 9), np.linspace(-4, 0, 7))
    assert cliff_loss(W, B).shape == (7, 9)
    assert cliff_gradient(W, B).shape == (7, 9, 2)
    np.testing.assert_array_equal(cliff_gradient(W, B)[3, 4], cliff_gradient(W[3, 4], B[3, 4]))
    assert np.isfinite(cliff_loss(np.array([-1e6, 1e6]), 1e6)).all()


def test_the_wall_is_thousands_of_times_steeper_than_the_valley():
    b = np.linspace(-3.5, -1.5, 20_001)
    steepness = np.linalg.norm(cliff_gradient(4.75, b), axis=-1)
    assert steepness.max() > 900
    assert np.median(steepness) < 0.2


def test_one_step_from_the_wall_leaves_for_good_and_clipping_stays():
    free = descend()
    hit = int(free.norms.argmax())
    assert hit == 26
    assert free.points.shape == (101, 2)
    assert free.losses.shape == (101,)
    assert free.norms.shape == (100,)
    assert free.norms[hit] == pytest.approx(67.3, rel=0.01)
    assert np.linalg.norm(free.points[hit + 1] - free.points[hit]) > 5
    assert free.losses[-1] > 0.08
    assert np.linalg.norm(free.points[-1] - free.points[0]) > 5

    held = descend(clip=lambda g: clip_by_norm(g, 1.0))
    assert held.losses[-1] < 0.01
    lengths = np.linalg.norm(np.diff(held.points, axis=0), axis=1)
    assert lengths.max() <= 0.2 * (1 + 1e-12)
    assert held.norms.max() > 20


def test_descent_is_gradient_descent():
    path = descend((4.0, -1.0), lr=0.5, steps=3)
    np.testing.assert_array_equal(path.points[0], [4.0, -1.0])
    for before, after, loss, norm in zip(path.points, path.points[1:], path.losses, path.norms, strict=False):
        np.testing.assert_array_equal(after, before - 0.5 * cliff_gradient(*before))
        assert loss == cliff_loss(*before)
        assert norm == np.linalg.norm(cliff_gradient(*before))


@PROPERTY
@given(st.floats(-30, 30))
def test_slopes_are_derivatives(margin):
    h = 1e-6
    for loss, slope in ((exponential_loss, exponential_slope), (logistic_loss, logistic_slope)):
        difference = (loss(margin + h) - loss(margin - h)) / (2 * h)
        assert slope(margin) == pytest.approx(difference, rel=1e-4, abs=1e-6)


def test_the_factor_of_a_point_that_is_wrong_by_ten():
    assert exponential_slope(-10) == pytest.approx(-22_026.5, abs=0.1)
    assert -1 <= logistic_slope(-10) < -0.9999
    np.testing.assert_array_equal(logistic_slope([-1e4, 1e4]), [-1, 0])
    np.testing.assert_array_equal(exponential_loss([-1e4, 1e4]), [math.inf, 0])
    np.testing.assert_array_equal(logistic_loss([-1e4, 1e4]), [1e4, 0])


def tumours(seed):
    rng = np.random.default_rng(seed)
    train, test = standardise(*split(breast_cancer(), 169, rng))
    X, y = np.c_[train.X, np.ones(len(train))], 2 * train.y - 1
    y[rng.choice(len(y), 8, replace=False)] *= -1
    return X, y, np.c_[test.X, np.ones(len(test))], 2 * test.y - 1, rng


def run(seed, loss, clip=None):
    X, y, X_test, y_test, rng = tumours(seed)
    done = train_linear(X, y, loss=loss, lr=1.0, steps=300, batch_size=64, rng=rng, clip=clip)
    return done, np.mean(np.sign(X_test @ done.weights) == y_test)


def test_the_exponential_loss_explodes_without_depth():
    """Claims C57 and C58: it diverges; clipping saves it; the bounded slope needs no clipping."""
    free = [run(seed, "exponential") for seed in range(5)]
    assert all(done.diverged_at is not None for done, _ in free)
    assert all(len(done.norms) == done.diverged_at + 1 for done, _ in free)
    assert max(done.largest_share[np.isfinite(done.largest_share)].max() for done, _ in free) > 0.9
    clipped = [run(seed, "exponential", lambda g: clip_by_norm(g, 0.1)) for seed in range(5)]
    assert all(done.diverged_at is None for done, _ in clipped)
    assert np.mean([accuracy for _, accuracy in clipped]) > 0.9
    bounded = [run(seed, "logistic") for seed in range(5)]
    assert all(done.diverged_at is None for done, _ in bounded)
    assert np.mean([accuracy for _, accuracy in bounded]) > 0.93


def test_a_linear_step_is_the_formula():
    X, y = np.array([[1.0, 2.0], [3.0, -1.0]]), np.array([1, -1])
    done = train_linear(X, y, loss="exponential", lr=0.1, steps=1, batch_size=2, rng=np.random.default_rng(0))
    gradient = (-X[0] + X[1]) / 2
    np.testing.assert_allclose(done.weights, -0.1 * gradient)
    np.testing.assert_allclose(done.norms, [np.linalg.norm(gradient)])
    np.testing.assert_allclose(done.largest_share, [10**0.5 / (10**0.5 + 5**0.5)])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"loss": "hinge"}, "no loss 'hinge'; there are exponential, logistic"),
        ({"y": np.array([0, 1])}, "labels must be -1 and 1"),
        ({"batch_size": 3}, "1 to 2 examples, not 3"),
        ({"batch_size": 0}, "1 to 2 examples, not 0"),
    ],
)
def test_linear_runs_that_have_no_meaning(change, says):
    asked = {
        "X": np.eye(2),
        "y": np.array([1, -1]),
        "loss": "logistic",
        "lr": 1.0,
        "steps": 1,
        "batch_size": 2,
        "rng": np.random.default_rng(0),
    } | change
    with pytest.raises(DynamicsError, match=says):
        train_linear(asked.pop("X"), asked.pop("y"), **asked)


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(10, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 1))


def batches(bad_target, bad_step=2, steps=8):
    generator = torch.Generator().manual_seed(0)
    for step in range(steps):
        x = torch.randn(32, 10, generator=generator)
        y = x[:, :1].clone()
        if step == bad_step:
            y[0] = bad_target
        yield x, y


@pytest.mark.parametrize("bad_target", [1e30, math.inf])
def test_one_infinite_loss_ruins_every_weight_within_two_steps(bad_target):
    spread = spread_of_nonfinite(network(), nn.functional.mse_loss, batches(bad_target), lr=0.01)
    assert spread.names[0] == "0.weight"
    assert spread.losses.shape == (8,)
    assert spread.nan.shape == spread.infinite.shape == (9, 6)
    assert spread.first_nonfinite_loss == 2
    assert spread.nonfinite_after(2) == 0
    first = 3 if bad_target == math.inf else 4
    assert spread.nonfinite_after(first - 1) == 0
    assert 0 < spread.nonfinite_after(first) < 1
    assert spread.infinite[first].any()
    assert (spread.nan[first + 1] == 1).all()
    assert (spread.nan[-1] == 1).all()
    assert np.isnan(spread.losses[-1])


def test_without_a_bad_target_nothing_spreads():
    spread = spread_of_nonfinite(network(), nn.functional.mse_loss, batches(0.0), lr=0.01)
    assert spread.first_nonfinite_loss is None
    assert all(spread.nonfinite_after(step) == 0 for step in range(9))


def test_spread_needs_a_batch():
    with pytest.raises(DynamicsError, match="no batch"):
        spread_of_nonfinite(network(), nn.functional.mse_loss, [], lr=0.01)
