"""The gradient monitor: any model, any optimizer, any length of run."""

import copy
import math
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from course_lib.clipping import clip_by_global_norm_, clip_by_value_
from course_lib.training import GradientMonitor, TrainingError
from course_lib.training.norms import PIECE, norms

torch.set_num_threads(1)
MSE = nn.functional.mse_loss
ROOT = Path(__file__).parents[2]


def line(n=64):
    """A linear task: y = 2 x_0 - x_1."""
    X = torch.randn(n, 3, generator=torch.Generator().manual_seed(0))
    return X, (2 * X[:, :1] - X[:, 1:2])


def model(*sizes, activation=nn.ReLU):
    torch.manual_seed(0)
    layers = []
    for inputs, outputs in pairwise(sizes):
        layers += [nn.Linear(inputs, outputs), activation()]
        nn.init.zeros_(layers[-2].bias)
    return nn.Sequential(*layers[:-1])


def sgd(net, lr=0.1, **options):
    return torch.optim.SGD(net.parameters(), lr=lr, **options)


def step(net, optimizer, X=None, y=None):
    X, y = line() if X is None else (X, y)
    optimizer.zero_grad()
    loss = MSE(net(X), y)
    loss.backward()
    optimizer.step()
    return loss.item()


def test_an_optimizer_of_another_model():
    net, other = model(3, 1), model(3, 1)
    with pytest.raises(TrainingError, match="trains no parameter of this model"):
        GradientMonitor(net, sgd(other))


def test_the_monitor_sees_what_each_step_did():
    net = model(3, 4, 1)
    optimizer = sgd(net, lr=0.5, momentum=0.9)
    X, y = line()
    with GradientMonitor(net, optimizer, weights_every=1) as monitor:
        assert repr(monitor) == "GradientMonitor: no step yet."
        assert math.isnan(monitor.clip_rate)
        expected = []
        for step in range(4):
            optimizer.zero_grad()
            MSE(net(X), y).backward()
            raw = {name: p.grad.double().norm().item() for name, p in net.named_parameters()}
            if step % 2:
                clip_by_value_(net, 0.01)
            used = {name: p.grad.double().norm().item() for name, p in net.named_parameters()}
            before = {name: p.detach().clone() for name, p in net.named_parameters()}
            optimizer.step()
            moved = {n: (p.detach() - before[n]).double().norm().item() for n, p in net.named_parameters()}
            expected.append((raw, used, {n: b.double().norm().item() for n, b in before.items()}, moved))
    for record, (raw, used, weight, moved) in zip(monitor.records, expected, strict=True):
        for seen, wanted in (
            (record.raw, raw),
            (record.used, used),
            (record.weight, weight),
            (record.update, moved),
        ):
            assert seen == pytest.approx(wanted, rel=1e-6)
        assert record.nonfinite == ()
    assert monitor.clip_rate == 0.5
    assert monitor.first_nonfinite is None
    np.testing.assert_allclose(monitor.global_norms, [math.hypot(*raw.values()) for raw, *_ in expected])
    np.testing.assert_allclose(monitor.used_norms, [math.hypot(*used.values()) for _, used, *_ in expected])
    np.testing.assert_allclose(
        monitor.parameter_norms["2.weight"], [raw["2.weight"] for raw, *_ in expected], rtol=1e-6
    )
    np.testing.assert_allclose(
        monitor.layer_norms["0"], [math.hypot(raw["0.weight"], raw["0.bias"]) for raw, *_ in expected]
    )
    assert list(monitor.layer_norms) == ["0", "2"]
    np.testing.assert_allclose(
        monitor.update_ratios["0.weight"],
        [moved["0.weight"] / weight["0.weight"] for *_, weight, moved in expected],
        rtol=1e-6,
    )
    assert monitor.update_ratios["0.bias"][0] == math.inf
    assert "4 steps" in repr(monitor)
    assert "50% of the steps clipped, every gradient finite." in repr(monitor)


