"""Exercise 09: right answers in many styles pass, near misses do not, and what is odd gets a sentence."""

from __future__ import annotations

import itertools
import math
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest
import torch

from course_lib.checks.asking import ask, ask_ours
from course_lib.checks.exercises import load
from course_lib.checks.judging import Question, decide
from course_lib.checks.probes import e09_gans as probes
from course_lib.dynamics.games import clipped_radius, cycle_radius, play

QUESTIONS: dict[str, Question] = {question.name: question for question in load("09_gans").questions}


def verdict(question, seed=11, **names):
    """The verdict on names that a learner has defined."""
    asked = QUESTIONS[question].asked
    cases = asked.draw(np.random.default_rng(seed))
    return decide(QUESTIONS[question], cases, ask(asked, names, cases))


def ids(entries):
    return [str(number) for number in range(len(entries))]


def words_of(picture):
    return ElementTree.fromstring(picture).get("aria-label")


# Every seed -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_more_seeds_tell_every_misconception_apart(question):
    more = 3 if question.name == "gan_step" else 15  # whose cases differ in their weights only, and take long
    for seed in range(100, 100 + more):
        cases = question.asked.draw(np.random.default_rng(seed))
        for held in question.judged.misconceptions:
            got = decide(question, cases, ask_ours(question.asked, held.wrong, cases))
            assert got.misconception == held.name, f"seed {seed}, {held.name}: {got.text()}"


def test_the_examples_of_the_text_are_right():
    reference = {
        name: question.judged.reference[name] for name, question in QUESTIONS.items() if name != "game_choice"
    }
    assert reference["game_step"](3.0, 4.0, 0.1, 1.0) == pytest.approx((2.92, 4.06), abs=1e-12)
    assert reference["steps_to_radius"](2.0, 0.3, 1.0, 3.0) == 56
    assert round(reference["cycle_threshold"](0.1, 0.01, 5.0), 3) == 2.236
    text = (Path(__file__).resolve().parents[2] / "source" / "exercises" / "09_gans.py").read_text()
    for example in (
        "`game_step(3.0, 4.0, 0.1, 1.0)` is `(2.92, 4.06)`",
        "`steps_to_radius(2.0, 0.3, 1.0, 3.0)` is `56`",
        "`cycle_threshold(0.1, 0.01, 5.0)` is `2.236`",
    ):
        assert example in text


# Right answers, written otherwise ---------------------------------------------------------------------------


def step_by_vectors(x, y, lr, c):
    g = np.array([y, -x])
    return np.array([x, y]) - lr * g * min(1, c / max(np.linalg.norm(g), 1e-300))


def step_by_autograd(x, y, lr, c):
    w = torch.tensor([x, y], dtype=torch.float64, requires_grad=True)
    w.prod().backward()
    g = w.grad * torch.tensor([1.0, -1.0])
    return (w - lr * g / torch.clamp(g.norm() / c, min=1.0)).tolist()


def step_as_a_rotation(x, y, lr, c):
    z = complex(x, y)
    z += 1j * lr * z * (c / abs(z) if abs(z) > c else 1)
    return [z.real, z.imag]


STEPS = [step_by_vectors, step_by_autograd, step_as_a_rotation]


@pytest.mark.parametrize("game_step", STEPS, ids=ids(STEPS))
def test_a_step_in_any_style(game_step):
    got = verdict("game_step", game_step=game_step)
    assert got.right, got.text()


def test_a_ready_game_is_refused():
    def game_step(x, y, lr, c):
        return play((x, y), lr, 1, clip=c).points[-1]

    assert verdict("game_step", game_step=game_step).status == "refused"


def counted_in_the_plane(r0, lr, c, radius):
    x, y, n = r0, 0.0, 0
    while math.hypot(x, y) < radius:
        share = min(1, c / math.hypot(x, y))
        x, y, n = x - lr * share * y, y + lr * share * x, n + 1
    return n


def counted_by_formula(r0, lr, c, radius):
    free = max(0, math.ceil(math.log(min(c, radius) / r0) / (0.5 * math.log1p(lr**2))))
    r = r0 * (1 + lr**2) ** (free / 2)
    return float(free + max(0, math.ceil((radius**2 - r**2) / (lr * c) ** 2)))


def counted_by_the_game(r0, lr, c, radius):
    return np.argmax(play((0.0, r0), lr, 15_000, clip=c).radii >= radius)


