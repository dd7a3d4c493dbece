"""What exercise 11_fairness asks, in its order, and what its notebook hands to the learner."""

from course_lib.checks.asking import Asked
from course_lib.checks.probes.e11_fairness import (
    fair_training,
    gap_interval,
    group_rates,
    rule_and_value,
    surviving_shares,
    where_it_ends,
)
from course_lib.checks.probes.e11_fairness.applications import mortgage_applications
from course_lib.checks.probes.e11_fairness.gap_interval import decided_applications
from course_lib.checks.probes.e11_fairness.rule_and_value import group_accuracies

__all__ = ["ASKED", "decided_applications", "group_accuracies", "mortgage_applications"]

ASKED: tuple[Asked, ...] = (
    group_rates.ASKED,
    gap_interval.ASKED,
    fair_training.ASKED,
    where_it_ends.ASKED,
    surviving_shares.ASKED,
    rule_and_value.ASKED,
)
