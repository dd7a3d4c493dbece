"""What exercise 04_threshold asks, in its order, and what its notebook hands to the learner."""

from course_lib.checks.asking import Asked
from course_lib.checks.probes.e04_threshold import (
    autoclip_thresholds,
    diagnose,
    matching_lr,
    sunspot_threshold,
    update_lengths,
    zclip_thresholds,
)
from course_lib.checks.probes.e04_threshold.sunspot_threshold import sunspot_runs

__all__ = ["ASKED", "sunspot_runs"]

ASKED: tuple[Asked, ...] = (
    update_lengths.ASKED,
    matching_lr.ASKED,
    autoclip_thresholds.ASKED,
    zclip_thresholds.ASKED,
    diagnose.ASKED,
    sunspot_threshold.ASKED,
)
