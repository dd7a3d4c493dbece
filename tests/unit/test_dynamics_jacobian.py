"""Products of Jacobians, and deep networks at initialisation."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from course_lib.dynamics import (
    DynamicsError,
    critical_gain,
    ginibre,
    ginibre_growth_rate,
    layer_norms,
    log_norms_of_product,
    power_norms,
    random_product_log_norms,
    spectral_norm,
    spectral_radius,
)

PROPERTY = settings(deadline=None, max_examples=50)
SQUARES = st.integers(1, 5).flatmap(
    lambda n: hnp.arrays(np.float64, (n, n), elements=st.floats(-10, 10, allow_subnormal=False))
)
SHEAR = np.array([[0.9, 20.0], [0.0, 0.9]])


@PROPERTY
@given(SQUARES)
def test_the_radius_is_never_above_the_norm(J):
    # Eigenvalues of a defective n by n matrix move by eps^(1/n).
    assert spectral_radius(J) <= spectral_norm(J) * (1 + 1e-9) + 1e-3 * bool(J.any())


@PROPERTY
@given(SQUARES, st.integers(0, 6))
def test_power_norms_are_the_norms_of_the_powers(J, steps):
    expected = [np.linalg.norm(np.linalg.matrix_power(J, k), 2) for k in range(steps + 1)]
    np.testing.assert_allclose(power_norms(J, steps), expected, rtol=1e-6, atol=1e-6)


def test_a_non_normal_matrix_grows_before_it_decays():
    norms = power_norms(SHEAR, 200)
    assert spectral_norm(SHEAR) == pytest.approx(20, abs=0.1)
    assert spectral_radius(SHEAR) == pytest.approx(0.9)
    assert (round(norms.max()), norms.argmax()) == (77, 9)
    assert norms[-1] == pytest.approx(3e-6, rel=0.1)


@PROPERTY
@given(st.lists(hnp.arrays(np.float64, (3, 3), elements=st.floats(-2, 2)), min_size=1, max_size=8))
def test_the_renormalised_product_has_the_norm_of_the_product(jacobians):
    product, expected = np.eye(3), []
    for J in jacobians:
        product = J @ product
        expected.append(np.linalg.norm(product, 2))
    got = np.exp(log_norms_of_product(jacobians))
    np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-9)


def test_products_that_overflow_or_vanish_keep_their_logarithm():
    logs = log_norms_of_product([10 * np.eye(2)] * 1000)
    np.testing.assert_allclose(logs, math.log(10) * np.arange(1, 1001))
    with np.errstate(all="raise"):
        zero = log_norms_of_product([np.eye(2), np.zeros((2, 2)), np.eye(2)])
    np.testing.assert_array_equal(zero, [0, -math.inf, -math.inf])


def test_jacobians_need_not_be_square():
    np.testing.assert_allclose(
        np.exp(log_norms_of_product([np.ones((3, 2)), np.ones((1, 3))])), [6**0.5, 18**0.5]
    )


@pytest.mark.parametrize("n", [1, 2, 3, 7, 64, 999])
def test_the_growth_rate_is_the_formula_with_digamma(n):
    digamma = torch.digamma(torch.tensor(n / 2, dtype=torch.float64)).item()
    expected = math.log(0.9) + 0.5 * (digamma - math.log(n / 2))
    assert ginibre_growth_rate(n, 0.9) == pytest.approx(expected, abs=1e-12)
    assert ginibre_growth_rate(n, critical_gain(n)) == pytest.approx(0, abs=1e-12)


def test_the_critical_gain_is_a_little_above_one():
    assert critical_gain(64) == pytest.approx(1 + 1 / 128, abs=1e-4)
    assert critical_gain(1) == pytest.approx(math.exp((math.log(2) + np.euler_gamma) / 2))


@pytest.mark.parametrize("gain", [0.9, 1.1])
def test_random_products_grow_at_the_rate_the_theory_gives(gain):
    last = [random_product_log_norms(64, 100, gain, np.random.default_rng(s))[-1] for s in range(10)]
    assert np.mean(last) / 100 == pytest.approx(ginibre_growth_rate(64, gain), abs=0.02)
    assert (np.mean(last) < 0) == (gain < critical_gain(64))


def test_one_random_jacobian():
    rng = np.random.default_rng(0)
    J = ginibre(400, 0.9, rng)
    assert J.shape == (400, 400)
    assert spectral_norm(J) == pytest.approx(1.8, rel=0.05)
    assert spectral_radius(J) == pytest.approx(0.9, rel=0.05)
    np.testing.assert_array_equal(J, ginibre(400, 0.9, np.random.default_rng(0)))


def test_claim_c06_each_factor_stretches_and_the_product_shrinks():
    rngs = [np.random.default_rng(s) for s in range(10)]
    norms = [spectral_norm(ginibre(64, 0.9, rng)) for rng in rngs]
    assert np.mean(norms) == pytest.approx(1.75, abs=0.05)
    last = [random_product_log_norms(64, 100, 0.9, np.random.default_rng(s))[-1] for s in range(10)]
    assert 1e-5 < np.exp(np.mean(last)) < 1e-3


@pytest.mark.parametrize("activation", ["relu", "tanh", "linear"])
def test_norms_through_a_network_are_those_of_autograd(activation):
    depth, width, gain = 5, 16, 1.3
    norms = layer_norms(depth, width, gain, activation, np.random.default_rng(3))
    rng = np.random.default_rng(3)
    weights = torch.from_numpy(gain * rng.standard_normal((depth, width, width)) / math.sqrt(width))
    h = torch.from_numpy(rng.standard_normal(width)).requires_grad_()
    out = torch.from_numpy(rng.standard_normal(width))
    states = [h]
    for W in weights:
        a = W @ states[-1]
        states.append({"relu": torch.relu, "tanh": torch.tanh, "linear": lambda x: x}[activation](a))
        states[-1].retain_grad()
    (states[-1] @ out).backward()
    np.testing.assert_allclose(norms.signal, [(s.norm() / h.norm()).item() for s in states], rtol=1e-10)
    np.testing.assert_allclose(
        norms.gradient, [(s.grad.norm() / out.norm()).item() for s in states], rtol=1e-10
    )
    assert norms.signal[0] == norms.gradient[-1] == 1


def test_the_gain_decides():
    def gradient(gain, activation):
        return np.median(
            [layer_norms(50, 64, gain, activation, np.random.default_rng(s)).gradient[0] for s in range(10)]
        )

    assert gradient(1, "relu") < 1e-6
    assert 0.01 < gradient(math.sqrt(2), "relu") < 100
    assert gradient(2, "relu") > 1e5
    assert gradient(0.8, "tanh") < 1e-3
    assert gradient(2, "tanh") > 10


def test_tanh_above_its_critical_gain_hides_the_explosion():
    norms = layer_norms(50, 64, 2.0, "tanh", np.random.default_rng(0))
    assert norms.signal.max() <= 2
    assert norms.gradient[0] > 10


def test_what_has_no_meaning():
    rng = np.random.default_rng(0)
    for call, says in (
        (lambda: spectral_radius(np.ones((2, 3))), r"square matrix; this one has the shape \(2, 3\)"),
        (lambda: power_norms(np.ones(3), 2), "square matrix"),
        (lambda: log_norms_of_product([]), "at least one factor"),
        (lambda: ginibre_growth_rate(0, 1.0), "n of at least 1"),
        (lambda: ginibre_growth_rate(4, 0.0), "gain above 0"),
        (lambda: layer_norms(3, 4, 1.0, "gelu", rng), "no activation 'gelu'; there are relu, tanh, linear"),
        (lambda: layer_norms(0, 4, 1.0, "relu", rng), "depth and a width of at least 1, not 0 and 4"),
    ):
        with pytest.raises(DynamicsError, match=says):
            call()
