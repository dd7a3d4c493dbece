"""What `rule_and_value` asks: fresh cases, and how the learner's code is called on them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from course_lib.checks.asking import Asked, Namespace
from course_lib.checks.case import Case, Floats, Plain
from course_lib.fairness.clipping import GroupSetting
from course_lib.fairness.digit_groups import train_digit_groups

RULES = {"cap": 4.0, "weigh": 0.7}
"""Each rule with the learning rate, of 0.5, 0.7, 1, 1.5, 2, 3, 4 and 5, that suits it best at the good values."""

FRESH_NETWORKS = range(1000, 1040)


def draw(rng: np.random.Generator) -> list[Case]:
    """Networks that nobody has seen."""
    return [Case("six fresh networks", {"seeds": rng.choice(FRESH_NETWORKS, size=6, replace=False)})]


def probe(names: Namespace, case: Case) -> Plain:
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


ASKED = Asked(
    name="rule_and_value",
    title="Choose a rule that serves both groups, and its value",
    points=2,
    needs=("my_rule", "my_value"),
    draw=draw,
    probe=probe,
    prepare=prepare_rule_and_value,
)
