"""What exercise 05_optimizers asks, in its order, and what its notebook hands to the learner."""

from course_lib.checks.asking import Asked
from course_lib.checks.probes.e05_optimizers import (
    adam_step,
    balance_threshold,
    cure_and_strength,
    longest_push,
    steps_to_recover,
    train_adamw,
)
from course_lib.checks.probes.e05_optimizers.cure_and_strength import glitch_accuracy
from course_lib.checks.probes.e05_optimizers.train_adamw import patients_gradient

__all__ = ["ASKED", "glitch_accuracy", "patients_gradient"]

ASKED: tuple[Asked, ...] = (
    adam_step.ASKED,
    steps_to_recover.ASKED,
    longest_push.ASKED,
    balance_threshold.ASKED,
    train_adamw.ASKED,
    cure_and_strength.ASKED,
)
