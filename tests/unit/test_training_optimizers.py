"""The optimizers equal `torch.optim` step by step, and their formulas equal what the optimizers do."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.training.optimizers import (
    SGD,
    Adam,
    AdamW,
    HeavyBall,
    OptimizerError,
    braked_share,
    cancelling_threshold,
    isolated_adam_step,
    largest_adam_step,
    recovery_steps,
)

SEEDS = st.integers(0, 2**31)
LRS = st.floats(1e-4, 0.5)
DECAYS = st.floats(0, 0.5)
BETAS = st.floats(0, 0.99)


def path(optimizer, w, gradients):
    """The weights after every step."""
    places = []
    for g in gradients:
        w = optimizer.step(w, g)
        places.append(w)
    return np.stack(places)


def torch_path(make, w, gradients):
    parameter = torch.nn.Parameter(torch.from_numpy(w.copy()))
    optimizer, places = make([parameter]), []
    for g in gradients:
        parameter.grad = torch.from_numpy(g.copy())
        optimizer.step()
        places.append(parameter.detach().numpy().copy())
    return np.stack(places)


def drawn(seed):
    """First weights of shape (2, 3), and gradients whose sizes span six decades."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(2, 3)), rng.normal(size=(40, 2, 3)) * 10 ** rng.uniform(-3, 3, size=(40, 1, 1))


@settings(max_examples=25, deadline=None)
@given(SEEDS, LRS, DECAYS, BETAS, BETAS)
def test_every_optimizer_walks_the_path_of_torch(seed, lr, decay, beta1, beta2):
    w, gradients = drawn(seed)
    pairs = [
        (SGD(lr, decay), lambda p: torch.optim.SGD(p, lr=lr, weight_decay=decay)),
        (HeavyBall(lr, beta1), lambda p: torch.optim.SGD(p, lr=lr, momentum=beta1)),
        (Adam(lr, beta1, beta2), lambda p: torch.optim.Adam(p, lr=lr, betas=(beta1, beta2))),
        (
            AdamW(lr, beta1, beta2, decay=decay),
            lambda p: torch.optim.AdamW(p, lr=lr, betas=(beta1, beta2), weight_decay=decay),
        ),
    ]
    for ours, make in pairs:
        np.testing.assert_allclose(
            path(ours, w, gradients), torch_path(make, w, gradients), rtol=1e-9, atol=1e-9, err_msg=str(ours)
        )


def test_the_buffers_are_those_of_torch():
    w, gradients = drawn(1)
    ours = Adam(0.1)
    path(ours, w, gradients)
    parameter = torch.nn.Parameter(torch.from_numpy(w.copy()))
    theirs = torch.optim.Adam([parameter], lr=0.1)
    for g in gradients:
        parameter.grad = torch.from_numpy(g)
        theirs.step()
    state = theirs.state[parameter]
    np.testing.assert_allclose(ours.m, state["exp_avg"].numpy())
    np.testing.assert_allclose(ours.v, state["exp_avg_sq"].numpy())
    assert ours.t == state["step"].item() == 40


@settings(max_examples=50, deadline=None)
@given(SEEDS, st.integers(-30, 30))
def test_adam_without_epsilon_does_not_feel_a_power_of_two(seed, exponent):
    w, gradients = drawn(seed)
    plain = path(Adam(0.1, eps=0.0), w, gradients)
    assert np.array_equal(plain, path(Adam(0.1, eps=0.0), w, 2.0**exponent * gradients))


def test_a_step_changes_neither_weights_nor_gradient():
    for optimizer in (SGD(0.1, 0.1), HeavyBall(0.1), Adam(0.1), AdamW(0.1, decay=0.1)):
        w, g = np.ones(3), np.full(3, 2.0)
        optimizer.step(w, g)
        optimizer.step(w, g)
        assert w.tolist() == [1, 1, 1] and g.tolist() == [2, 2, 2]


def spiked(spike, at, after, beta2):
    """v_hat of Adam `after` ordinary gradients behind a spike that was gradient number `at`."""
    optimizer, w = Adam(1e-3, beta2=beta2), np.zeros(1)
    for t in range(1, at + after + 1):
        w = optimizer.step(w, np.array([spike if t == at else 1.0]))
    return optimizer.v_hat.item()


