"""How `gap_interval` is judged: right solutions, misunderstandings, and what to say to each."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from course_lib.checks.case import Answer, Case, Floats, Plain
from course_lib.checks.chart import BLUE, GREEN, VERMILION, chart
from course_lib.checks.compare import show
from course_lib.checks.judges.e11_fairness.bootstrap import (
    DRAWS,
    LEVEL,
    SLACK,
    beyond,
    bootstrap_rates,
    cells_of,
    percentiles,
    within,
)
from course_lib.checks.judging import Finding, Judged, Misconception, Say
from course_lib.checks.matching import first_failing
from course_lib.checks.reading import numbers_in


def _ends(value: Plain) -> tuple[float, float] | None:
    ends = numbers_in(value)
    if ends is None or ends.shape != (2,) or not (np.abs(ends) < 1e3).all():
        return None
    return float(ends[0]), float(ends[1])


def _kind(case: Case, answer: Answer) -> str:
    if answer.status != "given":
        return answer.status
    ends = _ends(answer.value)
    if ends is None:
        return "no interval"
    low, high = ends
    first, second = bootstrap_rates(case)
    gaps = first - second
    shares = beyond(gaps, low, high)
    if within(shares, LEVEL, SLACK):
        return "right"
    if within(beyond(-gaps, low, high), LEVEL, SLACK):
        return "the other group first"
    centre, spread = float(np.mean(gaps)), float(np.std(gaps))

    def near(a: float, b: float, slack: float = 0.3) -> bool:
        return max(abs(low - a), abs(high - b)) < slack * spread

    if near(centre - spread, centre + spread, 0.25):
        return "one standard deviation"
    if within(shares, 0.05, 0.0125):
        return "5 and 95"
    if near(centre - 1.96 * spread, centre + 1.96 * spread, 0.2):
        return "symmetric"
    if low > high:
        return "upside down"
    if high - low < 1e-9:
        return "without replacement"
    if high - low < 0.2 * spread and abs(low + high - 2 * centre) < 0.4 * spread:
        return "the error of the mean"
    if high - low < 2.3 * spread and shares[0] < LEVEL and 0.95 < shares[1] < 1:
        return "percent for fractions"
    (low_1, high_1), (low_2, high_2) = percentiles(first), percentiles(second)
    if near(low_1 - high_2, high_1 - low_2):
        return "two intervals subtracted"
    if abs(low + high) / 2 < 0.5 * spread and abs(centre) > 3 * spread:
        return "groups shuffled"
    for name, among in (("approval gap", "everybody"), ("the other condition", "approved by the model")):
        if within(beyond(np.subtract(*bootstrap_rates(case, among)), low, high), LEVEL, SLACK):
            return name
    middle, spread = _unpaired(case)
    return "pairs broken" if near(middle - 1.96 * spread, middle + 1.96 * spread, 0.4) else "wrong"


def _unpaired(case: Case) -> tuple[float, float]:
    """Mean and standard deviation of the gap, when everybody gets the model's decision on somebody else."""
    cells = [cells_of(case, k) for k in (0, 1)]
    rates = [
        (both + wrongly) / (both + missed + wrongly + neither) for both, missed, wrongly, neither in cells
    ]
    variances = [p * (1 - p) / (cell[0] + cell[1]) for p, cell in zip(rates, cells, strict=True)]
    return rates[0] - rates[1], math.sqrt(sum(variances))


def _judge(case: Case, value: Plain) -> Finding:
    ends = _ends(value)
    if ends is None:
        return Finding(
            False, f"Two numbers are needed, the low and the high end of the interval; got {show(value)}."
        )
    if ends[0] > ends[1]:
        return Finding(
            False,
            f"The low end comes first; yours, {show(ends[0])}, lies above the high one, {show(ends[1])}.",
        )
    gaps = np.subtract(*bootstrap_rates(case))
    below, above = beyond(gaps, *ends)
    near = within((below, above), 0.03, 0.02)
    luck = " That is near; with fewer than 4,000 resamples it may be bad luck." if near else ""
    return Finding(
        within((below, above), LEVEL, SLACK),
        f"For {case.label}: of {DRAWS:,} bootstrap gaps {below:.1%} lie below your {show(ends[0])} and {above:.1%} "
        f"above your {show(ends[1])}; {LEVEL:.1%} should on either side.{luck}",
    )