def test_a_closed_monitor_watches_no_more():
    net = model(3, 1)
    optimizer = sgd(net)
    X, y = line()
    with GradientMonitor(net, optimizer) as monitor:
        MSE(net(X), y).backward()
        optimizer.step()
    MSE(net(X), y).backward()
    optimizer.step()
    assert len(monitor.records) == 1


def test_accumulated_gradients_count_once():
    net = model(3, 1)
    optimizer = sgd(net)
    X, y = line()
    with GradientMonitor(net, optimizer) as monitor:
        MSE(net(X[:32]), y[:32]).backward()
        MSE(net(X[32:]), y[32:]).backward()
        total = math.hypot(*(p.grad.double().norm().item() for p in net.parameters()))
        optimizer.step()
    assert monitor.global_norms == pytest.approx([total])
    assert monitor.clip_rate == 0


def test_frozen_parameters_have_no_gradient_to_watch():
    net = model(3, 4, 1)
    net[0].weight.requires_grad_(False)
    optimizer = sgd(net)
    X, y = line()
    with GradientMonitor(net, optimizer) as monitor:
        MSE(net(X), y).backward()
        optimizer.step()
    assert monitor.parameter_norms["0.weight"] == [0]
    assert monitor.parameter_norms["0.bias"] > 0
    assert monitor.clip_rate == 0


def test_the_culprit_is_the_one_the_backward_pass_meets_first():
    net = model(3, 4, 4, 1, activation=nn.Tanh)
    with torch.no_grad():
        net[2].weight[0, 0] = math.inf  # the gradient that leaves this layer is nan, what reaches it is not
    optimizer = sgd(net)
    X, y = line()
    with GradientMonitor(net, optimizer) as monitor:
        MSE(net(X), y).backward()
        assert monitor.nonfinite_now[0] == "0.bias"
        optimizer.step()
        assert monitor.nonfinite_now == ()
    assert monitor.first_nonfinite == (0, "0.bias")
    assert "first nan or inf at step 0 in 0.bias" in repr(monitor)


def test_gradients_are_measured_before_clipping_although_a_backward_pass_before_failed():
    net = model(3, 4, 1)
    optimizer = sgd(net)
    X, y = line()

    def fail(_):
        raise RuntimeError("in the middle")

    with GradientMonitor(net, optimizer) as monitor:
        handle = net[0].weight.register_hook(fail)
        with pytest.raises(RuntimeError, match="in the middle"):
            MSE(net(X), y).backward()
        handle.remove()
        optimizer.zero_grad()
        MSE(net(X), y).backward()
        raw = clip_by_global_norm_(net, 0.01).item()
        optimizer.step()
    assert monitor.global_norms == pytest.approx([raw], rel=1e-6)
    assert monitor.clip_rate == 1


def test_a_step_in_the_middle_of_a_backward_pass():
    net = model(3, 1)
    optimizer = sgd(net)
    met = []

    def look_and_step(_):
        met.append(monitor.nonfinite_now)
        optimizer.step()

    with GradientMonitor(net, optimizer) as monitor:
        handle = net[0].bias.register_post_accumulate_grad_hook(look_and_step)
        (math.inf * net[0].bias.sum()).backward()
        handle.remove()
        assert met == [("0.bias",)]
        assert (monitor.steps, monitor.nonfinite_now) == (1, ())
        optimizer.zero_grad()
        optimizer.step()
    assert monitor.global_norms.tolist() == [math.inf, 0]
    assert monitor.first_nonfinite == (0, "0.bias")


def test_parts_of_the_forward_pass_that_are_computed_again():
    net = model(3, 4, 4, 1, activation=nn.Tanh)
    optimizer = sgd(net)
    X, y = line()
    with GradientMonitor(net, optimizer) as monitor:
        hidden = checkpoint(net[:4], X.requires_grad_(), use_reentrant=True)
        MSE(net[4](hidden), y).backward()
        raw = clip_by_global_norm_(net, 0.01).item()
        optimizer.step()
    assert all(norms[0] > 0 for norms in monitor.parameter_norms.values())
    assert monitor.global_norms == pytest.approx([raw], rel=1e-6)
    assert monitor.clip_rate == 1


