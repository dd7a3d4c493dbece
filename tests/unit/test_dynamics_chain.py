"""The scalar chain and the number formats it runs in."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from course_lib.dynamics import (
    FORMATS,
    DynamicsError,
    backward_gradients,
    float_format,
    forward_signals,
    overflow_depth,
    overflow_depth_by_running,
    rounded,
    shared_weight_gradient,
    underflow_depth,
    underflow_depth_by_running,
    weight_gradients,
)

PROPERTY = settings(deadline=None, max_examples=200)
TORCH = {
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
    "float32": torch.float32,
    "float64": torch.float64,
}
ANY_FLOAT = st.floats(allow_nan=True, allow_infinity=True)
NEAR_THE_LIMITS = st.sampled_from([kind.largest for kind in FORMATS.values()]).flatmap(
    lambda largest: st.floats(0.999, 1.001).map(lambda factor: largest * factor)
) | st.sampled_from([kind.smallest for kind in FORMATS.values()]).flatmap(
    lambda smallest: st.floats(0.1, 5.0).map(lambda factor: smallest * factor)
)


@pytest.mark.parametrize("name", FORMATS)
def test_the_limits_are_pytorchs(name):
    kind, expected = float_format(name), torch.finfo(TORCH[name])
    assert kind.largest == expected.max
    assert kind.smallest_normal == expected.smallest_normal
    assert kind.smallest == expected.smallest_normal * expected.eps


@PROPERTY
@given(hnp.arrays(np.float64, st.integers(0, 20), elements=ANY_FLOAT | NEAR_THE_LIMITS))
def test_rounding_is_the_hardwares(x):
    with np.errstate(over="ignore"):
        for name, dtype in (("float16", np.float16), ("float32", np.float32), ("float64", np.float64)):
            np.testing.assert_array_equal(rounded(x, name), x.astype(dtype).astype(np.float64))


@PROPERTY
@given(hnp.arrays(np.float32, st.integers(0, 20), elements=st.floats(width=32)))
def test_rounding_to_bfloat16_is_pytorchs(x):
    expected = torch.from_numpy(x).to(torch.bfloat16).double().numpy()
    np.testing.assert_array_equal(rounded(x.astype(np.float64), "bfloat16"), expected)


@PROPERTY
@given(st.floats(-2, 2), st.integers(0, 60), st.sampled_from(sorted(TORCH)))
def test_each_layer_rounds_as_a_tensor_of_that_format_does(gain, depth, name):
    a, y = torch.tensor(gain, dtype=TORCH[name]), torch.tensor(1.0, dtype=TORCH[name])
    signals = [y.item()]
    for _ in range(depth):
        y = a * y
        signals.append(y.item())
    np.testing.assert_array_equal(forward_signals(gain, depth, number_format=name), signals)


@PROPERTY
@given(st.floats(-2, 2), st.integers(1, 30), st.floats(-3, 3))
def test_gradients_are_those_of_autograd(gain, depth, x0):
    x = torch.tensor(x0, dtype=torch.float64, requires_grad=True)
    weights = torch.full((depth,), gain, dtype=torch.float64, requires_grad=True)
    signals = [x]
    for weight in weights:
        signals.append(weight * signals[-1])
        signals[-1].retain_grad()
    signals[-1].backward()
    near = {"rtol": 1e-12, "atol": 1e-300}
    np.testing.assert_allclose(forward_signals(gain, depth, x0), [s.item() for s in signals], **near)
    np.testing.assert_allclose(backward_gradients(gain, depth), [s.grad.item() for s in signals], **near)
    np.testing.assert_allclose(weight_gradients(gain, depth, x0), weights.grad.numpy(), **near)
    np.testing.assert_allclose(
        shared_weight_gradient(gain, depth, x0), weights.grad.sum().item(), rtol=1e-12, atol=1e-290
    )


def test_the_numbers_of_claims_c01_to_c03():
    assert forward_signals(1.2, 50)[-1] == pytest.approx(9100.4, abs=0.05)
    assert backward_gradients(1.2, 50)[0] == pytest.approx(9100.4, abs=0.05)
    assert shared_weight_gradient(1.2, 50) == pytest.approx(379_185, abs=0.5)
    assert forward_signals(0.8, 50)[-1] == pytest.approx(1.43e-5, rel=0.01)


@pytest.mark.parametrize(
    ("name", "over", "run_over", "under"),
    [
        ("float16", 61, 61, 78),
        ("bfloat16", 487, 481, 417),  # bfloat16 holds 1.2 as 1.203125
        ("float32", 487, 487, 466),
        ("float64", 3894, 3894, 3340),
    ],
)
def test_the_horizons_of_each_format(name, over, run_over, under):
    assert overflow_depth(1.2, name) == over
    assert overflow_depth_by_running(1.2, name) == run_over
    assert underflow_depth(0.8, name) == under
    signals = forward_signals(1.2, run_over, number_format=name)
    assert np.isfinite(signals[:-1]).all()
    assert signals[-1] == math.inf


@PROPERTY
@given(st.floats(1.5, 100), st.floats(1e-3, 1e3), st.sampled_from([-1, 1]))
def test_formula_and_running_agree_in_float64(gain, x0, sign):
    by_formula = overflow_depth(sign * gain, "float64", x0)
    by_running = overflow_depth_by_running(sign * gain, "float64", x0)
    assert abs(by_formula - by_running) <= 1
    assert underflow_depth(0.5, "float64", x0) == pytest.approx(1075 + math.log2(x0), abs=1)


@pytest.mark.parametrize("name", FORMATS)
def test_a_power_of_two_is_exact_so_both_ways_agree(name):
    kind = float_format(name)
    assert overflow_depth(2, name) == overflow_depth_by_running(2, name) == kind.top + 1
    assert underflow_depth(0.5, name) == underflow_depth_by_running(0.5, name)
    assert forward_signals(0.5, 2000, number_format=name)[underflow_depth(0.5, name) - 1] == kind.smallest


def test_where_rounding_decides():
    assert rounded(1.001, "bfloat16") == 1
    assert overflow_depth(1.001, "bfloat16") == 88_766
    assert overflow_depth_by_running(1.001, "bfloat16") is None
    assert underflow_depth_by_running(0.8, "float16") is None
    assert forward_signals(0.8, 500, number_format="float16")[-1] > 0


@pytest.mark.parametrize("gain", [0, 0.5, 1, -1])
def test_what_never_overflows(gain):
    assert overflow_depth(gain) is None
    assert overflow_depth_by_running(gain) is None


def test_edges_of_the_horizons():
    assert overflow_depth(2, "float32", 0) is None
    assert overflow_depth(2, "float16", 1e6) == 0
    assert overflow_depth_by_running(2, "float16", 1e6) == 0
    assert underflow_depth(1) is None
    assert underflow_depth(0) == underflow_depth_by_running(0) == 1
    assert underflow_depth(0.5, "float32", 0) == underflow_depth_by_running(0.5, "float32", 0) == 0
    assert overflow_depth_by_running(1.01, "float64", most=100) is None


def test_depth_zero_is_the_input():
    np.testing.assert_array_equal(forward_signals(1.2, 0, 3.0), [3.0])
    np.testing.assert_array_equal(backward_gradients(1.2, 0), [1.0])
    assert weight_gradients(1.2, 0).shape == (0,)
    assert shared_weight_gradient(1.2, 0) == 0


def test_what_has_no_meaning():
    with pytest.raises(DynamicsError, match="depth is -1"):
        forward_signals(1.2, -1)
    with pytest.raises(DynamicsError, match=r"no number format 'float8'; the formats are float16, bfloat16"):
        rounded(1.0, "float8")
