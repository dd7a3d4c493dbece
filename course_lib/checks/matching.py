"""When a misconception holds though its wrong answer is not equal in every case: what `matches` is made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from course_lib.checks.asking import Asked, ask_ours, settled
from course_lib.checks.case import Answer, Case
from course_lib.checks.compare import same

Matches: TypeAlias = Callable[[list[Case], list[Answer]], bool]
Answering: TypeAlias = Callable[[Case], Answer]


def answering(asked: Asked, function: Callable[..., Any]) -> Answering:
    """What a function of ours answers to one case, called by the name of its question."""
    return lambda case: settled(asked, case, ask_ours(asked, {asked.name: function}, [case])[0])


def first_failing(kind_of: Callable[[Case, Answer], str], kind: str) -> Matches:
    """For questions with many right answers: the first case that is not right went wrong in this way."""

    def matches(cases: list[Case], answers: list[Answer]) -> bool:
        return next((found for found in map(kind_of, cases, answers) if found != "right"), "right") == kind

    return matches


def any_of(*ways: Matches) -> Matches:
    """One misunderstanding that shows in several ways."""
    return lambda cases, answers: any(matches(cases, answers) for matches in ways)


def throughout(wrong: Answering) -> Matches:
    """All answers are those of `wrong`: for a mistake that begins like another."""
    return lambda cases, answers: all(
        same(answer, wrong(case)) for case, answer in zip(cases, answers, strict=True)
    )


def until_it_fails(right: Answering, wrong: Answering, **tolerance: float) -> Matches:
    """All answers are those of `wrong`, up to and including the first that is not right.

    For questions whose cases bring in one difficulty after the other: an answer with two mistakes is then told
    about the first, instead of about neither.
    """

    def matches(cases: list[Case], answers: list[Answer]) -> bool:
        for case, answer in zip(cases, answers, strict=True):
            if not same(answer, wrong(case), **tolerance):
                return False
            if not same(answer, right(case), **tolerance):
                return True
        return False

    return matches


def fails_as(
    asked: Asked, right: Callable[..., Any], wrong: Callable[..., Any], **tolerance: float
) -> Matches:
    """`until_it_fails` for two functions of ours, a right one and a wrong one."""
    return until_it_fails(answering(asked, right), answering(asked, wrong), **tolerance)
