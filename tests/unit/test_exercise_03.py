"""Exercise 03: right answers in many styles pass, near misses do not, and every mistake is told by its name."""

from __future__ import annotations

import functools
import math
import re
import warnings
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
import torch
from torch.nn.functional import mse_loss

from course_lib import clipping
from course_lib.checks import chart
from course_lib.checks.asking import ask, ask_ours
from course_lib.checks.compare import show
from course_lib.checks.exercises import load
from course_lib.checks.judges import e03_clipping_mechanics as judges
from course_lib.checks.judging import Question, decide
from course_lib.checks.probes import e03_clipping_mechanics as probes
from course_lib.training.linear import sweep

QUESTIONS: dict[str, Question] = {
    question.name: question for question in load("03_clipping_mechanics").questions
}


def verdict(question, seed=11, **names):
    """The verdict on names that a learner has defined."""
    asked = QUESTIONS[question].asked
    cases = asked.draw(np.random.default_rng(seed))
    return decide(QUESTIONS[question], cases, ask(asked, names, cases))


def ids(entries):
    return [str(number) for number in range(len(entries))]


# Right answers, written otherwise ---------------------------------------------------------------------------


def norm_in_a_loop(g, max_norm):
    total = 0.0
    for entry in g:
        total += float(entry) ** 2
    length = total**0.5
    clipped = []
    for entry in g:
        clipped.append(float(entry) * max_norm / length if length > max_norm else float(entry))
    return clipped


def norm_in_torch(g, max_norm):
    vector = torch.tensor(g)
    norm = vector.norm()
    return vector * torch.clamp(max_norm / (norm + 1e-6), max=1.0)


def norm_in_float32(g, max_norm):
    g = np.float32(g)
    norm = np.sqrt(g @ g)
    return g if norm <= np.float32(max_norm) else g / norm * np.float32(max_norm)


CLIPS_BY_NORM = [
    norm_in_a_loop,
    norm_in_torch,
    norm_in_float32,
    lambda g, c: g * min(1, c / max(np.linalg.norm(g), 1e-12)),
    lambda g, c: g / max(1, np.linalg.norm(g) / c),
    lambda g, c: g / np.maximum(1, math.hypot(*g) / c),
    lambda g, c: np.where(np.linalg.norm(g) > c, g * c / max(np.linalg.norm(g), 1e-300), g),
    lambda g, c: tuple(g * (c / math.dist(g, 0 * g))) if math.dist(g, 0 * g) >= c else tuple(g),
]


@pytest.mark.parametrize("clip_by_norm", CLIPS_BY_NORM, ids=ids(CLIPS_BY_NORM))
def test_clip_by_norm_in_any_style(clip_by_norm):
    got = verdict("clip_by_norm", clip_by_norm=clip_by_norm)
    assert got.right, got.text()


BREAKING = [
    lambda c: (np.array([-10 * c]), np.array([c, c])),
    lambda c: [[-1.5 * c, 0.0], [0.8 * c] * 3],
    lambda c: (-np.full(7, 1e9 * c), np.full(2, 1e9 * c)),
    lambda c: (torch.tensor([1.0, -c - 1]), torch.full((9,), c / 2)),
    lambda c: np.array([[-2 * c, 3 * c], [3 * c, 2 * c]]),
    lambda c: ((-1e200,), [c, 1e-3 * c]),
]


@pytest.mark.parametrize("breaking_gradients", BREAKING, ids=ids(BREAKING))
def test_breaking_gradients_of_any_kind(breaking_gradients):
    got = verdict("breaking_gradients", breaking_gradients=breaking_gradients)
    assert got.right, got.text()


def turned_by_half_angles(g, limit):
    clipped = np.minimum(np.maximum(g, -limit), limit)
    u, v = g / np.linalg.norm(g), clipped / np.linalg.norm(clipped)
    return 2 * np.degrees(np.arctan2(np.linalg.norm(u - v), np.linalg.norm(u + v)))