def test_norms_do_not_overflow_before_the_gradients_do():
    for dtype, entry in ((torch.float32, 1e30), (torch.float64, 1e300)):
        p = nn.ParameterDict({"w": nn.Parameter(torch.zeros(2, dtype=dtype))})
        optimizer = sgd(p)
        with GradientMonitor(p, optimizer) as monitor:
            (entry * p["w"].sum()).backward()
            optimizer.step()
        assert monitor.global_norms[0] == pytest.approx(math.sqrt(2) * entry)
        assert monitor.first_nonfinite is None


@pytest.mark.parametrize(
    "tensor",
    [
        torch.randn(5),
        torch.randn(()),
        torch.zeros(3, 3),
        torch.empty(0, 4),
        torch.randn(70, PIECE).T,
        torch.randn(64 * PIECE + 17),
        torch.full((63 * PIECE,), 0.8),
        1e-30 * torch.randn(2, 100 * PIECE),
        1e30 * torch.randn(7),
        1e-300 * torch.randn(7, dtype=torch.float64),
        torch.randn(300, dtype=torch.bfloat16),
        (6e4 * torch.ones(300)).half(),
        torch.randn(9, dtype=torch.complex64),
        torch.eye(4).to_sparse(),
    ],
    ids=lambda t: f"{t.dtype} {tuple(t.shape)}",
)
def test_norms_are_right_in_every_shape_and_format(tensor):
    dense = tensor.to_dense() if tensor.is_sparse else tensor
    numbers = dense.to(torch.complex128 if dense.is_complex() else torch.float64).abs().flatten().tolist()
    measured, one = norms([tensor, torch.ones(1)])
    assert measured == pytest.approx(math.hypot(*numbers), rel=1e-6, abs=0)
    assert one == 1


def test_nan_and_inf_reach_the_norm():
    nan, inf, mixed = norms(
        [torch.tensor([1, math.nan]), torch.tensor([1, -math.inf]), torch.tensor([math.inf, math.nan])]
    )
    assert math.isnan(nan) and inf == math.inf and math.isnan(mixed)


def test_a_million_entries_keep_their_digits():
    tensor = torch.rand(1_000_000, generator=torch.Generator().manual_seed(0))
    assert norms([tensor])[0] == pytest.approx(tensor.double().norm().item(), rel=1e-7)


def test_watching_needs_no_with_block_and_can_be_read_at_any_time():
    net = model(3, 4, 1)
    optimizer = sgd(net)
    monitor = GradientMonitor(net, optimizer)
    for seen in range(3):
        assert (monitor.steps, len(monitor.global_norms)) == (seen, seen)
        step(net, optimizer)
    monitor.close()
    monitor.close()
    step(net, optimizer)
    assert monitor.steps == 3
    with GradientMonitor(net, optimizer) as again:
        step(net, optimizer)
    assert (again.steps, monitor.steps) == (1, 3)


def test_a_long_run_does_not_fill_the_memory():
    net = model(3, 1)
    optimizer = sgd(net)
    with GradientMonitor(net, optimizer, keep=5) as monitor:
        (math.inf * net[0].weight.sum()).backward()
        optimizer.step()
        (math.inf * net[0].bias.sum()).backward()
        optimizer.step()
        nn.init.ones_(net[0].weight)
        nn.init.ones_(net[0].bias)
        for _ in range(30):
            step(net, optimizer)
    assert monitor.steps == 32
    assert len(monitor.records) == len(monitor.global_norms) == len(monitor._log) == 5
    assert monitor.first_nonfinite == (0, "0.weight")
    assert repr(monitor).startswith("GradientMonitor: 32 steps (the last 5 kept), ")
    assert np.isfinite(monitor.global_norms).all()