COUNTS = [counted_in_the_plane, counted_by_formula, counted_by_the_game]


@pytest.mark.parametrize("steps_to_radius", COUNTS, ids=ids(COUNTS))
def test_steps_in_any_style(steps_to_radius):
    for seed in (11, 12):
        got = verdict("steps_to_radius", seed, steps_to_radius=steps_to_radius)
        assert got.right, got.text()


def test_a_ready_law_is_refused():
    def steps_to_radius(r0, lr, c, radius):
        return int(np.argmax(clipped_radius(np.arange(10_000), r0, lr, c) >= radius))

    assert verdict("steps_to_radius", steps_to_radius=steps_to_radius).status == "refused"


def test_the_radius_of_the_judge_is_that_of_play():
    for r0, lr, c in ((0.3, 0.1, 2.0), (5.0, 0.2, 1.0), (0.5, 0.1, 9.0)):
        radii = play((r0, 0.0), lr, 300, clip=c).radii
        assert [probes.radius_after(n, r0, lr, c) for n in range(301)] == pytest.approx(radii, rel=1e-12)


def threshold_by_the_ratio(lr, decay, radius):
    if not decay:
        return None
    a = 1 - lr * decay
    return None if a**2 + lr**2 <= 1 else torch.tensor(radius * math.sqrt((1 - a) * (1 + a)) / lr)


def threshold_by_bisection(lr, decay, radius):
    low, high = 0.0, radius
    for _ in range(60):
        c = (low + high) / 2
        grows = ((1 - lr * decay) * radius) ** 2 + (lr * c) ** 2 > radius**2
        low, high = (low, c) if grows else (c, high)
    return np.float64(high) if 0 < high < radius * (1 - 1e-9) and decay > 0 else None


THRESHOLDS = [threshold_by_the_ratio, threshold_by_bisection]


@pytest.mark.parametrize("cycle_threshold", THRESHOLDS, ids=ids(THRESHOLDS))
def test_a_threshold_in_any_style(cycle_threshold):
    got = verdict("cycle_threshold", cycle_threshold=cycle_threshold)
    assert got.right, got.text()


def test_the_reference_threshold_gives_the_circle():
    reference = QUESTIONS["cycle_threshold"].judged.reference["cycle_threshold"]
    c = reference(0.1, 0.02, 7.0)
    assert cycle_radius(0.1, c, 0.02) == pytest.approx(7.0, rel=1e-12)
    for start in ((0.1, 0.0), (30.0, 30.0)):
        assert play(start, 0.1, 20_000, clip=c, decay=0.02).radii[-1] == pytest.approx(7.0, rel=1e-9)
    assert reference(0.1, 0.2, 7.0) is None
    assert cycle_radius(0.1, 1.0, 0.2) is None


EXAMPLES = [
    lambda lr, steps: ("extragradient", (1.0, 0.0), 1e-6),
    lambda lr, steps: ["extragradient", np.array([-300.0, 20.0]), np.float64(1)],
    lambda lr, steps: {"scheme": "extragradient", "start": [50, 0], "max_norm": torch.tensor(0.5)},
]


@pytest.mark.parametrize("worse_when_clipped", EXAMPLES, ids=ids(EXAMPLES))
def test_any_counterexample_passes(worse_when_clipped):
    got = verdict("worse_when_clipped", worse_when_clipped=worse_when_clipped)
    assert got.right, got.text()


def test_clipped_extragradient_comes_home_as_slowly_as_the_hints_say():
    squares = play((4.0, 0.0), 0.3, 100, "extragradient", 0.2).radii ** 2
    assert np.diff(squares) == pytest.approx(-(0.06**2), rel=0.01)


def test_twice_as_far_is_not_enough():
    [case, *_] = QUESTIONS["worse_when_clipped"].asked.draw(np.random.default_rng(1))
    judge = QUESTIONS["worse_when_clipped"].judged.judge
    found = judge(case, {"scheme": "extragradient", "start": [10, 0], "max_norm": 5})
    assert not found.right
    assert "times as far out; 10 times is asked" in found.message


@pytest.mark.parametrize("scheme", ["simultaneous", "alternating"])
def test_no_other_scheme_is_ten_times_worse_when_clipped(scheme):
    for lr, steps in ((0.1, 1300), (0.2, 500), (0.3, 250)):
        for turn in np.linspace(0, math.pi, 6):
            start = (math.cos(turn), math.sin(turn))
            free = play(start, lr, steps, scheme).radii[-1]
            for c in (0.01, 0.1, 0.3, 0.7, 0.9):
                assert play(start, lr, steps, scheme, c).radii[-1] < 4 * free


