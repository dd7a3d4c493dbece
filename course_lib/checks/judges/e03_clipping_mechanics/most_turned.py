"""How `most_turned` is judged: right solutions, misunderstandings, and what to say to each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from course_lib.checks.case import Answer, Case, Floats, Plain
from course_lib.checks.compare import show
from course_lib.checks.judges.e03_clipping_mechanics.pictures import drawable_in, picture_of_turn
from course_lib.checks.judging import Finding, Judged, Misconception, Say
from course_lib.checks.matching import first_failing
from course_lib.checks.reading import vector_in
from course_lib.clipping import angle_between, clip_by_value, worst_value_angle


def _kind(case: Case, answer: Answer) -> str:
    """What is right or wrong with the gradient, in a few words."""
    if answer.status != "given":
        return answer.status
    g, d, limit = vector_in(answer.value), case["d"], case["limit"]
    if g is None:
        return "not a gradient"
    if g.size != d:
        return "another number of entries"
    if not np.isfinite(g).all():
        return "not finite"
    if not g.any():
        return "within the limit"
    turned = _turned(g, limit)
    if turned >= worst_value_angle(d) - 1:
        return "right"
    size = np.abs(g)
    beyond = int(np.count_nonzero(size > limit))
    if beyond == 0:
        return "within the limit"
    if beyond == d:
        return "equal entries" if size.max() < 1.01 * size.min() else "every entry is cut"
    if beyond > 1:
        return "several entries are cut"
    # With the others this near the limit, height is all that can be missing, in any number of dimensions.
    return "not tall enough" if size.min() >= 0.99 * limit else "the others are short"


def _turned(g: Floats, limit: float) -> float:
    return angle_between(g, clip_by_value(g, limit))


def _judge(case: Case, value: Plain) -> Finding:
    kind = _kind(case, Answer("given", value))
    if kind == "not a gradient":
        return Finding(
            False, f"An array of {case['d']} numbers is needed, of shape ({case['d']},); got {show(value)}."
        )
    return Finding(
        kind == "right", f"For d = {case['d']} this is not within a degree of the most that is possible."
    )


def _say_turned(story: str) -> Callable[[Case, Answer], str]:
    """The angle reached and the angle possible, then the story of why.

    The largest and the smallest entry, in limits, go in place of `{largest}` and `{smallest}`.
    """

    def say(case: Case, answer: Answer) -> str:
        g, d = np.asarray(answer.value, dtype=np.float64), case["d"]
        turned = _turned(g, case["limit"]) if g.any() else 0.0
        with np.errstate(over="ignore"):
            size = np.abs(g) / case["limit"]
        why = story.format(largest=show(float(size.max()), 3), smallest=show(float(size.min()), 3))
        return f"With d = {d} yours turns by {turned:.1f} of the {worst_value_angle(d):.1f} degrees possible. {why}"

    return say


def _picture(case: Case, got: Plain, expected: Plain) -> str:
    g = drawable_in(got, (case["d"],))
    if g is None or not g.any():
        return ""
    worst = worst_value_angle(case["d"])
    return picture_of_turn(g, case["limit"], f"the most possible, {worst:.1f} degrees", worst)


def _one_tall(d: int, tall: float, others: float) -> Floats:
    g = np.full(d, others)
    g[0] = tall
    return g


def _half_tall(d: int, limit: float) -> Floats:
    g = np.full(d, limit)
    g[: d // 2] = 1000 * limit
    return g


def _held(name: str, wrong: Callable[[int, float], Any], message: Say, hint: str) -> Misconception:
    return Misconception(name, {"most_turned": wrong}, message, hint, matches=first_failing(_kind, name))


JUDGED = Judged(
    name="most_turned",
    reference={"most_turned": lambda d, limit: _one_tall(d, 1e6 * limit, limit)},
    judge=_judge,
    misconceptions=(
        _held(
            "another number of entries",
            lambda d, limit: np.array([1000 * limit, limit]),
            lambda case, answer: (
                f"A gradient of {case['d']} entries is asked for; yours has {np.size(answer.value)}. "
                "The same idea works in any number of dimensions."
            ),
            "np.full(d, ...) makes an array of d equal entries; then change what should differ.",
        ),
        _held(
            "not finite",
            lambda d, limit: _one_tall(d, np.inf, limit),
            "There is an inf or a nan in your gradient, and such a vector has no direction. A large ordinary number "
            "does the same work.",
            "A million times the limit is far enough.",
        ),
        _held(
            "within the limit",
            lambda d, limit: np.linspace(0.1, 0.9, d) * limit,
            _say_turned("No entry is beyond the limit, so nothing is cut and nothing turns."),
            "At least one entry has to be cut.",
        ),
        _held(
            "equal entries",
            lambda d, limit: np.full(d, 1000 * limit),
            _say_turned(
                "All entries have the same size and are cut alike, so the vector is only scaled: it lay on the "
                "diagonal and stays there."
            ),
            "The clipped vector should lie far from g: make the entries of g as different as you can.",
        ),
        _held(
            "every entry is cut",
            lambda d, limit: limit * np.arange(2.0, d + 2),
            _say_turned(
                "Every entry is cut to the limit, so the clipped vector lies on a diagonal: good. Now g itself "
                "should point as far as possible from that diagonal."
            ),
            "Which direction is farthest from the diagonal (1, 1, ..., 1)? An axis.",
        ),
        _held(
            "several entries are cut",
            _half_tall,
            _say_turned(
                "Several entries are beyond the limit, and between them they hold g near the diagonal on which its "
                "clipped self lies."
            ),
            "Which direction is farthest from the diagonal (1, 1, ..., 1)? An axis: one entry, not several.",
        ),
        _held(
            "the others are short",
            lambda d, limit: _one_tall(d, 1000 * limit, 0.0),
            _say_turned(
                "One entry is cut, and only one: good. The smallest of the others is {smallest} times the limit, so "
                "the clipped vector still leans towards the same axis as g."
            ),
            "How large may the other entries be without being cut? After the cut all entries should be equal.",
        ),
        _held(
            "not tall enough",
            lambda d, limit: _one_tall(d, 3 * limit, limit),
            _say_turned(
                "One entry above the limit, the others at it or almost: that is the right shape. The tall one has "
                "{largest} times the limit, and that is not tall enough yet: g still leans towards the others."
            ),
            "Let the tall entry grow to a million times the limit. The clipped vector does not change; g does.",
        ),
    ),
    hints=(
        "Where does the clipped vector point when all its entries are equal? Where is it far from there?",
        "The clipped vector can lie on the diagonal (1, 1, ..., 1). Farthest from the diagonal are the axes. Find a g "
        "that lies almost on an axis, and is cut to the diagonal.",
        "In the plane, at limit 1: (3, 1) and (10, 1) both become (1, 1), at 45 degrees from the axis. (3, 1) turns by "
        "26.6 degrees, (10, 1) turns by 39.3. What brings g still nearer to the axis, and what is (1, 1) in space?",
    ),
    picture=_picture,
)
