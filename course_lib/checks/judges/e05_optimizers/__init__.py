"""How exercise 05_optimizers is judged, question by question in its order."""

from course_lib.checks.judges.e05_optimizers import (
    adam_step,
    balance_threshold,
    cure_and_strength,
    longest_push,
    steps_to_recover,
    train_adamw,
)
from course_lib.checks.judging import Judged

JUDGED: tuple[Judged, ...] = (
    adam_step.JUDGED,
    steps_to_recover.JUDGED,
    longest_push.JUDGED,
    balance_threshold.JUDGED,
    train_adamw.JUDGED,
    cure_and_strength.JUDGED,
)