def modes_in_a_loop(samples, known, labels, allowed, share):
    hits, good = {}, 0
    for sample in samples.tolist():
        if any(math.isnan(entry) for entry in sample):
            continue
        best = min(range(len(known)), key=lambda k: math.dist(sample, known[k]))
        if math.dist(sample, known[best]) <= allowed:
            good += 1
            hits[int(labels[best])] = hits.get(int(labels[best]), 0) + 1
    return [sum(count >= share * len(samples) for count in hits.values()), good / len(samples)]


def modes_in_torch(samples, known, labels, allowed, share):
    near = torch.cdist(torch.tensor(samples), torch.tensor(known)).min(dim=1)
    good = near.values <= allowed
    counts = torch.bincount(torch.tensor(labels)[near.indices[good]])
    return (counts / len(samples) >= share).sum(), good.float().mean()


def modes_by_squares(samples, known, labels, allowed, share):
    squares = ((samples**2).sum(1)[:, None] - 2 * samples @ known.T + (known**2).sum(1)).clip(0)
    good = np.nan_to_num(squares, nan=np.inf).min(1) <= allowed**2
    _, counts = np.unique(labels[squares.argmin(1)[good]], return_counts=True)
    return np.array([(counts >= share * len(samples)).sum(), good.mean()])


COUNTERS = [modes_in_a_loop, modes_in_torch, modes_by_squares]


@pytest.mark.parametrize("modes_and_quality", COUNTERS, ids=ids(COUNTERS))
def test_modes_in_any_style(modes_and_quality):
    for seed in (11, 12):
        got = verdict("modes_and_quality", seed, modes_and_quality=modes_and_quality)
        assert got.right, got.text()


@pytest.mark.parametrize("target", ["Ring", "RealDigits"])
def test_a_ready_judge_of_samples_is_refused(target):
    from course_lib.training import gans

    ready = getattr(gans, target)()

    def modes_and_quality(samples, known, labels, allowed, share):
        return ready.judge(torch.tensor(samples[None], dtype=torch.float32))

    assert verdict("modes_and_quality", modes_and_quality=modes_and_quality).status == "refused"