def test_weights_are_measured_every_so_often():
    net = model(3, 1)
    optimizer = sgd(net)
    with GradientMonitor(net, optimizer, weights_every=3) as monitor:
        for _ in range(7):
            step(net, optimizer)
    assert np.isfinite(monitor.update_ratios["0.weight"]).tolist() == [True, False, False] * 2 + [True]


@pytest.mark.parametrize(("option", "says"), [("keep", "keep is 0"), ("weights_every", "weights_every is 0")])
def test_bounds_that_cannot_be(option, says):
    net = model(3, 1)
    with pytest.raises(TrainingError, match=says):
        GradientMonitor(net, sgd(net), **{option: 0})


def test_watching_changes_no_bit_of_the_run_and_leaves_nothing_behind():
    def trained(watch):
        net = model(3, 8, 1)
        optimizer = torch.optim.AdamW(net.parameters(), lr=0.01)
        monitor = GradientMonitor(net, optimizer) if watch else None
        losses = [step(net, optimizer) for _ in range(20)]
        if monitor is not None:
            assert sum(len(p._post_accumulate_grad_hooks) for p in net.parameters()) == 4
            copy.deepcopy(net)
            monitor.close()
            assert not any(p._post_accumulate_grad_hooks for p in net.parameters())
            assert not optimizer._optimizer_step_pre_hooks and not optimizer._optimizer_step_post_hooks
        return losses, [p.detach().clone() for p in net.parameters()]

    (losses, weights), (watched_losses, watched) = trained(False), trained(True)
    assert losses == watched_losses
    assert all(torch.equal(a, b) for a, b in zip(weights, watched, strict=True))


def test_tied_weights_count_once():
    net = nn.ModuleDict({"read": nn.Embedding(5, 3), "write": nn.Linear(3, 5, bias=False)})
    net["write"].weight = net["read"].weight
    optimizer = sgd(net)
    with GradientMonitor(net, optimizer) as monitor:
        net["write"](net["read"](torch.tensor([1, 2]))).square().sum().backward()
        whole = net["read"].weight.grad.norm().item()
        optimizer.step()
    assert list(monitor.parameter_norms) == ["read.weight"]
    assert monitor.global_norms == pytest.approx([whole])


def test_sparse_gradients_and_parameters_without_any():
    net = nn.ModuleDict({"words": nn.Embedding(5, 3, sparse=True), "idle": nn.Linear(3, 1)})
    optimizer = sgd(net)
    with GradientMonitor(net, optimizer) as monitor:
        net["words"](torch.tensor([1, 1, 2])).sum().backward()
        optimizer.step()
    assert monitor.parameter_norms["words.weight"] == pytest.approx([math.sqrt(3 * 2**2 + 3 * 1**2)])
    assert monitor.parameter_norms["idle.weight"] == [0]
    assert monitor.records[0].update["words.weight"] == pytest.approx(0.1 * math.sqrt(15))
    assert monitor.clip_rate == 0


def test_groups_that_the_optimizer_is_given_later_and_layers_that_thaw():
    net = model(3, 4, 4, 1)
    net[2].requires_grad_(False)
    optimizer = torch.optim.SGD(
        [{"params": net[0].parameters()}, {"params": net[2].parameters(), "lr": 0.01}], lr=0.1
    )
    X, y = line()
    with GradientMonitor(net, optimizer) as monitor:
        step(net, optimizer, X, y)
        assert list(monitor.parameter_norms) == ["0.weight", "0.bias", "2.weight", "2.bias"]
        optimizer.add_param_group({"params": net[4].parameters()})
        net[2].requires_grad_(True)
        for _ in range(2):
            step(net, optimizer, X, y)
    assert list(monitor.parameter_norms) == [
        f"{layer}.{kind}" for layer in (0, 2, 4) for kind in ("weight", "bias")
    ]
    for name in ("2.weight", "4.weight"):
        assert (monitor.parameter_norms[name] > 0).tolist() == [False, True, True]
    assert monitor.clip_rate == 0


