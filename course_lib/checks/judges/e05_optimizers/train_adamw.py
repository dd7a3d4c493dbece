"""How `train_adamw` is judged: right solutions, misunderstandings, and what to say to each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from course_lib.checks.judging import Judged, Misconception, Say
from course_lib.checks.matching import fails_as
from course_lib.checks.probes.e05_optimizers.train_adamw import ASKED


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


def _held(name: str, message: Say, hint: str) -> Misconception:
    wrong = _adamw(name)
    return Misconception(name, {"train_adamw": wrong}, message, hint, fails_as(ASKED, _adamw(), wrong))


JUDGED = Judged(
    name="train_adamw",
    reference={"train_adamw": _adamw()},
    misconceptions=(
        _held(
            "as it came",
            "This is the loop as it came; all four mistakes are still in it.",
            "Start with the case without decay and without clipping: which of the two averages is not corrected?",
        ),
        _held(
            "changes w in place",
            "Your answer is right, but `w -= ...` and `w *= ...` write into the array that the caller gave you.",
            "w = w - ... makes a new array.",
        ),
        _held(
            "v not corrected",
            "v is used as it is. It started at 0, so at first it is a thousand times too small and the first "
            "steps are thirty "
            "times too long.",
            "Divide v by 1 - 0.999**t, as m is divided by 1 - 0.9**t.",
        ),
        _held(
            "clips the update",
            "You shorten the update of the step with the wrong patient, but v has already taken in the square of "
            "the whole "
            "gradient: the steps after it are braked as if nothing had been clipped.",
            "Clip g before m and v see it.",
        ),
        _held(
            "clips nothing",
            "Nothing is clipped now. The update need not be, but the gradient of the step with the "
            "wrong patient must be, "
            "before v takes in its square.",
            "g = g * min(1, max_norm / norm), before m and v.",
        ),
        _held(
            "logs the norm after",
            "Your log holds the norms after clipping. A log of those can never exceed the threshold.",
            "Append the norm before you clip.",
        ),
        _held(
            "decay through the averages",
            "The decay still goes through the gradient: there it is part of the norm, is clipped, and is divided "
            "by the root "
            "of v. That is Adam with an L2 penalty, not AdamW.",
            "Take decay * w out of g, and shrink w by the factor 1 - lr * decay instead.",
        ),
        _held(
            "decay without the learning rate",
            "You shrink w by 1 - decay. In AdamW the factor is 1 - lr * decay.",
            "Multiply the decay by the learning rate.",
        ),
        _held(
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