def test_the_modes_of_the_judge_are_those_of_the_lesson():
    from course_lib.training.gans import Ring

    ring, reference = Ring(), QUESTIONS["modes_and_quality"].judged.reference["modes_and_quality"]
    rng = np.random.default_rng(3)
    samples = ring.middles.numpy()[rng.integers(0, 8, 500) // 2] + rng.normal(scale=0.15, size=(500, 2))
    mode, good = ring.judge(torch.tensor(samples[None], dtype=torch.float32))
    shares = torch.bincount(mode[0][good[0]], minlength=8) / 500
    modes, quality = reference(samples, ring.middles.double().numpy(), np.arange(8), 0.2, 0.01)
    assert (modes, quality) == (int((shares >= 0.01).sum()), pytest.approx(float(good.double().mean())))
    assert 0 < modes < 8


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


@pytest.mark.parametrize(
    ("lr", "max_norm"), [(0.35, 1.0), (0.3, 1), (np.float64(0.5), 0.8), (torch.tensor(0.4), 1.3)]
)
def test_any_choice_in_the_good_range_passes(lr, max_norm):
    for seed in range(4):
        got = verdict("game_choice", seed, my_scheme="extragradient", my_lr=lr, my_max_norm=max_norm)
        assert got.right, got.text()


def test_the_choice_has_room_on_both_sides():
    def final(scheme, lr, c, seed):
        return probes.noisy_distances(scheme, lr, c, range(50 * seed, 50 * seed + 10))[-100:].mean()

    for seed in range(3):
        good = ((0.3, 1.0), (0.35, 1.0), (0.4, 1.3), (0.6, 0.8))
        assert max(final("extragradient", lr, c, seed) for lr, c in good) < 0.25
        for scheme in ("simultaneous", "alternating"):
            assert min(final(scheme, lr, c, seed) for lr in (0.03, 0.3) for c in (0.3, 3, math.inf)) > 3
        assert (
            min(final("extragradient", lr, c, seed) for lr, c in ((0.35, 10), (0.35, 0.3), (0.05, 1))) > 0.6
        )


def test_the_noisy_game_is_the_game_when_there_is_no_noise(monkeypatch):
    monkeypatch.setattr(probes, "NOISE", 0.0)
    monkeypatch.setattr(probes, "_noisy_game", probes._noisy_game.__wrapped__)
    for scheme in probes.SCHEMES:
        got = probes.noisy_distances(scheme, 0.3, 1.5, [5])
        assert got.shape == (401, 1)
        assert got[0, 0] == pytest.approx(4)
        # Alternation is not the same in every direction; the other two are.
        if scheme != "alternating":
            assert got[:, 0] == pytest.approx(play((4.0, 0.0), 0.3, 400, scheme, 1.5).radii, rel=1e-9)
        else:
            assert 2 < got.min() < got.max() < 7  # simultaneous steps would be at 9.8 by now


def test_an_unknown_scheme_is_said():
    with pytest.raises(ValueError, match="one of 'simultaneous', 'alternating', 'extragradient'"):
        probes.noisy_distances("optimistic", 0.1, 1)


# Near misses ------------------------------------------------------------------------------------------------

NEAR_MISSES = [
    ("game_step", lambda x, y, lr, c: x),
    ("game_step", lambda x, y, lr, c: (x, y)),
    ("game_step", lambda x, y, lr, c: step_by_vectors(x, y, lr, c)[::-1]),
    ("steps_to_radius", lambda r0, lr, c, radius: counted_in_the_plane(r0, lr, c, radius) + 1),
    ("steps_to_radius", lambda r0, lr, c, radius: str(counted_in_the_plane(r0, lr, c, radius))),
    ("steps_to_radius", lambda r0, lr, c, radius: 500),
    ("cycle_threshold", lambda lr, decay, radius: None),
    ("cycle_threshold", lambda lr, decay, radius: radius),
    ("worse_when_clipped", lambda lr, steps: "extragradient"),
    ("worse_when_clipped", lambda lr, steps: ("extragradient", (3.0, 4.0), 4.5)),
    ("modes_and_quality", lambda samples, known, labels, allowed, share: 8),
    (
        "modes_and_quality",
        lambda samples, known, labels, allowed, share: modes_in_a_loop(
            samples, known, labels, allowed, share
        )[::-1],
    ),
    ("gan_step", lambda *inputs: (1.0, 1.0)),
    ("gan_step", lambda *inputs: gan_step_by_hand(*inputs)[::-1]),
    ("gan_step", lambda *inputs: (gan_step_by_hand(*inputs), None)[1]),
]


@pytest.mark.parametrize(("question", "answer"), NEAR_MISSES, ids=ids(NEAR_MISSES))
def test_near_misses_earn_nothing_and_are_told_why(question, answer):
    got = verdict(question, **{question: answer})
    assert got.status in ("wrong", "misconception", "error")
    assert got.points == 0
    assert len(got.message) > 20
    assert len(got.hints) >= 3


@pytest.mark.parametrize("value", [None, math.inf, np.inf])
def test_whoever_says_never_is_told_of_the_limit_cycle(value):
    got = verdict("steps_to_radius", steps_to_radius=lambda r0, lr, c, radius: value)
    assert got.misconception == "never"
    assert "limit cycle" in got.message


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (("extra", (1, 1), 1), "scheme must be"),
        ((3, (1, 1), 1), "scheme must be"),
        (("extragradient", 1, 1), "two numbers"),
        (("extragradient", (1, 1, 1), 1), "two numbers"),
        (("extragradient", (1, math.nan), 1), "two numbers"),
        (("extragradient", (1, "1"), 1), "two numbers"),
        (("extragradient", (1e9, 1), 1), "two numbers"),
        (("extragradient", (1, 1), 0), "above 0"),
        (("extragradient", (1, 1), -1), "above 0"),
        (("extragradient", (1, 1), None), "above 0"),
    ],
)
def test_an_example_of_the_wrong_form_gets_one_sentence(answer, said):
    got = verdict("worse_when_clipped", worse_when_clipped=lambda lr, steps: answer)
    assert got.status == "wrong"
    assert said in got.message