def turned_in_a_loop(g, limit):
    product = before = after = 0.0
    for entry in map(float, g):
        cut = max(-limit, min(limit, entry))
        product, before, after = product + entry * cut, before + entry**2, after + cut**2
    return math.degrees(math.acos(min(1.0, product / math.sqrt(before * after))))


def turned_in_torch(g, limit):
    g = torch.from_numpy(g)
    cosine = torch.nn.functional.cosine_similarity(g, g.clamp(-limit, limit), dim=0)
    return torch.rad2deg(torch.arccos(cosine.clamp(-1, 1)))


def turned_by_the_law_of_cosines(g, limit):
    h = np.sign(g) * np.minimum(np.abs(g), limit)
    a, b, c = (float(np.linalg.norm(side)) for side in (g, h, g - h))
    return math.acos(max(-1, min(1, (a * a + b * b - c * c) / (2 * a * b)))) * 180 / math.pi


ANGLES = [
    turned_by_half_angles,
    turned_in_a_loop,
    turned_in_torch,
    turned_by_the_law_of_cosines,
    lambda g, v: np.array(turned_in_a_loop(g, v)),
]


@pytest.mark.parametrize("turned_by_value", ANGLES, ids=ids(ANGLES))
def test_turned_by_value_in_any_style(turned_by_value):
    got = verdict("turned_by_value", turned_by_value=turned_by_value)
    assert got.right, got.text()


