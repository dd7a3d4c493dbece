"""The NumPy reference: properties over random gradients, and the numbers that the lesson shows."""

import math
from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from course_lib.clipping import (
    angle_between,
    clip_by_global_norm,
    clip_by_norm,
    clip_by_value,
    clip_globally,
    clip_per_example,
    clip_per_group,
    clip_per_layer,
    clip_per_parameter,
    global_norm,
    layer_of,
    published_elementwise,
    published_formula,
    worst_value_angle,
)

PROPERTY = settings(deadline=None, max_examples=100)

ORDERS = st.sampled_from([1.0, 1.5, 2.0, 3.0, math.inf])
SHAPES = st.one_of(st.just(()), hnp.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=5))


def gradients(dtypes=(np.float16, np.float32, np.float64), shapes=SHAPES):
    """Gradients of every dtype and shape, their entries from subnormal to huge."""
    return st.sampled_from(dtypes).flatmap(
        lambda dtype: hnp.arrays(
            dtype,
            shapes,
            elements=st.floats(allow_nan=False, allow_infinity=False, width=np.dtype(dtype).itemsize * 8),
        )
    )


def tame(shapes=SHAPES):
    """Float64 gradients whose entries are zero or between 1e-9 and 1e9 in magnitude."""
    size = st.floats(1e-9, 1e9)
    return hnp.arrays(np.float64, shapes, elements=st.one_of(st.just(0.0), size, size.map(lambda x: -x)))


THRESHOLDS = st.floats(1e-30, 1e30)
LISTS = st.lists(gradients(), min_size=1, max_size=4)


def exact_norm(grads, p):
    """The norm in 40 decimal digits and any exponent, where neither huge nor tiny powers are lost."""
    entries = [abs(Decimal(x)) for g in grads for x in g.astype(np.float64).ravel().tolist()]
    largest = max(entries, default=Decimal(0))
    if p == math.inf or largest == 0:
        return largest
    with localcontext() as context:
        context.prec = 40
        return sum(x ** Decimal(p) for x in entries if x) ** (1 / Decimal(p))


def bits(g):
    return np.ascontiguousarray(g).tobytes()


@PROPERTY
@given(LISTS, THRESHOLDS, ORDERS)
def test_norm_is_never_above_the_threshold(grads, c, p):
    clipped, _ = clip_by_global_norm(grads, c, p)
    slack = 4 * max(float(np.finfo(g.dtype).eps) for g in grads)
    steps = sum(g.size * float(np.finfo(g.dtype).smallest_subnormal) for g in grads)
    assert float(exact_norm(clipped, p)) <= c * (1 + slack) + steps


@PROPERTY
@given(LISTS, ORDERS)
def test_norm_is_the_norm(grads, p):
    expected = exact_norm(grads, p)
    if expected > Decimal(np.finfo(np.float64).max):
        assert global_norm(grads, p) >= np.finfo(np.float64).max
    else:
        np.testing.assert_allclose(global_norm(grads, p), float(expected), rtol=1e-12)


@PROPERTY
@given(LISTS, THRESHOLDS, ORDERS)
def test_one_factor_scales_every_entry(grads, c, p):
    clipped, before = clip_by_global_norm(grads, c, p)
    norm = exact_norm(grads, p)
    factor = Decimal(c) / norm if norm > Decimal(c) else Decimal(1)
    assert before == global_norm(grads, p)
    for g, h in zip(grads, clipped, strict=True):
        assert (h.dtype, h.shape) == (g.dtype, g.shape)
        kind = np.finfo(g.dtype)
        np.testing.assert_allclose(
            h.astype(np.float64).ravel(),
            [float(Decimal(x) * factor) for x in g.astype(np.float64).ravel().tolist()],
            rtol=2 * float(kind.eps) + 1e-12,
            # an entry that is 1e-308 of the largest loses bits on the way, in units of that largest
            atol=2 * float(kind.smallest_subnormal) + max(1, c) * 1e-323,
        )


@PROPERTY
@given(tame(), st.floats(1e-6, 1e6), ORDERS)
def test_direction_is_kept(g, c, p):
    assume(g.any())
    assert angle_between(g, clip_by_norm(g, c, p)) < 1e-6


@PROPERTY
@given(LISTS, THRESHOLDS, ORDERS)
def test_clipping_twice_is_clipping_once(grads, c, p):
    once, _ = clip_by_global_norm(grads, c, p)
    twice, _ = clip_by_global_norm(once, c, p)
    for a, b in zip(once, twice, strict=True):
        kind = np.finfo(a.dtype)
        coarsest = max(float(np.finfo(g.dtype).eps) for g in grads)
        lost = sum(g.size * float(np.finfo(g.dtype).smallest_subnormal) for g in grads) / c
        np.testing.assert_allclose(
            a.astype(np.float64),
            b.astype(np.float64),
            rtol=4 * coarsest + lost,
            atol=2 * float(kind.smallest_subnormal),
        )


