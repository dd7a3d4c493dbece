"""Real digits in their own order, for questions about what a GAN makes."""

from __future__ import annotations

from functools import cache

from course_lib.data import Dataset, digits


@cache
def real_digits() -> Dataset:
    """All digits of scikit-learn, read once."""
    return digits()
