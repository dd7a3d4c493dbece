"""Question train: right answers in other styles, near misses, and what is said to each."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch.nn.functional import mse_loss
from verdicts import assert_earns_nothing_and_is_told_why, find, ids, verdict

from course_lib import clipping
from course_lib.checks.asking import ask_ours
from course_lib.checks.compare import show
from course_lib.checks.judges.e03_clipping_mechanics import train as judges
from course_lib.checks.judging import decide
from course_lib.checks.probes.e03_clipping_mechanics import train as probes

QUESTION = find("train")


def train_by_hand(model, batches, max_norm, lr, accumulate):
    norms = []
    for start in range(0, len(batches), accumulate):
        parameters = list(model.parameters())
        mean = [torch.zeros_like(p) for p in parameters]
        for x, y in batches[start : start + accumulate]:
            grads = torch.autograd.grad(mse_loss(model(x), y), parameters)
            mean = [m + g / accumulate for m, g in zip(mean, grads, strict=True)]
        norm = torch.sqrt(sum((m**2).sum() for m in mean))
        norms.append(norm)
        if torch.isfinite(norm):
            with torch.no_grad():
                for p, m in zip(parameters, mean, strict=True):
                    p -= lr * m * min(1.0, max_norm / norm)
    return norms


def train_on_one_large_batch(model, batches, max_norm, lr, accumulate):
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    norms = np.zeros(len(batches) // accumulate)
    for step in range(len(norms)):
        group = batches[step * accumulate : (step + 1) * accumulate]
        x, y = (torch.cat(parts) for parts in zip(*group, strict=True))
        optimizer.zero_grad()
        ((model(x) - y) ** 2).mean().backward()
        norms[step] = torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm)
        if not np.isnan(norms[step]):
            optimizer.step()
    return norms


def train_with_an_error(model, batches, max_norm, lr, accumulate):
    optimizer, norms = torch.optim.SGD(model.parameters(), lr), []
    optimizer.zero_grad()
    for number, (x, y) in enumerate(batches):
        (mse_loss(model(x), y) / accumulate).backward()
        if (number + 1) % accumulate == 0:
            try:
                norms.append(
                    float(
                        torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm, error_if_nonfinite=True)
                    )
                )
                optimizer.step()
            except RuntimeError:
                norms.append(float("nan"))
            optimizer.zero_grad()
    return norms


def train_with_the_courses_own(model, batches, max_norm, lr, accumulate):
    optimizer, norms = torch.optim.SGD(model.parameters(), lr), []
    for number, (x, y) in enumerate(batches, 1):
        mse_loss(model(x), y).backward()
        if number % accumulate == 0:
            for parameter in model.parameters():
                parameter.grad /= accumulate
            norms.append(clipping.clip_by_global_norm_(model, max_norm, nonfinite="skip").item())
            optimizer.step()
            optimizer.zero_grad()
    return tuple(norms)


def train_step_by_step(model, batches, max_norm, lr, accumulate):
    def step(group):
        total = sum(mse_loss(model(x), y) for x, y in group) / len(group)
        model.zero_grad()
        total.backward()
        norm = torch.nn.utils.get_total_norm([p.grad for p in model.parameters()])
        if not math.isfinite(norm):
            return norm.item()
        torch.nn.utils.clip_grads_with_norm_(model.parameters(), max_norm, norm)
        for p in model.parameters():
            p.data.sub_(lr * p.grad)
        return norm.item()

    return [step(batches[i : i + accumulate]) for i in range(0, len(batches), accumulate)]


LOOPS = [
    train_by_hand,
    train_on_one_large_batch,
    train_with_an_error,
    train_with_the_courses_own,
    train_step_by_step,
]


@pytest.mark.parametrize("train", LOOPS, ids=ids(LOOPS))
def test_a_training_loop_in_any_style(train):
    got = verdict("train", train=train)
    assert got.right, got.text()


NEAR_MISSES = [
    lambda model, batches, c, lr, k: train_by_hand(model, batches, c, 2 * lr, k),
    lambda model, batches, c, lr, k: train_by_hand(model, batches, 2 * c, lr, k),
    lambda model, batches, c, lr, k: train_by_hand(model, batches, c, lr, 1),
    lambda model, batches, c, lr, k: train_by_hand(model, batches[::-1], c, lr, k),
    lambda model, batches, c, lr, k: train_by_hand(model, batches, c, lr, k) and None,
    lambda model, batches, c, lr, k: [1.0] * (len(batches) // k),
]


@pytest.mark.parametrize("answer", NEAR_MISSES, ids=ids(NEAR_MISSES))
def test_near_misses_earn_nothing_and_are_told_why(answer):
    assert_earns_nothing_and_is_told_why(verdict("train", train=answer))


def test_fifty_seeds_tell_the_mistakes_of_a_training_loop_apart():
    question = QUESTION
    mistakes = ["", *(held.name for held in question.judged.misconceptions)]
    assert mistakes[1] == "as it came"
    for seed in range(50):
        cases = question.asked.draw(np.random.default_rng(seed))
        told = {judges._trained("")(case).value["norms"].__repr__() for case in cases}
        assert len(told) == len(cases)
        finite = [norm for case in cases for norm in judges._trained("")(case).value["norms"]]
        assert sum(math.isnan(norm) for norm in finite) == 1
        for case, calm in zip(cases, (True, False, True, False, False), strict=True):
            norms = judges._trained("")(case).value["norms"]
            assert bool(np.nanmax(norms) < case["max_norm"]) is calm, f"seed {seed}: {case.label}"


def both(first, second):
    """A training loop with two mistakes at once: the flags of both are on."""

    class Both(str):
        def __eq__(self, other):
            return other in (first, second)

        def __ne__(self, other):
            return not self == other

        __hash__ = str.__hash__

    return judges._training(Both())


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("never clears", "takes the nan step"),
        ("clips after the step", "the sum instead of the mean"),
        ("the sum instead of the mean", "clips every batch"),
        ("only the last batch counts", "forgets the skipped step in the log"),
        ("logs the norm after", "takes the nan step"),
    ],
)
def test_of_two_mistakes_the_first_one_met_is_told(first, second):
    question = QUESTION
    cases = question.asked.draw(np.random.default_rng(4))
    for names, told in ((both(first, second), first), (both(second, second), second)):
        got = decide(question, cases, ask_ours(question.asked, {"train": names}, cases))
        assert got.misconception == told, got.text()


def test_a_small_run_is_real_the_same_every_time_and_leaves_the_random_state_alone():
    torch_state, numpy_state = torch.random.get_rng_state(), np.random.get_state()[1].copy()
    (model, batches), (again, same_batches) = (probes.small_run(3, 4, 1, 2) for _ in range(2))
    assert torch.equal(torch.random.get_rng_state(), torch_state)
    np.testing.assert_array_equal(np.random.get_state()[1], numpy_state)
    for a, b in zip(model.parameters(), again.parameters(), strict=True):
        assert torch.equal(a, b)
    assert all(torch.equal(x, u) for (x, _), (u, _) in zip(batches, same_batches, strict=True))
    assert [tuple(y.shape) for _, y in batches] == [(4, 1)] * 4
    assert batches[1][1][0].item() == probes.ENTERED_WRONGLY
    assert math.isnan(batches[2][1][0].item())
    assert all(x.abs().max() < 6 for x, _ in batches)


def train_past_the_batch(model, batches, max_norm, lr, accumulate):
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    norms = []
    for number, (x, y) in enumerate(batches, start=1):
        loss = mse_loss(model(x), y) / accumulate
        if not torch.isfinite(loss):
            continue
        loss.backward()
        if number % accumulate == 0:
            norms.append(torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm).item())
            optimizer.step()
            optimizer.zero_grad()
    return norms


def train_dividing_last(log):
    def train(model, batches, max_norm, lr, accumulate):
        optimizer = torch.optim.SGD(model.parameters(), lr=lr)
        norms = []
        for number, (x, y) in enumerate(batches, start=1):
            mse_loss(model(x), y).backward()
            if number % accumulate == 0:
                norm = torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm).item()
                for parameter in model.parameters():
                    parameter.grad /= accumulate
                norms.append(log(norm, accumulate))
                if math.isfinite(norm):
                    optimizer.step()
                optimizer.zero_grad()
        return norms

    return train


def test_skipping_the_batch_instead_of_its_step_is_told():
    for seed in (1, 2, 11):
        got = verdict("train", seed, train=train_past_the_batch)
        assert got.misconception == "skips the batch only", got.text()
        assert got.message.startswith(
            "You skip the batch with the nan, but not its step: the other batch of that step moves the weights alone"
        )
        assert show(got.got.value["norms"]) in got.message


@pytest.mark.parametrize("log", [lambda norm, k: norm, lambda norm, k: norm / k], ids=["sum", "mean"])
def test_dividing_after_clipping_is_told(log):
    for seed in (1, 2, 11):
        got = verdict("train", seed, train=train_dividing_last(log))
        assert got.misconception == "divides after clipping", got.text()
        assert got.message.startswith("You divide by accumulate = 2 after clipping")
