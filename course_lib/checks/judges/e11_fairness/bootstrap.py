"""Bootstrap values of the rates of two groups, and what share of their gaps lies beyond an interval."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from course_lib.checks.case import Case, Floats

LEVEL, SLACK = 0.025, 0.0125
"""What should lie beyond each end, and by how much it may differ: five times the error of 4000 resamples."""

DRAWS = 20_000


def bootstrap_rates(case: Case, among: str = "approved by the lender") -> tuple[Floats, Floats]:
    """Bootstrap values of either group's share on which the model, or the model and the lender, say yes.

    `among` says of whom: of those "approved by the lender" or "by the model", or of "everybody".
    """
    first, second = (_resampled(cells_of(case, k), among) for k in (0, 1))
    return first, second


def cells_of(case: Case, k: int) -> tuple[int, int, int, int]:
    """How many of group k were approved by lender and model, by the lender only, by the model only, by neither."""
    here = case["group"] == k
    y, said = case["y"][here] == 1, case["said"][here] == 1
    both, lender, model = int((y & said).sum()), int(y.sum()), int(said.sum())
    return both, lender - both, model - both, len(y) - lender - model + both


@lru_cache(maxsize=128)  # a class has few different counts in two of its three cases
def _resampled(cells: tuple[int, int, int, int], among: str) -> Floats:
    """A resample of people is a multinomial draw of the four counts, which is faster."""
    n = sum(cells)
    # The seed depends on the counts, so that two groups are never drawn alike.
    both, missed, wrongly, _ = np.random.default_rng(cells).multinomial(n, np.array(cells) / n, size=DRAWS).T
    if among == "everybody":
        return np.asarray((both + wrongly) / n)
    return np.asarray(both / np.maximum(1, both + (wrongly if among == "approved by the model" else missed)))


def beyond(gaps: Floats, low: float, high: float) -> tuple[float, float]:
    """The share of gaps below and above an interval; gaps that lie on an end count as may suit it."""

    def suited(strictly: float, at_most: float) -> float:
        return min(max(LEVEL, strictly), at_most)

    tie = 1e-9
    return (
        suited(float(np.mean(gaps < low - tie)), float(np.mean(gaps <= low + tie))),
        suited(float(np.mean(gaps > high + tie)), float(np.mean(gaps >= high - tie))),
    )


def within(shares: tuple[float, float], aim: float, slack: float) -> bool:
    """Whether both shares lie within `slack` of `aim`."""
    return all(abs(share - aim) <= slack for share in shares)


def percentiles(values: Floats, level: float = LEVEL) -> tuple[float, float]:
    """The values that a share of `level` lies below, and above."""
    low, high = np.quantile(values, [level, 1 - level])
    return float(low), float(high)
