"""How `adam_step` is judged: right solutions, misunderstandings, and what to say to each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from course_lib.checks.judging import Judged, Misconception, Say
from course_lib.checks.matching import fails_as
from course_lib.checks.probes.e05_optimizers.adam_step import ASKED


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


def _held(name: str, message: Say, hint: str) -> Misconception:
    wrong = _adam(name)
    return Misconception(name, {"adam_step": wrong}, message, hint, fails_as(ASKED, _adam(), wrong))


JUDGED = Judged(
    name="adam_step",
    reference={"adam_step": _adam()},
    misconceptions=(
        _held(
            "changes its inputs",
            "You changed m and v in place: `m *= beta1` writes into the caller's array. Asked are new arrays.",
            "Write m = beta1 * m + ..., which makes a new array.",
        ),
        _held(
            "no bias correction",
            lambda case, answer: (
                f"At {case.label} your averages are right, but the step uses them as they are. They started at "
                "0, so at "
                "first they are far too small, and v more than m."
            ),
            "Divide m by 1 - beta1**t and v by 1 - beta2**t before you use them.",
        ),
        _held(
            "counts one too many",
            "Your bias correction counts one step too many: t is 1 in the first step, and the first correction "
            "divides by "
            "1 - beta1.",
            "Use t as it is given, not t + 1.",
        ),
        _held(
            "no root",
            "You divide by v, not by its root. v is in units of squared gradients, so the step would shrink when "
            "gradients "
            "grow.",
            "np.sqrt of the corrected v.",
        ),
        _held(
            "epsilon inside the root",
            "Your epsilon stands inside the root, where 1e-8 counts like 1e-4. It belongs behind the root.",
            "np.sqrt(v_hat) + eps, and not np.sqrt(v_hat + eps).",
        ),
        _held(
            "new and old swapped",
            "Your averages give the new gradient the weight beta and the past 1 - beta: a memory of about one step.",
            "The past gets beta: m = beta1 * m + (1 - beta1) * g.",
        ),
        _held(
            "betas swapped",
            "beta1 and beta2 have changed places: m should forget fast (beta1), v slowly (beta2).",
            "beta1 goes with m, beta2 with v.",
        ),
        _held(
            "squares the mean",
            "Your v averages the square of m. It is the gradient itself whose square is averaged; m has already "
            "smoothed the "
            "size away.",
            "v = beta2 * v + (1 - beta2) * g**2.",
        ),
        _held(
            "forgets the mean",
            "Your step goes along g, not along the average m: that is RMSprop, without momentum.",
            "The numerator is the corrected m.",
        ),
        _held(
            "returns the corrected averages",
            "The new weights are right, but you return the corrected averages. Kept for the next step are m and "
            "v as they "
            "are; corrected ones would be corrected again.",
            "Give the corrected averages names of their own.",
        ),
        _held(
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
