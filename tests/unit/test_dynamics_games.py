"""The bilinear game: every growth law against the play itself, to rounding."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.clipping import clip_by_norm
from course_lib.dynamics import DynamicsError
from course_lib.dynamics.games import (
    SCHEMES,
    SCOPES,
    alternating_invariant,
    clipped_radius,
    cycle_radius,
    free_radius,
    generator_energy,
    growth_factor,
    play,
)

PROPERTY = settings(deadline=None, max_examples=60)
STEP = st.floats(0.01, 0.9)
PLACE = st.integers(-50, 50).map(lambda tenths: tenths / 10)
THRESHOLD = st.floats(0.05, 4)


@PROPERTY
@given(PLACE, PLACE, STEP)
def test_simultaneous_play_grows_by_its_factor(x, y, lr):
    run = play((x, y), lr, 50)
    np.testing.assert_allclose(run.radii, free_radius(np.arange(51), math.hypot(x, y), lr), rtol=1e-12)
    assert growth_factor(lr) == pytest.approx(math.sqrt(1 + lr**2), rel=1e-15)


@PROPERTY
@given(st.floats(0, 2 * math.pi), st.floats(1, 20), STEP, THRESHOLD)
def test_joint_clipping_adds_the_same_area_at_every_step(angle, times, lr, c):
    r0 = times * c
    run = play((r0 * math.cos(angle), r0 * math.sin(angle)), lr, 200, clip=c)
    squares = run.radii**2
    np.testing.assert_allclose(np.diff(squares), (lr * c) ** 2, rtol=1e-6, atol=1e-12 * squares.max())
    # The start may lie a rounding inside c, where the first step is free, and just as long.
    np.testing.assert_allclose(run.radii, clipped_radius(np.arange(201), r0, lr, c), rtol=1e-9)


def test_a_radius_inside_the_threshold_has_another_law():
    with pytest.raises(DynamicsError, match="use free_radius"):
        clipped_radius(10, r0=0.5, c=1)


@PROPERTY
@given(PLACE, PLACE, STEP, THRESHOLD)
def test_the_generators_energy_never_falls(x, y, lr, c):
    run = play((x, y), lr, 300, clip=c, scope="generator")
    gains = np.diff(generator_energy(*run.points.T, c))
    beyond = np.abs(run.points[:, 1]) > c
    stays = beyond[1:] & beyond[:-1] & (run.points[1:, 1] * run.points[:-1, 1] > 0)
    tolerance = 1e-12 * generator_energy(*run.points.T, c).max()
    assert (gains >= -tolerance).all()
    np.testing.assert_allclose(gains[stays], (lr * c) ** 2 / 2, rtol=0, atol=tolerance + 1e-15)


def test_in_the_long_run_the_discriminator_leaves_in_proportion_to_time():
    run = play(lr=0.1, steps=200_000, clip=1.0, scope="generator")
    assert generator_energy(*run.points[-1], 1.0) / (0.01 * 200_000) == pytest.approx(1, abs=0.02)
    assert np.abs(run.points[100_000:, 1]).max() / (0.01 * 200_000) == pytest.approx(1, abs=0.02)


def test_separate_clipping_grows_like_a_root_too():
    radii = play(lr=0.1, steps=200_000, clip=1.0, scope="separately").radii
    assert radii[-5000:].max() == pytest.approx(0.1 * math.sqrt(2 * 200_000), rel=0.02)


@PROPERTY
@given(PLACE, PLACE, st.floats(0.01, 1.9))
def test_alternating_play_keeps_its_invariant(x, y, lr):
    run = play((x, y), lr, 500, scheme="alternating")
    kept = alternating_invariant(*run.points.T, lr)
    np.testing.assert_allclose(kept, kept[0], rtol=1e-9, atol=1e-12)
    assert run.radii.max() <= math.sqrt(max(kept[0], 0) / (1 - lr / 2)) * (1 + 1e-9)
    assert run.radii.min() >= math.sqrt(max(kept[0], 0) / (1 + lr / 2)) * (1 - 1e-9)


@PROPERTY
@given(STEP, st.floats(0, 1), st.sampled_from(["simultaneous", "extragradient"]))
def test_growth_factors_with_decay(lr, decay, scheme):
    run = play((1.0, -0.5), lr, 30, scheme, decay=decay)
    np.testing.assert_allclose(run.radii[1:] / run.radii[:-1], growth_factor(lr, decay, scheme), rtol=1e-9)


def test_alternating_growth_holds_in_the_mean():
    radii = play(lr=0.1, steps=5000, scheme="alternating", decay=0.02).radii
    mean = (radii[-1] / radii[0]) ** (1 / 5000)
    assert mean == pytest.approx(growth_factor(0.1, 0.02, "alternating"), abs=2e-5)
    with pytest.raises(DynamicsError, match="only for lr below"):
        growth_factor(2.0, scheme="alternating")


def test_extragradient_comes_home_without_clipping():
    assert play(lr=0.1, steps=10_000, scheme="extragradient").radii[-1] < 1e-20


@PROPERTY
@given(st.floats(0.02, 0.5), THRESHOLD, st.floats(0.05, 0.95), st.floats(1, 50))
def test_clipped_steps_shrink_the_distance_to_the_circle(lr, c, share, times):
    decay = share * lr / 2  # too weak to bring the play home by itself
    run = play((times * c, 0.0), lr, 50, clip=c, decay=decay)
    circle = cycle_radius(lr, c, decay)
    assert circle > c
    off = run.radii**2 - circle**2
    scale = 1e-12 * max(run.radii.max(), circle) ** 2
    np.testing.assert_allclose(off[1:], (1 - lr * decay) ** 2 * off[:-1], rtol=1e-9, atol=scale)


@pytest.mark.parametrize("r0", [0.1, 1.0, 30.0])
@pytest.mark.parametrize("c", [0.1, 1.0, 10.0])
def test_decay_has_one_circle_for_every_start(r0, c):
    run = play((r0, 0.0), lr=0.1, steps=20_000, clip=c, decay=0.01)
    assert run.radii[-1] == pytest.approx(cycle_radius(0.1, c, 0.01), rel=1e-12)


@pytest.mark.parametrize("r0", [0.1, 30.0])
def test_strong_decay_comes_home_and_has_no_circle(r0):
    assert cycle_radius(0.1, 1.0, 0.06) is None
    assert play((r0, 0.0), lr=0.1, steps=40_000, clip=1.0, decay=0.06).radii[-1] < 1e-6


@pytest.mark.parametrize("decay", [0.0, -1.0, 10.0])
def test_a_circle_needs_a_decay(decay):
    with pytest.raises(DynamicsError, match="lr \\* decay must lie between 0 and 1"):
        cycle_radius(0.1, 1.0, decay)


@pytest.mark.parametrize("start", [(0.1, 0.0), (1.0, 1.0), (30.0, -20.0)])
def test_a_clipped_weight_gives_a_bounded_cycle_near_its_limit(start):
    late = play(start, lr=0.1, steps=20_000, weight_limit=0.5)
    assert np.abs(late.points[1:, 1]).max() <= 0.5
    assert 0.49 < late.radii[-2000:].min() <= late.radii[-2000:].max() < 0.6


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("scope", SCOPES)
def test_your_own_clip_walks_the_same_path_as_a_threshold(scheme, scope):
    asked = {"start": (2, -1), "lr": 0.3, "steps": 100, "scheme": scheme, "scope": scope, "decay": 0.05}
    own = play(clip=lambda g: clip_by_norm(g, 0.7), **asked).points
    np.testing.assert_allclose(own, play(clip=0.7, **asked).points, rtol=1e-12)
    assert not np.allclose(own, play(**asked).points)


@pytest.mark.parametrize(("scope", "seen"), [("jointly", {2}), ("separately", {1}), ("generator", {1})])
def test_the_scope_says_what_your_function_is_given(scope, seen):
    shapes = []
    play((3.0, 4.0), steps=2, clip=lambda g: shapes.append(g.shape) or 0 * g, scope=scope)
    assert {n for (n,) in shapes} == seen


def test_a_frozen_generator_stays_and_the_discriminator_goes():
    points = play((3.0, 4.0), lr=0.1, steps=2, clip=lambda g: 0 * g, scope="generator").points
    np.testing.assert_allclose(points, [[3, 4], [3, 4.3], [3, 4.6]])


def test_overflow_ends_in_nan_and_is_no_error():
    radii = play(lr=100.0, steps=500).radii
    assert np.isnan(radii[-1]) and radii[10] > 1e19


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"scheme": "both"}, "scheme must be one of"),
        ({"scope": "all"}, "scope must be one of"),
        ({"lr": 0}, "lr must be above 0"),
        ({"clip": 0}, "clip must be above 0"),
        ({"weight_limit": -1}, "weight_limit must be above 0"),
        ({"decay": -0.1}, "decay must be 0 or more"),
        ({"steps": -1}, "steps must be 0 or more"),
        ({"clip": lambda g: float(g[0])}, "must return that shape"),
    ],
)
def test_what_has_no_meaning_gets_one_sentence(asked, said):
    with pytest.raises(DynamicsError, match=said):
        play(**{"steps": 2} | asked)
