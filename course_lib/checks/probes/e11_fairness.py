"""What exercise 11_fairness asks: fresh cases, and how the learner's code is called on them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from course_lib.checks.asking import Asked, Namespace
from course_lib.checks.case import Case, Plain, copy_plain
from course_lib.data import loanapp
from course_lib.fairness.clipping import GroupSetting
from course_lib.fairness.digit_groups import train_digit_groups
from course_lib.fairness.inputs import FairnessError
from course_lib.fairness.logistic import grouped_splits, logistic_optimum

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def _people(rng: np.random.Generator, *counts: tuple[int, int, int, int]) -> dict[str, Plain]:
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


# group_rates ----------------------------------------------------------------------------------------------


def draw_group_rates(rng: np.random.Generator) -> list[Case]:
    """Counts that no two readings of a rate share; groups without a denial, without an approval, without anyone."""
    a, b = (int(n) for n in rng.integers(0, 3, 2))
    first, second = (5 + a, 2, 1, 3 + b), (2, 2, 1 + b, 2 + a)
    kind, harsh = (7 + a, 4 + b, 0, 0), (0, 0, 4 + b, 7 + a)
    return [
        Case("the smaller group", {**_people(rng, first, second), "k": 1}),
        Case("the larger group", {**_people(rng, first, second), "k": 0}),
        Case("a group of which the lender approved everyone", {**_people(rng, first, kind), "k": 1}),
        Case("a group of which the lender approved nobody", {**_people(rng, harsh, first), "k": 0}),
        # More people than in the others: what goes wrong elsewhere too is then shown where somebody is.
        Case("a group with nobody in it", {**_people(rng, (13, 6, 4, 9)), "k": 1}),
    ]


def probe_group_rates(names: Namespace, case: Case) -> Plain:
    """`group_rates(y, said, group, k)`."""
    return names["group_rates"](case["y"], case["said"], case["group"], case["k"])


# gap_interval ---------------------------------------------------------------------------------------------


def draw_gap_interval(rng: np.random.Generator) -> list[Case]:
    """Two groups with equally open rates; a group in which the model missed one; real applications."""
    a, b, c = (int(n) for n in rng.integers(0, 4, 3))

    def case(label: str, people: dict[str, Plain]) -> Case:
        return Case(label, people | {"seed": int(rng.integers(2**31))})

    even = _people(rng, (60 + a, 10, 4 + b, 76), (36 + c, 34, 60, 20))
    skewed = _people(rng, (270 + a, 30 + b, 10, 40), (23 + c, 1, 2, 5))
    return [
        case("two groups of equal size", even),
        case("a small group, in which the model missed one", skewed),
        case("mortgage applications", decided_applications(int(rng.integers(2**31)))),
    ]


def probe_gap_interval(names: Namespace, case: Case) -> Plain:
    """`gap_interval(y, said, group, rng)`."""
    rng = np.random.default_rng(case["seed"])
    return names["gap_interval"](case["y"], case["said"], case["group"], rng)


# fair_training --------------------------------------------------------------------------------------------


def mortgage_applications(seed: int, count: int = 500) -> tuple[Floats, Integers, Integers]:
    """`X` (count, 18), `y` and `group` (count,): random mortgage applications in Boston, ready for a linear model.

    The features are standardised, the last column is ones. `y` is 1 where the lender approved. `group` is 0 for
    applicants recorded as white, 1 for those recorded as black or Hispanic.
    """
    X, y, group = _applications()
    rows = np.random.default_rng(seed).permutation(len(y))[:count]
    return X[rows], y[rows], group[rows]


def decided_applications(seed: int) -> dict[str, Any]:
    """`y`, `said` and `group` of 400 applications, decided by a logistic regression that has seen all others."""
    X, y, group = mortgage_applications(seed, count=1976)
    try:
        w = logistic_optimum(X[400:], y[400:])
    except (
        FairnessError
    ):  # in one order of some thousand a rare feature separates all others: take the next order
        return decided_applications(seed + 1)
    said = (expit(X[:400] @ w) > 0.5).astype(np.int64)
    return {"y": y[:400], "said": said, "group": group[:400]}


@cache
def _applications() -> tuple[Floats, Integers, Integers]:
    everyone = grouped_splits(loanapp(), [0], 0)
    return everyone.x_train[0], everyone.y_train[0], everyone.group_train[0]


def draw_fair_training(rng: np.random.Generator) -> list[Case]:
    """Runs, each of which brings in one thing that the ones before do not ask for."""

    def run(label: str, count: int, start: Floats, ratio: float, lr: float, steps: int) -> Case:
        w = np.round(start + rng.normal(0, 0.02, len(start)), 3)
        inputs = {"seed": int(rng.integers(2**31)), "count": count, "w": w}
        return Case(label, inputs | {"ratio": ratio, "lr": lr, "steps": steps})

    nowhere, well_suited = np.zeros(18), _optimum_of_the_larger_group()
    return [
        run("one step, a ratio so high that it never matters", 500, nowhere, 1e9, 0.5, 1),
        run("one step from weights that suit the larger group", 1976, well_suited, 1.5, 0.5, 1),
        run("three steps, the larger group too long at each", 500, nowhere, 0.5, 0.5, 3),
        run("twelve steps, the larger group too long after some", 1976, well_suited, 0.4, 2.0, 12),
    ]


@cache
def _optimum_of_the_larger_group() -> Floats:
    X, y, group = _applications()
    return logistic_optimum(X[group == 0], y[group == 0])


def probe_fair_training(names: Namespace, case: Case) -> Plain:
    """`fair_training(X, y, group, w, ratio, lr, steps)`, and w as well where the call has changed it."""
    X, y, group = mortgage_applications(case["seed"], case["count"])
    kept = copy_plain(case["w"])
    result = names["fair_training"](X, y, group, case["w"], case["ratio"], case["lr"], case["steps"])
    if np.array_equal(kept, case["w"]):
        return result
    return {"returned": result, "your w afterwards": case["w"]}


# where_it_ends --------------------------------------------------------------------------------------------


def draw_where_it_ends(rng: np.random.Generator) -> list[Case]:
    """Both sides of a ratio of 1, from everywhere: beyond either group, between them, and at a group's optimum."""
    side = float(rng.choice([-1, 1]))
    centre = float(rng.integers(-20, 20))

    def case(label: str, ratio: float, place: float) -> Case:
        """`place`: 0 is the smaller group's mean, 1 the larger one's."""
        apart = side * float(rng.integers(8, 16))
        larger = (
            centre + apart + np.array([-3.0, -1.5, -0.5, 0.0, 0.0, 0.5, 1.5, 3.0]) * float(rng.integers(1, 3))
        )
        smaller = centre + np.array([-1.0, 1.0]) * float(rng.integers(1, 4))
        start = centre + place * apart
        return Case(label, {"larger": larger, "smaller": smaller, "ratio": ratio, "start": start})

    return [
        case("a high ratio, from beyond the larger group", 2.0, 1.5),
        case("a low ratio, from beyond the larger group", 0.5, 1.5),
        case("a high ratio, from between the groups", 2.0, 0.25),
        case("a high ratio, from the smaller group's mean", 3.0, 0.0),
        case("a high ratio, from beyond the smaller group", 2.0, -0.75),
    ]


