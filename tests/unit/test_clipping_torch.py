"""The PyTorch front ends against PyTorch itself, over random gradients of every dtype."""

import math
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils import clip_grad_norm_, clip_grad_value_, get_total_norm

from course_lib.clipping import (
    ClippingError,
    clip_by_global_norm,
    clip_by_global_norm_,
    clip_by_value,
    clip_by_value_,
    clip_per_example,
    clip_per_example_,
    clip_per_group_,
    clip_per_layer_,
    clip_per_parameter_,
    scaled_global_norm,
)

torch.set_num_threads(1)
PROPERTY = settings(deadline=None, max_examples=100)
DTYPES = [torch.float16, torch.bfloat16, torch.float32, torch.float64]
ORDERS = st.sampled_from([1.0, 2.0, 3.0, math.inf])
THRESHOLDS = st.floats(1e-4, 1e4)
SHAPES = st.sampled_from([(), (0,), (1,), (3,), (2, 3), (2, 0, 3), (2, 1, 2)])


def tensors(magnitudes, dtypes, shapes=SHAPES):
    """Tensors of one dtype; entries are zero, or of the magnitudes given and either sign."""
    entry = st.one_of(st.just(0.0), magnitudes, magnitudes.map(lambda x: -x))

    def build(dtype, shape):
        count = math.prod(shape)
        entries = st.lists(entry, min_size=count, max_size=count)
        return entries.map(lambda values: torch.tensor(values, dtype=torch.float64).to(dtype).reshape(shape))

    return st.tuples(dtypes, shapes).flatmap(lambda pair: build(*pair))


def lists_of_one_dtype(magnitudes):
    return st.sampled_from(DTYPES).flatmap(
        lambda dtype: st.lists(tensors(magnitudes, st.just(dtype)), min_size=1, max_size=4)
    )


MODERATE = st.floats(1e-3, 1e2)
ANY_FINITE = st.floats(0, 1.7e308)


def parameters(grads):
    made = []
    for g in grads:
        p = nn.Parameter(torch.zeros_like(g))
        p.grad = g.clone()
        made.append(p)
    return made


def same_bits(a, b):
    return (
        a.dtype == b.dtype
        and a.shape == b.shape
        and torch.equal(
            a.contiguous().view(torch.uint8) if a.ndim else a.reshape(1).view(torch.uint8),
            b.contiguous().view(torch.uint8) if b.ndim else b.reshape(1).view(torch.uint8),
        )
    )


def wide(g):
    return g.double().numpy()


@PROPERTY
@given(lists_of_one_dtype(MODERATE), THRESHOLDS, ORDERS)
@example([torch.zeros(3)], 5.0, 2.0)
@example([torch.zeros(0), torch.tensor(5.0)], 1.0, 3.0)
@example([torch.zeros(0), torch.tensor(5.0)], 1.0, math.inf)
@example([torch.tensor([6.0, 8.0, 0.0])], 5.0, 2.0)
def test_finite_gradients_are_clipped_as_pytorch_does_bit_for_bit(grads, c, p):
    ours, theirs = parameters(grads), parameters(grads)
    # PyTorch refuses the largest entry of an empty tensor; for every other norm it takes part.
    norm = clip_grad_norm_([q for q in theirs if q.grad.numel() or p != math.inf], c, p)
    assume(torch.isfinite(norm))
    before = clip_by_global_norm_(ours, c, p)
    assert torch.equal(before, norm)
    assert torch.equal(before, get_total_norm([g for g in grads if g.numel() or p != math.inf], p))
    for a, b in zip(ours, theirs, strict=True):
        assert same_bits(a.grad, b.grad)