@pytest.mark.parametrize(
    ("scheme", "lr", "max_norm", "said"),
    [
        ("extra", 0.3, 1, "my_scheme must be"),
        (1, 0.3, 1, "my_scheme must be"),
        ("extragradient", 0, 1, "my_lr must be"),
        ("extragradient", math.inf, 1, "my_lr must be"),
        ("extragradient", "0.3", 1, "my_lr must be"),
        ("extragradient", 0.3, 0, "my_max_norm must be"),
        ("extragradient", 0.3, math.nan, "my_max_norm must be"),
        ("extragradient", 0.3, [1, 2], "my_max_norm must be"),
        ("extragradient", 0.3, True, "my_max_norm must be"),
    ],
)
def test_a_choice_of_the_wrong_form_gets_one_sentence(scheme, lr, max_norm, said):
    got = verdict("game_choice", my_scheme=scheme, my_lr=lr, my_max_norm=max_norm)
    assert got.status == "wrong"
    assert said in got.message


@pytest.mark.parametrize(
    ("lr", "max_norm", "name"),
    [
        (0.3, 10, "threshold too high"),
        (0.9, 3, "threshold too high"),
        (0.3, 0.3, "threshold too low"),
        (0.05, math.inf, "learning rate too small"),
        (0.05, 0.1, "learning rate too small"),
        (1.5, math.inf, "learning rate too large"),
    ],
)
def test_a_choice_that_fails_is_told_which_number_is_to_blame(lr, max_norm, name):
    for seed in range(4):
        got = verdict("game_choice", seed, my_scheme="extragradient", my_lr=lr, my_max_norm=max_norm)
        assert got.misconception == name, got.text()


def stretched(x, y, lr, c):
    share = c / math.hypot(x, y)  # fails at the equilibrium too
    return x - lr * share * y, y + lr * share * x


def in_turn(x, y, lr, c):
    share = min(1, c / math.hypot(x, y))
    x = x - lr * share * y
    return x, y + lr * share * x


def in_turn_and_clipped_anew(x, y, lr, c):
    norm = math.hypot(x, y)
    x = x - lr * y * (c / norm if norm > c else 1)
    norm = math.hypot(x, y)
    return x, y + lr * x * (c / norm if norm > c else 1)


@pytest.mark.parametrize(
    ("game_step", "name"),
    [
        (stretched, "always as long as the threshold"),
        (in_turn, "y answers the new x"),
        (in_turn_and_clipped_anew, "y clipped anew at the new x"),
    ],
)
def test_the_natural_mistakes_of_a_step_are_named(game_step, name):
    for seed in range(4):
        assert verdict("game_step", seed, game_step=game_step).misconception == name


def with_new_weights_clipped(kind, gradient_too):
    def game_step(x, y, lr, c):
        norm = math.hypot(x, y)
        share = c / norm if gradient_too and norm > c else 1
        x, y = x - lr * share * y, y + lr * share * x
        if kind == "jointly":
            norm = math.hypot(x, y)
            return (x * c / norm, y * c / norm) if norm > c else (x, y)
        return max(-c, min(x, c)) if kind == "each" else x, max(-c, min(y, c))

    return game_step


@pytest.mark.parametrize("gradient_too", [False, True], ids=["instead of the gradient", "and the gradient"])
@pytest.mark.parametrize("kind", ["jointly", "each", "y only"])
def test_clipping_the_new_weights_is_told_from_clipping_the_gradient(kind, gradient_too):
    for seed in range(20):
        got = verdict("game_step", seed, game_step=with_new_weights_clipped(kind, gradient_too))
        assert "weight clipping" in got.message, got.text()
        assert "clipping of the gradients" in got.message


def test_both_signs_turned_are_told():
    def game_step(x, y, lr, c):
        norm = math.hypot(x, y)
        share = c / norm if norm > c else 1
        return x + lr * share * y, y - lr * share * x

    for seed in range(20):
        got = verdict("game_step", seed, game_step=game_step)
        assert "x climbs xy and your y descends it" in got.message, got.text()


@pytest.mark.parametrize(
    ("question", "answer", "part"),
    [
        ("game_step", lambda x, y, lr, c: (x + 11, y), "for x"),
        ("game_step", lambda x, y, lr, c: (step_by_vectors(x, y, lr, c)[0], y + 7), "for y"),
        ("modes_and_quality", lambda *inputs: (5.5, modes_in_a_loop(*inputs)[1]), "for modes"),
        ("modes_and_quality", lambda *inputs: (modes_in_a_loop(*inputs)[0], 7.5), "for quality"),
    ],
)
def test_a_part_that_is_wrong_is_called_by_its_name(question, answer, part):
    got = verdict(question, **{question: answer})
    assert f" {part}, got" in got.message, got.text()
    assert " at " not in got.message.split(": expected")[1]


