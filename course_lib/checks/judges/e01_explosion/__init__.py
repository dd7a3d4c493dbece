"""How exercise 01_explosion is judged, question by question in its order."""

from course_lib.checks.judges.e01_explosion import (
    backward,
    first_nonfinite,
    gradient_ladder,
    initial_gain,
    overflow_layer,
    shared_weight,
    transient,
)
from course_lib.checks.judging import Judged

JUDGED: tuple[Judged, ...] = (
    gradient_ladder.JUDGED,
    overflow_layer.JUDGED,
    shared_weight.JUDGED,
    backward.JUDGED,
    first_nonfinite.JUDGED,
    initial_gain.JUDGED,
    transient.JUDGED,
)