@PROPERTY
@given(lists_of_one_dtype(MODERATE), THRESHOLDS, ORDERS)
def test_pytorch_agrees_with_the_formula(grads, c, p):
    ours = parameters(grads)
    norm = clip_by_global_norm_(ours, c, p)
    expected, reference = clip_by_global_norm([wide(g) for g in grads], c, p)
    eps = torch.finfo(grads[0].dtype).eps
    few = 8 * eps
    assert norm.item() == pytest.approx(reference, rel=few, abs=1e-30)
    # PyTorch adds 1e-6 to the norm before it divides; near the threshold it may clip where the formula does not.
    for a, b, g in zip(ours, expected, grads, strict=True):
        np.testing.assert_allclose(
            wide(a.grad), b, rtol=few + 1e-6 / max(reference, 1e-3), atol=torch.finfo(g.dtype).tiny
        )


@PROPERTY
@given(lists_of_one_dtype(MODERATE), st.floats(1e-2, 1e4))
def test_value_clipping_is_pytorchs_bit_for_bit(grads, v):
    ours, theirs = parameters(grads), parameters(grads)
    clip_grad_value_(theirs, v)
    largest = clip_by_value_(ours, v)
    assert largest.item() == max((g.abs().max().item() for g in grads if g.numel()), default=0)
    for a, b in zip(ours, theirs, strict=True):
        assert same_bits(a.grad, b.grad)


@PROPERTY
@given(
    tensors(MODERATE, st.sampled_from([torch.float16, torch.float32, torch.float64])), st.floats(1e-2, 1e4)
)
def test_value_clipping_agrees_with_the_reference(g, v):
    [p] = parameters([g])
    clip_by_value_(p, v)
    np.testing.assert_array_equal(p.grad.numpy(), clip_by_value(g.numpy(), v))


@PROPERTY
@given(lists_of_one_dtype(ANY_FINITE), st.floats(1e-3, 1e3), ORDERS)
def test_huge_gradients_are_clipped_to_the_threshold(grads, c, p):
    """Where PyTorch's norm overflows, the length is still the threshold and the direction stays."""
    assume(all(torch.isfinite(g).all() for g in grads))
    ours = parameters(grads)
    norm = clip_by_global_norm_(ours, c, p)
    assert not norm.isnan()
    _, reference = clip_by_global_norm([wide(g) for g in grads], c, p)
    dtype = grads[0].dtype
    eps = torch.finfo(dtype).eps
    step = torch.finfo(dtype).smallest_normal * eps  # the distance of the smallest numbers
    after = scaled_global_norm([q.grad for q in ours], p).item()
    # PyTorch rounds the factor c / norm to the gradients' precision: to multiples of `step` where it is tiny
    factor_lost = step * reference if reference < torch.finfo(dtype).max else 0.0
    root_lost = eps * math.log(torch.finfo(dtype).max)  # x ** (1 / 3) with 1 / 3 rounded
    assert after <= c * (1 + 16 * eps + root_lost) + factor_lost + 50 * step
    torch_norm = get_total_norm([g for g in grads if g.numel()], p)
    if torch.isinf(torch_norm):
        expected, _ = clip_by_global_norm([wide(g) for g in grads], c, p)
        assert norm.item() == pytest.approx(reference, rel=16 * eps)
        for q, e in zip(ours, expected, strict=True):
            np.testing.assert_allclose(wide(q.grad), e, rtol=16 * eps, atol=2 * step)


@PROPERTY
@given(lists_of_one_dtype(ANY_FINITE), ORDERS)
def test_the_scaled_norm_is_the_norm(grads, p):
    assume(all(torch.isfinite(g).all() for g in grads))
    _, reference = clip_by_global_norm([wide(g) for g in grads], 1.0, p)
    assert scaled_global_norm(grads, p).item() == pytest.approx(reference, rel=1e-12)
    assert scaled_global_norm(grads, p).dtype == torch.float64


