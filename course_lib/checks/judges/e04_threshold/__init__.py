"""How exercise 04_threshold is judged, question by question in its order."""

from course_lib.checks.judges.e04_threshold import (
    autoclip_thresholds,
    diagnose,
    matching_lr,
    sunspot_threshold,
    update_lengths,
    zclip_thresholds,
)
from course_lib.checks.judging import Judged

JUDGED: tuple[Judged, ...] = (
    update_lengths.JUDGED,
    matching_lr.JUDGED,
    autoclip_thresholds.JUDGED,
    zclip_thresholds.JUDGED,
    diagnose.JUDGED,
    sunspot_threshold.JUDGED,
)
