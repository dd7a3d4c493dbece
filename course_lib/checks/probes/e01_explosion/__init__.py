"""What exercise 01_explosion asks, in its order."""

from course_lib.checks.asking import Asked
from course_lib.checks.probes.e01_explosion import (
    backward,
    first_nonfinite,
    gradient_ladder,
    initial_gain,
    overflow_layer,
    shared_weight,
    transient,
)

ASKED: tuple[Asked, ...] = (
    gradient_ladder.ASKED,
    overflow_layer.ASKED,
    shared_weight.ASKED,
    backward.ASKED,
    first_nonfinite.ASKED,
    initial_gain.ASKED,
    transient.ASKED,
)
