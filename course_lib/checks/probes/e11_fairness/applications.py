"""Real mortgage applications, for two questions and for the notebook."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from course_lib.checks.case import Floats
from course_lib.data import loanapp
from course_lib.fairness.logistic import grouped_splits

Integers = NDArray[np.int64]


def mortgage_applications(seed: int, count: int = 500) -> tuple[Floats, Integers, Integers]:
    """`X` (count, 18), `y` and `group` (count,): random mortgage applications in Boston, ready for a linear model.

    The features are standardised, the last column is ones. `y` is 1 where the lender approved. `group` is 0 for
    applicants recorded as white, 1 for those recorded as black or Hispanic.
    """
    X, y, group = all_applications()
    rows = np.random.default_rng(seed).permutation(len(y))[:count]
    return X[rows], y[rows], group[rows]


@cache
def all_applications() -> tuple[Floats, Integers, Integers]:
    """`X`, `y` and `group` of the applications that a model may learn from, read once."""
    everyone = grouped_splits(loanapp(), [0], 0)
    return everyone.x_train[0], everyone.y_train[0], everyone.group_train[0]