@PROPERTY
@given(LISTS, THRESHOLDS, ORDERS)
@example([np.array([-0.0, 3.0]), np.array([], np.float16)], 3.0, 2.0)
def test_below_the_threshold_every_bit_stays(grads, c, p):
    total = global_norm(grads, p)
    assume(total <= c)
    clipped, _ = clip_by_global_norm(grads, c, p)
    assert [bits(h) for h in clipped] == [bits(g) for g in grads]
    endless, _ = clip_by_global_norm(grads, math.inf, p)
    assert [bits(h) for h in endless] == [bits(g) for g in grads]


@PROPERTY
@given(LISTS, THRESHOLDS)
def test_the_gradients_given_are_not_changed(grads, c):
    before = [bits(g) for g in grads]
    clipped, _ = clip_by_global_norm(grads, c)
    for g, h in zip(grads, clipped, strict=True):
        clip_by_value(g, c)
        assert not np.shares_memory(g, h)
    assert [bits(g) for g in grads] == before


@PROPERTY
@given(gradients(), THRESHOLDS, ORDERS)
def test_one_gradient_is_a_list_of_one(g, c, p):
    [listed], _ = clip_by_global_norm([g], c, p)
    assert bits(clip_by_norm(g, c, p)) == bits(listed)


@PROPERTY
@given(tame(), st.floats(1e-6, 1e6))
def test_the_two_ways_of_writing_the_formula_agree(g, c):
    norm = np.linalg.norm(g.ravel())
    np.testing.assert_allclose(clip_by_norm(g, c), g / max(1, norm / c), rtol=1e-12)


@PROPERTY
@given(tame(), ORDERS, ORDERS)
def test_norms_fall_as_their_order_grows(g, p, q):
    low, high = sorted([p, q])
    assert global_norm([g], high) <= global_norm([g], low) * (1 + 1e-12)
    largest = global_norm([g], math.inf)
    assert largest <= global_norm([g]) * (1 + 1e-12) <= math.sqrt(g.size) * largest * (1 + 1e-11)


@PROPERTY
@given(gradients(), st.floats(1e-3, 1e4))
def test_value_clipping_clamps_every_coordinate(g, v):
    clipped = clip_by_value(g, v)
    limit = g.dtype.type(v)
    assert (clipped.dtype, clipped.shape) == (g.dtype, g.shape)
    inside = np.abs(g) <= limit
    np.testing.assert_array_equal(clipped[inside], g[inside])
    np.testing.assert_array_equal(clipped[~inside], np.sign(g[~inside]) * limit)
    assert bits(clip_by_value(clipped, v)) == bits(clipped)


@PROPERTY
@given(tame(hnp.array_shapes(min_dims=1, max_dims=1, min_side=1, max_side=30)), st.floats(1e-6, 1e6))
def test_value_clipping_never_turns_as_far_as_the_bound(g, v):
    assume(g.any())
    clipped = clip_by_value(g, v)
    assert np.sum(g * clipped) > 0
    assert angle_between(g, clipped) <= worst_value_angle(g.size) + 1e-5


@pytest.mark.parametrize("d", [1, 2, 10, 100, 1000])
def test_the_worst_gradient_comes_near_the_bound(d):
    g = np.r_[1e9, np.ones(d - 1)]
    assert angle_between(g, clip_by_value(g, 1)) == pytest.approx(worst_value_angle(d), abs=1e-5)


def test_worst_angles_that_the_claims_name():
    assert [round(worst_value_angle(d), 1) for d in (2, 10, 100, 1000)] == [45.0, 71.6, 84.3, 88.2]


@PROPERTY
@given(tame(), tame(), st.floats(1e-6, 1e6), ORDERS)
def test_with_one_layer_every_scope_agrees(weight, bias, c, p):
    grads = {"layer.weight": weight, "layer.bias": bias}
    listed, norm = clip_by_global_norm([weight, bias], c, p)
    for scoped, norms in (
        clip_globally(grads, c, p),
        clip_per_layer(grads, c, p),
        clip_per_group(grads, c, lambda name: "any", p),
    ):
        assert list(scoped) == list(grads)
        assert list(norms.values()) == [norm]
        assert [bits(g) for g in scoped.values()] == [bits(g) for g in listed]
    examples, norms = clip_per_example({name: g[None] for name, g in grads.items()}, c, p)
    np.testing.assert_allclose(norms, [norm], rtol=1e-12)
    for g, h in zip(examples.values(), listed, strict=True):
        np.testing.assert_allclose(g[0], h, rtol=1e-12)