def _interval(mistake: str = "") -> Callable[..., Any]:
    """The bootstrap interval of a gap as a learner would write it, with one mistake or none."""

    def gap_interval(y: Any, said: Any, group: Any, rng: np.random.Generator) -> Any:
        resamples = 4000
        if mistake == "groups shuffled":  # a new shuffle at each resample: a permutation test
            return percentiles(np.array([_shuffled_gap(y, said, group, rng) for _ in range(1000)]))

        def rates(k: int) -> Floats:
            truth, chosen = (part[group == k].astype(np.int8) for part in (y, said))
            size = (resamples, len(truth))
            picks = rng.integers(len(truth), size=size, dtype=np.int32)
            if mistake == "without replacement":
                picks = np.tile(np.arange(len(truth), dtype=np.int32), (resamples, 1))
            if mistake == "approval gap":
                return np.asarray(chosen[picks].mean(axis=1))
            if mistake == "pairs broken":
                others = rng.integers(len(truth), size=size, dtype=np.int32)
                return np.asarray((truth[picks] & chosen[others]).sum(axis=1) / truth[picks].sum(axis=1))
            below = chosen if mistake == "the other condition" else truth
            return np.asarray((truth & chosen)[picks].sum(axis=1) / below[picks].sum(axis=1))

        first, second = rates(0), rates(1)
        gaps = first - second
        if mistake == "the other group first":
            gaps = -gaps
        if mistake == "two intervals subtracted":
            (low_1, high_1), (low_2, high_2) = percentiles(first), percentiles(second)
            return low_1 - high_2, high_1 - low_2
        if mistake == "one standard deviation":
            return gaps.mean() - gaps.std(), gaps.mean() + gaps.std()
        if mistake == "the error of the mean":
            error = gaps.std() / len(gaps) ** 0.5
            return gaps.mean() - 1.96 * error, gaps.mean() + 1.96 * error
        if mistake == "percent for fractions":
            return np.percentile(gaps, [0.025, 0.975])
        if mistake == "upside down":
            return percentiles(gaps)[::-1]
        if mistake == "symmetric":
            return gaps.mean() - 1.96 * gaps.std(), gaps.mean() + 1.96 * gaps.std()
        return percentiles(gaps, 0.05 if mistake == "5 and 95" else LEVEL)

    return gap_interval


def _shuffled_gap(y: Any, said: Any, group: Any, rng: np.random.Generator) -> float:
    group = rng.permutation(group)
    rates = [(y * said)[group == k].sum() / y[group == k].sum() for k in (0, 1)]
    return float(rates[0] - rates[1])


def _held(name: str, message: Say, hint: str) -> Misconception:
    wrong = {"gap_interval": _interval(name)}
    return Misconception(name, wrong, message, hint, first_failing(_kind, name))


def _say_ends(story: str) -> Callable[[Case, Answer], str]:
    """`story` may name {low}, {high} as answered, {gap} as observed, {right_low} and {right_high}."""

    def say(case: Case, answer: Answer) -> str:
        ends = _ends(answer.value)
        assert ends is not None
        gaps = np.subtract(*bootstrap_rates(case))
        right = percentiles(gaps)
        numbers = {"low": ends[0], "high": ends[1], "gap": float(np.mean(gaps))}
        numbers |= {"right_low": right[0], "right_high": right[1]}
        return story.format(**{name: f"{number:.3f}" for name, number in numbers.items()})

    return say


def _picture(case: Case, got: Plain, expected: Plain) -> str:
    ends = _ends(got)
    if ends is None:
        return ""
    gaps = np.subtract(*bootstrap_rates(case))
    right, spread = percentiles(gaps), float(np.std(gaps))
    left = min(*ends, float(gaps.min())) - spread / 2
    width = max(*ends, float(gaps.max())) + spread / 2 - left
    heights, _ = np.histogram(gaps, bins=40, range=(left, left + width))
    heights = 100 * heights / DRAWS
    alt = (
        f"How often each gap came in {DRAWS:,} resamples. The middle 95 % lie between {right[0]:.3f} and "
        f"{right[1]:.3f}; your interval runs from {ends[0]:.3f} to {ends[1]:.3f}."
    )
    return chart(
        [(f"how often each gap came in {DRAWS:,} resamples, percent", heights.tolist(), BLUE, "none")],
        [
            *(
                (f"{end} % are below {at:.3f}", (at - left) / width, 0.0, GREEN)
                for end, at in zip((2.5, 97.5), right, strict=True)
            ),
            *(
                (f"your {word} end, {at:.3f}", (at - left) / width, 0.0, VERMILION)
                for word, at in zip(("low", "high"), ends, strict=True)
            ),
        ],
        float(f"{1.1 * max(heights):.2g}"),
        alt,
    )


