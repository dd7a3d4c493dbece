"""How exercise 03_clipping_mechanics is judged, question by question in its order."""

from course_lib.checks.judges.e03_clipping_mechanics import (
    breaking_gradients,
    clip_by_global_norm,
    clip_by_norm,
    most_turned,
    rule_and_threshold,
    train,
    turned_by_value,
)
from course_lib.checks.judging import Judged

JUDGED: tuple[Judged, ...] = (
    breaking_gradients.JUDGED,
    clip_by_norm.JUDGED,
    turned_by_value.JUDGED,
    most_turned.JUDGED,
    clip_by_global_norm.JUDGED,
    train.JUDGED,
    rule_and_threshold.JUDGED,
)
