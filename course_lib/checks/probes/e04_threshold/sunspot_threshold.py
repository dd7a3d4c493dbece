"""What `sunspot_threshold` asks: fresh cases, and how the learner's code is called on them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from course_lib.checks.asking import Asked, Namespace
from course_lib.checks.case import Case, Floats, Plain

if TYPE_CHECKING:
    from course_lib.training import Forecast


GROUPS = 4
"""Groups of ten starts, of which a check draws one; few, so that a test need not train networks for minutes."""


def draw(rng: np.random.Generator) -> list[Case]:
    """Ten starts that nobody has seen."""
    first = 1000 + 10 * int(rng.integers(GROUPS))
    return [Case("ten fresh starts", {"seeds": np.arange(first, first + 10)})]


def probe(names: Namespace, case: Case) -> Plain:
    """The learner's choice; `case` matters to the judge only."""
    return {"threshold": names["my_threshold"]}


def sunspot_runs(threshold: float, seeds: Iterable[int] = range(5)) -> dict[str, Floats]:
    """Train one small recurrent network a seed on the sunspots, clipped by norm at `threshold`.

    16 rectified linear units read 20 years and predict the next; plain SGD at a learning rate of 0.03, 100 steps.
    Returns `norms` (100, seeds), the gradient's norms before clipping, and `errors` (seeds,) on the later years: 0
    is perfect, `"persistence"` (one number) is the error of "next year is like this year", inf a run that broke.
    """
    from course_lib.training import RecurrentSetting, train_recurrent

    task = _task()
    found = train_recurrent(
        task,
        [RecurrentSetting("run", 0.03, float(threshold))],
        list(seeds),
        units=16,
        steps=100,
        batch_size=8,
    )
    return {
        "norms": found.norms[:, 0],
        "errors": found.errors[0],
        "persistence": np.array(task.persistence),
    }


@cache
def _task() -> Forecast:
    from course_lib.data import sunspots
    from course_lib.training import forecast

    return forecast(sunspots(), window=20)


ASKED = Asked(
    name="sunspot_threshold",
    title="Choose a threshold by experiment",
    points=2,
    needs=("my_threshold",),
    draw=draw,
    probe=probe,
    prepare=_task,
)
