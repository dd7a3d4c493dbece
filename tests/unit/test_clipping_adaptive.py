"""Moving thresholds against the papers' formulas, written out step by step, and the PyTorch clippers against them."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from course_lib.clipping import (
    AGC,
    AutoClip,
    AutoClipThreshold,
    ClippingError,
    ZClip,
    ZClipThreshold,
    clip_by_unit,
)

torch.set_num_threads(1)
NORMS = np.exp(np.random.default_rng(0).normal(0, 1, (60, 3)))
NORMS[40] *= 100  # a spike after a history


def zclip_by_hand(norms, z_max=2.5, decay=0.97, warmup=25, ceiling=math.inf):
    """One run, one number at a time, as the paper's algorithm reads."""
    limits, first, mean, variance = [], [], 0.0, 0.0
    for norm in norms:
        if len(first) < warmup:
            first.append(norm)
            limits.append(ceiling)
            if len(first) == warmup:
                mean = sum(first) / warmup
                variance = sum((n - mean) ** 2 for n in first) / warmup
            continue
        z = (norm - mean) / (math.sqrt(variance) + 1e-6)
        limit = mean + z_max**2 * math.sqrt(variance) / z if z > z_max else math.inf
        left = min(norm, limit)
        mean = decay * mean + (1 - decay) * left
        variance = decay * variance + (1 - decay) * (left - mean) ** 2
        limits.append(min(limit, ceiling))
    return limits


@pytest.mark.parametrize("percentile", [0.5, 10, 50, 100])
def test_autoclip_is_the_percentile_of_the_norms_so_far(percentile):
    rule = AutoClipThreshold(percentile)
    for step, norms in enumerate(NORMS):
        expected = [np.percentile(NORMS[: step + 1, run], percentile) for run in range(3)]
        np.testing.assert_allclose(rule(norms), expected)


def test_autoclip_lets_whatever_comes_first_pass():
    assert float(AutoClipThreshold(1)(1e9)) == 1e9


def test_autoclip_leaves_out_what_says_nothing():
    rule = AutoClipThreshold(50)
    assert rule(0.0) == math.inf
    assert rule(2.0) == 2
    assert rule(math.nan) == 2
    assert rule(math.inf) == 2
    assert rule(4.0) == 3


@pytest.mark.parametrize("settings", [{}, {"warmup": 3}, {"z_max": 1.0, "decay": 0.8}, {"ceiling": 2.0}])
def test_zclip_is_the_algorithm_of_the_paper(settings):
    rule = ZClipThreshold(**settings)
    got = np.array([rule(norms) for norms in NORMS])
    for run in range(3):
        np.testing.assert_allclose(got[:, run], zclip_by_hand(NORMS[:, run], **settings))


def test_zclip_cuts_a_larger_spike_lower():
    limits = []
    for spike in (30.0, 300.0, 3000.0):
        rule = ZClipThreshold()
        for norm in NORMS[:30, 0]:
            rule(norm)
        limits.append(float(rule(spike)))
    assert limits[0] > limits[1] > limits[2] > NORMS[:30, 0].mean() * 0.5


def test_zclip_has_nothing_to_say_during_its_warmup():
    rule = ZClipThreshold(warmup=25)
    assert all(float(rule(10.0**step)) == math.inf for step in range(25))
    assert float(ZClipThreshold(ceiling=3.0)(1e9)) == 3


def test_zclip_leaves_out_what_is_not_finite():
    with_nan, without = ZClipThreshold(warmup=2), ZClipThreshold(warmup=2)
    for norm in (1.0, 2.0, 1.5, math.nan, math.inf, 9.0):
        limit = with_nan(norm)
        if math.isfinite(norm):
            assert float(limit) == float(without(norm))


def test_each_of_many_runs_is_on_its_own():
    together, alone = ZClipThreshold(), [ZClipThreshold() for _ in range(3)]
    for norms in NORMS:
        np.testing.assert_allclose(together(norms), [rule(n) for rule, n in zip(alone, norms, strict=True)])


@pytest.mark.parametrize("shape", [(4, 3), (5, 2, 3, 3), (6,), ()])
def test_unit_by_unit_no_gradient_is_longer_than_its_share(shape):
    rng = np.random.default_rng(1)
    weight, grad = rng.normal(size=shape), rng.normal(size=shape) * 10.0 ** rng.integers(-4, 2, size=shape)
    clipped = clip_by_unit(weight, grad, ratio=0.1, floor=1e-3)
    units = shape[0] if len(shape) > 1 else 1
    for w, g, left in zip(*(a.reshape(units, -1) for a in (weight, grad, clipped)), strict=True):
        allowed = 0.1 * max(np.linalg.norm(w), 1e-3)
        np.testing.assert_allclose(left, g * min(1, allowed / np.linalg.norm(g)))


