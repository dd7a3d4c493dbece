"""What exercise 04_threshold asks: fresh cases, and how the learner's code is called on them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from course_lib.checks.asking import Asked, Namespace
from course_lib.checks.case import Case, Plain

if TYPE_CHECKING:
    from course_lib.training import Forecast

Floats = NDArray[np.float64]

READY_RULES = (
    "course_lib.clipping.adaptive.AutoClipThreshold",
    "course_lib.clipping.adaptive.ZClipThreshold",
)


def _norms(rng: np.random.Generator, steps: int, scale: float = 1.0) -> Floats:
    """Norms of a calm run, no two alike, to three digits."""
    return np.round(scale * np.exp(rng.normal(0, 0.5, steps)), 3)


# update_lengths -------------------------------------------------------------------------------------------


def draw_update_lengths(rng: np.random.Generator) -> list[Case]:
    """Norms on both sides of the threshold, and a learning rate that is none of the numbers a slip would leave."""
    c, lr = round(float(rng.uniform(2, 5)), 1), round(float(rng.uniform(0.01, 0.2)), 3)
    mixed = np.round(c * np.array([0.3, 2.5, 0.8, 40.0]) * rng.uniform(0.9, 1.1, 4), 2)
    return [
        Case("some steps clipped", {"norms": mixed, "lr": lr, "max_norm": c}),
        Case("none clipped", {"norms": _norms(rng, 4, c / 10), "lr": lr, "max_norm": c}),
        Case(
            "a norm of zero, and one at the threshold", {"norms": np.array([0.0, c]), "lr": lr, "max_norm": c}
        ),
    ]


def probe_update_lengths(names: Namespace, case: Case) -> Plain:
    """`update_lengths(norms, lr, max_norm)`."""
    return names["update_lengths"](case["norms"], case["lr"], case["max_norm"])


# matching_lr ----------------------------------------------------------------------------------------------


def draw_matching_lr(rng: np.random.Generator) -> list[Case]:
    """A lower and a higher new threshold."""
    lr, c = round(float(rng.uniform(0.01, 0.2)), 3), round(float(rng.uniform(1.5, 5)), 1)
    down, up = round(c / float(rng.uniform(3, 9)), 2), round(c * float(rng.uniform(3, 9)), 1)
    return [
        Case("a lower threshold", {"lr": lr, "max_norm": c, "new_max_norm": down}),
        Case("a higher threshold", {"lr": lr, "max_norm": c, "new_max_norm": up}),
    ]


def probe_matching_lr(names: Namespace, case: Case) -> Plain:
    """`matching_lr(lr, max_norm, new_max_norm)`."""
    return names["matching_lr"](case["lr"], case["max_norm"], case["new_max_norm"])


# autoclip_thresholds --------------------------------------------------------------------------------------


def draw_autoclip_thresholds(rng: np.random.Generator) -> list[Case]:
    """An explosion at the first step, a spike late, norms that drift; percentiles on both sides of 50."""
    first, late, drifting = _norms(rng, 6), _norms(rng, 8), _norms(rng, 9) * np.linspace(1, 3, 9)
    first[0] = round(float(rng.uniform(200, 900)), 0)
    late[6] = round(float(rng.uniform(50, 90)), 0)
    return [
        Case("an explosion at the first step", {"norms": first, "percentile": 10.0}),
        Case("a late spike", {"norms": late, "percentile": 75.0}),
        Case("norms that drift", {"norms": np.round(drifting, 3), "percentile": 35.0}),
    ]


def probe_autoclip_thresholds(names: Namespace, case: Case) -> Plain:
    """`autoclip_thresholds(norms, percentile)`."""
    return names["autoclip_thresholds"](case["norms"], case["percentile"])


# zclip_thresholds -----------------------------------------------------------------------------------------


def draw_zclip_thresholds(rng: np.random.Generator) -> list[Case]:
    """Calm; one spike with calm after it; two spikes, of which the second meets what the first has left."""
    calm = np.round(np.array([1.0, 1.4, 0.6, 1.3, 0.7]) * rng.uniform(0.95, 1.05, 5), 3)
    # 1.2 deviations above the mean is no spike; measured in variances, which are smaller here, it would be one.
    after = np.round(calm.mean() + calm.std() * np.array([0.2, 1.2, -0.5, 1.1, 0.4]), 3)
    one, two = _norms(rng, 14), _norms(rng, 16)
    one[6] = round(float(rng.uniform(60, 90)), 0)
    two[6], two[9] = round(float(rng.uniform(60, 90)), 0), round(float(rng.uniform(200, 400)), 0)
    return [
        Case("a calm run", {"norms": np.append(calm, after), "warmup": 5}),
        Case("one spike after the warm-up", {"norms": one, "warmup": 5}),
        Case("two spikes", {"norms": two, "warmup": 6}),
    ]


def probe_zclip_thresholds(names: Namespace, case: Case) -> Plain:
    """`zclip_thresholds(norms, warmup)`."""
    return names["zclip_thresholds"](case["norms"], case["warmup"])


# diagnose -------------------------------------------------------------------------------------------------


def draw_diagnose(rng: np.random.Generator) -> list[Case]:
    """One run of each kind, and the runs that a shorter rule would take for another kind."""
    c = 1.0

    def case(label: str, clipped: bool, learns: bool, flat: float = 1.0, unit: float = 1.0) -> Case:
        steps = 40
        norms = _norms(rng, steps, 8.0 if clipped else 0.05)
        losses = np.round(
            (np.linspace(3, 0.3, steps) if learns else np.full(steps, 2.0)) + rng.uniform(0, 0.02, steps), 3
        )
        targets = np.round(unit * rng.normal(size=30), 6)
        spread = unit * flat * rng.normal(size=30)
        predictions = np.round(unit * 0.3 + spread * 0.8, 6)
        return Case(
            label,
            {"losses": losses, "norms": norms, "max_norm": c, "predictions": predictions, "targets": targets},
        )

    nan, infinite = (
        case("a loss is nan", True, False),
        case("a norm is inf, every loss is a number", False, True),
    )
    nan["losses"][25:] = math.nan
    infinite["norms"][7] = math.inf
    constant = case("one and the same prediction", False, True)
    constant["predictions"][:] = 0.25
    turning, lucky = (
        case("every step of the second half clipped, no progress", True, False),
        case("every step clipped, no progress but for the last batch", True, False),
    )
    turning["norms"][:20] *= 0.01
    lucky["losses"][-1] = 1.0
    return [
        case("few steps clipped, and it learns", False, True),
        case("every step clipped, no progress", True, False),
        case("every step clipped, and it learns", True, True),
        case("hardly a step clipped, and the loss is level", False, False),
        nan,
        infinite,
        constant,
        case("predictions that vary by a thousandth", False, True, flat=1e-3, unit=50.0),
        case("targets and predictions in a small unit", False, True, unit=1e-3),
        case("every step clipped, and the predictions are level", True, False, flat=1e-3),
        turning,
        lucky,
        case("predictions that vary by a twentieth", False, True, flat=0.05),
    ]


def probe_diagnose(names: Namespace, case: Case) -> Plain:
    """`diagnose(losses, norms, max_norm, predictions, targets)`."""
    return names["diagnose"](
        case["losses"], case["norms"], case["max_norm"], case["predictions"], case["targets"]
    )


# sunspot_threshold ----------------------------------------------------------------------------------------

GROUPS = 4
"""Groups of ten starts, of which a check draws one; few, so that a test need not train networks for minutes."""


def draw_sunspot_threshold(rng: np.random.Generator) -> list[Case]:
    """Ten starts that nobody has seen."""
    first = 1000 + 10 * int(rng.integers(GROUPS))
    return [Case("ten fresh starts", {"seeds": np.arange(first, first + 10)})]


def probe_sunspot_threshold(names: Namespace, case: Case) -> Plain:
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


ASKED: tuple[Asked, ...] = (
    Asked(
        name="update_lengths",
        title="How long is each update?",
        points=1,
        needs=("update_lengths",),
        draw=draw_update_lengths,
        probe=probe_update_lengths,
    ),
    Asked(
        name="matching_lr",
        title="The other half of the knob",
        points=1,
        needs=("matching_lr",),
        draw=draw_matching_lr,
        probe=probe_matching_lr,
    ),
    Asked(
        name="autoclip_thresholds",
        title="AutoClip, from its formula",
        points=2,
        needs=("autoclip_thresholds",),
        draw=draw_autoclip_thresholds,
        probe=probe_autoclip_thresholds,
        refuses=READY_RULES,
    ),
    Asked(
        name="zclip_thresholds",
        title="Mend a ZClip with three mistakes",
        points=2,
        needs=("zclip_thresholds",),
        draw=draw_zclip_thresholds,
        probe=probe_zclip_thresholds,
        refuses=READY_RULES,
    ),
    Asked(
        name="diagnose",
        title="Name how a run ended",
        points=2,
        needs=("diagnose",),
        draw=draw_diagnose,
        probe=probe_diagnose,
    ),
    Asked(
        name="sunspot_threshold",
        title="Choose a threshold by experiment",
        points=2,
        needs=("my_threshold",),
        draw=draw_sunspot_threshold,
        probe=probe_sunspot_threshold,
        prepare=_task,
    ),
)
