"""How `balance_threshold` is judged: right solutions, misunderstandings, and what to say to each."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from course_lib.checks.compare import show
from course_lib.checks.judging import Judged, Misconception, Say
from course_lib.checks.matching import fails_as
from course_lib.checks.probes.e05_optimizers.balance_threshold import ASKED
from course_lib.training.optimizers import cancelling_threshold


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


def _held(name: str, message: Say, hint: str) -> Misconception:
    wrong = _balance(name)
    return Misconception(
        name, {"balance_threshold": wrong}, message, hint, fails_as(ASKED, _balance(), wrong)
    )


JUDGED = Judged(
    name="balance_threshold",
    reference={"balance_threshold": lambda w, g, decay: cancelling_threshold(w, g, decay)},
    misconceptions=(
        _held(
            "as if straight against w",
            "decay * |w| is right only where the gradient points straight against w. At an angle, only a part of "
            "the step "
            "works against the decay, and the threshold has to be larger.",
            "Project: the part of the clipped step along w is c * <g, w> / (|g| |w|).",
        ),
        _held(
            "sign ignored",
            "Where <g, w> is positive the step shrinks w, as the decay does. Nothing can cancel there: the "
            "answer is None.",
            "Check the sign of <g, w> before you divide.",
        ),
        _held(
            "negative threshold",
            "You return a negative threshold where <g, w> is positive. No length is negative: there is no "
            "threshold, None.",
            "Return None unless <g, w> is below 0.",
        ),
        _held(
            "out of reach",
            lambda case, answer: (
                f"Your threshold, {show(answer.value)}, is longer than the gradient, "
                f"{show(float(np.linalg.norm(case['g'])))}: "
                "nothing would be clipped, and the step would be too short to cancel. The answer is None."
            ),
            "A threshold can only shorten: return None where it exceeds |g|.",
        ),
        _held(
            "length of g forgotten",
            "You left out the length of g: the clipped step is c times the UNIT vector g / |g|.",
            "Solve decay * |w|**2 = -c * <g, w> / |g| for c.",
        ),
        _held(
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