def test_a_unit_that_starts_at_zero_can_still_move():
    assert np.linalg.norm(clip_by_unit(np.zeros(3), np.ones(3), ratio=0.1)) == pytest.approx(1e-4)
    assert clip_by_unit(np.ones((2, 2)), np.zeros((2, 2))).tolist() == [[0, 0], [0, 0]]


def small_model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)).double()


def set_gradients(model, norm):
    generator = torch.Generator().manual_seed(1)
    for p in model.parameters():
        p.grad = torch.randn(p.shape, generator=generator, dtype=p.dtype)
    whole = torch.cat([p.grad.flatten() for p in model.parameters()]).norm()
    for p in model.parameters():
        p.grad *= norm / whole


def left_norm(model):
    return torch.cat([p.grad.flatten() for p in model.parameters()]).norm().item()


@pytest.mark.parametrize(
    ("clipper_of", "rule_of", "settings"),
    [(AutoClip, AutoClipThreshold, {"percentile": 30}), (ZClip, ZClipThreshold, {"warmup": 5})],
    ids=["AutoClip", "ZClip"],
)
@pytest.mark.parametrize("given", ["model", "generator", "list", "named"])
def test_the_clippers_clip_at_their_rules(clipper_of, rule_of, settings, given):
    model, clipper, rule = small_model(), clipper_of(**settings), rule_of(**settings)
    for norm in NORMS[:45, 0]:
        set_gradients(model, norm)
        parameters = {
            "model": model,
            "generator": model.parameters(),
            "list": list(model.parameters()),
            "named": model.named_parameters(),
        }[given]
        assert clipper(parameters).item() == pytest.approx(norm)
        limit = float(rule(norm))
        assert clipper.thresholds[-1] == pytest.approx(limit)
        assert left_norm(model) == pytest.approx(min(norm, limit), rel=1e-5)


def test_agc_clips_as_the_reference_does():
    model = small_model()
    set_gradients(model, 7.0)
    before = [p.grad.numpy().copy() for p in model.parameters()]
    assert AGC(ratio=0.05)(model).item() == pytest.approx(7)
    for p, g in zip(model.parameters(), before, strict=True):
        np.testing.assert_allclose(p.grad.numpy(), clip_by_unit(p.detach().numpy(), g, 0.05))


def test_agc_on_parameters_from_a_generator_and_on_one():
    model = small_model()
    set_gradients(model, 7.0)
    AGC(ratio=0.05)(model.parameters())
    first = model[0].weight.grad.clone()
    set_gradients(model, 7.0)
    AGC(ratio=0.05)(model[0].weight)
    assert torch.equal(model[0].weight.grad, first)


@pytest.mark.parametrize("make", [AutoClip, ZClip, AGC])
def test_a_gradient_that_is_not_finite_is_an_error_or_skipped(make):
    model = small_model()
    set_gradients(model, 1.0)
    model[0].bias.grad[1] = math.nan
    with pytest.raises(ClippingError, match=r"0\.bias|parameter 1"):
        make()(model)
    clipper = make(nonfinite="skip")
    assert math.isnan(clipper(model).item())
    assert all(p.grad is None for p in model.parameters())
    set_gradients(model, 1.0)
    assert clipper(model).item() == pytest.approx(1)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: AutoClipThreshold(0), "percentile must be above 0"),
        (lambda: AutoClipThreshold(101), "at most 100"),
        (lambda: ZClipThreshold(decay=1.0), "decay must be below 1"),
        (lambda: ZClipThreshold(warmup=0), "warmup must be a whole number"),
        (lambda: ZClipThreshold(z_max=-1), "z_max must be above 0"),
        (lambda: AGC(ratio=0), "ratio must be above 0"),
        (lambda: clip_by_unit(np.ones(2), np.ones(3)), "one shape"),
        (lambda: clip_by_unit(np.ones(2), np.array([1, np.nan])), "not finite"),
    ],
)
def test_bad_settings_get_a_clear_sentence(make, words):
    with pytest.raises(ClippingError, match=words):
        make()
