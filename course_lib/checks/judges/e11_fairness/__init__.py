"""How exercise 11_fairness is judged, question by question in its order."""

from course_lib.checks.judges.e11_fairness import (
    fair_training,
    gap_interval,
    group_rates,
    rule_and_value,
    surviving_shares,
    where_it_ends,
)
from course_lib.checks.judging import Judged

JUDGED: tuple[Judged, ...] = (
    group_rates.JUDGED,
    gap_interval.JUDGED,
    fair_training.JUDGED,
    where_it_ends.JUDGED,
    surviving_shares.JUDGED,
    rule_and_value.JUDGED,
)
