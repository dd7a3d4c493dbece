"""What exercise 03_clipping_mechanics asks, in its order, and what its notebook hands to the learner."""

from course_lib.checks.asking import Asked
from course_lib.checks.probes.e03_clipping_mechanics import (
    breaking_gradients,
    clip_by_global_norm,
    clip_by_norm,
    most_turned,
    rule_and_threshold,
    train,
    turned_by_value,
)
from course_lib.checks.probes.e03_clipping_mechanics.rule_and_threshold import pascal_error
from course_lib.checks.probes.e03_clipping_mechanics.train import small_run

__all__ = ["ASKED", "pascal_error", "small_run"]

ASKED: tuple[Asked, ...] = (
    breaking_gradients.ASKED,
    clip_by_norm.ASKED,
    turned_by_value.ASKED,
    most_turned.ASKED,
    clip_by_global_norm.ASKED,
    train.ASKED,
    rule_and_threshold.ASKED,
)