def test_gradients_set_by_hand():
    net = model(3, 1)
    optimizer = sgd(net)
    with GradientMonitor(net, optimizer) as monitor:
        net[0].weight.grad = torch.tensor([[3.0, 4.0, 0.0]])
        optimizer.step()
        net[0].weight.grad = torch.tensor([[3.0, math.inf, 0.0]])
        optimizer.step()
    assert monitor.global_norms.tolist() == [5, math.inf]
    assert monitor.clip_rate == 0
    assert monitor.first_nonfinite == (1, "0.weight")


def test_clipping_behind_autograds_back_is_seen():
    net = model(3, 1)
    optimizer = sgd(net)
    X, y = line()
    with GradientMonitor(net, optimizer) as monitor:
        MSE(net(X), y).backward()
        net[0].weight.grad.data.clamp_(-0.01, 0.01)
        optimizer.step()
    assert monitor.clip_rate == 1


def test_a_gradient_thrown_away_counts_as_clipped():
    net = model(3, 1)
    optimizer = sgd(net)
    X, y = line()
    with GradientMonitor(net, optimizer) as monitor:
        (MSE(net(X), y) * math.nan).backward()
        assert set(monitor.nonfinite_now) == {"0.weight", "0.bias"}
        optimizer.zero_grad()
        optimizer.step()
    assert monitor.clip_rate == 1
    assert monitor.used_norms == [0]


@pytest.mark.parametrize("clip", [False, True])
def test_a_closure_counts_once_with_its_last_gradient(clip):
    net = model(3, 1)
    optimizer = torch.optim.LBFGS(net.parameters(), lr=0.1, max_iter=4)
    X, y = line()
    left = []

    def closure():
        optimizer.zero_grad()
        loss = MSE(net(X), y)
        loss.backward()
        left.append([math.hypot(*(p.grad.norm().item() for p in net.parameters()))])
        if clip:
            left[-1].append(clip_by_global_norm_(net, 0.1).item())
        return loss.item()

    with GradientMonitor(net, optimizer) as monitor:
        before = net[0].weight.detach().clone()
        for _ in range(2):
            optimizer.step(closure)
            if monitor.steps == 1:
                moved = (net[0].weight.detach() - before).norm().item()
                first = left[-1][0]
    assert len(left) > monitor.steps == 2
    assert monitor.global_norms == pytest.approx([first, left[-1][0]])
    assert monitor.clip_rate == clip
    assert monitor.used_norms == pytest.approx([0.1, 0.1] if clip else monitor.global_norms, rel=1e-4)
    assert monitor.records[0].update["0.weight"] == pytest.approx(moved)


def test_a_model_that_changes_its_format_on_the_way():
    net = model(3, 1)
    optimizer = sgd(net)
    with GradientMonitor(net, optimizer, weights_every=1) as monitor:
        step(net, optimizer)
        net.double()
        X, y = line()
        before = net[0].weight.detach().clone()
        step(net, optimizer, X.double(), y.double())
    moved = (net[0].weight.detach() - before).norm().item()
    assert monitor.records[1].update["0.weight"] == pytest.approx(moved, rel=1e-12)


def test_two_optimizers_of_one_model_each_see_their_own():
    net = model(3, 4, 1)
    body, head = (torch.optim.SGD(net[i].parameters(), lr=0.1) for i in (0, 2))
    with GradientMonitor(net, body) as of_body, GradientMonitor(net, head) as of_head:
        X, y = line()
        MSE(net(X), y).backward()
        body.step()
        head.step()
    assert (list(of_body.layer_norms), list(of_head.layer_norms)) == (["0"], ["2"])


def test_the_example_of_the_manual_runs(capsys):
    text = (ROOT / "docs" / "library.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"## Outside the course.*?```python\n(.*?)```", text, flags=re.DOTALL)
    assert len(example.splitlines()) <= 12
    names = {}
    exec(example, names)
    assert names["monitor"].steps == 200
    printed = capsys.readouterr().out
    assert "200 steps" in printed and "every gradient finite" in printed
    assert printed.splitlines()[1].startswith("Clip at ")
