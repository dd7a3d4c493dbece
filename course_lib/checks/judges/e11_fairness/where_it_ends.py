"""How `where_it_ends` is judged: right solutions, misunderstandings, and what to say to each."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

import numpy as np

from course_lib.checks.case import Answer, Case, Plain
from course_lib.checks.chart import BLUE, GREEN, GREY, VERMILION, opening
from course_lib.checks.compare import show
from course_lib.checks.judges.e11_fairness.pictures import spot
from course_lib.checks.judging import Finding, Judged, Misconception
from course_lib.checks.reading import number_in


def _ended(mistake: str = "") -> Callable[..., Any]:
    """The end of fair clipping by thought, with one mistake or none."""

    def where_it_ends(larger: Any, smaller: Any, ratio: float, start: float) -> float:
        m_larger, m_smaller = float(np.mean(larger)), float(np.mean(smaller))
        everyone = float(np.mean(np.concatenate([larger, smaller])))
        ahead = (start - m_smaller) * (m_larger - m_smaller)
        if mistake == "always the optimum of all":
            return everyone
        if mistake == "a compromise of the ratio":
            a, b = len(larger), ratio * len(smaller)
            return (a * m_larger + b * m_smaller) / (a + b)
        if mistake == "the mean of two means":
            return (m_larger + m_smaller) / 2
        if mistake == "the ratio the wrong way round":
            return m_smaller if ratio > 1 else everyone
        if mistake == "never sees the trap":
            return m_smaller if ratio < 1 else everyone
        if mistake == "a trap only at its very place":
            return m_smaller if ratio < 1 or ahead == 0 else everyone
        if mistake == "whoever is nearer":
            near = abs(start - m_smaller) < abs(start - m_larger)
            return m_smaller if ratio < 1 or near else everyone
        return m_smaller if ratio < 1 or ahead <= 0 else everyone

    return where_it_ends


def _apart(case: Case) -> float:
    return abs(float(np.mean(case["larger"]) - np.mean(case["smaller"])))


def _judge(case: Case, value: Plain) -> Finding:
    end, right = number_in(value), _ended()(**case.inputs)
    if end is None:
        return Finding(
            False,
            f"One number is needed, the w where the descent ends; got {show(value)}. (Where w runs away in a "
            "simulation, the steps are too long.)",
        )
    moving = (
        " At yours the capped sum is not zero: training that stops there was still moving."
        if _still_moving(case, end)
        else ""
    )
    return Finding(
        abs(end - right) <= 0.01 * _apart(case),
        f"For {case.label}: you end at {show(end)}; small steps end at {show(right)}.{moving}",
        right,
    )


def _still_moving(case: Case, end: float) -> bool:
    """Whether `end` lies on the way from the start to the end: a simulation that was stopped too early."""
    right, start = float(_ended()(**case.inputs)), float(case["start"])
    way = right - start
    return abs(way) > 0 and 0 < (end - start) / way < 1


def _end_kind(mistake: str) -> Callable[[list[Case], list[Answer]], bool]:
    """All answers are this mistake's, or those that are wrong are; each within the judge's tolerance."""

    def matches(cases: list[Case], answers: list[Answer]) -> bool:
        for case, answer in zip(cases, answers, strict=True):
            end = number_in(answer.value) if answer.status == "given" else None
            if end is None or abs(end - _ended(mistake)(**case.inputs)) > 0.01 * _apart(case):
                return False
        return True

    return matches


def _ends_half_way(cases: list[Case], answers: list[Answer]) -> bool:
    """Whatever is not right lies half way between the groups' means: traps and low ratios may be seen."""
    wrong = [
        (case, answer)
        for case, answer in zip(cases, answers, strict=True)
        if answer.status != "given" or not _judge(case, answer.value).right
    ]
    return bool(wrong) and _end_kind("the mean of two means")(*map(list, zip(*wrong, strict=True)))


def _held(
    name: str,
    message: str,
    hint: str,
    matches: Callable[[list[Case], list[Answer]], bool] | None = None,
) -> Misconception:
    """`message` may name {end} as answered, {right}, {larger} and {smaller}, the groups' means, and {ratio}."""

    def say(case: Case, answer: Answer) -> str:
        numbers = {"right": _ended()(**case.inputs), "end": number_in(answer.value)}
        numbers |= {name: float(np.mean(case[name])) for name in ("larger", "smaller")} | {
            "ratio": case["ratio"]
        }
        return f"For {case.label}: " + message.format(
            **{key: show(number) for key, number in numbers.items()}
        )

    return Misconception(name, {"where_it_ends": _ended(name)}, say, hint, matches or _end_kind(name))


