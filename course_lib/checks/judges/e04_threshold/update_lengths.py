"""How `update_lengths` is judged: right solutions, misunderstandings, and what to say to each."""

from __future__ import annotations

import numpy as np

from course_lib.checks.case import Case
from course_lib.checks.compare import show
from course_lib.checks.judging import Judged, Misconception


def _first_clipped(case: Case) -> float:
    norms = np.asarray(case["norms"])
    over = norms[norms > case["max_norm"]]
    return float(over[0] if over.size else norms[0])


JUDGED = Judged(
    name="update_lengths",
    reference={"update_lengths": lambda norms, lr, c: lr * np.minimum(norms, c)},
    misconceptions=(
        Misconception(
            "forgets the learning rate",
            {"update_lengths": lambda norms, lr, c: np.minimum(norms, c)},
            lambda case, answer: (
                "These are the lengths of the clipped gradients. The weights move by the learning rate "
                f"({show(case['lr'])}) times that."
            ),
            "Multiply by lr.",
        ),
        Misconception(
            "no clipping",
            {"update_lengths": lambda norms, lr, c: lr * norms},
            lambda case, answer: (
                f"A gradient of length {show(_first_clipped(case))} should have been cut to {show(case['max_norm'])} "
                "before the step; you multiplied the length from before clipping."
            ),
            "np.minimum(norms, max_norm) is what is left of each length.",
        ),
        Misconception(
            "always the full threshold",
            {"update_lengths": lambda norms, lr, c: np.full(len(norms), lr * c)},
            "Every update came out at lr * max_norm. That is the longest one; a gradient below the threshold is not "
            "stretched to it.",
            "Which is smaller, the norm or the threshold? That one counts, step by step.",
        ),
        Misconception(
            "clips the update",
            {"update_lengths": lambda norms, lr, c: np.minimum(lr * norms, c)},
            lambda case, answer: (
                f"You cut lr * norm at {show(case['max_norm'])}. What is cut is the gradient, before "
                f"the learning rate "
                "is applied; so the bound is lr * max_norm."
            ),
            "First clip, then multiply by lr.",
        ),
        Misconception(
            "the larger of the two",
            {"update_lengths": lambda norms, lr, c: lr * np.maximum(norms, c)},
            "This takes the larger of norm and threshold, so short gradients are stretched and long ones stay.",
            "Clipping only shortens: the smaller of the two.",
        ),
        Misconception(
            "only the longest",
            {"update_lengths": lambda norms, lr, c: lr * min(float(np.max(norms)), c)},
            "That is one number, the longest update. Asked is the length of each, in order.",
            "np.minimum works on the whole array at once.",
        ),
    ),
    hints=(
        "Take two steps on paper: one with a norm below the threshold, one above.",
        "What is left of a norm after clipping? And what does SGD do with a gradient of that length?",
        "With lr 0.1 and threshold 2: a norm of 1 gives a step of 0.1, a norm of 6 one of 0.2, and a norm of 600 "
        "one of 0.2 too.",
    ),
    picture=None,
)