JUDGED = Judged(
    name="gap_interval",
    dear="resamples thousands of times",
    reference={"gap_interval": _interval()},
    judge=_judge,
    misconceptions=(
        _held(
            "the other group first",
            _say_ends(
                "Your interval, {low} to {high}, is that of group 1 minus group 0. Asked is group 0 minus group "
                "1; the gap observed is {gap}."
            ),
            "Subtract the rate of group 1 from that of group 0.",
        ),
        _held(
            "one standard deviation",
            _say_ends(
                "You give the gap plus and minus one standard deviation, {low} to {high}. Only about two thirds "
                "of the resamples lie in there; asked is where the middle 95 % lie."
            ),
            "Sort the resampled gaps in mind: how many of 100 lie outside the middle 95, and how many on each side?",
        ),
        _held(
            "5 and 95",
            _say_ends(
                "Between your ends, {low} and {high}, lie 90 % of the resamples: you cut off 5 % on EACH side. "
                "For 95 % in the middle, half of the remaining 5 % belongs to each side."
            ),
            "How much of what is left beside the middle 95 % belongs to each side?",
        ),
        _held(
            "symmetric",
            _say_ends(
                "You assume a symmetric distribution: the gap plus and minus 1.96 standard deviations. In a small "
                "group with a rate near 1 it is lopsided. The middle 95 % run from {right_low} to {right_high}, "
                "yours from {low} to {high}."
            ),
            "Let the resamples speak: take their percentiles, not their standard deviation.",
        ),
        _held(
            "without replacement",
            _say_ends(
                "Your interval has no width: every resample gave the same gap, {low}. Drawing as many people as "
                "there are without replacement is the same sample in another order."
            ),
            "rng.choice(rows, size=len(rows)) draws with replacement; rng.permutation does not.",
        ),
        _held(
            "the error of the mean",
            _say_ends(
                "Your interval, {low} to {high}, is almost a point: you divide by the root of the number of "
                "resamples. That says how well the MEAN of resamples is known, and shrinks with patience. What is "
                "open comes from the number of people."
            ),
            "Where do the middle 95 % of the resamples themselves lie?",
        ),
        _held(
            "percent for fractions",
            _say_ends(
                "Nearly all resamples lie above your interval, {low} to {high}: np.percentile counts in percent, "
                "and 0.025 is a fortieth of one. np.quantile counts in fractions."
            ),
            "In which unit does each of the two functions want its second argument?",
        ),
        _held(
            "upside down",
            _say_ends("The low end comes first; yours, {low}, lies above the high one, {high}."),
            "Return the two ends in the other order.",
        ),
        _held(
            "two intervals subtracted",
            _say_ends(
                "You subtract the ends of two intervals, one a group. That is too wide, {low} to {high}: it takes "
                "both groups to be at their worst at once. Errors of independent groups add up as squares do."
            ),
            "Take the difference in every resample first; the percentiles of the differences come last.",
        ),
        _held(
            "groups shuffled",
            _say_ends(
                "Your interval lies around 0, but the gap observed is {gap}. Shuffling who belongs to which group "
                "answers another question: how large gaps would be if the group did not matter."
            ),
            "People keep their group. Draw from each group by itself.",
        ),
        _held(
            "approval gap",
            _say_ends(
                "Your interval, {low} to {high}, is that of the gap in approval rates, over everybody. Asked is "
                "the gap in true positive rates, {gap}: over those whom the lender approved."
            ),
            "In each resample, count among those with y = 1 only.",
        ),
        _held(
            "the other condition",
            _say_ends(
                "Your interval, {low} to {high}, is that of the gap in P(y = 1 | said = 1): of those whom the "
                "model approves, how many the lender did. Asked is P(said = 1 | y = 1), whose gap is {gap}."
            ),
            "Who is counted below the line, and by whose decision?",
        ),
        _held(
            "pairs broken",
            _say_ends(
                "You draw the lender's decisions and the model's separately, so each belongs to another person, "
                "and the true positive rate becomes an approval rate. The gap observed is {gap}; your interval is "
                "{low} to {high}."
            ),
            "Draw row numbers once, and use the same rows of y and of said.",
        ),
    ),
    hints=(
        "One resample: draw each group anew from itself, with replacement, and compute the gap. Now do that often.",
        "For each group draw an array of row numbers of shape (4000, people in the group): 4000 gaps without a loop.",
        "Say a group of three has y = [1, 0, 1] and said = [1, 1, 0]. One row of picks, [2, 0, 0], gives y[picks] = "
        "[1, 1, 1] and (y * said)[picks] = [0, 1, 1]: a rate of 2 / 3. Every row gives such a rate; subtract the "
        "two groups' row by row, and only then ask for the middle 95 %.",
    ),
    picture=_picture,
)
