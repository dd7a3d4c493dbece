"""The runs behind the monitor, really trained, and what is read off them for one position of the controls.

`compute` in `demo.js` is the same arithmetic; `tests/unit/test_demo_arithmetic.py` holds the two together.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any, TypedDict

import numpy as np

OFF = 9
"""The notch at which there is no threshold."""

NOTCHES = range(-4, OFF + 1)
RATES = {"0.03": 0.03, "0.003": 0.003, "0.3": 0.3}
STEPS = 200
SEED = 2

Run = dict[str, Any]
"""`norms` and `losses`: decimal logarithms step by step, only as long as they are finite; `error` and `spread` on the
later years, None where the network broke."""

Runs = dict[str, Any]
"""`runs[rate][str(notch)]`: a `Run`; `persistence`: the error of "next year is like this year"; `deviation` of the
targets."""


class State(TypedDict):
    """What the reader can move: the threshold is 10 ** (notch / 2), or off at `OFF`; `rate` names a learning rate."""

    notch: int
    rate: str
    runs: Runs


class Outcome(TypedDict):
    """What the monitor shows. Lengths are decimal logarithms; `threshold` is None where clipping is off.

    `clipped` counts the steps above the threshold, `late` those among the second half; `survived` how many steps have
    finite numbers; `first` is the norm of the first step, `largest` the largest; `updates` the length of every
    update, and `longest` the longest. `verdict` is "broken", "constant", "useless" or "useful".
    """

    threshold: float | None
    clipped: int
    late: int
    survived: int
    first: float
    largest: float
    updates: list[float]
    longest: float
    error: float | None
    verdict: str


@cache
def recorded() -> Runs:
    """Every position of the controls as a training run on the sunspots: recurrent networks with one and the same start.

    42 runs of 200 steps, trained side by side in about two seconds. Lesson 04_threshold.
    """
    from course_lib.data import sunspots
    from course_lib.training import RecurrentSetting, forecast, train_recurrent

    task = forecast(sunspots())
    settings = [
        RecurrentSetting(f"{rate} {notch}", lr, math.inf if notch == OFF else 10 ** (notch / 2))
        for rate, lr in RATES.items()
        for notch in NOTCHES
    ]
    found = train_recurrent(task, settings, [SEED], steps=STEPS)

    def run(rate: str, notch: int) -> Run:
        row = found.row(f"{rate} {notch}")
        norms, losses = found.norms[:, row, 0], found.losses[:, row, 0]
        finite = np.isfinite(norms) & np.isfinite(losses) & (norms > 0)
        length = STEPS if finite.all() else int(np.argmin(finite))
        error, spread = float(found.errors[row, 0]), float(found.spread[row, 0])
        return {
            "norms": np.log10(norms[:length]).round(2).tolist(),
            "losses": np.log10(losses[:length]).round(2).tolist(),
            "error": round(error, 2) if math.isfinite(error) else None,
            "spread": round(spread, 3) if math.isfinite(spread) else None,
        }

    return {
        "runs": {rate: {str(notch): run(rate, notch) for notch in NOTCHES} for rate in RATES},
        "persistence": round(task.persistence, 2),
        "deviation": round(float(task.y_test.std()), 2),
    }


def compute(state: State) -> Outcome:
    r"""What clipping did in the run at this position, where an update is $\eta \min(n_t, c)$ long.

    Pascanu, Mikolov & Bengio 2013, section 3.2; taught in lesson 04_threshold.
    """
    run = state["runs"]["runs"][state["rate"]][str(state["notch"])]
    norms: list[float] = run["norms"]
    threshold = None if state["notch"] == OFF else state["notch"] / 2
    over = [threshold is not None and norm > threshold for norm in norms]
    rate = math.log10(RATES[state["rate"]])
    updates = [rate + (norm if threshold is None else min(norm, threshold)) for norm in norms]
    return Outcome(
        threshold=threshold,
        clipped=sum(over),
        late=sum(over[STEPS // 2 :]),
        survived=len(norms),
        first=norms[0],
        largest=max(norms),
        updates=updates,
        longest=max(updates),
        error=run["error"],
        verdict=_verdict(run, state["runs"]),
    )


def _verdict(run: Run, runs: Runs) -> str:
    if run["error"] is None:
        return "broken"
    if run["error"] < runs["persistence"]:
        return "useful"
    return "constant" if run["spread"] < 0.1 * runs["deviation"] else "useless"
