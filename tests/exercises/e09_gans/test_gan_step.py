"""Question gan_step: right answers in other styles, near misses, and what is said to each."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from verdicts import (
    assert_earns_nothing_and_is_told_why,
    find,
    ids,
    verdict,
)

QUESTION = find("gan_step")


def gan_step_by_hand(generator, discriminator, g_optimizer, d_optimizer, real, noise, max_norm):
    """Gradients by torch.autograd.grad and clipping by hand."""
    bce = torch.nn.functional.binary_cross_entropy_with_logits

    def move(model, loss):
        weights = list(model.parameters())
        grads = torch.autograd.grad(loss, weights)
        norm = math.sqrt(sum(float((g**2).sum()) for g in grads))
        with torch.no_grad():
            for weight, g in zip(weights, grads, strict=True):
                weight -= 0.5 * g * min(1, max_norm / norm)
        return norm

    one, zero = torch.ones(16, 1).double(), torch.zeros(16, 1).double()
    fakes = generator(noise).detach()
    d_norm = move(discriminator, bce(discriminator(real), one) + bce(discriminator(fakes), zero))
    return d_norm, move(generator, bce(discriminator(generator(noise)), one))


def gan_step_by_logarithms(generator, discriminator, g_optimizer, d_optimizer, real, noise, max_norm):
    """-log of a sigmoid, gradients cleared after use, and tensors returned."""

    def clipped(model):
        grads = [weight.grad for weight in model.parameters()]
        norm = torch.cat([g.flatten() for g in grads]).norm()
        for g in grads:
            g *= torch.clamp(max_norm / norm, max=1.0)
        return norm

    discriminator.zero_grad()
    with torch.no_grad():
        fake = generator(noise)
    loss = -(torch.sigmoid(discriminator(real)).log() + (1 - torch.sigmoid(discriminator(fake))).log()).mean()
    loss.backward()
    d_norm = clipped(discriminator)
    d_optimizer.step()
    generator.zero_grad(set_to_none=False)
    (-torch.sigmoid(discriminator(generator(noise))).log().mean()).backward()
    g_norm = clipped(generator)
    g_optimizer.step()
    return [d_norm, g_norm]


GAN_STEPS = [gan_step_by_hand, gan_step_by_logarithms]


@pytest.mark.parametrize("gan_step", GAN_STEPS, ids=ids(GAN_STEPS))
def test_a_gan_step_in_any_style(gan_step):
    for seed in (11, 12):
        got = verdict("gan_step", seed, gan_step=gan_step)
        assert got.right, got.text()


def test_two_mistakes_of_a_gan_step_are_told_one_after_the_other():
    from torch.nn.functional import softplus
    from torch.nn.utils import clip_grad_norm_

    def gan_step(generator, discriminator, g_optimizer, d_optimizer, real, noise, max_norm):
        """Leftovers in the discriminator, and one norm for both."""
        fake = generator(noise)
        (softplus(-discriminator(real)).mean() + softplus(discriminator(fake.detach())).mean()).backward()
        d_norm = clip_grad_norm_(discriminator.parameters(), max_norm)
        d_optimizer.step()
        g_optimizer.zero_grad()
        softplus(-discriminator(fake)).mean().backward()
        g_norm = clip_grad_norm_([*generator.parameters(), *discriminator.parameters()], max_norm)
        g_optimizer.step()
        return d_norm, g_norm

    got = verdict("gan_step", gan_step=gan_step)
    assert got.status == "misconception", got.text()
    assert got.misconception in ("leftovers in D", "one norm for both")


NEAR_MISSES = [
    lambda *inputs: (1.0, 1.0),
    lambda *inputs: gan_step_by_hand(*inputs)[::-1],
    lambda *inputs: (gan_step_by_hand(*inputs), None)[1],
]


@pytest.mark.parametrize("answer", NEAR_MISSES, ids=ids(NEAR_MISSES))
def test_near_misses_earn_nothing_and_are_told_why(answer):
    assert_earns_nothing_and_is_told_why(verdict("gan_step", gan_step=answer))


REPAIRS = ("loss", "zero_grad", "order", "norm")


def repaired(*repairs, loss=None):
    """The broken step of the question with some of its four lines mended, and another loss where one is given."""
    from torch.nn.functional import softplus
    from torch.nn.utils import clip_grad_norm_

    def gan_step(generator, discriminator, g_optimizer, d_optimizer, real, noise, max_norm):
        fake = generator(noise)
        if "zero_grad" in repairs:
            d_optimizer.zero_grad()
        d_loss = softplus(-discriminator(real)).mean() + softplus(discriminator(fake.detach())).mean()
        d_loss.backward()
        if "order" not in repairs:
            d_optimizer.step()
        d_norm = clip_grad_norm_(discriminator.parameters(), max_norm)
        if "order" in repairs:
            d_optimizer.step()

        g_optimizer.zero_grad()
        if loss is not None:
            g_loss = loss(discriminator, fake)
        elif "loss" in repairs:
            g_loss = softplus(-discriminator(fake)).mean()
        else:
            g_loss = -softplus(discriminator(fake)).mean()
        g_loss.backward()
        both = [*generator.parameters(), *discriminator.parameters()]
        g_norm = clip_grad_norm_(generator.parameters() if "norm" in repairs else both, max_norm)
        g_optimizer.step()
        return d_norm.item(), g_norm.item()

    return gan_step


SUBSETS = [repairs for n in range(4) for repairs in itertools.combinations(REPAIRS, n)]


@pytest.mark.parametrize("repairs", SUBSETS, ids=lambda repairs: " ".join(repairs) or "none")
def test_whatever_is_mended_first_the_next_mistake_is_told(repairs):
    left = {
        "loss": "saturating",
        "zero_grad": "leftovers in D",
        "order": "D clipped after its step",
        "norm": "one norm for both",
    }
    names = {left[repair] for repair in REPAIRS if repair not in repairs}
    if not repairs:
        names = {"as it came"}
    elif "loss" not in repairs:
        names = {"saturating"}
    for seed in (11, 12):
        got = verdict("gan_step", seed, gan_step=repaired(*repairs))
        assert got.misconception in names, got.text()


@pytest.mark.parametrize(
    "repairs", [REPAIRS, ("loss", "zero_grad", "order"), ()], ids=["all", "most", "none"]
)
@pytest.mark.parametrize(
    ("loss", "said"),
    [
        (lambda d, fake: torch.nn.functional.softplus(-d(fake.detach())).mean(), "detach has cut it off"),
        (lambda d, fake: -torch.nn.functional.softplus(d(fake.detach())).mean(), "detach has cut it off"),
        (lambda d, fake: -torch.nn.functional.softplus(-d(fake)).mean(), "Your generator climbs -log D"),
    ],
)
def test_a_slip_in_the_generators_loss_is_told_whatever_else_is_left(loss, said, repairs):
    for seed in (11, 12):
        got = verdict("gan_step", seed, gan_step=repaired(*repairs, loss=loss))
        assert said in got.message, got.text()


@pytest.mark.parametrize("fresh", [False, True], ids=["old fakes", "new fakes"])
@pytest.mark.parametrize("joint", [False, True], ids=["own norm", "joint norm"])
@pytest.mark.parametrize("cleared", [False, True], ids=["not cleared", "cleared"])
@pytest.mark.parametrize("saturating", [False, True], ids=["-log D", "log(1 - D)"])
def test_the_generator_before_the_discriminator_is_told(fresh, joint, cleared, saturating):
    from torch.nn.functional import softplus
    from torch.nn.utils import clip_grad_norm_

    def gan_step(generator, discriminator, g_optimizer, d_optimizer, real, noise, max_norm):
        fake = generator(noise)
        g_optimizer.zero_grad()
        logits = discriminator(fake)
        (-softplus(logits) if saturating else softplus(-logits)).mean().backward()
        both = [*generator.parameters(), *discriminator.parameters()]
        g_norm = clip_grad_norm_(both if joint else generator.parameters(), max_norm)
        g_optimizer.step()
        if cleared:
            d_optimizer.zero_grad()
        fake = generator(noise) if fresh else fake
        (softplus(-discriminator(real)).mean() + softplus(discriminator(fake.detach())).mean()).backward()
        d_norm = clip_grad_norm_(discriminator.parameters(), max_norm)
        d_optimizer.step()
        return d_norm.item(), g_norm.item()

    for seed in (11, 12):
        got = verdict("gan_step", seed, gan_step=gan_step)
        assert "the discriminator as it is now" in got.message, got.text()


def test_a_generator_that_is_not_stepped_is_not_blamed_on_detach():
    def gan_step(generator, discriminator, g_optimizer, d_optimizer, real, noise, max_norm):
        idle = torch.optim.SGD(generator.parameters(), lr=0.0)
        return repaired(*REPAIRS)(generator, discriminator, idle, d_optimizer, real, noise, max_norm)

    got = verdict("gan_step", gan_step=gan_step)
    assert got.points == 0
    assert "detach" not in got.message


def test_the_worked_step_of_the_last_hint_is_right():
    hint = QUESTION.judged.hints[2]
    weight = torch.tensor(1.0, requires_grad=True)
    optimizer = torch.optim.SGD([weight], lr=0.5)
    (3 * weight).backward()
    assert float(torch.nn.utils.clip_grad_norm_([weight], 1.0)) == 3
    optimizer.step()
    assert weight.item() == pytest.approx(0.5)
    (3 * weight).backward()
    assert float(weight.grad) == pytest.approx(4)
    assert "moves by 0.5" in hint
    assert "moves by 1.5" in hint
    assert "finds 3 + 1 = 4" in hint