@pytest.mark.parametrize(
    ("dtype", "entry"),
    [(torch.float16, 6e4), (torch.bfloat16, 1e38), (torch.float32, 1e20), (torch.float64, 1e200)],
)
def test_pytorch_erases_a_gradient_whose_norm_overflows_and_we_do_not(dtype, entry):
    g = torch.full((2,), entry, dtype=dtype)
    [theirs], [ours], [same] = parameters([g]), parameters([g]), parameters([g])
    assert clip_grad_norm_([theirs], 1.0) == math.inf
    assert not theirs.grad.any()
    norm = clip_by_global_norm_(ours, 1.0)
    assert norm.item() == pytest.approx(math.sqrt(2) * g[0].item(), rel=1e-3)
    assert ours.grad.dtype == dtype
    np.testing.assert_allclose(wide(ours.grad), math.sqrt(0.5), rtol=2 * torch.finfo(dtype).eps)
    assert clip_by_global_norm_(same, 1.0, nonfinite="propagate") == math.inf
    assert torch.equal(same.grad, theirs.grad)


def test_where_the_millionth_in_pytorchs_formula_shows():
    """1e-6 more in the denominator: a tiny gradient below the threshold is shrunk all the same."""
    g = torch.tensor([6e-9, 8e-9], dtype=torch.float64)
    [p] = parameters([g])
    clip_by_global_norm_(p, 1.1e-8)
    reference, _ = clip_by_global_norm([g.numpy()], 1.1e-8)
    np.testing.assert_array_equal(reference[0], g.numpy())
    np.testing.assert_allclose(p.grad.numpy(), g.numpy() * 1.1e-8 / (1e-8 + 1e-6))


SPOILED = st.sampled_from([math.inf, -math.inf, math.nan])


@PROPERTY
@given(lists_of_one_dtype(MODERATE), SPOILED, st.data())
def test_each_policy_for_a_gradient_that_is_not_finite(grads, spoiled, data):
    places = [i for i, g in enumerate(grads) if g.numel()]
    assume(places)
    place = data.draw(st.sampled_from(places))
    grads[place].view(-1)[data.draw(st.integers(0, grads[place].numel() - 1))] = spoiled
    names = [f"layer{i}.weight" for i in range(len(grads))]

    refused = dict(zip(names, parameters(grads), strict=True))
    for clip in (clip_by_global_norm_, clip_by_value_, clip_per_layer_):
        with pytest.raises(ClippingError, match=rf"The gradient of layer{place}\.weight holds nan or inf"):
            clip(refused, 1.0)
    for p, g in zip(refused.values(), grads, strict=True):
        assert same_bits(p.grad, g)

    skipped = parameters(grads)
    norm = clip_by_global_norm_(skipped, 1.0, nonfinite="skip")
    assert not torch.isfinite(norm)
    assert all(p.grad is None for p in skipped)

    ours, theirs = parameters(grads), parameters(grads)
    clip_by_global_norm_(ours, 1.0, nonfinite="propagate")
    clip_grad_norm_(theirs, 1.0)
    values, their_values = parameters(grads), parameters(grads)
    clip_by_value_(values, 1.0, nonfinite="propagate")
    clip_grad_value_(their_values, 1.0)
    for a, b in [*zip(ours, theirs, strict=True), *zip(values, their_values, strict=True)]:
        torch.testing.assert_close(a.grad, b.grad, rtol=0, atol=0, equal_nan=True)


def test_what_pytorch_makes_of_inf_and_nan():
    p = nn.Parameter(torch.zeros(3))
    p.grad = torch.tensor([6.0, math.inf, 0.0])
    clip_by_global_norm_(p, 5.0, nonfinite="propagate")
    torch.testing.assert_close(p.grad, torch.tensor([0.0, math.nan, 0.0]), equal_nan=True)
    p.grad = torch.tensor([6.0, math.nan, 0.0])
    clip_by_global_norm_(p, 5.0, nonfinite="propagate")
    assert p.grad.isnan().all()
    p.grad = torch.tensor([6.0, math.inf, math.nan])
    clip_by_value_(p, 5.0, nonfinite="propagate")
    torch.testing.assert_close(p.grad, torch.tensor([5.0, 5.0, math.nan]), equal_nan=True)