MOST = [
    lambda d, v: [1e5 * v] + [v] * (d - 1),
    lambda d, v: np.append(np.full(d - 1, -v), -1000 * v),
    lambda d, v: torch.tensor([v] * (d - 1) + [1e8 * v]),
    lambda d, v: np.where(np.arange(d) == d // 2, 1e300, v * (-1.0) ** np.arange(d)),
    lambda d, v: v * np.r_[2000 * d, np.full(d - 1, 1.5)],
]


@pytest.mark.parametrize("most_turned", MOST, ids=ids(MOST))
def test_most_turned_by_any_gradient(most_turned):
    got = verdict("most_turned", most_turned=most_turned)
    assert got.right, got.text()


def globally_in_a_loop(grads, max_norm):
    total = 0.0
    for g in grads:
        if g is not None:
            for entry in np.nditer(g):
                total += float(entry) ** 2
    norm = math.sqrt(total)
    clipped = []
    for g in grads:
        if g is None:
            clipped.append(None)
        elif norm > max_norm:
            clipped.append(g / norm * max_norm)
        else:
            clipped.append(g.copy())
    return clipped, norm


def globally_from_flat(grads, max_norm):
    flat = np.concatenate([g.ravel() for g in grads if g is not None])
    norm = np.linalg.norm(flat)
    return [g if g is None else g / max(1, norm / max_norm) for g in grads], norm


def globally_in_torch(grads, max_norm):
    tensors = [None if g is None else torch.tensor(g) for g in grads]
    norm = torch.stack([t.norm() for t in tensors if t is not None]).norm()
    factor = min(1.0, max_norm / (norm + 1e-6))
    return tuple(None if t is None else t * factor for t in tensors), norm


def globally_from_norms(grads, max_norm):
    norm = math.hypot(*(np.linalg.norm(g) for g in grads if g is not None))
    factor = min(1, max_norm / max(norm, 1e-30))
    return [[g * factor if g is not None else None for g in grads], norm]


def globally_by_squares(grads, max_norm):
    norm = sum((np.asarray(g) ** 2).sum() for g in grads if g is not None) ** 0.5
    if norm < max_norm:
        return grads, norm
    return [None if g is None else (max_norm * g) / norm for g in grads], np.array(norm)


GLOBAL = [globally_in_a_loop, globally_from_flat, globally_in_torch, globally_from_norms, globally_by_squares]


@pytest.mark.parametrize("clip_by_global_norm", GLOBAL, ids=ids(GLOBAL))
def test_clip_by_global_norm_in_any_style(clip_by_global_norm):
    got = verdict("clip_by_global_norm", clip_by_global_norm=clip_by_global_norm)
    assert got.right, got.text()


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


CHOICES = [("value", 0.01), ("value", np.float64(0.03)), ("value", torch.tensor(0.02)), ("value", [0.05])]


@pytest.mark.parametrize(("rule", "threshold"), [*CHOICES, (np.str_("value"), np.array(0.1))])
def test_any_choice_in_the_good_range_passes(rule, threshold):
    for seed in (1, 2):
        got = verdict("rule_and_threshold", seed, my_rule=rule, my_threshold=threshold)
        assert got.right, got.text()


# Near misses ------------------------------------------------------------------------------------------------

NEAR_MISSES = [
    ("clip_by_norm", lambda g, c: 0.999 * g * min(1, c / max(np.linalg.norm(g), 1e-12))),
    ("clip_by_norm", lambda g, c: -g * min(1, c / max(np.linalg.norm(g), 1e-12))),
    ("clip_by_norm", lambda g, c: g[:, None] / max(1, np.linalg.norm(g) / c)),
    ("clip_by_norm", lambda g, c: g / max(1, np.linalg.norm(g, 3) / c)),
    ("clip_by_norm", lambda g, c: g / (1 + np.linalg.norm(g) / c)),
    ("clip_by_norm", lambda g, c: (g / max(1, np.linalg.norm(g) / c), np.linalg.norm(g))),
    ("clip_by_norm", lambda g, c: g[:2] / max(1, np.linalg.norm(g) / c)),
    ("clip_by_norm", lambda g, c: str(g)),
    ("breaking_gradients", lambda c: (np.array([-10 * c]), np.array([c * (1 + 1e-12)]))),
    ("breaking_gradients", lambda c: (np.array([-c * (1 + 1e-12)]), np.array([c, c]))),
    ("breaking_gradients", lambda c: np.array([-10 * c, c])),
    ("breaking_gradients", lambda c: (-10 * c, c)),
    ("breaking_gradients", lambda c: (np.array([-10 * c]), np.array([c, c]), np.array([c]))),
    ("breaking_gradients", lambda c: (np.array([[-10 * c]]), np.array([[c, c]]))),
    ("breaking_gradients", lambda c: (["-10"], ["c", "c"])),
    ("turned_by_value", lambda g, v: turned_in_a_loop(g, v) + 0.01),
    ("turned_by_value", lambda g, v: -turned_in_a_loop(g, v)),
    ("turned_by_value", lambda g, v: 180 - turned_in_a_loop(g, v)),
    ("turned_by_value", lambda g, v: f"{turned_in_a_loop(g, v)} degrees"),
    ("turned_by_value", lambda g, v: turned_in_a_loop(np.abs(g[:4]), v)),
    ("turned_by_value", lambda g, v: turned_in_a_loop(g, 1.0)),
    ("most_turned", lambda d, v: np.r_[15 * v * d**0.5, np.full(d - 1, v)]),
    ("most_turned", lambda d, v: np.r_[1e6, np.ones(d - 1)]),
    ("most_turned", lambda d, v: np.full((d, 1), v)),
    ("most_turned", lambda d, v: np.r_[1e6 * v, np.full(d - 1, 0.8 * v)]),
    ("most_turned", lambda d, v: np.random.default_rng(0).normal(size=d) * 1000 * v),
    ("most_turned", lambda d, v: "a tall one"),
    ("clip_by_global_norm", lambda grads, c: globally_from_norms(grads, 1.0)),
    ("clip_by_global_norm", lambda grads, c: (*globally_from_norms(grads, c), 0)),
    ("clip_by_global_norm", lambda grads, c: (globally_from_norms(grads, c)[0][:-1], 1.0)),
    ("clip_by_global_norm", lambda grads, c: (globally_from_norms(grads, c)[0], None)),
    ("clip_by_global_norm", lambda grads, c: globally_from_norms(grads[::-1], c)),
    ("clip_by_global_norm", lambda grads, c: None),
    ("train", lambda model, batches, c, lr, k: train_by_hand(model, batches, c, 2 * lr, k)),
    ("train", lambda model, batches, c, lr, k: train_by_hand(model, batches, 2 * c, lr, k)),
    ("train", lambda model, batches, c, lr, k: train_by_hand(model, batches, c, lr, 1)),
    ("train", lambda model, batches, c, lr, k: train_by_hand(model, batches[::-1], c, lr, k)),
    ("train", lambda model, batches, c, lr, k: train_by_hand(model, batches, c, lr, k) and None),
    ("train", lambda model, batches, c, lr, k: [1.0] * (len(batches) // k)),
]


@pytest.mark.parametrize(("question", "answer"), NEAR_MISSES, ids=ids(NEAR_MISSES))
def test_near_misses_earn_nothing_and_are_told_why(question, answer):
    got = verdict(question, **{question: answer})
    assert got.status in ("wrong", "misconception", "error")
    assert got.points == 0
    assert len(got.message) > 20
    assert len(got.hints) >= 3


@pytest.mark.parametrize(
    ("rule", "threshold", "said"),
    [
        ("by value", 0.01, "'norm' or the word 'value'"),
        (1, 0.01, "'norm' or the word 'value'"),
        ("value", -0.01, "one number above 0"),
        ("value", 0, "one number above 0"),
        ("value", float("nan"), "one number above 0"),
        ("value", float("inf"), "one number above 0"),
        ("value", "0.01", "one number above 0"),
        ("value", True, "one number above 0"),
        ("value", [0.01, 0.02], "one number above 0"),
    ],
)
def test_a_choice_of_the_wrong_form_gets_one_sentence(rule, threshold, said):
    got = verdict("rule_and_threshold", my_rule=rule, my_threshold=threshold)
    assert (got.status, got.points) == ("wrong", 0)
    assert said in got.message


# Misconceptions ---------------------------------------------------------------------------------------------

# The two questions that train on patients draw numbers that tell nothing apart by chance; see test_exercises.
CHEAP = [name for name in QUESTIONS if name not in ("train", "rule_and_threshold")]


@pytest.mark.parametrize("name", CHEAP)
def test_fifty_seeds_tell_every_misconception_apart(name):
    question = QUESTIONS[name]
    for seed in range(50):
        cases = question.asked.draw(np.random.default_rng(seed))
        assert decide(question, cases, ask_ours(question.asked, question.judged.reference, cases)).right
        for held in question.judged.misconceptions:
            got = decide(question, cases, ask_ours(question.asked, held.wrong, cases))
            assert got.misconception == held.name, f"seed {seed}: {got.text()}"


def test_fifty_seeds_tell_the_mistakes_of_a_training_loop_apart():
    question = QUESTIONS["train"]
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


def test_the_shared_classics_say_what_a_teacher_would_say():
    got = verdict("clip_by_norm", clip_by_norm=lambda g, c: np.clip(g, -c, c))
    assert got.misconception == "clips by value"
    g, c = got.case["g"], got.case["max_norm"]
    turned = clipping.angle_between(g, np.clip(g, -c, c))
    assert turned > 5
    assert f"turned by {turned:.3g} degrees" in got.message
    got = verdict(
        "turned_by_value", turned_by_value=lambda g, v: math.radians(turned_in_a_loop(g.astype(float), v))
    )
    assert "0.364 is the angle in radians; in degrees it is 20.85" in got.message


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
    question = QUESTIONS["train"]
    cases = question.asked.draw(np.random.default_rng(4))
    for names, told in ((both(first, second), first), (both(second, second), second)):
        got = decide(question, cases, ask_ours(question.asked, {"train": names}, cases))
        assert got.misconception == told, got.text()


def test_of_two_mistakes_in_a_global_clip_the_first_one_met_is_told():
    def no_none_and_norm_after(grads, c):
        clipped, norm = globally_from_norms([g for g in grads if g is not None], c)
        return clipped, min(norm, c)

    assert (
        verdict("clip_by_global_norm", clip_by_global_norm=no_none_and_norm_after).misconception
        == "the norm after"
    )


def test_code_that_stops_for_another_reason_is_not_blamed_on_none():
    got = verdict("clip_by_global_norm", clip_by_global_norm=lambda grads, c: grads.mean())
    assert (got.status, got.misconception) == ("error", "")
    assert "AttributeError" in got.message


@pytest.mark.parametrize("question", ["clip_by_norm", "clip_by_global_norm"])
def test_an_input_changed_in_place_is_noticed_and_told(question):
    def in_place(g, c):
        for part in g if isinstance(g, list) else [g]:
            if part is not None:
                part[...] = 7.0
        return g

    got = verdict(question, **{question: in_place})
    assert got.status == "wrong"
    assert "afterwards" in got.text()


# What an answer may not lean on -----------------------------------------------------------------------------


def torch_clip(g, max_norm):
    parameter = torch.nn.Parameter(torch.tensor(g))
    parameter.grad = torch.tensor(g)
    torch.nn.utils.clip_grad_norm_([parameter], max_norm)
    return parameter.grad


def courses_torch_clip(g, max_norm):
    parameter = torch.nn.Parameter(torch.tensor(g))
    parameter.grad = torch.tensor(g)
    clipping.clip_by_global_norm_([parameter], max_norm)
    return parameter.grad


REFUSED = [
    ("clip_by_norm", clipping.clip_by_norm),
    ("clip_by_norm", functools.partial(clipping.clip_by_norm, p=2)),
    ("clip_by_norm", lambda g, c: clipping.clip_by_global_norm([g], c)[0][0]),
    ("clip_by_norm", lambda g, c: clipping.clip_globally({"g": g}, c)[0]["g"]),
    ("clip_by_norm", lambda g, c: clipping.clip_per_layer({"g": g}, c)[0]["g"]),
    ("clip_by_norm", torch_clip),
    ("clip_by_norm", courses_torch_clip),
    ("turned_by_value", lambda g, v: clipping.angle_between(g, np.clip(g, -v, v))),
    ("clip_by_global_norm", clipping.clip_by_global_norm),
    ("clip_by_global_norm", lambda grads, c: ([], clipping.global_norm([g for g in grads if g is not None]))),
    (
        "clip_by_global_norm",
        lambda grads, c: ([], torch.nn.utils.get_total_norm([torch.tensor(g) for g in grads])),
    ),
]


@pytest.mark.parametrize(("question", "answer"), REFUSED, ids=ids(REFUSED))
def test_ready_made_answers_are_refused(question, answer):
    got = verdict(question, **{question: answer})
    assert (got.status, got.points) == ("refused", 0), got.text()


@pytest.mark.parametrize("question", ["clip_by_norm", "turned_by_value", "clip_by_global_norm"])
def test_every_refused_name_refuses_the_function_that_has_it(question):
    for name in QUESTIONS[question].asked.refuses:
        module, _, attribute = name.rpartition(".")
        function = getattr(__import__(module, fromlist=[attribute]), attribute)
        code = getattr(function, "__wrapped__", function)
        assert f"{code.__globals__['__name__']}.{code.__code__.co_qualname}" == name


# The experiment behind the last question --------------------------------------------------------------------


def test_no_threshold_saves_clipping_by_norm_and_a_range_of_them_serves_clipping_by_value():
    thresholds = np.logspace(-4, 2, 13)
    by_norm = [judges._error("norm", threshold, (0, 1, 2)) for threshold in thresholds]
    assert min(by_norm) > judges.TARGET + 0.05
    by_value = [judges._error("value", threshold, tuple(range(100, 110))) for threshold in (0.01, 0.03, 0.1)]
    assert max(by_value) < judges.TARGET - 0.02


def test_without_clipping_the_wrong_unit_diverges():
    assert probes.pascal_error(lambda g, threshold: g, 1.0, range(2)) == 1e9


def test_the_learners_own_functions_go_into_the_experiment():
    seen = []

    def spy(g, threshold):
        seen.append((g.shape, threshold))
        return norm_in_a_loop(g, threshold)

    error = probes.pascal_error(spy, 0.01, [4])
    assert math.isclose(error, judges._error("norm", 0.01, (4,)), rel_tol=1e-9)
    assert set(seen) == {((10,), 0.01)}
    assert len(seen) == 400


def test_a_clip_that_returns_one_number_does_not_stop_the_experiment():
    """The answer to an earlier question may be wrong; the cell that sets this one's must run to its end."""
    assert math.isfinite(probes.pascal_error(lambda g, threshold: 1.0, 0.01))


def test_the_experiment_is_the_lessons_sweep_with_one_setting():
    """Splits side by side, against `training.linear.sweep`, which trains one split after the other."""
    parts = [probes._in_pascal(seed) for seed in (7, 2**31)]
    for name, threshold in (("value", 0.03), ("norm", 0.1), ("value", 1e9)):

        def rule(G, c, own=judges._RULES[name]):
            return own(G, c)

        swept = sweep(parts, rule, np.array([probes.LEARNING_RATE]), np.array([threshold]))
        assert judges._error(name, threshold, (7, 2**31)) == pytest.approx(swept.errors.mean(), rel=1e-9)


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


# Pictures ---------------------------------------------------------------------------------------------------


def picture_of(question, **names):
    got = verdict(question, **names)
    assert not got.right
    return got, ElementTree.fromstring(got.picture)


def test_the_picture_of_a_norm_tells_ball_and_arrows_apart_by_more_than_colour():
    got, image = picture_of("clip_by_norm", clip_by_norm=lambda g, c: np.clip(g, -c, c))
    text = got.picture
    assert text.count("<circle") == 1
    legend = ["".join(row.itertext()) for row in image.iter("{http://www.w3.org/2000/svg}text")]
    assert [entry.split(",")[0] for entry in legend] == ["g", "expected", "your answer", "the threshold"]
    strokes = set(
        re.findall(r'stroke="(#[0-9A-F]{6})" stroke-width="[0-9.]+"( stroke-dasharray="[0-9 ]+")?', text)
    )
    assert len({colour for colour, _ in strokes}) == 4
    assert len({dashes for _, dashes in strokes}) == 4
    assert f"length {got.case['max_norm']:.3g}" in image.get("aria-label")


def test_the_picture_of_a_norm_stays_true_beyond_the_plane():
    def too_long_in_float32_only(g, c):
        return g if g.dtype == np.float32 else g / max(1, np.linalg.norm(g) / c)

    got, image = picture_of("clip_by_norm", clip_by_norm=too_long_in_float32_only)
    assert got.case["g"].shape == (6,)
    assert "turned by 0 degrees" in image.get("aria-label")


def test_an_answer_of_another_shape_is_said_and_not_drawn():
    for answer in (
        lambda g, c: g[:1],
        lambda g, c: "text",
        lambda g, c: g * np.nan,
        lambda g, c: [[1.0], [2.0, 3.0]],
    ):
        _, image = picture_of("clip_by_norm", clip_by_norm=answer)
        assert "is not drawn" in image.get("aria-label")
        assert len(list(image.iter("{http://www.w3.org/2000/svg}text"))) == 3


def test_the_pictures_of_a_turn_say_the_angle():
    _, image = picture_of("turned_by_value", turned_by_value=lambda g, v: 3.5)
    assert "turns the gradient by 20.9 degrees" in image.get("aria-label")
    assert "your answer, 3.5 degrees" in image.get("aria-label")
    assert image.get("aria-label").endswith("The square is the limit.")
    got, image = picture_of(
        "most_turned", most_turned=lambda d, v: np.r_[1e6 * v, np.full(d - 1, v if d < 5 else 0)]
    )
    assert got.case["d"] > 5
    assert "the most possible" in image.get("aria-label")
    assert image.get("aria-label").endswith("the two arrows span.")


def test_the_plane_that_is_spanned_keeps_lengths_and_angles():
    rng = np.random.default_rng(0)
    for d in (2, 3, 10):
        u, v = rng.normal(size=d), rng.normal(size=d)
        (a, b), (p, q) = judges._in_a_plane([u, v])
        assert math.isclose(math.hypot(a, b), np.linalg.norm(u))
        assert math.isclose(math.hypot(p, q), np.linalg.norm(v))
        assert math.isclose(a * p + b * q, u @ v, abs_tol=1e-9)


@pytest.mark.parametrize("g", [[9.0, 0.6], [-9.0, 0.6], [9.0, -0.6], [-0.6, -9.0], [5.0, 1.0, -0.5, 1.0]])
def test_the_ray_is_turned_from_the_gradient_to_the_side_of_the_clipped_arrow(g):
    g = np.array(g)
    svg = judges._picture_of_turn(g, 1.0, "the right angle", clipping.angle_between(g, np.clip(g, -1, 1)))
    ends = re.findall(r'<path d="M0.0 0.0L([-0-9.]+) ([-0-9.]+)" stroke="(#[0-9A-F]{6})"', svg)
    tips = {colour: (float(x), float(y)) for x, y, colour in ends}
    assert clipping.angle_between(tips[chart.GREEN], tips[chart.VERMILION]) < 0.2


# What a fresh reader wrote: messages that must be true of the very code they answer --------------------------


def undivided(divide):
    """The angle from a scalar product that is divided by too little."""

    def turned_by_value(g, limit):
        h = np.clip(g, -limit, limit)
        return np.degrees(np.arccos(np.clip(g @ h / divide(g, h), -1, 1)))

    return turned_by_value


def undivided_and_not_kept_in_range(g, limit):
    with np.errstate(invalid="ignore"):
        return np.degrees(np.arccos(g @ np.clip(g, -limit, limit)))


UNDIVIDED = [
    undivided(lambda g, h: 1.0),
    undivided(lambda g, h: np.linalg.norm(g)),
    undivided(lambda g, h: np.linalg.norm(h)),
    undivided_and_not_kept_in_range,
]


@pytest.mark.parametrize("turned_by_value", UNDIVIDED, ids=ids(UNDIVIDED))
def test_a_scalar_product_taken_for_a_cosine_is_not_called_clipping_by_norm(turned_by_value):
    for seed in range(20):
        got = verdict("turned_by_value", seed, turned_by_value=turned_by_value)
        assert got.misconception == "not divided by both lengths", got.text()
        given = "nan" if turned_by_value is undivided_and_not_kept_in_range else "0"
        assert got.message.startswith(
            f"{given} degrees, although the clip turns g by 20.9: is your cosine divided by both lengths?"
        )
        assert "clips by value" not in got.message


def test_clipping_by_norm_before_the_angle_is_still_told():
    def turned_by_norm(g, limit):
        h = g * min(1, limit / float(np.linalg.norm(g)))
        return np.degrees(np.arccos(np.clip(g @ h / (np.linalg.norm(g) * np.linalg.norm(h)), -1, 1)))

    def nan_where_nothing_turns(g, limit):
        return turned_by_norm(g, limit) if np.abs(g).max() > limit else math.nan

    for seed in range(20):
        for answer in (turned_by_norm, nan_where_nothing_turns, lambda g, limit: 0.0):
            got = verdict("turned_by_value", seed, turned_by_value=answer)
            assert got.misconception == "no turn at all", got.text()
            assert got.message.startswith("You found no turn anywhere. Clipping by norm")


def tall(height, others):
    def most_turned(d, limit):
        g = np.full(d, others * limit)
        g[0] = height(limit)
        return g

    return most_turned


def test_a_gradient_that_is_tall_enough_is_told_of_its_short_others():
    for seed in range(20):
        for others in (0.9, 0.95):
            got = verdict("most_turned", seed, most_turned=tall(lambda limit: 1e6, others))
            assert got.misconception == "the others are short", got.text()
            assert f"The smallest of the others is {others:.3g} times the limit" in got.message
            assert "million" not in got.message + got.hints[0]
        for others in (1.0, 0.995):
            got = verdict("most_turned", seed, most_turned=tall(lambda limit: 3 * limit, others))
            assert got.misconception == "not tall enough", got.text()
            assert "The tall one has 3 times the limit" in got.message


def test_an_entry_near_the_largest_number_is_told_without_a_warning():
    def huge(d, limit):
        return [1e6, limit] if d == 2 else [1e308, *[0.5 * limit] * (d - 1)]

    with warnings.catch_warnings(action="error"):
        got = verdict("most_turned", most_turned=huge)
    assert (got.misconception, got.case["d"]) == ("the others are short", 3)


def globally_with_the_two(grads, max_norm):
    norm = np.sqrt(sum(np.linalg.norm(g, 2) ** 2 for g in grads if g is not None))
    factor = min(1.0, max_norm / norm) if norm > 0 else 1.0
    return [None if g is None else g * factor for g in grads], norm


def test_the_largest_stretch_of_a_matrix_is_not_taken_for_its_length():
    for seed in range(20):
        got = verdict("clip_by_global_norm", seed, clip_by_global_norm=globally_with_the_two)
        assert got.misconception == "the largest stretch of a matrix", got.text()
        matrix = got.case["grads"][0]
        stretch, length = np.linalg.norm(matrix, 2), np.linalg.norm(matrix)
        assert got.message == (
            f"norm(M, 2) of a matrix is its largest stretch, here {stretch:.4g}; the length of all its entries is "
            f"{length:.4g}. Flatten the matrix first, or leave the 2 out."
        )


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


def test_what_is_said_of_one_positive_entry_is_true_of_any_number_of_entries():
    for second, said in (
        (lambda c: [c, 0.0], "Only one of its entries is above zero"),
        (lambda c: [100 * c], "Only one of its entries is above zero"),
        (lambda c: [0.0, 100 * c, 0.0], "Only one of its entries is above zero"),
        (lambda c: [0.0, 0.0], "None of its entries is above zero"),
    ):
        got = verdict(
            "breaking_gradients", breaking_gradients=lambda c, second=second: ([-10 * c, c], second(c))
        )
        assert got.misconception == "second: one entry"
        assert said in got.message
        assert "single entry" not in got.message


def test_the_worked_steps_of_the_hints_are_right():
    worked = {name: question.judged.hints[2] for name, question in QUESTIONS.items()}
    np.testing.assert_array_equal(clipping.published_elementwise(np.array([-10.0]), 1.0), [-10])
    np.testing.assert_array_equal(clipping.published_elementwise(np.array([3.0, 4.0]), 1.0), [1, 1])
    assert f"(1, 1), of length {math.sqrt(2):.2f}" in worked["breaking_gradients"]
    np.testing.assert_allclose(judges._clip_by_norm(np.array([3.0, 4.0]), 1.0), [0.6, 0.8])
    assert "(0.6, 0.8)" in worked["clip_by_norm"]
    degrees = judges._turned_by_value(np.array([4.0, 1.0]), 1.0)
    assert (
        f"5 / ({math.sqrt(17):.3f} * {math.sqrt(2):.3f}) = {5 / math.sqrt(34):.4f}"
        in worked["turned_by_value"]
    )
    assert f"{math.radians(degrees):.4f} radians, or {degrees:.2f} degrees" in worked["turned_by_value"]
    for entry in (3.0, 10.0):
        degrees = judges._turned(np.array([entry, 1.0]), 1.0)
        assert f"({entry:g}, 1) turns by {degrees:.1f}" in worked["most_turned"]
    clipped, norm = judges._clip_by_global_norm([np.array([3.0]), None, np.array([4.0, 0.0])], 1.0)
    assert norm == 5
    np.testing.assert_allclose(clipped[2], [0.8, 0])
    assert "[0.6], None and [0.8, 0] come back, with the 5" in worked["clip_by_global_norm"]
    assert f"{400 * probes.LEARNING_RATE * 0.001:g} in 400 steps" in worked["rule_and_threshold"]
    assert f"by {133 * probes.LEARNING_RATE:.1f} standard deviations" in worked["rule_and_threshold"]