@PROPERTY
@given(st.lists(tame(), min_size=1, max_size=5), st.floats(1e-6, 1e6), ORDERS)
def test_each_group_is_clipped_on_its_own(arrays, c, p):
    grads = {f"layers.{i // 2}.{'weight' if i % 2 == 0 else 'bias'}": g for i, g in enumerate(arrays)}
    by_layer, layer_norms = clip_per_layer(grads, c, p)
    for i in range(0, len(arrays), 2):
        expected, norm = clip_by_global_norm(arrays[i : i + 2], c, p)
        got = [g for name, g in by_layer.items() if layer_of(name) == f"layers.{i // 2}"]
        assert [bits(g) for g in got] == [bits(g) for g in expected]
        assert layer_norms[f"layers.{i // 2}"] == norm
    by_parameter, norms = clip_per_parameter(grads, c, p)
    for name, g in grads.items():
        assert bits(by_parameter[name]) == bits(clip_by_norm(g, c, p))
        assert norms[name] == global_norm([g], p)


@PROPERTY
@given(
    st.integers(0, 4).flatmap(
        lambda B: st.tuples(gradients(shapes=st.just((B, 3, 2))), gradients(shapes=st.just((B,))))
    ),
    THRESHOLDS,
    ORDERS,
)
def test_each_example_is_clipped_by_its_own_norm(pair, c, p):
    grads = dict(zip(("weight", "bias"), pair, strict=True))
    clipped, norms = clip_per_example(grads, c, p)
    assert norms.shape == (len(pair[0]),)
    for example_index in range(len(pair[0])):
        own = [g[example_index] for g in pair]
        expected, norm = clip_by_global_norm(own, c, p)
        np.testing.assert_allclose(norms[example_index], norm, rtol=1e-12)
        for g, h in zip(clipped.values(), expected, strict=True):
            kind = np.finfo(g.dtype)
            assert g.dtype == h.dtype
            np.testing.assert_allclose(
                g[example_index], h, rtol=2 * float(kind.eps), atol=float(kind.smallest_subnormal)
            )


@pytest.mark.parametrize(
    ("name", "layer"),
    [("blocks.0.weight", "blocks.0"), ("fc.bias", "fc"), ("W1", "W1"), ("", "")],
)
def test_layer_of(name, layer):
    assert layer_of(name) == layer


@PROPERTY
@given(st.integers(1, 6).flatmap(lambda d: st.tuples(tame(st.just((d,))), tame(st.just((d,))))))
def test_angles_are_symmetric_and_blind_to_length(pair):
    u, v = pair
    assume(u.any() and v.any())
    assert angle_between(u, v) == angle_between(v, u)
    assert angle_between(u, v) == pytest.approx(angle_between(7 * u, 0.1 * v), abs=1e-6)
    assert angle_between(u, u) == 0
    assert angle_between(u, -u) == 180


def test_angles_that_arccos_cannot_tell_from_zero():
    assert angle_between([1, 0], [1, 1e-12]) == pytest.approx(math.degrees(1e-12), rel=1e-6)


def test_the_worked_examples_of_the_lesson():
    np.testing.assert_allclose(clip_by_norm([6, 8, 0], 5), [3, 4, 0])
    np.testing.assert_array_equal(clip_by_value([10, 1], 2), [2, 1])
    assert angle_between([10, 1], clip_by_value([10, 1], 2)) == pytest.approx(20.854, abs=1e-3)
    np.testing.assert_allclose(clip_by_norm([10, 1], 2, p=math.inf), [2, 0.2])
    tenths = np.full(100, 0.1)
    assert global_norm([tenths], math.inf) == 0.1
    assert global_norm([tenths]) == pytest.approx(1)
    np.testing.assert_array_equal(clip_by_norm(np.zeros(3), 5), np.zeros(3))


def test_a_float32_gradient_whose_squares_overflow_keeps_its_direction():
    clipped, norm = clip_by_global_norm([np.array([1e20, 1e20], np.float32)], 1)
    assert norm == pytest.approx(math.sqrt(2) * 1e20)
    np.testing.assert_allclose(clipped[0], [math.sqrt(0.5)] * 2, rtol=1e-6)


def test_the_published_formula_runs_on_a_number_and_lets_a_negative_one_pass():
    assert published_formula(1000.0, 1.0) == 1.0
    assert published_formula(-1000.0, 1.0) == -1000.0
    with pytest.raises(ValueError, match="ambiguous"):
        published_formula(np.array([-1000.0, 3.0]), 1.0)


def test_the_published_formula_element_by_element_is_one_sided():
    g = np.array([-1000, -0.5, 0.5, 3, 1000])
    np.testing.assert_array_equal(published_elementwise(g, 1.0), [-1000, -0.5, 0.5, 1, 1])


@PROPERTY
@given(tame(), st.floats(1e-3, 1e3))
def test_the_published_formula_is_a_one_sided_minimum(g, c):
    np.testing.assert_allclose(published_elementwise(g, c), np.minimum(g, c), rtol=1e-12)


def test_the_published_formula_drifts_on_symmetric_noise():
    noise = 10 * np.random.default_rng(0).standard_normal((100_000, 10))
    assert published_elementwise(noise, 1.0).mean() == pytest.approx(-3.50, abs=0.02)
    assert abs(clip_by_value(noise, 1.0).mean()) < 0.01