@pytest.mark.parametrize("nonfinite", ["error", "skip", "propagate"])
def test_a_skipped_step_leaves_weights_and_momentum_alone(nonfinite):
    model = nn.Linear(2, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    model(torch.ones(1, 2)).sum().backward()
    clip_by_global_norm_(model, 1.0, nonfinite=nonfinite)
    optimizer.step()
    weight, momentum = model.weight.clone(), optimizer.state[model.weight]["momentum_buffer"].clone()
    model.weight.grad = torch.tensor([[math.nan, 1.0]])
    if nonfinite == "error":
        with pytest.raises(ClippingError, match="The gradient of weight holds nan or inf"):
            clip_by_global_norm_(model, 1.0, nonfinite=nonfinite)
        return
    clip_by_global_norm_(model, 1.0, nonfinite=nonfinite)
    optimizer.step()
    assert torch.equal(model.weight, weight) == (nonfinite == "skip")
    assert torch.equal(optimizer.state[model.weight]["momentum_buffer"], momentum) == (nonfinite == "skip")


def test_parameters_without_a_gradient_are_passed_over():
    frozen, trained = nn.Parameter(torch.zeros(2)), nn.Parameter(torch.zeros(2))
    trained.grad = torch.tensor([3.0, 4.0])
    assert clip_by_global_norm_([frozen, trained], 1.0) == 5.0
    assert frozen.grad is None
    torch.testing.assert_close(trained.grad, torch.tensor([0.6, 0.8]))


@pytest.mark.parametrize(
    "give",
    [
        lambda model: model,
        lambda model: model.parameters(),
        lambda model: model.named_parameters(),
        lambda model: list(model.parameters()),
        lambda model: dict(model.named_parameters()),
    ],
)
def test_every_way_of_giving_parameters(give):
    model = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 1))
    model(torch.ones(4, 3)).sum().backward()
    clip_by_global_norm_(give(model), 0.5)
    assert get_total_norm([p.grad for p in model.parameters()]).item() == pytest.approx(0.5, rel=1e-5)


def small_model(grads):
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    for p, g in zip(model.parameters(), grads, strict=True):
        p.grad = g.clone()
    return model


GRADS = [torch.tensor([[30.0, 40.0], [0.0, 0.0]]), torch.tensor([0.0, 120.0])]
GRADS += [torch.tensor([[0.3, 0.4]]), torch.tensor([1.2])]


def test_each_scope_scales_its_own_groups():
    by_layer = small_model(GRADS)
    norms = clip_per_layer_(by_layer, 1.0)
    assert {layer: round(n.item(), 4) for layer, n in norms.items()} == {"0": 130.0, "1": 1.3}
    for layer in by_layer:
        assert get_total_norm([p.grad for p in layer.parameters()]).item() == pytest.approx(1, rel=1e-5)

    by_parameter = small_model(GRADS)
    norms = clip_per_parameter_(by_parameter, 1.0)
    assert [round(n.item(), 4) for n in norms.values()] == [50.0, 120.0, 0.5, 1.2]
    assert torch.equal(by_parameter[1].weight.grad, GRADS[2])

    together, whole = small_model(GRADS), small_model(GRADS)
    norms = clip_per_group_(together, 1.0, lambda name: "all")
    assert torch.equal(norms["all"], clip_by_global_norm_(whole, 1.0))
    for p, q in zip(together.parameters(), whole.parameters(), strict=True):
        assert torch.equal(p.grad, q.grad)


def test_one_bad_layer_is_skipped_alone_or_stops_before_anything_changed():
    spoiled = [GRADS[0], GRADS[1], torch.tensor([[math.nan, 0.4]]), GRADS[3]]
    model = small_model(spoiled)
    with pytest.raises(ClippingError, match=r"The gradient of 1\.weight holds nan or inf"):
        clip_per_layer_(model, 1.0)
    assert torch.equal(model[0].weight.grad, GRADS[0])
    clip_per_layer_(model, 1.0, nonfinite="skip")
    assert model[1].weight.grad is None
    assert model[1].bias.grad is None
    assert model[0].weight.grad.norm().item() < 1


