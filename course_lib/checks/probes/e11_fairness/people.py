"""Made-up applicants, of whom only the counts are chosen."""

from __future__ import annotations

import numpy as np

from course_lib.checks.case import Plain


def drawn_people(rng: np.random.Generator, *counts: tuple[int, int, int, int]) -> dict[str, Plain]:
    """`y`, `said` and `group` in random order, from four counts for each group.

    The counts: approved by lender and model, by the lender only, by the model only, by neither.
    """
    rows = np.array(
        [
            (y, said, k)
            for k, group in enumerate(counts)
            for (y, said), count in zip(((1, 1), (1, 0), (0, 1), (0, 0)), group, strict=True)
            for _ in range(count)
        ]
    )
    y, said, group = rng.permutation(rows).T
    return {"y": y.copy(), "said": said.copy(), "group": group.copy()}