@settings(max_examples=40, deadline=None)
@given(
    st.floats(0.01, 1e4), st.integers(1, 200), st.integers(0, 200), st.sampled_from([0.5, 0.9, 0.99, 0.999])
)
def test_the_brake_is_the_formula(spike, at, after, beta2):
    assert braked_share(spike, beta2, at, after) == pytest.approx(spiked(spike, at, after, beta2) ** -0.5)


@settings(max_examples=60, deadline=None)
@given(
    st.floats(1.1, 1e5),
    st.sampled_from([0.9, 0.99, 0.999]),
    st.floats(0.3, 0.99),
    st.sampled_from([1, 7, math.inf]),
)
def test_recovery_is_the_first_step_that_reaches_the_share(spike, beta2, share, at):
    n = recovery_steps(spike, beta2, share, at)
    assert braked_share(spike, beta2, at, n) >= share * (1 - 1e-9)
    assert n == 0 or braked_share(spike, beta2, at, n - 1) < share * (1 + 1e-9)


def test_the_numbers_of_the_lesson():
    assert braked_share(100) == pytest.approx(0.3015, abs=1e-4)
    assert [recovery_steps(k) for k in (10, 100, 1000)] == [0, 3751, 8354]
    assert isolated_adam_step() == pytest.approx(3.1623, abs=1e-4)
    assert largest_adam_step() == pytest.approx(7.2703, abs=1e-4)


def last_step(gradients, beta1, beta2):
    optimizer, w = Adam(1.0, beta1, beta2, eps=0.0), np.zeros(1)
    for g in gradients:
        was, w = w, optimizer.step(w, np.array([g]))
    return abs((w - was).item())


@pytest.mark.parametrize(("beta1", "beta2"), [(0.9, 0.999), (0.9, 0.99), (0.8, 0.9), (0.5, 0.95)])
def test_no_stream_beats_the_supremum_and_a_growing_one_reaches_it(beta1, beta2):
    supremum = largest_adam_step(beta1, beta2)
    growing = np.concatenate([np.full(20_000, 1e-30), (beta2 / beta1) ** np.arange(-300.0, 1.0)])
    assert last_step(growing, beta1, beta2) == pytest.approx(supremum, rel=1e-3)
    rng = np.random.default_rng(0)
    for _ in range(300):
        stream = rng.standard_cauchy(rng.integers(1, 60)) ** rng.integers(1, 4)
        assert last_step(stream, beta1, beta2) <= supremum * (1 + 1e-9)
    lonely = np.concatenate([np.full(20_000, 1e-30), [1.0]])
    assert last_step(lonely, beta1, beta2) == pytest.approx(isolated_adam_step(beta1, beta2), rel=1e-6)


@settings(max_examples=200, deadline=None)
@given(SEEDS, st.floats(1e-3, 0.3), LRS)
def test_at_the_cancelling_threshold_the_step_has_no_part_along_w(seed, decay, lr):
    rng = np.random.default_rng(seed)
    w, g = rng.normal(size=4), 10 * rng.normal(size=4)
    c = cancelling_threshold(w, g, decay)
    if c is None:
        along = -(g @ w) / np.linalg.norm(g)
        assert along <= 0 or decay * (w @ w) > along * np.linalg.norm(g)
        return
    assert 0 < c <= np.linalg.norm(g)
    moved = SGD(lr, decay).step(w, g * (c / np.linalg.norm(g))) - w
    assert abs(moved @ w) < 1e-12 * (w @ w) * max(1, lr)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: SGD(0.0), "lr must be a number above 0"),
        (lambda: SGD(0.1, -1.0), "decay must be 0 or a number above 0"),
        (lambda: HeavyBall(0.1, 1.0), "beta must be at least 0 and below 1"),
        (lambda: Adam(0.1, beta2=1.0), "beta2 must be"),
        (lambda: Adam(float("nan")), "lr must be"),
        (
            lambda: Adam(0.1).step(np.zeros(2), np.zeros(3)),
            "weights have the shape (2,), their gradient (3,)",
        ),
        (lambda: braked_share(10, at=0), "counted from 1"),
        (lambda: recovery_steps(10, share=1.0), "between 0 and 1"),
        (lambda: largest_adam_step(0.99, 0.9), "bounded only where"),
        (lambda: cancelling_threshold(np.ones(2), np.ones(2), 0.0), "decay must be a number above 0"),
    ],
)
def test_what_has_no_meaning_gets_one_sentence(call, said):
    with pytest.raises(OptimizerError) as refused:
        call()
    assert said in str(refused.value)