EXAMPLES = st.integers(0, 4).flatmap(
    lambda B: st.sampled_from(DTYPES).flatmap(
        lambda dtype: st.tuples(
            tensors(ANY_FINITE, st.just(dtype), st.just((B, 2, 3))),
            tensors(ANY_FINITE, st.just(dtype), st.just((B,))),
        )
    )
)


@PROPERTY
@given(EXAMPLES, THRESHOLDS, ORDERS)
def test_per_example_clipping_agrees_with_the_reference(pair, c, p):
    assume(all(torch.isfinite(g).all() for g in pair))
    grads = {"weight": pair[0].clone(), "bias": pair[1].clone()}
    expected, reference = clip_per_example({n: wide(g) for n, g in grads.items()}, c, p)
    norms = clip_per_example_(grads, c, p)
    np.testing.assert_allclose(norms.numpy(), reference, rtol=1e-12)
    for name, original in zip(grads, pair, strict=True):
        g = grads[name]
        kind = torch.finfo(g.dtype)
        assert g.dtype == original.dtype
        np.testing.assert_allclose(
            wide(g),
            expected[name],
            rtol=4 * kind.eps,
            atol=kind.smallest_normal * kind.eps + max(1, c) * 1e-323,
        )
        untouched = norms <= c
        assert same_bits(g[untouched], original[untouched])


def test_per_example_policies():
    def fresh():
        return {
            "w": torch.tensor([[3.0, 4.0], [math.nan, 0.0], [0.3, 0.4]]),
            "b": torch.tensor([0.0, 1.0, 0.0]),
        }

    with pytest.raises(ClippingError, match="The gradient of example 1 is not finite, first in w"):
        clip_per_example_(fresh(), 1.0)
    dropped = fresh()
    norms = clip_per_example_(dropped, 1.0, nonfinite="skip")
    torch.testing.assert_close(norms, torch.tensor([5.0, 0.0, 0.5], dtype=torch.float64))
    torch.testing.assert_close(dropped["w"], torch.tensor([[0.6, 0.8], [0.0, 0.0], [0.3, 0.4]]))
    assert dropped["b"][1] == 0
    infinite = {"w": torch.tensor([[6.0, math.inf, 0.0]])}
    assert clip_per_example_(infinite, 5.0, nonfinite="propagate") == math.inf
    torch.testing.assert_close(infinite["w"], torch.tensor([[0.0, math.nan, 0.0]]), equal_nan=True)
    kept = fresh()
    norms = clip_per_example_(kept, 1.0, nonfinite="propagate")
    assert norms[1].isnan()
    assert kept["w"][1].isnan().all()
    torch.testing.assert_close(kept["w"][0], torch.tensor([0.6, 0.8]))


def test_per_example_gradients_as_torch_func_gives_them():
    model = nn.Linear(3, 1)
    inputs, targets = torch.randn(5, 3, generator=torch.Generator().manual_seed(0)), torch.arange(5.0)

    def loss(weights, x, y):
        return (torch.func.functional_call(model, weights, (x,)).squeeze() - y) ** 2

    weights = {name: p.detach() for name, p in model.named_parameters()}
    grads = torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0, 0))(weights, inputs, targets)
    clip_per_example_(grads, 0.1)
    lengths = torch.cat([g.flatten(1) for g in grads.values()], dim=1).norm(dim=1)
    assert (lengths <= 0.1 * (1 + 1e-6)).all()


def test_the_reference_does_not_load_torch():
    code = (
        "import sys, course_lib.clipping as c, course_lib.dynamics, course_lib.training, course_lib.data; "
        "assert 'torch' not in sys.modules, 'torch'; c.clip_by_norm([3.0, 4.0], 1.0); "
        "assert 'torch' not in sys.modules; c.clip_by_global_norm_; assert 'torch' in sys.modules"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
