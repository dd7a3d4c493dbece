"""The training loop and its report."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from course_lib.clipping import clip_by_global_norm, clip_by_global_norm_
from course_lib.data import digits
from course_lib.training import (
    Divergence,
    TrainingError,
    predicts_a_constant,
    train,
)

torch.set_num_threads(1)
MSE = nn.functional.mse_loss


def line(n=64):
    """A linear task: y = 2 x_0 - x_1."""
    X = torch.randn(n, 3, generator=torch.Generator().manual_seed(0))
    return X, (2 * X[:, :1] - X[:, 1:2])


def model(*sizes, seed=0, gain=1.0, activation=nn.ReLU):
    generator = torch.Generator().manual_seed(seed)
    layers = []
    for inputs, outputs in pairwise(sizes):
        layer = nn.Linear(inputs, outputs)
        with torch.no_grad():
            layer.weight.copy_(gain * torch.randn(outputs, inputs, generator=generator) / math.sqrt(inputs))
            layer.bias.zero_()
        layers += [layer, activation()]
    return nn.Sequential(*layers[:-1])


def sgd(net, lr=0.1, **options):
    return torch.optim.SGD(net.parameters(), lr=lr, **options)


def run(net, lr=0.1, steps=30, **options):
    X, y = line()
    return train(net, X, y, loss=MSE, optimizer=sgd(net, lr), steps=steps, **options)


def test_a_full_batch_step_is_gradient_descent():
    X, y = line()
    ours, by_hand = model(3, 1), model(3, 1)
    report = train(ours, X, y, loss=MSE, optimizer=sgd(ours), steps=3)
    for step in range(3):
        loss = MSE(by_hand(X), y)
        assert report.losses[step] == pytest.approx(loss.item(), rel=1e-5)
        grads = torch.autograd.grad(loss, list(by_hand.parameters()))
        norm = math.sqrt(sum(g.double().square().sum().item() for g in grads))
        assert report.norms[step] == pytest.approx(norm, rel=1e-5)
        with torch.no_grad():
            for p, g in zip(by_hand.parameters(), grads, strict=True):
                p -= 0.1 * g
    for p, q in zip(ours.parameters(), by_hand.parameters(), strict=True):
        torch.testing.assert_close(p, q)
    assert report.final_loss == pytest.approx(MSE(by_hand(X), y).item(), rel=1e-5)


def test_a_healthy_run():
    report = run(model(3, 16, 1), steps=200)
    assert report.divergence is None
    assert not report.constant
    assert report.final_loss < 0.05 < report.losses[0]
    assert report.clip_rate == 0
    assert len(report.losses) == len(report.norms) == len(report.used_norms) == 200
    np.testing.assert_array_equal(report.norms, report.used_norms)
    assert str(report).startswith("200 steps, final loss ")
    assert str(report).endswith("0% of the steps clipped.")


def test_the_generator_decides_the_batches_and_nothing_else_does():
    def batched(seed):
        torch.manual_seed(np.random.default_rng().integers(2**31))
        return run(model(3, 8, 1), batch_size=8, generator=torch.Generator().manual_seed(seed)).losses

    np.testing.assert_array_equal(batched(1), batched(1))
    assert not np.array_equal(batched(1), batched(2))


def test_the_global_generator_is_left_alone():
    net = model(3, 1)
    state = torch.get_rng_state()
    run(net, batch_size=4, generator=torch.Generator().manual_seed(0))
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize(
    "clip",
    [
        lambda grads: clip_by_global_norm(grads, 0.1),
        lambda grads: clip_by_global_norm(grads, 0.1)[0],
        lambda grads: tuple(clip_by_global_norm(grads, 0.1)[0]),
        lambda grads: (g for g in clip_by_global_norm(grads, 0.1)[0]),
    ],
)
def test_the_readers_own_clip_function_is_used(clip):
    ours, theirs = model(3, 4, 1), model(3, 4, 1)
    report = run(ours, clip=clip)
    expected = run(theirs, clip_in_place=lambda ps: torch.nn.utils.clip_grad_norm_(ps, 0.1))
    assert report.clip_rate == expected.clip_rate > 0.9
    np.testing.assert_allclose(report.losses, expected.losses, rtol=1e-4)
    np.testing.assert_allclose(report.norms, expected.norms, rtol=1e-4)
    assert report.used_norms.max() <= 0.1 * (1 + 1e-6)
    assert report.norms.max() > 0.5


def test_the_clip_function_is_given_arrays_it_may_spoil():
    def destructive(grads):
        assert all(isinstance(g, np.ndarray) for g in grads)
        assert [g.shape for g in grads] == [(4, 3), (4,), (1, 4), (1,)]
        kept = [g.copy() for g in grads]
        for g in grads:
            g[:] = math.nan
        return kept

    net = model(3, 4, 1)
    report = run(net, clip=destructive)
    np.testing.assert_array_equal(report.losses, run(model(3, 4, 1)).losses)
    assert report.clip_rate == 0


def test_spoiling_them_leaves_the_gradients_as_they_were():
    def spoils_and_stops(grads):
        grads[0][:] = math.nan
        raise KeyboardInterrupt

    net = model(3, 4, 1)
    with pytest.raises(KeyboardInterrupt):
        run(net, clip=spoils_and_stops)
    assert all(torch.isfinite(p.grad).all() for p in net.parameters())


def returns_nothing(grads):
    for g in grads:
        g *= 0.5


@pytest.mark.parametrize(
    ("clip", "says"),
    [
        (
            returns_nothing,
            "returns_nothing must return the list of clipped gradients, but it returned a NoneType",
        ),
        (lambda grads: 3.0, "must return the list of clipped gradients, but it returned a float"),
        (lambda grads: grads[:1], r"was given 4 gradients .* and returned 1 of the shapes"),
        (lambda grads: [g.T for g in grads], "they must be the same"),
    ],
)
def test_a_clip_function_that_gives_back_something_else(clip, says):
    with pytest.raises(TrainingError, match=says):
        run(model(3, 4, 1), clip=clip)


def test_an_error_in_the_readers_function_is_the_readers_to_see():
    def broken(grads):
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        run(model(3, 1), clip=broken)


def test_a_run_that_explodes_says_when_and_where():
    net = model(3, 32, 32, 1, gain=4.0)
    report = run(net, lr=1.0)
    assert report.divergence is not None
    assert report.divergence.step == len(report.losses) - 1 < 29
    assert report.divergence.parameter in dict(net.named_parameters())
    assert not math.isfinite(report.final_loss)
    assert not report.constant
    assert str(report.divergence) in str(report)
    assert f"At step {report.divergence.step}" in str(report)


def test_a_loss_that_overflows_names_where_the_backward_pass_broke():
    net = model(3, 4, 1)
    X, y = line()
    y[5] = math.inf
    report = train(net, X, y, loss=MSE, optimizer=sgd(net), steps=5)
    assert report.divergence == Divergence(0, "loss", "2.bias")
    assert str(report.divergence) == (
        "At step 0 the loss was no longer finite; the backward pass met nan or inf first in 2.bias."
    )
    assert len(report.losses) == 1


def test_a_gradient_can_overflow_before_the_loss_does():
    class Steep(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.last = nn.Linear(1, 1), nn.Linear(1, 1)

        def forward(self, x):
            return self.last(torch.sqrt(0 * self.first(x)))  # the slope of the root at 0 is infinite

    net = Steep()
    X = torch.ones(4, 1)
    report = train(net, X, torch.zeros(4, 1), loss=MSE, optimizer=sgd(net), steps=5)
    assert report.divergence == Divergence(0, "gradient", "first.bias")
    assert str(report.divergence) == "At step 0 the gradient of first.bias was no longer finite."
    assert math.isfinite(report.losses[0])


def test_a_step_can_overflow_before_the_gradient_does():
    net = model(3, 1, gain=10.0)
    report = run(net, lr=3e38)
    assert report.divergence.what == "weight"
    assert report.divergence.parameter == "0.weight"
    assert report.divergence.step == 0


def test_clipping_that_refuses_ends_the_run_with_a_report():
    X, y = line()
    y[5] = math.inf
    for clip in (
        {"clip": lambda grads: clip_by_global_norm(grads, 1.0)},
        {"clip_in_place": lambda ps: clip_by_global_norm_(ps, 1.0)},
    ):
        net = model(3, 4, 1)
        before = [p.detach().clone() for p in net.parameters()]
        report = train(net, X, y, loss=MSE, optimizer=sgd(net), steps=5, **clip)
        assert report.divergence == Divergence(0, "loss", "2.bias")
        assert len(report.losses) == 1
        assert len(report.norms) == 0
        assert all(torch.equal(p, q) for p, q in zip(net.parameters(), before, strict=True))
        assert str(report).splitlines()[0] == "1 step, final loss inf."


def test_a_mistake_in_the_threshold_is_not_taken_for_a_divergence():
    with pytest.raises(ValueError, match="max_norm must be above 0"):
        run(model(3, 1), clip=lambda grads: clip_by_global_norm(grads, 0))


def test_skipping_the_broken_steps_saves_the_run():
    X, y = line()
    y[5] = math.inf
    net = model(3, 1)
    report = train(
        net,
        X,
        y,
        loss=MSE,
        optimizer=sgd(net),
        steps=200,
        batch_size=4,
        generator=torch.Generator().manual_seed(0),
        clip_in_place=lambda ps: clip_by_global_norm_(ps, 1.0, nonfinite="skip"),
    )
    assert report.divergence.what == "loss"
    assert len(report.losses) == 200
    assert np.isinf(report.losses).any()
    assert all(torch.isfinite(p).all() for p in net.parameters())
    keep = torch.arange(len(X)) != 5
    assert MSE(net(X[keep]), y[keep]).item() < 0.01
    assert (report.used_norms[~np.isfinite(report.norms)] == 0).all()


def test_a_silent_death_is_named():
    """One huge step pushes every ReLU below zero: the loss is finite, the network answers one constant."""
    net = model(3, 16, 1)
    X, y = line()
    report = train(net, X, y, loss=MSE, optimizer=sgd(net, lr=300.0), steps=1)
    assert report.divergence is None
    assert not report.constant
    with torch.no_grad():
        net[0].bias.fill_(-1e6)
    report = train(net, X, y, loss=MSE, optimizer=sgd(net, lr=0.0), steps=1)
    assert report.constant
    assert "A silent death: the model predicts the same for every example." in str(report)


def test_what_counts_as_a_constant():
    varied, classes = torch.tensor([[0.0], [1.0], [2.0]]), torch.tensor([0, 1, 2])
    assert predicts_a_constant(torch.full((3, 1), 7.0), varied)
    assert predicts_a_constant(torch.tensor([[7.0], [7.0 + 1e-5], [7.0]]), varied)
    assert not predicts_a_constant(torch.tensor([[7.0], [7.1], [7.0]]), varied)
    assert not predicts_a_constant(torch.tensor([[7.0], [math.nan], [7.0]]), varied)
    assert not predicts_a_constant(torch.full((3, 1), 7.0), torch.ones(3, 1))
    assert predicts_a_constant(torch.tensor([[1.0, 5.0]] * 3), classes)
    assert not predicts_a_constant(torch.tensor([[1.0, 5.0], [1.0, 5.0], [2.0, 5.0]]), classes)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"steps": 0}, "at least 1 step, not 0"),
        ({"batch_size": 4}, r"give generator=torch\.Generator\(\)\.manual_seed\(0\)"),
        ({"batch_size": 0, "generator": torch.Generator()}, "at least 1 example, not 0"),
        ({"clip": lambda g: g, "clip_in_place": lambda p: None}, "not both"),
        ({"y": torch.zeros(3, 1)}, "there are 64 and 3"),
        ({"X": torch.zeros(0, 3), "y": torch.zeros(0, 1)}, "there are 0 and 0"),
    ],
)
def test_runs_that_cannot_be(change, says):
    net = model(3, 1)
    X, y = line()
    asked = {"X": X, "y": y, "loss": MSE, "optimizer": sgd(net), "steps": 1} | change
    with pytest.raises(TrainingError, match=says):
        train(net, asked.pop("X"), asked.pop("y"), **asked)


def test_a_real_network_on_real_data():
    data = digits()
    X, y = torch.from_numpy(data.X).float(), torch.from_numpy(data.y)
    net = model(64, 32, 10, gain=math.sqrt(2))
    report = train(
        net,
        X,
        y,
        loss=nn.functional.cross_entropy,
        optimizer=sgd(net, 0.3),
        steps=300,
        batch_size=32,
        generator=torch.Generator().manual_seed(0),
        clip=lambda grads: clip_by_global_norm(grads, 1.0),
    )
    assert (net(X).argmax(dim=1) == y).double().mean().item() > 0.9
    assert 0 < report.clip_rate < 1
    assert report.used_norms.max() <= 1 + 1e-6
