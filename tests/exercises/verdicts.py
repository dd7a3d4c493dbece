"""What the tests of all questions share: asking one as a learner would, and what every verdict owes."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Sequence
from functools import cache

import numpy as np

from course_lib.checks.asking import ask
from course_lib.checks.case import Case
from course_lib.checks.exercises import find_question
from course_lib.checks.judging import Question, Verdict, decide


@cache
def find(name: str) -> Question:
    """The question of this name, both halves of it."""
    return find_question(name)[1]


def drawn(name: str, seed: int) -> list[Case]:
    """The cases of a question for one seed."""
    return find(name).asked.draw(np.random.default_rng(seed))


def verdict(name: str, seed: int = 11, **names: object) -> Verdict:
    """The verdict on names that a learner has defined."""
    cases = drawn(name, seed)
    return decide(find(name), cases, ask(find(name).asked, names, cases))


def verdicts(name: str, answer: object, seeds: Iterable[int] = range(100, 105)) -> list[Verdict]:
    """The verdicts on one answer, seed by seed."""
    return [verdict(name, seed, **{name: answer}) for seed in seeds]


def ids(entries: Sequence[object]) -> list[str]:
    """Answers by their number, since most have no name."""
    return [str(number) for number in range(len(entries))]


def words_of(picture: str) -> str:
    """What a picture says to those who do not see it."""
    return ElementTree.fromstring(picture).get("aria-label", "")


def assert_earns_nothing_and_is_told_why(got: Verdict) -> None:
    """Hold a verdict on a near miss to what is owed: no points, a sentence, and hints."""
    assert got.status in ("wrong", "misconception", "error"), got.text()
    assert got.points == 0
    assert len(got.message) > 20
    assert len(got.hints) >= 3
