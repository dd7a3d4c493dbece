"""What exercise 09_gans asks, in its order, and what its notebook hands to the learner."""

from course_lib.checks.asking import Asked
from course_lib.checks.probes.e09_gans import (
    cycle_threshold,
    game_choice,
    game_step,
    gan_step,
    modes_and_quality,
    steps_to_radius,
    worse_when_clipped,
)
from course_lib.checks.probes.e09_gans.game_choice import noisy_distances
from course_lib.checks.probes.e09_gans.gan_step import tiny_gan

__all__ = ["ASKED", "noisy_distances", "tiny_gan"]

ASKED: tuple[Asked, ...] = (
    game_step.ASKED,
    steps_to_radius.ASKED,
    cycle_threshold.ASKED,
    worse_when_clipped.ASKED,
    modes_and_quality.ASKED,
    gan_step.ASKED,
    game_choice.ASKED,
)