def rounded_in_two_parts(r0, lr, c, radius):
    if r0 >= radius:
        return 0
    inside = r0 < c
    free = math.ceil(math.log(min(c, radius) / r0) / (0.5 * math.log1p(lr**2))) if inside else 0
    return free + max(0, math.ceil((radius**2 - max(r0, min(c, radius)) ** 2) / (lr * c) ** 2))


@pytest.mark.parametrize(
    ("steps_to_radius", "name", "said"),
    [
        (
            lambda *inputs: max(0, counted_in_the_plane(*inputs) - 1),
            "rounds down",
            "after the step that reaches",
        ),
        (rounded_in_two_parts, "starts again at the threshold", "where the last free step lands"),
    ],
)
def test_a_count_that_is_one_off_is_told_why(steps_to_radius, name, said):
    for seed in range(4):
        got = verdict("steps_to_radius", seed, steps_to_radius=steps_to_radius)
        assert got.misconception == name, got.text()
        assert said in got.hints[0]


def test_half_the_learning_rate_is_not_quite_the_edge():
    def cycle_threshold(lr, decay, radius):
        return radius * math.sqrt(1 - (1 - lr * decay) ** 2) / lr if 0 < decay < lr / 2 else None

    for seed in range(4):
        got = verdict("cycle_threshold", seed, cycle_threshold=cycle_threshold)
        assert got.misconception == "half the learning rate as the edge", got.text()
        assert cycle_radius(got.case["lr"], 1.0, got.case["decay"]) is not None


def modes_counted(modes=None, is_good=None, of=None, of_quality=None):
    """Right but for one line: the modes counted, what is good, or how many samples a share is of."""

    def modes_and_quality(samples, known, labels, allowed, share):
        distances = np.linalg.norm(samples[:, None] - known[None], axis=2)
        nearest = distances.min(axis=1)
        good = nearest < allowed if is_good == "<" else nearest <= allowed
        label, ok = labels[distances.argmin(axis=1)], ~np.isnan(samples).any(axis=1)
        needed = share * (ok.sum() if of == "finite" else len(samples))
        covered = sum((good & (label == k)).sum() >= needed for k in modes or set(labels.tolist()))
        return covered, good.sum() / (ok.sum() if of_quality == "finite" else len(samples))

    return modes_and_quality


@pytest.mark.parametrize(
    ("modes_and_quality", "said"),
    [
        (modes_counted(modes=range(8)), "You count labels 0 to 7"),
        (modes_counted(modes=range(9)), "For 64 samples judged by 150 real digits: expected"),
        (modes_counted(is_good="<"), "exactly 0.25 away is good"),
        (modes_counted(of="finite"), "Your share of a mode is one of the samples that are not nan"),
        (modes_counted(of_quality="finite"), "Your quality divides by the samples that are not nan"),
        (lambda *inputs: modes_counted()(*inputs)[::-1], "quality first"),
    ],
)
def test_the_natural_mistakes_of_counting_modes_are_named(modes_and_quality, said):
    for seed in range(20):
        got = verdict("modes_and_quality", seed, modes_and_quality=modes_and_quality)
        assert got.points == 0
        assert said in got.message, got.text()


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


def counted_by(rounding):
    def steps_to_radius(r0, lr, c, radius):
        """One formula for the clipped steps, after a loop over the free ones."""
        steps, r = 0, r0
        while r < min(radius, c):
            r, steps = r * math.sqrt(1 + lr**2), steps + 1
        return steps + max(0, rounding((radius**2 - r**2) / (lr * c) ** 2))

    return steps_to_radius


@pytest.mark.parametrize("rounding", [round, math.floor, int], ids=["round", "floor", "int"])
def test_a_count_that_is_not_rounded_up_is_told_so(rounding):
    for seed in range(20):
        got = verdict("steps_to_radius", seed, steps_to_radius=counted_by(rounding))
        assert "one too small: the last step must reach" in got.message, got.text()
        assert "round up" in got.message


