"""How exercise 05_optimizers is judged: right solutions, misunderstandings, and what to say to each."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from course_lib.checks.case import Answer, Case, Plain
from course_lib.checks.chart import BLUE, GREEN, VERMILION, chart
from course_lib.checks.compare import show
from course_lib.checks.judging import Finding, Judged, Misconception
from course_lib.checks.matching import answering, first_failing, until_it_fails
from course_lib.checks.probes import e05_optimizers as probes
from course_lib.checks.reading import number_in, numbers_in
from course_lib.training.optimizers import (
    braked_share,
    cancelling_threshold,
    largest_adam_step,
)

Floats: TypeAlias = NDArray[np.float64]
Say: TypeAlias = str | Callable[[Case, Answer], str]

_ASKED = {asked.name: asked for asked in probes.ASKED}


# adam_step ------------------------------------------------------------------------------------------------


def _adam(mistake: str = "") -> Callable[..., Any]:
    """One step of Adam as a learner would write it, with one mistake or none."""

    def adam_step(
        w: Any, g: Any, m: Any, v: Any, t: int, lr: float, beta1: float, beta2: float, eps: float
    ) -> Any:
        if mistake == "betas swapped":
            beta1, beta2 = beta2, beta1
        if mistake == "new and old swapped":
            m, v = (1 - beta1) * m + beta1 * g, (1 - beta2) * v + beta2 * g**2
        elif mistake == "squares the mean":
            m = beta1 * m + (1 - beta1) * g
            v = beta2 * v + (1 - beta2) * m**2
        elif mistake == "changes its inputs":
            m *= beta1
            m += (1 - beta1) * g
            v *= beta2
            v += (1 - beta2) * g**2
        else:
            m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
        late = t + 1 if mistake == "counts one too many" else t
        m_hat, v_hat = m / (1 - beta1**late), v / (1 - beta2**late)
        if mistake == "no bias correction":
            m_hat, v_hat = m, v
        if mistake == "returns the corrected averages":
            m, v = m_hat, v_hat
        below = np.sqrt(v_hat) + eps
        if mistake == "no root":
            below = v_hat + eps
        elif mistake == "epsilon inside the root":
            below = np.sqrt(v_hat + eps)
        above = g if mistake == "forgets the mean" else m_hat
        return (w + lr * above / below if mistake == "uphill" else w - lr * above / below), m, v

    return adam_step


def _adam_held(name: str, message: Say, hint: str) -> Misconception:
    right, wrong = answering(_ASKED["adam_step"], _adam()), answering(_ASKED["adam_step"], _adam(name))
    return Misconception(name, {"adam_step": _adam(name)}, message, hint, until_it_fails(right, wrong))


ADAM_STEP = Judged(
    name="adam_step",
    reference={"adam_step": _adam()},
    misconceptions=(
        _adam_held(
            "changes its inputs",
            "You changed m and v in place: `m *= beta1` writes into the caller's array. Asked are new arrays.",
            "Write m = beta1 * m + ..., which makes a new array.",
        ),
        _adam_held(
            "no bias correction",
            lambda case, answer: (
                f"At {case.label} your averages are right, but the step uses them as they are. They started at "
                "0, so at "
                "first they are far too small, and v more than m."
            ),
            "Divide m by 1 - beta1**t and v by 1 - beta2**t before you use them.",
        ),
        _adam_held(
            "counts one too many",
            "Your bias correction counts one step too many: t is 1 in the first step, and the first correction "
            "divides by "
            "1 - beta1.",
            "Use t as it is given, not t + 1.",
        ),
        _adam_held(
            "no root",
            "You divide by v, not by its root. v is in units of squared gradients, so the step would shrink when "
            "gradients "
            "grow.",
            "np.sqrt of the corrected v.",
        ),
        _adam_held(
            "epsilon inside the root",
            "Your epsilon stands inside the root, where 1e-8 counts like 1e-4. It belongs behind the root.",
            "np.sqrt(v_hat) + eps, and not np.sqrt(v_hat + eps).",
        ),
        _adam_held(
            "new and old swapped",
            "Your averages give the new gradient the weight beta and the past 1 - beta: a memory of about one step.",
            "The past gets beta: m = beta1 * m + (1 - beta1) * g.",
        ),
        _adam_held(
            "betas swapped",
            "beta1 and beta2 have changed places: m should forget fast (beta1), v slowly (beta2).",
            "beta1 goes with m, beta2 with v.",
        ),
        _adam_held(
            "squares the mean",
            "Your v averages the square of m. It is the gradient itself whose square is averaged; m has already "
            "smoothed the "
            "size away.",
            "v = beta2 * v + (1 - beta2) * g**2.",
        ),
        _adam_held(
            "forgets the mean",
            "Your step goes along g, not along the average m: that is RMSprop, without momentum.",
            "The numerator is the corrected m.",
        ),
        _adam_held(
            "returns the corrected averages",
            "The new weights are right, but you return the corrected averages. Kept for the next step are m and "
            "v as they "
            "are; corrected ones would be corrected again.",
            "Give the corrected averages names of their own.",
        ),
        _adam_held(
            "uphill",
            "The step goes uphill: a gradient points to where the loss grows.",
            "w minus lr times ...",
        ),
    ),
    hints=(
        "Four lines: two averages, two corrections; then the step.",
        "m and v first, then m_hat = m / (1 - beta1**t) and v_hat = v / (1 - beta2**t), then the step with these.",
        "The first step with g = 2 and beta1 = 0.9: m = 0.2, and m_hat = 0.2 / (1 - 0.9) = 2, the gradient itself. "
        "v goes the same way with g * g = 4, so the step is lr * 2 / (2 + eps).",
    ),
)


# steps_to_recover -----------------------------------------------------------------------------------------


def _count(mistake: str = "") -> Callable[[float, float, float], Any]:
    def steps_to_recover(spike: float, beta2: float, share: float) -> Any:
        theta = 1 / share - 1 if mistake == "share not squared" else 1 / share**2 - 1
        size = spike if mistake == "spike not squared" else spike**2
        weight = 1.0 if mistake == "spike weighs fully" else 1 - beta2
        n = math.log(weight * (size - 1) / theta) / -math.log(beta2)
        if mistake == "not rounded":
            return max(0.0, n)
        n = math.floor(n) if mistake == "rounds down" else math.ceil(n)
        return n if mistake == "negative" else max(0, n)

    return steps_to_recover


def _count_held(name: str, message: Say, hint: str) -> Misconception:
    return Misconception(name, {"steps_to_recover": _count(name)}, message, hint)


def _picture_of_recovery(case: Case, got: Plain, expected: Plain) -> str:
    n = number_in(got)
    if n is None:
        return ""
    right = int(expected)
    span = max(2 * right, 200)

    def back(after: float) -> float:
        return braked_share(case["spike"], case["beta2"], after=max(0, round(min(after, 1e7))))

    curve = [back(span * i / 120) for i in range(121)]
    alt = (
        f"The effective step over the {span:,} ordinary gradients after the spike. It is back at "
        f"{case['share']:g} after "
        f"{right:,}; after your {n:,.0f} it is at {back(n):.3f}."
    )
    return chart(
        [(f"effective step after a spike of {case['spike']:g}", curve, BLUE, "none")],
        [
            (f"back at {case['share']:g} after {right:,}", right / span, case["share"], GREEN),
            (f"your answer, {n:,.0f}: the step is at {back(n):.3f}", n / span, back(n), VERMILION),
        ],
        1.0,
        alt,
    )


STEPS_TO_RECOVER = Judged(
    name="steps_to_recover",
    reference={"steps_to_recover": _count()},
    misconceptions=(
        _count_held(
            "spike not squared",
            lambda case, answer: (
                f"You let the spike enter v with its size, {show(case['spike'])}. v averages squares, so it "
                "enters with "
                f"{show(case['spike'] ** 2)}, and it takes longer to forget."
            ),
            "v = 1 + (1 - beta2) * (K**2 - 1) right after the spike.",
        ),
        _count_held(
            "share not squared",
            "You wait until v is back at 1 / share. The step is 1 over the ROOT of v, so v has to be back at 1 / "
            "share**2.",
            "Set 1 / sqrt(v) = share and solve for v.",
        ),
        _count_held(
            "spike weighs fully",
            "You let the whole square of the spike into v. A new gradient gets the weight 1 - beta2 only.",
            "The excess of v right after the spike is (1 - beta2) * (K**2 - 1).",
        ),
        _count_held(
            "rounds down",
            "Your number is one too small: after it the share is not reached yet. Asked is the first step at "
            "which it is.",
            "Round up: math.ceil.",
        ),
        _count_held(
            "not rounded",
            lambda case, answer: (
                f"After {show(answer.value, 6)} gradients the share would be reached, but gradients "
                f"come one by one: asked "
                "is a whole number, the first at which it is."
            ),
            "math.ceil gives the next whole number.",
        ),
        _count_held(
            "negative",
            "For a small spike your formula gives a negative number: the step never falls below the share, so "
            "the answer is 0.",
            "max(0, ...)",
        ),
    ),
    hints=(
        "How large is v right after the spike, and by which factor does its excess over 1 shrink at every step?",
        "v = 1 + (1 - beta2) * (K**2 - 1) * beta2**n. At which v is 1 / sqrt(v) equal to share?",
        "K = 10, beta2 = 0.999, share 0.97: v is 1.099 right after the spike and must fall to 1 / 0.97**2 = 1.0628. So "
        "0.099 * 0.999**n = 0.0628; logarithms give n = 454.7, and 455 whole steps.",
    ),
    picture=_picture_of_recovery,
)


# longest_push ---------------------------------------------------------------------------------------------

ENOUGH = 0.99
"""The share of the supremum that is asked for."""


def _stream(value: Plain) -> Floats | None:
    """The gradients as a vector, or `None` where they are none, too many, or not finite."""
    g = numbers_in(value)
    if g is None or g.ndim != 1 or not 0 < g.size <= probes.MOST_GRADIENTS:
        return None
    return g if np.isfinite(g).all() and 0 < np.abs(g).max() < 1e150 else None


def _push(g: Floats, beta1: float, beta2: float, corrected: bool = True) -> float:
    """The last step of Adam on a stream, in learning rates; `corrected=False`: as if after a long silence."""
    g = g / np.abs(g).max()
    ago = np.arange(g.size - 1, -1, -1)
    m, v = (1 - beta1) * np.sum(beta1**ago * g), (1 - beta2) * np.sum(beta2**ago * g**2)
    if corrected:
        m, v = m / (1 - beta1**g.size), v / (1 - beta2**g.size)
    return float(abs(m) / math.sqrt(v)) if v > 0 else 0.0


def _share_of_longest(case: Case, g: Floats, corrected: bool = True) -> float:
    return _push(g, case["beta1"], case["beta2"], corrected) / largest_adam_step(case["beta1"], case["beta2"])


def _push_kind(case: Case, answer: Answer) -> str:
    if answer.status != "given":
        return answer.status
    g = _stream(answer.value)
    if g is None:
        return "no stream"
    if _share_of_longest(case, g) >= ENOUGH:
        return "right"
    if _share_of_longest(case, g, corrected=False) >= ENOUGH:
        return "no silence"
    if np.count_nonzero(np.abs(g) > 1e-6 * np.abs(g).max()) == 1:
        return "one spike"
    if np.ptp(np.abs(g)) < 1e-9 * np.abs(g).max():
        return "steady"
    if _share_of_longest(case, np.abs(g)) >= ENOUGH:
        return "changing signs"
    tail = np.abs(g[-10:])
    shrinking = g.size >= 10 and bool((np.diff(tail) < 0).all())
    if shrinking or _share_of_longest(case, g[::-1]) >= ENOUGH:
        return "backwards"
    if g.size >= 10 and (np.diff(tail) > 0).all():
        return "wrong growth"
    return "wrong"


def _judge_push(case: Case, value: Plain) -> Finding:
    g = _stream(value)
    if g is None:
        return Finding(
            False,
            f"A list of 1 to {probes.MOST_GRADIENTS:,} finite numbers, not all 0, is needed; got {show(value)}.",
        )
    pushed, most = _push(g, case["beta1"], case["beta2"]), largest_adam_step(case["beta1"], case["beta2"])
    return Finding(
        pushed >= ENOUGH * most,
        f"The last step is {pushed:.3f} learning rates long; {ENOUGH:g} of {most:.3f} is asked.",
    )


def _say_push(story: str) -> Callable[[Case, Answer], str]:
    def say(case: Case, answer: Answer) -> str:
        g = _stream(answer.value)
        assert g is not None
        most = largest_adam_step(case["beta1"], case["beta2"])
        return story.format(pushed=f"{_push(g, case['beta1'], case['beta2']):.3f}", most=f"{most:.3f}")

    return say


def _grown(beta1: float, beta2: float, factor: float | None = None, silence: int = 12_000) -> Floats:
    growing = (factor or beta2 / beta1) ** np.arange(-80.0, 1.0)
    return np.concatenate([np.zeros(silence), growing])


def _push_held(name: str, wrong: Callable[[float, float], Any], message: Say, hint: str) -> Misconception:
    return Misconception(
        name, {"longest_push": wrong}, message, hint, matches=first_failing(_push_kind, name)
    )


def _picture_of_push(case: Case, got: Plain, expected: Plain) -> str:
    g = _stream(got)
    if g is None:
        return ""
    last = min(40, g.size)
    most = largest_adam_step(case["beta1"], case["beta2"])
    pushes = [
        _push(g[: g.size - k], case["beta1"], case["beta2"]) if g[: g.size - k].any() else 0.0
        for k in range(last)
    ]
    sizes = np.abs(g[-last:]) / np.abs(g).max()
    alt = (
        f"The last {last} gradients and the steps that Adam makes of them. The last step is {pushes[0]:.3f} "
        "learning rates "
        f"long; the longest possible is {most:.3f}."
    )
    return chart(
        [
            (f"your steps, the last {pushes[0]:.3f} learning rates", pushes[::-1], BLUE, "none"),
            (f"the longest possible, {most:.3f}", [most, most], GREEN, "8 4"),
            ("the size of your gradients, in units of the largest", sizes.tolist(), VERMILION, "2 3"),
        ],
        [] if last > 1 else [(f"your only step, {pushes[0]:.3f}", 0.5, pushes[0], BLUE)],
        float(f"{1.1 * most:.2g}"),
        alt,
    )


LONGEST_PUSH = Judged(
    name="longest_push",
    reference={"longest_push": _grown},
    judge=_judge_push,
    misconceptions=(
        _push_held(
            "steady",
            lambda beta1, beta2: np.ones(1000),
            _say_push(
                "Steady gradients make a step of {pushed}: m and the root of v grow together. Up to "
                "{most} is possible."
            ),
            "m forgets faster than v. When would you want v to be small, and m to be large?",
        ),
        _push_held(
            "one spike",
            lambda beta1, beta2: np.append(np.zeros(12_000), 1e6),
            _say_push(
                "That is the isolated spike, a step of {pushed}, often taken for the longest. m holds only one "
                "gradient here; "
                "several in a row fill it further, up to {most}."
            ),
            "Let the last gradients grow towards the end. By which factor, the equality in the proof says.",
        ),
        _push_held(
            "backwards",
            lambda beta1, beta2: _grown(beta1, beta2)[::-1],
            _say_push(
                "Your gradients shrink towards the end, and the last step is {pushed}: the large "
                "ones have left m, while v "
                "still remembers them. The newest gradient has to be the largest."
            ),
            "Turn the part that is not silent round: [::-1].",
        ),
        _push_held(
            "no silence",
            lambda beta1, beta2: _grown(beta1, beta2, silence=0),
            _say_push(
                "The growth is right, but it begins too early: the bias correction still divides v "
                "by less than 1, and so "
                "the step is {pushed}, not {most}. Adam has to have been silent for a long time first."
            ),
            "Put ten thousand zeros before the growth.",
        ),
        _push_held(
            "changing signs",
            lambda beta1, beta2: _grown(beta1, beta2) * (-1.0) ** np.arange(12_081),
            _say_push(
                "The sizes are right, but the signs change: in m the gradients cancel, in v they do "
                "not, and the last step "
                "is {pushed} instead of {most}."
            ),
            "Let all gradients push the same way.",
        ),
        _push_held(
            "wrong growth",
            lambda beta1, beta2: _grown(beta1, beta2, factor=3.0),
            _say_push(
                "Growing is right, and your last step is {pushed}. But the factor from one gradient to the next "
                "is not the best: "
                "{most} is possible."
            ),
            "Equality in the inequality of Cauchy and Schwarz: the gradient k steps ago is (beta1 / beta2)**k of "
            "the last.",
        ),
    ),
    hints=(
        "Try streams in your adam_step first: all ones, then zeros and a one, then zeros and something that grows.",
        "After a silence, gradients that grow by a constant factor; the factor depends on beta1 and beta2.",
        "With beta1 = 0.5 and beta2 = 0.75 the factor would be 0.75 / 0.5: after a long silence 1, 1.5, 2.25 and so "
        "on, each 1.5 times the one before.",
    ),
    picture=_picture_of_push,
)


# balance_threshold ----------------------------------------------------------------------------------------


def _balance(mistake: str = "") -> Callable[[Any, Any, float], Any]:
    def balance_threshold(w: Any, g: Any, decay: float) -> Any:
        along, norm, length = float(g @ w), float(np.linalg.norm(g)), float(np.linalg.norm(w))
        if mistake == "as if straight against w":
            return decay * length if along < 0 and decay * length <= norm else None
        if mistake == "length of g forgotten":
            c = decay * length**2 / -along if along else math.inf
        elif mistake == "length of w not squared":
            c = decay * length * norm / -along if along else math.inf
        else:
            c = decay * length**2 * norm / -along if along else math.inf
        if mistake == "sign ignored":
            return abs(c) if abs(c) <= norm else None
        if mistake == "out of reach":
            return c if along < 0 else None
        if mistake == "negative threshold":
            return c if c <= norm else None
        return c if along < 0 and c <= norm else None

    return balance_threshold


def _balance_held(name: str, message: Say, hint: str) -> Misconception:
    right, wrong = (
        answering(_ASKED["balance_threshold"], _balance()),
        answering(_ASKED["balance_threshold"], _balance(name)),
    )
    return Misconception(
        name, {"balance_threshold": _balance(name)}, message, hint, until_it_fails(right, wrong)
    )


BALANCE_THRESHOLD = Judged(
    name="balance_threshold",
    reference={"balance_threshold": lambda w, g, decay: cancelling_threshold(w, g, decay)},
    misconceptions=(
        _balance_held(
            "as if straight against w",
            "decay * |w| is right only where the gradient points straight against w. At an angle, only a part of "
            "the step "
            "works against the decay, and the threshold has to be larger.",
            "Project: the part of the clipped step along w is c * <g, w> / (|g| |w|).",
        ),
        _balance_held(
            "sign ignored",
            "Where <g, w> is positive the step shrinks w, as the decay does. Nothing can cancel there: the "
            "answer is None.",
            "Check the sign of <g, w> before you divide.",
        ),
        _balance_held(
            "negative threshold",
            "You return a negative threshold where <g, w> is positive. No length is negative: there is no "
            "threshold, None.",
            "Return None unless <g, w> is below 0.",
        ),
        _balance_held(
            "out of reach",
            lambda case, answer: (
                f"Your threshold, {show(answer.value)}, is longer than the gradient, "
                f"{show(float(np.linalg.norm(case['g'])))}: "
                "nothing would be clipped, and the step would be too short to cancel. The answer is None."
            ),
            "A threshold can only shorten: return None where it exceeds |g|.",
        ),
        _balance_held(
            "length of g forgotten",
            "You left out the length of g: the clipped step is c times the UNIT vector g / |g|.",
            "Solve decay * |w|**2 = -c * <g, w> / |g| for c.",
        ),
        _balance_held(
            "length of w not squared",
            "The length of w has to be squared: the decay moves w by decay * w, and its product with w is decay "
            "* |w|**2.",
            "Take the product of both movements with w, not with w / |w| on one side only.",
        ),
    ),
    hints=(
        "Write down both movements of w in one step, for lr = 1: that of the decay, and that of the "
        "clipped gradient.",
        "Take the scalar product of their sum with w and set it to 0. Then ask when the solution is a length "
        "that can clip.",
        "w = (2, 0), g = (-3, 4), decay 0.5: the decay adds -0.5 * 4 = -2 to the product, and g clipped to length c "
        "adds c / 5 * 6. They cancel at c = 1.67, which is below the length 5 of g. With g = (3, 4) both would be "
        "negative.",
    ),
)


# train_adamw ----------------------------------------------------------------------------------------------


def _adamw(mistake: str = "") -> Callable[..., Any]:
    """AdamW with clipping as a learner would write it, with one mistake or none, or as it came."""
    came = mistake == "as it came"

    def train_adamw(
        gradient: Any, w: Any, steps: int, lr: float, decay: float, max_norm: float
    ) -> tuple[Any, list[float]]:
        m, v, norms = np.zeros_like(w), np.zeros_like(w), []
        for t in range(1, steps + 1):
            g = gradient(w, t - 1)
            if came or mistake == "decay through the averages":
                g = g + decay * w
            norm = float(np.linalg.norm(g))
            factor = min(1.0, max_norm / norm)
            norms.append(min(norm, max_norm) if mistake == "logs the norm after" else norm)
            late = came or mistake == "clips the update"
            if not late and mistake != "clips nothing":
                g = g * factor
            m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
            m_hat = m / (1 - 0.9**t)
            v_hat = v if came or mistake == "v not corrected" else v / (1 - 0.999**t)
            update = m_hat / (np.sqrt(v_hat) + 1e-8)
            if late:
                update = update * factor
            if came or mistake == "changes w in place":
                w *= 1 - (0 if came else lr * decay)
                w -= lr * update
            elif mistake == "decay through the averages":
                w = w - lr * update
            elif mistake == "decay without the learning rate":
                w = (1 - decay) * w - lr * update
            elif mistake == "decay behind the step":
                w = (1 - lr * decay) * (w - lr * update)
            else:
                w = (1 - lr * decay) * w - lr * update
        return w, norms

    return train_adamw


def _adamw_held(name: str, message: Say, hint: str) -> Misconception:
    right, wrong = answering(_ASKED["train_adamw"], _adamw()), answering(_ASKED["train_adamw"], _adamw(name))
    return Misconception(name, {"train_adamw": _adamw(name)}, message, hint, until_it_fails(right, wrong))


TRAIN_ADAMW = Judged(
    name="train_adamw",
    reference={"train_adamw": _adamw()},
    misconceptions=(
        _adamw_held(
            "as it came",
            "This is the loop as it came; all four mistakes are still in it.",
            "Start with the case without decay and without clipping: which of the two averages is not corrected?",
        ),
        _adamw_held(
            "changes w in place",
            "Your answer is right, but `w -= ...` and `w *= ...` write into the array that the caller gave you.",
            "w = w - ... makes a new array.",
        ),
        _adamw_held(
            "v not corrected",
            "v is used as it is. It started at 0, so at first it is a thousand times too small and the first "
            "steps are thirty "
            "times too long.",
            "Divide v by 1 - 0.999**t, as m is divided by 1 - 0.9**t.",
        ),
        _adamw_held(
            "clips the update",
            "You shorten the update of the step with the wrong patient, but v has already taken in the square of "
            "the whole "
            "gradient: the steps after it are braked as if nothing had been clipped.",
            "Clip g before m and v see it.",
        ),
        _adamw_held(
            "clips nothing",
            "Nothing is clipped now. The update need not be, but the gradient of the step with the "
            "wrong patient must be, "
            "before v takes in its square.",
            "g = g * min(1, max_norm / norm), before m and v.",
        ),
        _adamw_held(
            "logs the norm after",
            "Your log holds the norms after clipping. A log of those can never exceed the threshold.",
            "Append the norm before you clip.",
        ),
        _adamw_held(
            "decay through the averages",
            "The decay still goes through the gradient: there it is part of the norm, is clipped, and is divided "
            "by the root "
            "of v. That is Adam with an L2 penalty, not AdamW.",
            "Take decay * w out of g, and shrink w by the factor 1 - lr * decay instead.",
        ),
        _adamw_held(
            "decay without the learning rate",
            "You shrink w by 1 - decay. In AdamW the factor is 1 - lr * decay.",
            "Multiply the decay by the learning rate.",
        ),
        _adamw_held(
            "decay behind the step",
            "You shrink w after Adam's step, and so shrink the step as well. The decay acts on the old weights.",
            "(1 - lr * decay) * w - lr * update, and not (1 - lr * decay) * (w - lr * update).",
        ),
    ),
    hints=(
        "In which order? Gradient, clip, averages, corrections, decay, step.",
        "The gradient that is clipped and averaged has no decay in it; the decay multiplies w by 1 - lr * decay.",
        "g = (3, 4) at max_norm 1: (0.6, 0.8) goes into m and v. With lr 0.1 and decay 0.5 the weights are "
        "multiplied by 0.95, and then the step is subtracted.",
    ),
)


# cure_and_strength ----------------------------------------------------------------------------------------

TARGET = 0.86
"""The test accuracy to reach."""


@lru_cache(maxsize=64)
def _accuracy(cure: str, strength: float, seeds: tuple[int, ...]) -> float:
    return probes.glitch_accuracy(cure, strength, seeds)


def _complaint(value: Plain) -> str:
    """What is wrong with the form of a choice, in one sentence; empty when nothing is."""
    if not isinstance(value, dict) or set(value) != {"cure", "strength"}:
        return f"Set my_cure to a word and my_strength to a number; got {show(value)}."
    if not isinstance(value["cure"], str) or value["cure"] not in probes.CURES:
        return f"my_cure must be 'clip', 'warm-up' or 'smaller lr'; it is {show(value['cure'])}."
    strength = number_in(value["strength"])
    if strength is None or strength <= 0:
        return f"my_strength must be one number above 0; it is {show(value['strength'])}."
    if value["cure"] == "smaller lr" and strength < 1:
        return f"A smaller learning rate is divided by 1 or more; my_strength is {show(strength)}."
    return ""


def _accuracy_of(case: Case, value: Plain) -> float:
    strength = number_in(value["strength"])
    assert strength is not None
    return _accuracy(value["cure"], strength, tuple(int(seed) for seed in case["seeds"]))


def _judge_cure(case: Case, value: Plain) -> Finding:
    if complaint := _complaint(value):
        return Finding(False, complaint)
    accuracy = _accuracy_of(case, value)
    return Finding(accuracy >= TARGET, f"On {case.label} the accuracy is {accuracy:.3f}; {TARGET} is asked.")


def _cure_kind(case: Case, answer: Answer) -> str:
    if answer.status != "given":
        return answer.status
    if _complaint(answer.value):
        return "not a choice"
    if _accuracy_of(case, answer.value) >= TARGET:
        return "right"
    if answer.value["cure"] != "clip":
        return str(answer.value["cure"])
    strength = number_in(answer.value["strength"])
    return "clip, too high" if strength is not None and strength > 1e-3 else "clip, below epsilon"


def _cure_held(name: str, cure: str, strength: float, story: str, hint: str) -> Misconception:
    def say(case: Case, answer: Answer) -> str:
        accuracy = _accuracy_of(case, answer.value)
        return f"On {case.label} the accuracy is {accuracy:.3f}; {TARGET} is asked. {story}"

    names = {"my_cure": cure, "my_strength": strength}
    return Misconception(name, names, say, hint, matches=first_failing(_cure_kind, name))


CURE_AND_STRENGTH = Judged(
    name="cure_and_strength",
    reference={"my_cure": "clip", "my_strength": 1.0},
    judge=_judge_cure,
    misconceptions=(
        _cure_held(
            "warm-up",
            "warm-up",
            20,
            "Warm-up makes the first steps shorter. It ends before the glitch, or shortens healthy steps; it "
            "never keeps the "
            "glitch out of v.",
            "Which of the three acts on the gradient before v sees it?",
        ),
        _cure_held(
            "smaller lr",
            "smaller lr",
            3,
            "After the glitch the steps are too short, not too long. A smaller learning rate shortens them further.",
            "The glitch's own step is short whatever you do. Look for what keeps its square out of v.",
        ),
        _cure_held(
            "clip, too high",
            "clip",
            1000.0,
            "The cure is right, but at this threshold the glitch still enters v with hundreds of times the "
            "ordinary size.",
            "Ordinary gradient norms are about 1 here. Come down to where the glitch no longer stands out.",
        ),
        _cure_held(
            "clip, below epsilon",
            "clip",
            1e-8,
            "The glitch is cut, and so is everything else: entries of the clipped gradient are smaller than "
            "Adam's epsilon of "
            "1e-8, which then decides the length of the step.",
            "Adam does not mind a small threshold until it meets epsilon. Go up by a few decades.",
        ),
    ),
    hints=(
        "Measure: call glitch_accuracy for each cure at three strengths, a factor of 10 apart.",
        "What lasts is the square of the glitch in v. Choose the cure that acts before v, and a "
        "strength near ordinary "
        "gradient norms.",
        "A glitch of 1000 leaves a million times (1 - beta2) in v; clipped to 1 it leaves 1 - beta2. What do the "
        "other two cures leave of it? Then look at both ends: at which strengths does your cure fail?",
    ),
)

JUDGED: tuple[Judged, ...] = (
    ADAM_STEP,
    STEPS_TO_RECOVER,
    LONGEST_PUSH,
    BALANCE_THRESHOLD,
    TRAIN_ADAMW,
    CURE_AND_STRENGTH,
)
