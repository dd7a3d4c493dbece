"""How many cases there are of a kind, for questions whose answer is a word or may be `None`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from course_lib.checks.case import Case


def one_of_each_and_more(
    rng: np.random.Generator, one_of_each: Callable[[np.random.Generator], list[Case]], most: int
) -> list[Case]:
    """One case of each kind, and from one to `most` cases more, each of another kind.

    So who has met all others still cannot tell what the last one is.
    """
    cases, more = one_of_each(rng), one_of_each(rng)
    return cases + [
        more[kind] for kind in rng.choice(len(more), size=rng.integers(1, most + 1), replace=False)
    ]