def test_the_worked_steps_of_the_hints_are_right():
    worked = {name: question.judged.hints[2] for name, question in QUESTIONS.items()}
    reference = {
        name: question.judged.reference[name] for name, question in QUESTIONS.items() if name != "game_choice"
    }
    assert reference["game_step"](6.0, 8.0, 0.5, 5.0) == pytest.approx((4.0, 9.5), abs=1e-12)
    assert "(6, 8)" in worked["game_step"]
    assert "(4, 9.5)" in worked["game_step"]
    squares = [probes.radius_after(n, 1.5, 0.5, 2.0) ** 2 for n in range(6)]
    assert ", ".join(f"{square:.2f}" for square in squares[:4]) in worked["steps_to_radius"]
    assert "{:.2f}, {:.2f}".format(*squares[4:]) in worked["steps_to_radius"]
    assert reference["steps_to_radius"](1.5, 0.5, 2.0, 2.5) == 5
    assert "takes 5 steps" in worked["steps_to_radius"]
    assert reference["cycle_threshold"](0.8, 0.25, 5.0) == pytest.approx(3.75)
    assert "3 / 0.8 = 3.75" in worked["cycle_threshold"]
    home, cut = 8 * 0.5**10, 8 - 10 * 0.1
    assert f"ends at {home:.4f}" in worked["worse_when_clipped"]
    assert f"ends at {cut:g}, {cut / home:.0f} times" in worked["worse_when_clipped"]
    points = np.array([[0.0], [10.0]])
    samples = np.array([[0.1], [0.1], [3.0], [10.1], [7.0]])
    assert reference["modes_and_quality"](samples, points, np.array([3, 7]), 0.2, 0.3) == (1, 0.6)
    assert "one mode is covered, and the quality is 3/5" in worked["modes_and_quality"]
    weight = torch.tensor(1.0, requires_grad=True)
    optimizer = torch.optim.SGD([weight], lr=0.5)
    (3 * weight).backward()
    assert float(torch.nn.utils.clip_grad_norm_([weight], 1.0)) == 3
    optimizer.step()
    assert weight.item() == pytest.approx(0.5)
    (3 * weight).backward()
    assert float(weight.grad) == pytest.approx(4)
    assert "moves by 0.5" in worked["gan_step"]
    assert "moves by 1.5" in worked["gan_step"]
    assert "finds 3 + 1 = 4" in worked["gan_step"]
    assert round(4**2 / (0.2 * 0.5) ** 2) == 1600
    assert "1,600 steps" in worked["game_choice"]


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_no_third_hint_is_the_answer(question):
    worked = question.judged.hints[2]
    for code in ("return", "while ", "sqrt(", "argmin", "backward()", "softplus", "extragradient"):
        assert code not in worked.lower()


# Pictures ---------------------------------------------------------------------------------------------------


def test_the_picture_of_a_step_says_where_it_ends():
    got = verdict("game_step", game_step=lambda x, y, lr, c: (x + 1, y + 1))
    assert f"yours ends at ({got.case['x'] + 1:.4g}, {got.case['y'] + 1:.4g})" in words_of(got.picture)


def test_the_picture_of_a_count_says_how_far_play_is_by_then():
    got = verdict("steps_to_radius", steps_to_radius=lambda r0, lr, c, radius: 100)
    inputs = got.case.inputs
    there = probes.radius_after(100, inputs["r0"], inputs["lr"], inputs["max_norm"])
    assert f"after your 100 it is {there:.4g}" in words_of(got.picture)


def test_the_picture_of_a_threshold_says_where_play_ends():
    got = verdict("cycle_threshold", cycle_threshold=lambda lr, decay, radius: radius / 3)
    assert f"clipped at your {got.case['radius'] / 3:.4g}" in words_of(got.picture)


def test_the_picture_of_two_runs_says_both_ends():
    got = verdict(
        "worse_when_clipped", worse_when_clipped=lambda lr, steps: ("simultaneous", (3.0, 4.0), 1.0)
    )
    assert "simultaneous play from 5: the clipped run ends at" in words_of(got.picture)


def test_the_picture_of_samples_counts_them():
    got = verdict("modes_and_quality", modes_and_quality=lambda *inputs: (8, 1.0))
    good = round(64 * got.expected[1])
    assert f"{good} are good" in words_of(got.picture)
    hits = [element.text for element in ElementTree.fromstring(got.picture) if (element.text or "").isdigit()]
    assert sum(map(int, hits)) == good
    assert len(hits) == 8


def test_the_picture_of_a_choice_says_what_came_of_it():
    got = verdict("game_choice", my_scheme="alternating", my_lr=0.1, my_max_norm=1.0)
    assert "0.3 is asked" in words_of(got.picture)
