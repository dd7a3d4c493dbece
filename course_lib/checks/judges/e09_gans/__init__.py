"""How exercise 09_gans is judged, question by question in its order."""

from course_lib.checks.judges.e09_gans import (
    cycle_threshold,
    game_choice,
    game_step,
    gan_step,
    modes_and_quality,
    steps_to_radius,
    worse_when_clipped,
)
from course_lib.checks.judging import Judged

JUDGED: tuple[Judged, ...] = (
    game_step.JUDGED,
    steps_to_radius.JUDGED,
    cycle_threshold.JUDGED,
    worse_when_clipped.JUDGED,
    modes_and_quality.JUDGED,
    gan_step.JUDGED,
    game_choice.JUDGED,
)
