"""How `group_rates` is judged: right solutions, misunderstandings, and what to say to each."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from course_lib.checks.case import Answer, Case, Plain
from course_lib.checks.chart import BLUE, opening
from course_lib.checks.judging import Judged, Misconception


def _rates(mistake: str = "") -> Callable[..., Any]:
    """Three rates as a learner would write them, with one mistake or none."""

    def share(part: Any, whole: Any) -> float:
        above, below = int(np.sum(part & whole)), int(np.sum(whole))
        if mistake == "empty is an error":
            return above / below
        if mistake == "empty is zero":
            return above / max(1, below)
        return above / below if below else math.nan

    def group_rates(y: Any, said: Any, group: Any, k: int) -> tuple[float, float, float]:
        here = group >= 0 if mistake == "everybody" else group == k
        yes, said_yes = y == 1, said == 1
        if mistake == "the other way round":
            return share(said_yes, here), share(yes, here & said_yes), share(~yes, here & said_yes)
        if mistake == "the true rate the other way round":
            return share(said_yes, here), share(yes, here & said_yes), share(said_yes, here & ~yes)
        if mistake == "the false rate the other way round":
            return share(said_yes, here), share(said_yes, here & yes), share(~yes, here & said_yes)
        if mistake == "of the whole group":
            return share(said_yes, here), share(said_yes & yes, here), share(said_yes & ~yes, here)
        if mistake == "of all applicants":
            everyone = group >= 0
            chosen = said_yes & here
            return share(chosen, everyone), share(chosen, yes), share(chosen, ~yes)
        true_rate, false_rate = share(said_yes, here & yes), share(said_yes, here & ~yes)
        if mistake == "everybody in two rates":
            true_rate, false_rate = share(said_yes & yes, yes), share(said_yes & ~yes, ~yes)
        if mistake == "one minus the other":
            false_rate = 1 - true_rate
        if mistake == "true and false swapped":
            true_rate, false_rate = false_rate, true_rate
        approved = share(yes if mistake == "the lender's rate" else said_yes, here)
        return approved, true_rate, false_rate

    return group_rates


def _tally(case: Case) -> dict[str, int]:
    y, said, here = case["y"] == 1, case["said"] == 1, case["group"] == case["k"]
    return {
        "people": int(here.sum()),
        "lender": int((here & y).sum()),
        "model": int((here & said).sum()),
        "both": int((here & y & said).sum()),
    }


def _held(name: str, message: str, hint: str) -> Misconception:
    """`message` may name the counts of the failing case: {people}, {lender}, {model}, {both}, and {k}."""

    def say(case: Case, answer: Answer) -> str:
        return message.format(**_tally(case), k=case["k"])

    return Misconception(name, {"group_rates": _rates(name)}, say, hint)


def _picture(case: Case, got: Plain, expected: Plain) -> str:
    """Everybody in the group as a dot: a row for each decision of the lender, filled where the model says yes."""
    counts = _tally(case)
    if not counts["people"]:
        return ""
    missed, wrongly = counts["lender"] - counts["both"], counts["model"] - counts["both"]
    neither = counts["people"] - counts["both"] - missed - wrongly
    alt = (
        f"The {counts['people']} applicants of group {case['k']}. The lender approved {counts['lender']} of them: "
        f"the model would approve {counts['both']} of these, and {wrongly} of the {wrongly + neither} others."
    )
    parts = [opening(alt, (0, 0, 520, 118))]
    rows = (
        ("approved by the lender", counts["both"], missed, 34),
        ("denied by the lender", wrongly, neither, 66),
    )
    for words, filled, hollow, y in rows:
        parts.append(f'<text x="10" y="{y + 4}" fill="#222">{words}</text>')
        for place in range(filled + hollow):
            fill = BLUE if place < filled else "#fff"
            look = f'r="7" fill="{fill}" stroke="{BLUE}" stroke-width="2"'
            parts.append(f'<circle cx="{180 + 21 * place}" cy="{y}" {look}/>')
    parts.append(f'<circle cx="24" cy="98" r="7" fill="{BLUE}" stroke="{BLUE}" stroke-width="2"/>')
    parts.append('<text x="38" y="102" fill="#222">the model would approve</text>')
    parts.append(f'<circle cx="220" cy="98" r="7" fill="#fff" stroke="{BLUE}" stroke-width="2"/>')
    parts.append('<text x="234" y="102" fill="#222">it would deny</text>')
    parts.append(f'<text x="10" y="14" fill="#222">Group {case["k"]}: one dot is one applicant</text>')
    return "".join([*parts, "</svg>"])


JUDGED = Judged(
    name="group_rates",
    reference={"group_rates": _rates()},
    misconceptions=(
        _held(
            "the other way round",
            "Of the {model} in group {k} whom the model would approve, you ask how many the lender approved. The "
            "true positive rate asks the other way round: of the {lender} whom the lender approved, how many does "
            "the model approve?",
            "What stands behind the bar is the denominator: P(said = 1 | y = 1) divides by the number with y = 1.",
        ),
        _held(
            "the true rate the other way round",
            "Your first two rates share the {model} people whom the model would approve: for the true positive rate "
            "you ask how many of these the lender approved. It asks the other way round, of the {lender} whom the "
            "lender approved.",
            "What stands behind the bar of P(said = 1 | y = 1) is the denominator.",
        ),
        _held(
            "the false rate the other way round",
            "For the false positive rate you ask how many of the {model} whom the model would approve the lender had "
            "denied. It asks the other way round: of those whom the lender denied, how many would the model approve?",
            "What stands behind the bar of P(said = 1 | y = 0) is the denominator.",
        ),
        _held(
            "everybody",
            "Your rates are those of everybody together. A large group hides a small one there; asked is group "
            "{k} alone.",
            "Begin with here = group == k, and use it in every count.",
        ),
        _held(
            "everybody in two rates",
            "Your second and third rates count everybody, not group {k} alone: of the people with y = 1 only "
            "{lender} are in it.",
            "Which of your three counts ask for group == k, and which only for y?",
        ),
        _held(
            "of the whole group",
            "You divide all three counts by the {people} people of group {k}. For the true positive rate only the "
            "{lender} whom the lender approved count, for the false positive rate only the others.",
            "Three rates, three denominators: all of the group, those with y = 1, those with y = 0.",
        ),
        _held(
            "of all applicants",
            "You count above the line in group {k}, but below it in all groups, so a small group has small rates "
            "whatever the model does. Both counts belong to the group.",
            "Restrict to the group first, then count.",
        ),
        _held(
            "the lender's rate",
            "Your approval rate is the lender's: {lender} of {people}. Asked is the model's, who would approve "
            "{model}.",
            "The mean of said over the group, not of y.",
        ),
        _held(
            "one minus the other",
            "You take the false positive rate to be 1 minus the true positive rate. They belong to different people, "
            "those whom the lender denied and those whom it approved, and need not add up to 1.",
            "1 minus the true positive rate is the share that the model misses. Count among y = 0 instead.",
        ),
        _held(
            "true and false swapped",
            "The true and the false positive rate have changed places. The true one is about the {lender} "
            "applicants with y = 1.",
            "Return the approval rate, then the rate over y = 1, then the rate over y = 0.",
        ),
        _held(
            "empty is zero",
            "Where there is nobody to count you say 0. That reads as 'none of them', but nobody was asked: "
            "nothing is known of such a rate.",
            "Return math.nan where the denominator is 0.",
        ),
        _held(
            "empty is an error",
            "Your function stops where there is nobody to divide by. In real data small groups are empty in some "
            "cell all the time.",
            "Check the denominator before you divide, and return math.nan where it is 0.",
        ),
    ),
    hints=(
        "Each rate is a count over a count. Write down in words who is counted below the line.",
        "Below the line: everyone in the group; those of the group with y = 1; those of the group with y = 0.",
        "Say the group has y = [1, 1, 1, 0, 0] and said = [1, 1, 0, 1, 0]. Where y is 0, said is [1, 0]: the false "
        "positive rate is 1 / 2. Were there no 0 in y, it would be 0 / 0: nobody to measure on, so nan.",
    ),
    picture=_picture,
)
