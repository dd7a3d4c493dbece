"""How `matching_lr` is judged: right solutions, misunderstandings, and what to say to each."""

from __future__ import annotations

from course_lib.checks.case import Case, Plain
from course_lib.checks.compare import show
from course_lib.checks.judging import Judged, Misconception


def _step(case: Case, lr: Plain) -> str:
    return show(float(lr) * case["new_max_norm"]) if isinstance(lr, int | float) else "something else"


JUDGED = Judged(
    name="matching_lr",
    reference={"matching_lr": lambda lr, c, new: lr * c / new},
    misconceptions=(
        Misconception(
            "unchanged",
            {"matching_lr": lambda lr, c, new: lr},
            lambda case, answer: (
                f"With the old learning rate every step would be {_step(case, answer.value)} long instead of "
                f"{show(case['lr'] * case['max_norm'])}: another run."
            ),
            "When every step is clipped, a step is lr * max_norm long. Keep that.",
        ),
        Misconception(
            "the wrong way round",
            {"matching_lr": lambda lr, c, new: lr * new / c},
            lambda case, answer: (
                f"This changes the learning rate in the direction of the threshold, so a step becomes "
                f"{_step(case, answer.value)} long; it was {show(case['lr'] * case['max_norm'])}."
            ),
            "A lower threshold needs a higher learning rate.",
        ),
        Misconception(
            "keeps the sum",
            {"matching_lr": lambda lr, c, new: lr + c - new},
            "You kept the sum of the two. What a clipped step contains is their product.",
            "lr * max_norm before equals lr * max_norm after.",
        ),
        Misconception(
            "the length of a step",
            {"matching_lr": lambda lr, c, new: lr * c},
            "That is the length of a step, which has to stay. Asked is the learning rate that gives it at the new "
            "threshold.",
            "Divide it by the new threshold.",
        ),
        Misconception(
            "the ratio alone",
            {"matching_lr": lambda lr, c, new: c / new},
            "That is by how much the learning rate changes. Multiply the old one by it.",
            "lr times the ratio of the thresholds.",
        ),
    ),
    hints=(
        "How long is a step of SGD when the gradient is longer than the threshold?",
        "Write down lr * max_norm for the old and for the new run, and make them equal.",
        "lr 0.1 at threshold 4 takes steps of 0.4 where it clips. With which lr does threshold 2 take steps of 0.4?",
    ),
)
