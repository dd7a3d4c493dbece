"""Fairness between groups: metrics with intervals, clipping one group's gradient by another's, reweighting.

`group_metrics` measures, `clipping` holds the rules, `logistic` trains logistic regressions with them side by
side. `digit_groups` trains small networks on digits with a group that is served worse, `private_digits` softmax
regressions with the two parts of DP-SGD. NumPy and SciPy only. Taught in lesson 11_fairness.
"""

from course_lib.fairness.clipping import GroupSetting, fair_clip, group_gradients, group_weights
from course_lib.fairness.group_metrics import METRICS, bootstrap_metrics, gaps, group_metrics, interval
from course_lib.fairness.inputs import FairnessError
from course_lib.fairness.logistic import (
    GroupedSplits,
    LogisticRuns,
    grouped_splits,
    logistic_optimum,
    train_logistic,
)

__all__ = [
    "METRICS",
    "FairnessError",
    "GroupSetting",
    "GroupedSplits",
    "LogisticRuns",
    "bootstrap_metrics",
    "fair_clip",
    "gaps",
    "group_gradients",
    "group_metrics",
    "group_weights",
    "grouped_splits",
    "interval",
    "logistic_optimum",
    "train_logistic",
]