def _picture(case: Case, got: Plain, expected: Plain) -> str:
    """Everybody's number on a line, and the way from the start to the end."""
    end, right, start = number_in(got), float(_ended()(**case.inputs)), case["start"]
    if end is None:
        return ""
    everybody = np.concatenate([case["larger"], case["smaller"], [start, right]])
    low, high = float(everybody.min()) - 2, float(everybody.max()) + 2

    def place(number: float) -> float:
        return 10 + 440 * min(max((number - low) / (high - low), 0), 1)

    alt = (
        f"The numbers of the larger group around {np.mean(case['larger']):g} and of the smaller group around "
        f"{np.mean(case['smaller']):g}. From {start:g} the descent goes to {right:.3g}; your answer is {end:.3g}."
    )
    parts = [opening(alt, (0, 0, 480, 214))]
    for name, colour, y, shape in (("larger", BLUE, 22, "circle"), ("smaller", VERMILION, 46, "square")):
        for number in case[name]:
            parts.append(spot(place(float(number)), y, colour, shape, hollow=False))
    parts.append(f'<path d="M10 78H450" stroke="{GREY}"/>')
    parts.append(
        f'<path d="M{place(start):.1f} 78H{place(right):.1f}" stroke="{GREY}" stroke-width="5" opacity=".5"/>'
    )
    marks = (
        (start, GREY, "circle", False, f"the start, {start:g}"),
        (right, GREEN, "circle", True, f"where small steps end, {right:.4g}"),
        (end, VERMILION, "cross", False, f"your answer, {end:.4g}"),
    )
    legend = [
        ("circle", BLUE, False, f"the larger group, around {np.mean(case['larger']):g}"),
        ("square", VERMILION, False, f"the smaller group, around {np.mean(case['smaller']):g}"),
    ]
    for number, colour, shape, hollow, words in marks:
        parts.append(spot(place(number), 78, colour, shape, hollow))
        legend.append((shape, colour, hollow, words))
    for row, (shape, colour, hollow, words) in enumerate(legend):
        y = 112 + 22 * row
        parts.append(spot(20, y, colour, shape, hollow))
        parts.append(f'<text x="38" y="{y + 4}" fill="#222">{escape(words)}</text>')
    return "".join([*parts, "</svg>"])


JUDGED = Judged(
    name="where_it_ends",
    reference={"where_it_ends": _ended()},
    judge=_judge,
    misconceptions=(
        _held(
            "always the optimum of all",
            "you end at the mean of everybody. There the two contributions cancel, so a ratio above 1 changes "
            "nothing. But a ratio of {ratio} never lets the larger group outweigh the smaller one: the sum always "
            "points where the smaller group pulls.",
            "With a ratio below 1, whose sign does the sum of the two contributions have?",
        ),
        _held(
            "a compromise of the ratio",
            "you weigh the smaller group {ratio} times and end at {end}. That is what reweighting does. A cap "
            "weighs nobody by a fixed factor: where it is not reached it does nothing, and at the mean of "
            "everybody it is not.",
            "Is the cap reached at your weighted mean? Compute both contributions there.",
        ),
        _held(
            "the mean of two means",
            "you end half way between the two groups' means, {end}: you give both groups the same weight. The loss is "
            "the mean over all people, and the larger group has more of them.",
            "The contribution of a group is a sum over its people, divided by the number of ALL people.",
            _ends_half_way,
        ),
        _held(
            "the ratio the wrong way round",
            "you end at {end}, but a ratio of {ratio} gives the other one. Above 1 the cap is not reached where the "
            "contributions cancel; below 1 it always keeps the larger group shorter than the smaller.",
            "At the mean of everybody the contributions are equally long: which ratios cut there?",
        ),
        _held(
            "never sees the trap",
            "you end at the mean of everybody, past {smaller}. At {smaller} the smaller group's contribution is "
            "0, and the larger one is cut to {ratio} times 0: nothing moves any more, at any ratio.",
            "Which point has a contribution of 0 from the smaller group, and can the descent get past it?",
        ),
        _held(
            "a trap only at its very place",
            "you let the descent pass through {smaller} on its way. The closer it comes, the shorter both "
            "contributions become, the smaller group's and what the cap leaves of the other; it slows down and "
            "never gets past.",
            "From beyond the smaller group, both contributions point to it, and both shrink with the distance to it.",
        ),
        _held(
            "whoever is nearer",
            "you send every start near the smaller group to {smaller}. Between the groups they pull in opposite "
            "directions, and with a ratio of {ratio} the larger group wins there: the descent moves away from "
            "{smaller}.",
            "Not how near the start is counts, but on which side of the smaller group's mean it lies.",
        ),
    ),
    hints=(
        "Where can it stop at all? Write down both contributions as functions of w, and when their capped sum is 0.",
        "Simulate it: lr = 0.01 and some thousand steps, from every kind of start. Then ask why it stopped there.",
        "Take larger = [4, 4, 4], smaller = [0] and ratio = 2: the contributions are 3 * (w - 4) / 4 and w / 4. At w = "
        "8 they are 3 and 2, and w falls; at 3 they are -0.75 and 0.75, and it rests. At -1 they are -3.75, cut to "
        "-0.5, and -0.25, and w rises: what are they when it comes near 0?",
    ),
    picture=_picture,
)