def probe_where_it_ends(names: Namespace, case: Case) -> Plain:
    """`where_it_ends(larger, smaller, ratio, start)`."""
    return names["where_it_ends"](case["larger"], case["smaller"], case["ratio"], case["start"])


# surviving_shares -----------------------------------------------------------------------------------------


def draw_surviving_shares(rng: np.random.Generator) -> list[Case]:
    """A group of long gradients beside one of short ones; nothing to clip; one example against its group."""

    def around(direction: list[float], lengths: list[float], noise: float = 0.3) -> Floats:
        rows = np.array(direction) + rng.normal(0, noise, (len(lengths), len(direction)))
        return np.asarray(np.array(lengths)[:, None] * rows / np.linalg.norm(rows, axis=1, keepdims=True))

    def case(label: str, max_norm: float, *groups: Floats) -> Case:
        G = np.round(np.concatenate(groups), 2)
        group = np.repeat(np.arange(len(groups)), [len(rows) for rows in groups])
        order = rng.permutation(len(G))
        return Case(label, {"G": G[order], "group": group[order], "max_norm": max_norm})

    u = float(rng.uniform(0.9, 1.1))
    common = around([1.0, 0.2, -0.3], [0.5 * u, 0.7, 1.6 * u, 0.9, 0.6])
    rare = around([-0.2, 1.0, 0.4], [2.6 * u, 4.1, 0.8 * u])
    against = around([0.3, 0.1, 1.0], [1.0 * u, 1.2, 0.9, -3.8], noise=0.1)
    return [
        case("longer gradients in the smaller group", 1.0, common, rare),
        case("a threshold that nobody reaches", 50.0, common, rare),
        case("one example that pulls against its group", 1.0, common, against),
    ]


def probe_surviving_shares(names: Namespace, case: Case) -> Plain:
    """`surviving_shares(G, group, max_norm)`."""
    return names["surviving_shares"](case["G"], case["group"], case["max_norm"])


# rule_and_value -------------------------------------------------------------------------------------------

RULES = {"cap": 4.0, "weigh": 0.7}
"""Each rule with the learning rate, of 0.5, 0.7, 1, 1.5, 2, 3, 4 and 5, that suits it best at the good values."""

FRESH_NETWORKS = range(1000, 1040)


def draw_rule_and_value(rng: np.random.Generator) -> list[Case]:
    """Networks that nobody has seen."""
    return [Case("six fresh networks", {"seeds": rng.choice(FRESH_NETWORKS, size=6, replace=False)})]


def probe_rule_and_value(names: Namespace, case: Case) -> Plain:
    """The learner's choice; `case` matters to the judge only."""
    return {"rule": names["my_rule"], "value": names["my_value"]}


def prepare_rule_and_value() -> None:
    """The networks that `group_accuracies` trains unless told otherwise."""
    group_accuracies("weigh", 0.0)


def group_accuracies(rule: str, value: float, seeds: Iterable[int] = range(3)) -> tuple[float, float]:
    """The mean test accuracy of digit networks on digits as scanned, and on inverted ones.

    Of the 1400 digits they learn from, a random twentieth is inverted. `rule` is `"cap"` (the contribution of the
    digits as scanned is clipped at `value` times that of the inverted ones) or `"weigh"` (the weight of a digit
    grows with the size of the other group: `group_weights` at strength `value`). Either is trained at its own
    best learning rate. Each number in `seeds` makes one network.
    """
    each = accuracies_of_each(rule, value, [int(seed) for seed in seeds])
    return float(each[0].mean()), float(each[1].mean())


def accuracies_of_each(rule: str, value: float, seeds: Sequence[int]) -> Floats:
    """The same for every network by itself, shape (2, seeds)."""
    if rule not in RULES:
        raise ValueError(f"rule must be one of {', '.join(map(repr, RULES))}, but it is {rule!r}.")
    chosen = {"ratio": value} if rule == "cap" else {"strength": value}
    setting = GroupSetting(rule, RULES[rule], **chosen)
    runs = train_digit_groups([setting], seeds, share=0.05, units=24)
    return np.stack([runs.as_scanned[0], runs.inverted[0]]).astype(np.float64)


ASKED: tuple[Asked, ...] = (
    Asked(
        name="group_rates",
        title="Measure how a model serves one group",
        points=1,
        needs=("group_rates",),
        draw=draw_group_rates,
        probe=probe_group_rates,
        refuses=("course_lib.fairness.group_metrics", "sklearn.metrics._classification"),
    ),
    Asked(
        name="gap_interval",
        title="Say how sure a gap between groups is",
        points=2,
        needs=("gap_interval",),
        draw=draw_gap_interval,
        probe=probe_gap_interval,
        refuses=("course_lib.fairness.group_metrics", "scipy.stats._resampling.bootstrap"),
        prepare=_applications,
    ),
    Asked(
        name="fair_training",
        title="Mend a fair training with four mistakes",
        points=2,
        needs=("fair_training",),
        draw=draw_fair_training,
        probe=probe_fair_training,
        refuses=("course_lib.fairness.clipping.fair_clip", "course_lib.fairness.logistic.train_logistic"),
    ),
    Asked(
        name="where_it_ends",
        title="Predict where fair clipping ends",
        points=2,
        needs=("where_it_ends",),
        draw=draw_where_it_ends,
        probe=probe_where_it_ends,
    ),
    Asked(
        name="surviving_shares",
        title="Say whose gradient private clipping costs most",
        points=1,
        needs=("surviving_shares",),
        draw=draw_surviving_shares,
        probe=probe_surviving_shares,
    ),
    Asked(
        name="rule_and_value",
        title="Choose a rule that serves both groups, and its value",
        points=2,
        needs=("my_rule", "my_value"),
        draw=draw_rule_and_value,
        probe=probe_rule_and_value,
        prepare=prepare_rule_and_value,
    ),
)
