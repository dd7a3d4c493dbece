"""How exercise 03_clipping_mechanics is judged: right solutions, misunderstandings, and what to say to each."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from course_lib.checks.case import Answer, Case, Plain
from course_lib.checks.chart import BLUE, GREEN, GREY, VERMILION, opening
from course_lib.checks.compare import same, show
from course_lib.checks.judging import Finding, Judged, Misconception
from course_lib.checks.matching import Answering, Matches, answering, first_failing, until_it_fails
from course_lib.checks.probes import e03_clipping_mechanics as probes
from course_lib.checks.reading import vector_in
from course_lib.clipping import angle_between, clip_by_value, published_elementwise, worst_value_angle

Floats: TypeAlias = NDArray[np.float64]
Say: TypeAlias = str | Callable[[Case, Answer], str]

_ASKED = {asked.name: asked for asked in probes.ASKED}


# reading answers ------------------------------------------------------------------------------------------


def _length(g: Plain) -> float:
    """The Euclidean length of all entries together; squares of huge entries do not overflow."""
    return float(math.hypot(*np.asarray(g, dtype=np.float64).ravel()))


def _degrees(degrees: float) -> str:
    return f"{degrees if degrees > 1e-3 else 0:.3g} degrees"


# drawing --------------------------------------------------------------------------------------------------

_HALF = 120
"""Half the side of the square that is drawn, in pixels."""

_LEGEND = 340
"""Room for the words on the right, in pixels."""


@dataclass(frozen=True)
class _Arrow:
    """One arrow or ray from the origin: what it is, where it points, and how it looks."""

    says: str
    tip: tuple[float, float]
    colour: str
    dashes: str = ""
    width: float = 2.5
    head: bool = True


def _plane(arrows: list[_Arrow], reach: float, alt: str, shape: str, size: float) -> str:
    """Arrows in the plane as SVG, `reach` data units to each side; what is longer is cut at the frame.

    `shape` is drawn around the origin: "threshold", a circle of radius `size`; "limit", a square of half side
    `size`; or "", nothing.
    """
    scale = _HALF / reach
    left, side, width = -_HALF - 4, 2 * _HALF + 8, 2 * _HALF + 8 + _LEGEND
    parts = [
        opening(alt, (left, left, width, side)),
        f'<rect x="{-_HALF}" y="{-_HALF}" width="{2 * _HALF}" height="{2 * _HALF}" fill="none" stroke="#ccc"/>',
        f'<path d="M{-_HALF} 0H{_HALF}M0 {-_HALF}V{_HALF}" stroke="#ddd"/>',
    ]
    outline = _Arrow(f"the {shape}, {size:.3g}", (0, 0), GREY, "1 3", 1.5)
    dotted = f'fill="none" stroke="{GREY}" stroke-width="1.5" stroke-dasharray="1 3"'
    far = size * scale
    if shape == "threshold":
        parts.append(f'<circle r="{far:.1f}" {dotted}/>')
    elif shape == "limit":
        parts.append(
            f'<rect x="{-far:.1f}" y="{-far:.1f}" width="{2 * far:.1f}" height="{2 * far:.1f}" {dotted}/>'
        )
    for arrow in arrows:
        parts += _drawn(arrow, scale)
    for row, arrow in enumerate([*arrows, outline] if shape else arrows):
        y = -_HALF + 20 + 24 * row
        parts.append(_line(arrow, (_HALF + 16, y), (_HALF + 52, y)))
        parts.append(
            f'<text x="{_HALF + 60}" y="{y + 4}" font-size="13" font-family="sans-serif" fill="#222">'
            f"{escape(arrow.says)}</text>"
        )
    return "".join([*parts, "</svg>"])


def _drawn(arrow: _Arrow, scale: float) -> list[str]:
    x, y = arrow.tip[0] * scale, -arrow.tip[1] * scale
    size = max(abs(x), abs(y))
    if size > _HALF:  # leaves the frame: no head, since this is not where it ends
        x, y = x * _HALF / size, y * _HALF / size
        return [_line(arrow, (0, 0), (x, y))]
    if size < 1:
        return [f'<circle r="4" fill="{arrow.colour}"/>']
    shaft = [_line(arrow, (0, 0), (x, y))]
    return [*shaft, _head(x, y, arrow.colour)] if arrow.head else shaft


def _line(arrow: _Arrow, start: tuple[float, float], end: tuple[float, float]) -> str:
    dashes = f' stroke-dasharray="{arrow.dashes}"' if arrow.dashes else ""
    return (
        f'<path d="M{start[0]:.1f} {start[1]:.1f}L{end[0]:.1f} {end[1]:.1f}" stroke="{arrow.colour}" '
        f'stroke-width="{arrow.width}"{dashes} fill="none"/>'
    )


def _head(x: float, y: float, colour: str) -> str:
    length = math.hypot(x, y)
    u, v = x / length, y / length
    left = (x - 9 * u - 4 * v, y - 9 * v + 4 * u)
    right = (x - 9 * u + 4 * v, y - 9 * v - 4 * u)
    return (
        f'<path d="M{x:.1f} {y:.1f}L{left[0]:.1f} {left[1]:.1f}L{right[0]:.1f} {right[1]:.1f}Z" '
        f'fill="{colour}"/>'
    )


def _in_a_plane(vectors: list[Floats]) -> list[tuple[float, float]]:
    """Vectors of two entries as they are; others in the plane through the origin that the first two span.

    A ball around the origin is a circle of the same radius in every such plane.
    """
    if vectors[0].size == 2:
        return [(float(v[0]), float(v[1])) for v in vectors]
    axes: list[Floats] = []
    for vector in vectors[:2]:
        rest = vector - sum((vector @ axis) * axis for axis in axes)
        if np.linalg.norm(rest) > 1e-9 * np.linalg.norm(vector):
            axes.append(rest / np.linalg.norm(rest))
    pad = [np.zeros_like(vectors[0])] * (2 - len(axes))
    return [(float(v @ a), float(v @ b)) for v in vectors for a, b in [[*axes, *pad]]]


def _drawable(value: Plain, shape: tuple[int, ...]) -> Floats | None:
    """The answer where it can be drawn: numbers in the right shape, finite and not beyond all measure."""
    vector = vector_in(value)
    if vector is None or vector.shape != shape or not np.all(np.abs(vector) < 1e100):
        return None
    return vector


def _picture_of_norm(case: Case, got: Plain, expected: Plain) -> str:
    """The gradient, the answer and the right one, with the ball of the threshold."""
    g, c = np.asarray(case["g"], dtype=np.float64), float(case["max_norm"])
    right = np.asarray(expected, dtype=np.float64)
    drawable = _drawable(got["returned"] if isinstance(got, dict) and "returned" in got else got, g.shape)
    vectors = [g, right] if drawable is None else [g, drawable, right]
    tips = _in_a_plane(vectors)
    arrows = [_Arrow(f"g, length {_length(g):.3g}", tips[0], BLUE, width=1.5)]
    expected_arrow = _Arrow(f"expected, length {_length(right):.3g}", tips[-1], GREEN, "8 4", 4)
    if drawable is None:
        arrows += [expected_arrow]
        said = "Your answer is not a vector of this shape, or not finite, and is not drawn."
    else:
        length = _length(drawable)
        turned = angle_between(g, drawable) if g.any() and length > 0 else 0.0
        arrows += [
            expected_arrow,
            _Arrow(f"your answer, length {length:.3g}", tips[1], VERMILION, "2 3", 3),
        ]
        said = f"Your answer has length {length:.3g} and is turned by {_degrees(turned)} from g."
    alt = (
        f"The gradient g has length {_length(g):.3g}. {said} "
        f"Expected is length {_length(right):.3g} in the direction of g. The circle is the threshold, {c:.3g}."
    )
    reach = 1.1 * max(c, *(min(_length(vector), 2 * c) for vector in vectors))
    return _plane(arrows, reach, alt, "threshold", c)


def _picture_of_turn(g: Floats, limit: float, ray: str, degrees: float) -> str:
    """The gradient, the same clipped by value, and a ray turned from the gradient by a number of degrees."""
    clipped = np.clip(g, -limit, limit)
    if g.size == 2:
        (x, y), tip = _in_a_plane([g, clipped])
        reach, shape = 2 * limit, "limit"
    else:  # the box is no square in this plane, so only directions are drawn
        u, v = g / _length(g), clipped / _length(clipped)
        (x, y), tip = _in_a_plane([u, v])
        reach, shape = 1.15, ""
    turned = angle_between(g, clipped)
    side = -1 if x * tip[1] - y * tip[0] < 0 else 1
    at = math.atan2(y, x) + side * math.radians(degrees)
    arrows = [
        _Arrow("g (its direction)" if g.size > 2 else f"g, length {_length(g):.3g}", (x, y), BLUE),
        _Arrow(f"clipped by value, turned by {_degrees(turned)}", tip, GREEN, "8 4"),
        _Arrow(
            ray, (0.9 * reach * math.cos(at), 0.9 * reach * math.sin(at)), VERMILION, "2 3", 3, head=False
        ),
    ]
    where = "The square is the limit." if g.size == 2 else "Drawn in the plane that the two arrows span."
    alt = f"Clipping by value at {limit:.3g} turns the gradient by {_degrees(turned)}. The ray is {ray}. {where}"
    return _plane(arrows, reach, alt, shape, limit)


# breaking_gradients ---------------------------------------------------------------------------------------


def _breaking_kind(case: Case, answer: Answer) -> str:
    """What is right or wrong with the two gradients, in a word or two."""
    if answer.status != "given":
        return answer.status
    pair = _pair(answer.value)
    if pair is None:
        return "not two gradients"
    a, b = pair
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        return "not finite"
    c = case["c"]
    if _entry_survives(a, c) and _too_long_without_negatives(b, c):
        return "right"
    if _entry_survives(b, c) and _too_long_without_negatives(a, c):
        return "swapped"
    if not _entry_survives(a, c):
        return "first: positive" if a.max() > c else "first: within"
    if b.min() < 0:
        return "second: negative"
    return "second: one entry" if np.count_nonzero(b) < 2 else "second: short"


def _pair(value: Plain) -> tuple[Floats, Floats] | None:
    if isinstance(value, np.ndarray) and value.ndim > 0:
        value = list(value)
    if not isinstance(value, list) or len(value) != 2:
        return None
    a, b = (
        vector_in(part) if isinstance(part, list | np.ndarray) and np.ndim(part) else None for part in value
    )
    return None if a is None or b is None else (a, b)


def _entry_survives(g: Floats, c: float) -> bool:
    return float(np.abs(published_elementwise(g, c)).max()) > c * (1 + 1e-9)


def _too_long_without_negatives(g: Floats, c: float) -> bool:
    return float(g.min()) >= 0 and _length(published_elementwise(g, c)) > c * (1 + 1e-9)


def _judge_breaking(case: Case, value: Plain) -> Finding:
    kind = _breaking_kind(case, Answer("given", value))
    if kind == "not two gradients":
        return Finding(
            False,
            f"Two gradients are needed, `return first, second`, each an array of numbers; got {show(value)}.",
        )
    return Finding(
        kind == "right", f"For c = {show(case['c'])} the formula keeps its promise on one of your two."
    )


def _same_for_every_threshold(cases: list[Case], answers: list[Answer]) -> bool:
    kinds = [_breaking_kind(case, answer) for case, answer in zip(cases, answers, strict=True)]
    return "right" in kinds and all(same(answer, answers[0]) for answer in answers)


def _say_positive(case: Case, answer: Answer) -> str:
    a, c = np.asarray(answer.value[0], dtype=np.float64), case["c"]
    return (
        f"For c = {show(c)} the formula turns your first gradient {show(a)} into "
        f"{show(published_elementwise(a, c))}: large positive entries are cut to c, as it promises."
    )


def _say_within(case: Case, answer: Answer) -> str:
    a, c = np.atleast_1d(np.asarray(answer.value[0], dtype=np.float64)), case["c"]
    sign = "Below zero is the right side. But t" if a.min() < 0 else "T"
    return (
        f"{sign}he largest entry of your first gradient has size {show(float(np.abs(a).max()))}, which is not "
        f"beyond c = {show(c)}: there was nothing to cut, so nothing could be missed."
    )


def _say_one_entry(case: Case, answer: Answer) -> str:
    b, c = np.atleast_1d(np.asarray(answer.value[1], dtype=np.float64)), case["c"]
    result = published_elementwise(b, c)
    becomes = f"Your second gradient becomes {show(result)}, of length {show(_length(result))}."
    if not b.any():
        return (
            f"{becomes} None of its entries is above zero: there is nothing to cut, and the promise is kept."
        )
    return (
        f"{becomes} Only one of its entries is above zero, and the formula leaves none above c = {show(c)}: so the "
        "length is at most c, and the promise is kept."
    )


def _say_short(case: Case, answer: Answer) -> str:
    b, c = np.asarray(answer.value[1], dtype=np.float64), case["c"]
    return (
        f"Your second gradient becomes {show(published_elementwise(b, c))}, of length "
        f"{show(_length(published_elementwise(b, c)))}: not longer than c = {show(c)}. "
        "Several entries is the right idea; let each be as large as the formula allows."
    )


def _breaks(name: str, wrong: Callable[[float], Plain], message: Say, hint: str) -> Misconception:
    return Misconception(
        name, {"breaking_gradients": wrong}, message, hint, matches=first_failing(_breaking_kind, name)
    )


BREAKING_GRADIENTS = Judged(
    name="breaking_gradients",
    reference={"breaking_gradients": lambda c: (np.array([-10 * c, c]), np.array([c, c]))},
    judge=_judge_breaking,
    misconceptions=(
        Misconception(
            "the same for every threshold",
            {"breaking_gradients": lambda c: (np.array([-100.0, 1.0]), np.array([80.0, 80.0]))},
            lambda case, answer: (
                f"Your gradients break the formula at some thresholds, but not at c = {show(case['c'])}: "
                "they are the same numbers whatever c is."
            ),
            "Build the entries from c: 10 * c is beyond the threshold whatever the threshold is.",
            matches=_same_for_every_threshold,
        ),
        _breaks(
            "swapped",
            lambda c: (np.array([c, c]), np.array([-10 * c, c])),
            "Both gradients break the formula, but they came in the other order: first the one with a surviving "
            "entry, then the one without negative entries.",
            "Swap the two in your return statement.",
        ),
        _breaks(
            "not finite",
            lambda c: (np.array([-np.inf, c]), np.array([c, c])),
            "There is an inf or a nan in your gradients. No clipping rule can mend those, so they prove nothing "
            "against this one.",
            "Ordinary numbers suffice: -10 * c is as good as minus infinity here.",
        ),
        _breaks(
            "first: positive",
            lambda c: (np.array([10 * c, 3 * c]), np.array([c, c])),
            _say_positive,
            "What is np.maximum(1, g / c) for an entry below zero?",
        ),
        _breaks(
            "first: within",
            lambda c: (np.array([-c, c / 2]), np.array([c, c])),
            _say_within,
            "An entry of size exactly c is still allowed. Go well beyond it: 10 times.",
        ),
        _breaks(
            "second: negative",
            lambda c: (np.array([-10 * c, c]), np.array([-10 * c, -10 * c])),
            lambda case, answer: (
                f"Your second gradient, {show(np.atleast_1d(answer.value[1]))}, has a negative entry. That breaks "
                "the formula too, but your colleague has none: break it with entries of zero and above."
            ),
            "Every positive entry comes out as c or less. How long can a vector of such entries be?",
        ),
        _breaks(
            "second: one entry",
            lambda c: (np.array([-10 * c, c]), np.array([100 * c, 0.0])),
            _say_one_entry,
            "One entry cannot do it, but how long is (c, c)? And (c, c, c)?",
        ),
        _breaks(
            "second: short",
            lambda c: (np.array([-10 * c, c]), np.array([c / 2, c / 2])),
            _say_short,
            "Large entries come out as c. How long is (c, c)? And (c, c, c)?",
        ),
    ),
    hints=(
        "Work out by hand what happens to one entry: g = 10 * c, then g = -10 * c.",
        "The first escapes where g / c is below 1 although g is large: below zero. The second needs no escape: "
        "each entry may be as large as c, and lengths add up over entries.",
        "At c = 1 an entry of -10 is divided by max(1, -10), which is 1. And (3, 4) is divided by (3, 4), which gives "
        "(1, 1), of length 1.41. Which entries do the same at any c?",
    ),
)


# clip_by_norm ---------------------------------------------------------------------------------------------


def _clip_by_norm(g: Any, max_norm: float) -> Any:
    norm = np.sqrt(np.sum(g**2))
    return g * (max_norm / norm) if norm > max_norm else g


def _divided_by_zero(g: Any, max_norm: float) -> Any:
    norm = math.sqrt(sum(float(entry) ** 2 for entry in g))
    return g * min(1, max_norm / norm)


def _in_place(g: Any, max_norm: float) -> Any:
    norm = np.sqrt(np.sum(g**2))
    if norm > max_norm:
        g *= max_norm / norm
    return g


def _say_by_value(case: Case, answer: Answer) -> str:
    g, c = case["g"], case["max_norm"]
    cut = clip_by_value(g, c)
    if (turned := angle_between(g, cut)) < 0.01:
        return (
            f"This is clipping by value: no entry is beyond {show(c)}, so you left a gradient of length "
            f"{show(_length(g))} as it was. The length has to be {show(c)} at most."
        )
    return (
        f"This is clipping by value: each entry was cut on its own, and the direction turned by {_degrees(turned)}. "
        "One factor has to scale the whole vector."
    )


def _say_largest(case: Case, answer: Answer) -> str:
    g, c = case["g"], case["max_norm"]
    return (
        f"You divided by the largest entry, {show(float(np.abs(g).max()))} (the l-infinity norm). The direction is "
        f"kept, but the result still has length {show(_length(answer.value))}, and {show(c)} is allowed."
    )


def _norm_held(name: str, wrong: Callable[[Any, float], Any], message: Say, hint: str) -> Misconception:
    right = answering(_ASKED["clip_by_norm"], _clip_by_norm)
    matches = until_it_fails(right, answering(_ASKED["clip_by_norm"], wrong), rtol=2e-5)
    return Misconception(name, {"clip_by_norm": wrong}, message, hint, matches)


CLIP_BY_NORM = Judged(
    name="clip_by_norm",
    reference={"clip_by_norm": _clip_by_norm},
    rtol=2e-5,  # float32 keeps 7 digits; and PyTorch's norm + 1e-6 in the denominator is a right answer too
    misconceptions=(
        _norm_held(
            "clips by value",
            lambda g, c: np.clip(g, -c, c),
            _say_by_value,
            "Compute one number, min(1, max_norm / length), and multiply the whole of g by it.",
        ),
        _norm_held(
            "the published formula",
            lambda g, c: g / np.maximum(1, g / c),
            lambda case, answer: (
                f"This is still the published formula: the entry {show(float(np.min(case['g'])))} is divided by 1 "
                "and survives. The norm is missing from it."
            ),
            "Put the length of g where the formula has g itself: in the denominator, and only there.",
        ),
        _norm_held(
            "the formula to the letter",
            lambda g, c: g / max(1, g / c),
            "Python's max(1, g / c) asks whether an array is larger than 1, and an array has no one answer to that. "
            "One number should be compared with 1: how long g is, measured in thresholds.",
            "norm = np.linalg.norm(g) is one number, so max(1, norm / max_norm) is one as well.",
        ),
        _norm_held(
            "always rescales",
            lambda g, c: g * c / np.linalg.norm(g),
            lambda case, answer: (
                f"A gradient of length {show(_length(case['g']))} was stretched to {show(case['max_norm'])}. "
                "Clipping only shortens: what is within the threshold stays as it is."
            ),
            "The factor is never above 1: min(1, max_norm / length).",
        ),
        _norm_held(
            "squared length",
            lambda g, c: g * np.minimum(1, c / np.maximum(np.sum(g**2), 1e-300)),
            lambda case, answer: (
                f"The sum of squares, {show(_length(case['g']) ** 2)}, is the square of the length: the length is "
                f"{show(_length(case['g']))}. Your result has length {show(_length(answer.value))}, and "
                f"{show(min(case['max_norm'], _length(case['g'])))} is right."
            ),
            "Take the square root of the sum of squares before you compare.",
        ),
        _norm_held(
            "largest entry",
            lambda g, c: g * np.minimum(1, c / np.maximum(np.abs(g).max(), 1e-300)),
            _say_largest,
            "Use the length of the vector: the square root of the sum of all squares.",
        ),
        _norm_held(
            "sum of magnitudes",
            lambda g, c: g * np.minimum(1, c / np.maximum(np.abs(g).sum(), 1e-300)),
            lambda case, answer: (
                f"You divided by the sum of magnitudes, {show(float(np.abs(case['g']).sum()))} (the l1 norm). "
                f"The length of this gradient is {show(_length(case['g']))}."
            ),
            "Square every entry, add, and take the root: that is the length.",
        ),
        _norm_held(
            "down to length one",
            lambda g, c: g / np.maximum(1, np.linalg.norm(g)),
            lambda case, answer: (
                f"Your result has length {show(_length(answer.value))} at a threshold of {show(case['max_norm'])}: "
                "the threshold got lost, and everything above 1 is cut to 1."
            ),
            "In max(1, norm / max_norm) the norm is measured in thresholds. Divide by that.",
        ),
        _norm_held(
            "divides by the threshold as well",
            lambda g, c: g / np.maximum(1, np.linalg.norm(g)) / c,
            lambda case, answer: (
                f"Your result has length {show(_length(answer.value))} at a threshold of {show(case['max_norm'])}: you "
                "divide g by the threshold. Divide the norm by it: g / max(1, norm / max_norm)."
            ),
            "Check the brackets: max_norm belongs inside max(1, ...).",
        ),
        _norm_held(
            "forgets a return",
            lambda g, c: g * (c / np.linalg.norm(g)) if np.linalg.norm(g) > c else None,
            "A gradient that needs no clipping comes back as None: a Python function that ends without a return gives "
            "None.",
            "Add the return for the other branch: return g.",
        ),
        _norm_held(
            "drops the step",
            lambda g, c: g if np.linalg.norm(g) <= c else np.zeros_like(g),
            lambda case, answer: (
                f"A gradient of length {show(_length(case['g']))} became zero: the step is lost, and with it the "
                "direction. Clipping keeps the direction and shortens the step."
            ),
            "Scale by max_norm / length instead of by 0.",
        ),
        _norm_held(
            "returns the factor",
            lambda g, c: np.minimum(1, c / np.maximum(np.linalg.norm(g), 1e-300)),
            lambda case, answer: (
                f"{show(answer.value)} is the factor. What is asked is the clipped gradient: g times it."
            ),
            "Multiply g by the number that you returned.",
        ),
        _norm_held(
            "nan for the zero gradient",
            lambda g, c: g / np.linalg.norm(g) * np.minimum(c, np.linalg.norm(g)),
            "The zero gradient came back as nan: its length is 0, and 0 / 0 has no value. At a minimum of the loss "
            "the gradient is zero, and one nan there would end the run.",
            "Leave the gradient alone unless it is too long; then you never divide by 0.",
        ),
        _norm_held(
            "division by zero",
            _divided_by_zero,
            "Your code divides by the length, and the zero gradient has length 0. At a minimum of the loss the "
            "gradient is zero, so this case does come.",
            "Return g as it is where norm <= max_norm, and divide by norm only after that.",
        ),
        _norm_held(
            "changes its input",
            _in_place,
            "The result is right, but your function has written into the g of its caller, who may still need it "
            "(to log its norm, say). An operator such as *= changes an array in place.",
            "Write g * factor, which makes a new array, instead of g *= factor.",
        ),
    ),
    hints=(
        "One symbol is missing in the formula. What should be compared with the threshold: each entry, or the "
        "whole gradient?",
        "Compute the length of g once. If it is at most max_norm, return g; otherwise scale all of g by one factor, "
        "such that the new length is max_norm.",
        "(3, 4) has length 5. At max_norm 1 it is too long by a factor of 5, so both entries are divided by 5: "
        "(0.6, 0.8), of length 1. At max_norm 10 it is short enough and stays (3, 4).",
    ),
    picture=_picture_of_norm,
)


# turned_by_value ------------------------------------------------------------------------------------------


def _turned_by_value(g: Any, limit: float) -> float:
    return _angle(g, np.clip(g, -limit, limit))


def _angle(u: Any, v: Any) -> float:
    return float(np.degrees(np.arccos(np.clip(_cosine(u, v), -1, 1))))


def _cosine(u: Any, v: Any) -> float:
    return float(np.dot(u, v) / (np.linalg.norm(u) * np.linalg.norm(v)))


def _signed_in_the_first_plane(g: Any, limit: float) -> float:
    cut = np.clip(g, -limit, limit)
    return float(np.degrees(np.arctan2(cut[1], cut[0]) - np.arctan2(g[1], g[0])))


def _in_the_first_plane(g: Any, limit: float) -> float:
    return abs(_signed_in_the_first_plane(g, limit))


def _turned_without_lengths(g: Any, limit: float) -> float:
    return float(np.degrees(np.arccos(np.clip(np.dot(g, np.clip(g, -limit, limit)), -1, 1))))


def _not_divided_by_both_lengths(cases: list[Case], answers: list[Answer]) -> bool:
    """The arccos of a scalar product that is divided by one length or by none, kept within [-1, 1] or nan beyond."""

    def angles(case: Case) -> list[list[float]]:
        g = case["g"]
        cut = np.clip(g, -case["limit"], case["limit"])
        products = np.dot(g, cut) / np.array([1.0, np.linalg.norm(g), np.linalg.norm(cut)])
        kept = np.degrees(np.arccos(np.clip(products, -1, 1)))
        return [*kept.tolist(), *np.where(np.abs(products) > 1, np.nan, kept).tolist()]

    each_way = zip(*(angles(case) for case in cases), strict=True)
    return any(
        all(
            same(answer, Answer("given", angle), rtol=1e-4, atol=2e-3)
            for answer, angle in zip(answers, way, strict=True)
        )
        for way in each_way
    )


def _never_turned(cases: list[Case], answers: list[Answer]) -> bool:
    """0 everywhere, but for what float32 makes of a cosine of 1, and nan where rounding carries one beyond it."""
    zero, missing = Answer("given", 0.0), Answer("given", math.nan)
    return same(answers[0], zero, atol=0.1) and all(
        same(a, zero, atol=0.1) or same(a, missing) for a in answers
    )


def _say_undivided(case: Case, answer: Answer) -> str:
    g = np.asarray(case["g"], dtype=np.float64)
    cut = clip_by_value(g, case["limit"])
    return (
        f"{show(answer.value)} degrees, although the clip turns g by {angle_between(g, cut):.3g}: is your cosine "
        f"divided by both lengths? A cosine lies between -1 and 1, and <g, clipped> is {show(float(g @ cut))} here."
    )


def _picture_of_angle(case: Case, got: Plain, expected: Plain) -> str:
    degrees = vector_in(got)
    g = np.asarray(case["g"], dtype=np.float64)
    if degrees is None or degrees.size != 1 or not np.isfinite(degrees[0]):
        return _picture_of_turn(g, case["limit"], f"the right answer here, {_degrees(expected)}", expected)
    return _picture_of_turn(
        g, case["limit"], f"your answer, {show(float(degrees[0]))} degrees", float(degrees[0])
    )


def _turn_held(
    name: str,
    wrong: Callable[[Any, float], Any],
    message: Say,
    hint: str,
    matches: Matches | None = None,
) -> Misconception:
    right = answering(_ASKED["turned_by_value"], _turned_by_value)
    matches = matches or until_it_fails(
        right, answering(_ASKED["turned_by_value"], wrong), rtol=1e-4, atol=2e-3
    )
    return Misconception(name, {"turned_by_value": wrong}, message, hint, matches)


TURNED_BY_VALUE = Judged(
    name="turned_by_value",
    reference={"turned_by_value": _turned_by_value},
    rtol=1e-4,
    atol=2e-3,  # degrees: what float32 leaves of a small angle
    misconceptions=(
        _turn_held(
            "radians",
            lambda g, v: np.arccos(np.clip(_cosine(g, np.clip(g, -v, v)), -1, 1)),
            lambda case, answer: (
                f"{show(answer.value)} is the angle in radians; in degrees it is {math.degrees(answer.value):.4g}."
            ),
            "np.degrees turns radians into degrees.",
        ),
        _turn_held(
            "the cosine",
            lambda g, v: _cosine(g, np.clip(g, -v, v)),
            lambda case, answer: (
                f"{show(answer.value)} is the cosine of the angle. The angle itself is its arccos, in degrees."
            ),
            "np.degrees(np.arccos(cosine)).",
        ),
        _turn_held(
            "not divided by both lengths",
            _turned_without_lengths,
            _say_undivided,
            "The scalar product grows with the length of either vector. What makes an angle of it that does not?",
            matches=_not_divided_by_both_lengths,
        ),
        _turn_held(
            "no turn at all",
            lambda g, v: _angle(g, g * min(1, v / float(np.linalg.norm(g)))),
            "You found no turn anywhere. Clipping by norm (or by the largest entry) never turns, since it scales the "
            "whole vector. Clipping by value cuts each entry on its own.",
            "np.clip(g, -limit, limit) clips by value.",
            matches=_never_turned,
        ),
        _turn_held(
            "cuts above only",
            lambda g, v: _angle(g, np.minimum(g, v)),
            lambda case, answer: (
                f"The entry {show(float(np.min(case['g'])))} stayed whole: you cut at {show(case['limit'])} from "
                f"above, but not at {show(-case['limit'])} from below."
            ),
            "The box has two sides: np.clip(g, -limit, limit).",
        ),
        _turn_held(
            "where the clipped arrow points",
            lambda g, v: _angle(np.eye(len(g))[0], np.clip(g, -v, v)),
            lambda case, answer: (
                f"{show(answer.value)} degrees is the angle between the clipped gradient and the first axis. "
                "Asked is the angle between the gradient before and the gradient after."
            ),
            "Both vectors belong into the cosine: g and its clipped self.",
        ),
        _turn_held(
            "an angle with a sign",
            _signed_in_the_first_plane,
            lambda case, answer: (
                f"{show(answer.value)} has a sign: you subtract two directions. Asked is how far apart they are, "
                "which is never negative."
            ),
            "An angle between two vectors comes from their scalar product, in any number of dimensions.",
        ),
        _turn_held(
            "only the first two entries",
            _in_the_first_plane,
            lambda case, answer: (
                f"This works in the plane. With {len(case['g'])} entries the angle needs all of them, not two."
            ),
            "cos = <g, clipped> / (|g| |clipped|) holds in any number of dimensions.",
        ),
        _turn_held(
            "nan where nothing turns",
            lambda g, v: np.degrees(np.arccos(_cosine(g, np.clip(g, -v, v)))),
            "Where nothing is cut you return nan: rounding has made the cosine a little larger than 1 "
            "(1.0000000000000002), and arccos has no value there.",
            "Keep the cosine within [-1, 1] with np.clip before you take its arccos.",
        ),
    ),
    hints=(
        "Two steps: clip by value, then the angle between the vector before and the vector after.",
        "The angle comes from cos = <g, clipped> / (|g| |clipped|). Mind the units, and a cosine just above 1.",
        "(4, 1) at limit 1 becomes (1, 1). Their scalar product is 5, their lengths are 4.123 and 1.414, so the "
        "cosine is 5 / (4.123 * 1.414) = 0.8575, and its arccos 0.5404 radians, or 30.96 degrees.",
    ),
    picture=_picture_of_angle,
)


# most_turned ----------------------------------------------------------------------------------------------


def _most_turned_kind(case: Case, answer: Answer) -> str:
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


def _judge_most_turned(case: Case, value: Plain) -> Finding:
    kind = _most_turned_kind(case, Answer("given", value))
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


def _picture_of_most(case: Case, got: Plain, expected: Plain) -> str:
    g = _drawable(got, (case["d"],))
    if g is None or not g.any():
        return ""
    worst = worst_value_angle(case["d"])
    return _picture_of_turn(g, case["limit"], f"the most possible, {worst:.1f} degrees", worst)


def _one_tall(d: int, tall: float, others: float) -> Floats:
    g = np.full(d, others)
    g[0] = tall
    return g


def _half_tall(d: int, limit: float) -> Floats:
    g = np.full(d, limit)
    g[: d // 2] = 1000 * limit
    return g


def _most_held(name: str, wrong: Callable[[int, float], Any], message: Say, hint: str) -> Misconception:
    return Misconception(
        name, {"most_turned": wrong}, message, hint, matches=first_failing(_most_turned_kind, name)
    )


MOST_TURNED = Judged(
    name="most_turned",
    reference={"most_turned": lambda d, limit: _one_tall(d, 1e6 * limit, limit)},
    judge=_judge_most_turned,
    misconceptions=(
        _most_held(
            "another number of entries",
            lambda d, limit: np.array([1000 * limit, limit]),
            lambda case, answer: (
                f"A gradient of {case['d']} entries is asked for; yours has {np.size(answer.value)}. "
                "The same idea works in any number of dimensions."
            ),
            "np.full(d, ...) makes an array of d equal entries; then change what should differ.",
        ),
        _most_held(
            "not finite",
            lambda d, limit: _one_tall(d, np.inf, limit),
            "There is an inf or a nan in your gradient, and such a vector has no direction. A large ordinary number "
            "does the same work.",
            "A million times the limit is far enough.",
        ),
        _most_held(
            "within the limit",
            lambda d, limit: np.linspace(0.1, 0.9, d) * limit,
            _say_turned("No entry is beyond the limit, so nothing is cut and nothing turns."),
            "At least one entry has to be cut.",
        ),
        _most_held(
            "equal entries",
            lambda d, limit: np.full(d, 1000 * limit),
            _say_turned(
                "All entries have the same size and are cut alike, so the vector is only scaled: it lay on the "
                "diagonal and stays there."
            ),
            "The clipped vector should lie far from g: make the entries of g as different as you can.",
        ),
        _most_held(
            "every entry is cut",
            lambda d, limit: limit * np.arange(2.0, d + 2),
            _say_turned(
                "Every entry is cut to the limit, so the clipped vector lies on a diagonal: good. Now g itself "
                "should point as far as possible from that diagonal."
            ),
            "Which direction is farthest from the diagonal (1, 1, ..., 1)? An axis.",
        ),
        _most_held(
            "several entries are cut",
            _half_tall,
            _say_turned(
                "Several entries are beyond the limit, and between them they hold g near the diagonal on which its "
                "clipped self lies."
            ),
            "Which direction is farthest from the diagonal (1, 1, ..., 1)? An axis: one entry, not several.",
        ),
        _most_held(
            "the others are short",
            lambda d, limit: _one_tall(d, 1000 * limit, 0.0),
            _say_turned(
                "One entry is cut, and only one: good. The smallest of the others is {smallest} times the limit, so "
                "the clipped vector still leans towards the same axis as g."
            ),
            "How large may the other entries be without being cut? After the cut all entries should be equal.",
        ),
        _most_held(
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
    picture=_picture_of_most,
)


# clip_by_global_norm --------------------------------------------------------------------------------------


def _lengths(grads: list[Any]) -> list[float]:
    return [float(np.sqrt(np.sum(g**2))) for g in grads if g is not None]


def _scaled(grads: list[Any], norm: float, max_norm: float) -> list[Any]:
    factor = max_norm / norm if norm > max_norm else 1.0
    return [None if g is None else g * factor for g in grads]


def _clip_by_global_norm(grads: list[Any], max_norm: float) -> tuple[list[Any], float]:
    norm = math.sqrt(sum(length**2 for length in _lengths(grads)))
    return _scaled(grads, norm, max_norm), norm


def _with_norm(norm_of: Callable[[list[float]], float]) -> Callable[[list[Any], float], Any]:
    """The same with another idea of what the norm of the whole is, given the lengths of the parts."""

    def clip(grads: list[Any], max_norm: float) -> tuple[list[Any], float]:
        norm = norm_of(_lengths(grads))
        return _scaled(grads, norm, max_norm), norm

    return clip


def _largest_stretches(grads: list[Any], max_norm: float) -> tuple[list[Any], float]:
    norm = math.sqrt(sum(float(np.linalg.norm(g, 2)) ** 2 for g in grads if g is not None))
    return _scaled(grads, norm, max_norm), norm


def _each_on_its_own(grads: list[Any], max_norm: float) -> tuple[list[Any], float]:
    clipped = [None if g is None else _clip_by_norm(g, max_norm) for g in grads]
    return clipped, _clip_by_global_norm(grads, max_norm)[1]


def _norm_after(grads: list[Any], max_norm: float) -> tuple[list[Any], float]:
    clipped, norm = _clip_by_global_norm(grads, max_norm)
    return clipped, min(norm, max_norm)


def _always_rescaled(grads: list[Any], max_norm: float) -> tuple[list[Any], float]:
    norm = _clip_by_global_norm(grads, max_norm)[1]
    return [None if g is None else g * max_norm / norm for g in grads], norm


def _nan_for_zeros(grads: list[Any], max_norm: float) -> tuple[list[Any], float]:
    norm = np.float64(_clip_by_global_norm(grads, max_norm)[1])
    return [None if g is None else g / norm * min(norm, max_norm) for g in grads], norm


def _zero_divided(grads: list[Any], max_norm: float) -> tuple[list[Any], float]:
    norm = _clip_by_global_norm(grads, max_norm)[1]
    return [None if g is None else g * min(1.0, max_norm / norm) for g in grads], norm


def _none_is_forgotten(grads: list[Any], max_norm: float) -> tuple[list[Any], float]:
    norm = math.sqrt(sum(float(np.sum(g**2)) for g in grads))
    return _scaled(grads, norm, max_norm), norm


def _changed_in_place(grads: list[Any], max_norm: float) -> tuple[list[Any], float]:
    norm = _clip_by_global_norm(grads, max_norm)[1]
    for g in grads:
        if g is not None and norm > max_norm:
            g *= max_norm / norm
    return grads, norm


def _laid_flat(grads: list[Any], max_norm: float) -> tuple[Any, float]:
    flat = np.concatenate([np.ravel(g) for g in grads if g is not None])
    norm = float(np.linalg.norm(flat))
    return flat * (max_norm / norm if norm > max_norm else 1.0), norm


def _global_held(
    name: str,
    wrong: Callable[[list[Any], float], Any],
    message: Say,
    hint: str,
    matches: Matches | None = None,
) -> Misconception:
    question = "clip_by_global_norm"
    right = answering(_ASKED[question], _clip_by_global_norm)
    matches = matches or until_it_fails(right, answering(_ASKED[question], wrong), rtol=2e-5)
    return Misconception(name, {question: wrong}, message, hint, matches)


def _whole(case: Case) -> float:
    return _clip_by_global_norm(case["grads"], case["max_norm"])[1]


def _say_each(case: Case, answer: Answer) -> str:
    kept = [
        f"{_length(after) / _length(before):.2g}"
        for before, after in zip(case["grads"], answer.value["clipped"], strict=True)
        if before is not None
    ]
    return (
        f"Each array was clipped on its own (per-layer clipping): they kept {', '.join(kept)} of their lengths. "
        "Clipped globally, all share one factor, so that the direction of the whole stays."
    )


def _say_stretch(case: Case, answer: Answer) -> str:
    matrix = next(g for g in case["grads"] if g is not None and g.ndim == 2)
    return (
        f"norm(M, 2) of a matrix is its largest stretch, here {show(float(np.linalg.norm(matrix, 2)))}; the length of "
        f"all its entries is {show(_length(matrix))}. Flatten the matrix first, or leave the 2 out."
    )


def _raised_at_none_only(cases: list[Case], answers: list[Answer]) -> bool:
    raised = [answer.status == "raised" for answer in answers]
    with_none = [any(g is None for g in case["grads"]) for case in cases]
    return any(raised) and all(none for none, stopped in zip(with_none, raised, strict=True) if stopped)


CLIP_BY_GLOBAL_NORM = Judged(
    name="clip_by_global_norm",
    reference={"clip_by_global_norm": _clip_by_global_norm},
    rtol=2e-5,
    misconceptions=(
        _global_held(
            "the norm is not returned",
            lambda grads, c: _clip_by_global_norm(grads, c)[0],
            "You returned the clipped gradients alone. The norm is what a training log needs: return both, "
            "`return clipped, norm`.",
            "Two things come back: the list, then the norm before clipping.",
        ),
        _global_held(
            "the order of the two",
            lambda grads, c: _clip_by_global_norm(grads, c)[::-1],
            "Both are there, in the other order: first the list of clipped gradients, then the norm.",
            "`return clipped, norm`.",
        ),
        _global_held(
            "laid flat",
            _laid_flat,
            "The gradients came back as one long vector. Each has to keep its place and its shape, or the optimizer "
            "cannot match them with the parameters.",
            "Compute the norm from the flat vector if you like, then scale each array of the list.",
        ),
        _global_held(
            "nan for zeros",
            _nan_for_zeros,
            "Gradients that are all zero came back as nan: their norm is 0, and 0 / 0 has no value.",
            "Scale only where the norm is above the threshold; then you never divide by 0.",
        ),
        _global_held(
            "always rescales",
            _always_rescaled,
            lambda case, answer: (
                f"The whole has length {show(_whole(case))}, below {show(case['max_norm'])}, and you stretched it. "
                "Clipping only shortens."
            ),
            "The factor is never above 1.",
        ),
        _global_held(
            "the lengths added up",
            _with_norm(sum),
            lambda case, answer: (
                f"You added the lengths of the arrays, {', '.join(show(x) for x in _lengths(case['grads']))}. But they "
                f"stand at right angles to each other: the whole has length {show(_whole(case))}."
            ),
            "Add the squares of the lengths, then take the root.",
        ),
        _global_held(
            "the longest array",
            _with_norm(max),
            lambda case, answer: (
                f"You took the length of the longest array, {show(max(_lengths(case['grads'])))}. The whole, all "
                f"entries of all arrays together, has length {show(_whole(case))}."
            ),
            "Add the squares of all lengths, then take the root.",
        ),
        _global_held(
            "squared length",
            _with_norm(lambda lengths: sum(length**2 for length in lengths)),
            lambda case, answer: (
                f"You have the sum of squares; its square root, {show(_whole(case))}, is the norm."
            ),
            "Take the root once, after all squares are added up.",
        ),
        _global_held(
            "the largest stretch of a matrix",
            _largest_stretches,
            _say_stretch,
            "np.linalg.norm(g) without a second argument is the root of the sum of all squares, for every shape.",
        ),
        _global_held(
            "the norm after",
            _norm_after,
            lambda case, answer: (
                f"The gradients are right. But {show(answer.value['norm'])} is the norm after clipping: a log of "
                f"those would never show anything above {show(case['max_norm'])}, however the run explodes."
            ),
            "Keep the norm before you scale, and return that one.",
        ),
        _global_held(
            "each array on its own",
            _each_on_its_own,
            _say_each,
            "First the norm of the whole, then one factor for every array.",
        ),
        _global_held(
            "stumbles over None",
            _none_is_forgotten,
            "Your code stops at a None: a frozen layer has no gradient. Pass over it when you measure, and hand it "
            "back as None in its place.",
            "`if g is not None` belongs into both loops: the one that measures and the one that scales.",
            matches=_raised_at_none_only,
        ),
        _global_held(
            "None is left out",
            lambda grads, c: _clip_by_global_norm([g for g in grads if g is not None], c),
            lambda case, answer: (
                f"{len(case['grads'])} entries came in and {len(answer.value['clipped'])} went out: the None is gone, "
                "and every later gradient has moved to another parameter's place."
            ),
            "Keep its place in the list: hand back None where None came in.",
        ),
        _global_held(
            "None becomes zero",
            lambda grads, c: _clip_by_global_norm([np.array(0.0) if g is None else g for g in grads], c),
            "The None came back as 0. For an optimizer with momentum or weight decay these are different things: "
            "with None a parameter rests, with 0 it may still move.",
            "Put None where None was.",
        ),
        _global_held(
            "division by zero",
            _zero_divided,
            "Your code divides by the norm, and the norm of gradients that are all zero is 0.",
            "The factor is 1 unless norm > max_norm; divide only in that branch.",
        ),
        _global_held(
            "changes its input",
            _changed_in_place,
            "The numbers are right, but your function has written into the arrays of its caller. An operator such as "
            "*= changes an array in place.",
            "Make new arrays: [g * factor for g in grads], with None where None was.",
        ),
    ),
    hints=(
        "Think of all entries of all arrays as one long vector. What is its length?",
        "Add the squares of every entry of every array that is not None, take one root, and scale every array by the "
        "same factor, at most 1.",
        "[3], None and [4, 0] at max_norm 1: the squares add up to 9 + 16 + 0 = 25, the norm is 5, the factor 1/5. "
        "[0.6], None and [0.8, 0] come back, with the 5.",
    ),
)


# train ----------------------------------------------------------------------------------------------------


_TRAINED_ALIKE = {"rtol": 1e-4, "atol": 1e-5}
"""With or without PyTorch's 1e-6 in the denominator, a run ends at the same weights to this tolerance."""


def _training(mistake: str = "") -> Callable[..., list[float]]:
    """The training loop, right or with one named mistake left in it.

    SGD is written out: the first optimizer that a process makes imports torch's compiler, which takes seconds.
    """

    def train(model: Any, batches: Any, max_norm: float, lr: float, accumulate: int) -> list[float]:
        from torch.nn.functional import mse_loss
        from torch.nn.utils import clip_grad_norm_, get_total_norm

        def length() -> float:
            return get_total_norm([p.grad for p in model.parameters() if p.grad is not None]).item()

        norms = []
        for number, (x, y) in enumerate(batches, start=1):
            if mistake == "only the last batch counts":
                model.zero_grad()
            loss: Any = mse_loss(model(x), y)
            if mistake == "skips the batch only" and not math.isfinite(loss.item()):
                continue
            late = mistake in ("divides after clipping", "divides after clipping, and the norm as well")
            if mistake != "the sum instead of the mean" and not late:
                loss = loss / accumulate
            if mistake == "clips before backward":
                norm = clip_grad_norm_(model.parameters(), max_norm).item()
            loss.backward()
            if mistake == "clips every batch":
                norm = clip_grad_norm_(model.parameters(), max_norm).item()
            if mistake == "one norm a batch":
                norms.append(length())
            if number % accumulate:
                continue
            if mistake == "clears before clipping":
                model.zero_grad()
            if mistake == "clips after the step":
                _sgd_step(model, lr)
            if mistake not in ("clips before backward", "clips every batch"):
                norm = clip_grad_norm_(model.parameters(), max_norm).item()
            finite = math.isfinite(norm)
            if mistake != "clips after the step" and (finite or mistake == "takes the nan step"):
                _sgd_step(model, lr / accumulate if late else lr)
            if mistake == "divides after clipping, and the norm as well":
                norm = norm / accumulate
            if mistake == "logs the norm after":
                norm = length()
            if mistake != "one norm a batch" and (finite or mistake != "forgets the skipped step in the log"):
                norms.append(norm)
            if mistake != "never clears" and (finite or mistake != "keeps the nan"):
                model.zero_grad()
        return norms

    return train


def _as_it_came(model: Any, batches: Any, max_norm: float, lr: float, accumulate: int) -> list[float]:
    from torch.nn.functional import mse_loss
    from torch.nn.utils import clip_grad_norm_

    norms = []
    for number, (x, y) in enumerate(batches, start=1):
        model.zero_grad()
        loss: Any = mse_loss(model(x), y)
        norm = clip_grad_norm_(model.parameters(), max_norm)
        loss.backward()
        norms.append(norm.item())
        if number % accumulate == 0:
            _sgd_step(model, lr)
    return norms


def _sgd_step(model: Any, lr: float) -> None:
    import torch

    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.grad is not None:
                parameter -= lr * parameter.grad


def _say_norms(story: str) -> Callable[[Case, Answer], str]:
    """The story, with the norms that were returned in place of `{norms}`."""
    return lambda case, answer: story.format(
        norms=show(answer.value["norms"]), max_norm=show(case["max_norm"])
    )


def _trained(mistake: str) -> Answering:
    return lambda case: _trained_on(mistake, case.label, tuple(case.inputs.items()))


@lru_cache(maxsize=128)  # all mistakes are compared with one right answer, and on the same cases
def _trained_on(mistake: str, label: str, inputs: tuple[tuple[str, Plain], ...]) -> Answer:
    train = _as_it_came if mistake == "as it came" else _training(mistake)
    return answering(_ASKED["train"], train)(Case(label, dict(inputs)))


def _untouched(cases: list[Case], answers: list[Answer]) -> bool:
    as_it_came = _trained("as it came")
    return all(
        same(answer, as_it_came(case), **_TRAINED_ALIKE) for case, answer in zip(cases, answers, strict=True)
    )


def _first_wrong_log(cases: list[Case], answers: list[Answer]) -> tuple[Case, int]:
    """The first case that is not right, and how many norms were returned for it; -1 where that is no log."""
    right = _trained("")
    for case, answer in zip(cases, answers, strict=True):
        if not same(answer, right(case), **_TRAINED_ALIKE):
            log = vector_in(answer.value.get("norms")) if isinstance(answer.value, dict) else None
            return case, -1 if log is None else log.size
    return cases[0], -1


def _logs_every_batch(cases: list[Case], answers: list[Answer]) -> bool:
    case, logged = _first_wrong_log(cases, answers)
    return bool(case["accumulate"] > 1 and logged == case["batches"])


def _log_is_short(cases: list[Case], answers: list[Answer]) -> bool:
    case, logged = _first_wrong_log(cases, answers)
    return bool(case["nan_batch"] is not None and 0 < logged < case["batches"] // case["accumulate"])


def _divides_late(cases: list[Case], answers: list[Answer]) -> bool:
    """Whether the norm in the log is that of the sum, or divided as well."""
    names = ("divides after clipping", "divides after clipping, and the norm as well")
    right = _trained("")
    return any(until_it_fails(right, _trained(name), **_TRAINED_ALIKE)(cases, answers) for name in names)


def _train_held(name: str, message: Say, hint: str, matches: Matches | None = None) -> Misconception:
    matches = matches or until_it_fails(_trained(""), _trained(name), **_TRAINED_ALIKE)
    return Misconception(name, {"train": _training(name)}, message, hint, matches)


TRAIN = Judged(
    name="train",
    reference={"train": _training()},
    rtol=_TRAINED_ALIKE["rtol"],
    atol=_TRAINED_ALIKE["atol"],
    misconceptions=(
        Misconception(
            "as it came",
            {"train": _as_it_came},
            "This is the loop as it came; all five mistakes are still in it.",
            "Start with the order inside one step: backward makes the gradients, clip shortens them, step uses them.",
            matches=_untouched,
        ),
        _train_held(
            "clips before backward",
            _say_norms(
                "Clipping comes before backward here: at that moment the gradients of this batch do not exist yet, and "
                "your log says {norms}. What backward then makes goes into the step unclipped."
            ),
            "backward, then clip, then step.",
        ),
        _train_held(
            "clears before clipping",
            _say_norms(
                "The gradients are cleared between backward and clip: your log says {norms}, and the weights have not "
                "moved at all."
            ),
            "zero_grad belongs after the step, or before the first backward of the next one.",
        ),
        _train_held(
            "never clears",
            "The gradients are never cleared: backward adds to what is there, so the second step still carries the "
            "gradient of the first.",
            "Call optimizer.zero_grad() once a step, after it.",
        ),
        _train_held(
            "clips after the step",
            _say_norms(
                "You log the right thing, but the step was taken before the gradient was clipped: a gradient longer "
                "than {max_norm} went into the weights as it was, and from then on weights and norms are other ones. "
                "This is the most common place for this line to be wrong."
            ),
            "In which order does your loop clip and step? Which of the two uses the gradient?",
        ),
        _train_held(
            "logs the norm after",
            _say_norms(
                "Your log says {norms}: the norms after clipping. A log of those can never exceed {max_norm}, so it "
                "hides the very explosion that you want to see. clip_grad_norm_ returns the norm before."
            ),
            "Log what clip_grad_norm_ returns.",
        ),
        _train_held(
            "one norm a batch",
            lambda case, answer: (
                f"Your log has {len(answer.value['norms'])} norms for {case['batches'] // case['accumulate']} steps. "
                f"A step takes {case['accumulate']} batches together, and it is the step that is clipped and logged."
            ),
            "Clip and log inside the `if` that takes the step.",
            matches=_logs_every_batch,
        ),
        _train_held(
            "only the last batch counts",
            "zero_grad is called for every batch, so when the step comes only the last batch's gradient is left, and "
            "the others were computed for nothing.",
            "Clear once a step, not once a batch.",
        ),
        _train_held(
            "the sum instead of the mean",
            lambda case, answer: (
                f"The gradients of {case['accumulate']} batches were added up, so the step (and the norm) is "
                f"{case['accumulate']} times too large. Asked is the mean over the batches of a step."
            ),
            "Divide each loss by `accumulate` before backward.",
        ),
        _train_held(
            "divides after clipping",
            lambda case, answer: (
                f"You divide by accumulate = {case['accumulate']} after clipping. Then it is the sum of the gradients "
                "that is measured against max_norm, not their mean, and a step that was clipped is only max_norm / "
                f"{case['accumulate']} long."
            ),
            "What is clipped is the mean: the division comes before, at the latest when the last backward is done.",
            matches=_divides_late,
        ),
        _train_held(
            "clips every batch",
            "You clip after every backward. Then the parts are clipped before they are added up: the step no longer "
            "has the direction of the whole gradient, and the norm in the log is that of a mixture.",
            "Clip once a step: after the last backward, before step.",
        ),
        _train_held(
            "takes the nan step",
            "One missing number (nan) made a gradient nan, clipping made all of it nan, and the step put it into every "
            "weight: from there on the model is lost. No clipping repairs a nan.",
            "Take the step only where math.isfinite(norm); clear the gradients either way.",
        ),
        _train_held(
            "skips the batch only",
            _say_norms(
                "You skip the batch with the nan, but not its step: the other batch of that step moves the weights "
                "alone, at half its weight, and your log says {norms}, where the skipped step's nan should stand."
            ),
            "Let backward run in any case, and ask of the norm, once a step, whether it is finite.",
        ),
        _train_held(
            "forgets the skipped step in the log",
            "The step with the nan is missing from your log: whoever reads it later cannot see that it happened, or "
            "when. Its norm, nan, belongs in its place.",
            "Append the norm in any case; skip nothing but the step itself.",
            matches=_log_is_short,
        ),
        _train_held(
            "keeps the nan",
            _say_norms(
                "You skip the step with the nan, which is right, but do not clear its gradient: nan plus anything is "
                "nan, so every later step is skipped as well, and your log says {norms}."
            ),
            "zero_grad comes after every step, taken or skipped.",
        ),
    ),
    hints=(
        "Say in words what one step needs: the mean gradient of its batches, then clipping, then the update, then a "
        "clean slate.",
        "In every batch: loss / accumulate, backward. In every `accumulate`-th batch also: clip, log what it returns, "
        "step if that is finite, zero_grad. Nothing else, and in this order.",
        "One weight, two batches a step, max_norm 1: gradients 3 and 5 come in as 1.5 and 2.5 and add up to 4. The log "
        "gets 4, the step uses 1, then the gradient is 0 again. Gradients nan and 5: the log gets nan, the weight "
        "stays, and the gradient is 0 again all the same.",
    ),
)


# rule_and_threshold ---------------------------------------------------------------------------------------

TARGET = 0.65
"""The test error to stay below, in units of the variance."""

_RULES: dict[str, Callable[[Floats, float], Floats]] = {
    "norm": lambda G, c: (
        G * np.minimum(1.0, c / np.maximum(np.sqrt(G[:, None] @ G[:, :, None])[:, 0], 1e-300))
    ),
    "value": lambda G, c: np.clip(G, -c, c),
}
"""Gradients in rows, each clipped by itself; lengths to the last bit as `np.linalg.norm` of one row gives them."""


@lru_cache(maxsize=64)
def _error(rule: str, threshold: float, splits: tuple[int, ...]) -> float:
    errors = probes.pascal_errors(lambda G: _RULES[rule](G, threshold), splits)
    return float(errors.mean())


def _complaint(value: Plain) -> str:
    """What is wrong with the form of a choice, in one sentence; empty when nothing is."""
    if not isinstance(value, dict) or set(value) != {"rule", "threshold"}:
        return f"Set my_rule to a word and my_threshold to a number; got {show(value)}."
    rule, threshold = value["rule"], vector_in(value["threshold"])
    if not isinstance(rule, str) or rule not in _RULES:
        return f"my_rule must be the word 'norm' or the word 'value'; it is {show(rule)}."
    if threshold is None or threshold.size != 1 or not 0 < threshold[0] < math.inf:
        return f"my_threshold must be one number above 0; it is {show(value['threshold'])}."
    return ""


def _threshold(value: Plain) -> float:
    return float(np.ravel(value["threshold"])[0])


def _error_of(case: Case, value: Plain) -> float:
    return _error(value["rule"], _threshold(value), tuple(int(seed) for seed in case["splits"]))


def _judge_choice(case: Case, value: Plain) -> Finding:
    if complaint := _complaint(value):
        return Finding(False, complaint)
    error = _error_of(case, value)
    return Finding(error < TARGET, f"On {case.label} the error is {error:.2f}; below {TARGET} is asked.")


def _choice_kind(case: Case, answer: Answer) -> str:
    """Which way a valid choice went wrong, in a few words."""
    if answer.status != "given":
        return answer.status
    if _complaint(answer.value):
        return "not a choice"
    error = _error_of(case, answer.value)
    if error < TARGET:
        return "right"
    if answer.value["rule"] == "norm":
        return "norm, and it diverges" if error > 1 else "norm"
    if error > 2:
        return "value, far too large"
    return "value, too small" if _threshold(answer.value) < 0.02 else "value, too large"


def _say_error(story: Callable[[float], str]) -> Callable[[Case, Answer], str]:
    """The error on the fresh splits, then the story, which knows the threshold."""

    def say(case: Case, answer: Answer) -> str:
        threshold, error = _threshold(answer.value), _error_of(case, answer.value)
        shown = f"{error:.2f}" if error < 100 else f"{error:.1g}"
        return (
            f"On {case.label}, clipping by {answer.value['rule']} at {show(threshold)} ends at an error of {shown}; "
            f"below {TARGET} is asked. {story(threshold)}"
        )

    return say


def _choice_held(name: str, rule: str, threshold: float, message: Say, hint: str) -> Misconception:
    names = {"my_rule": rule, "my_threshold": threshold}
    return Misconception(name, names, message, hint, matches=first_failing(_choice_kind, name))


RULE_AND_THRESHOLD = Judged(
    name="rule_and_threshold",
    reference={"my_rule": "value", "my_threshold": 0.02},
    judge=_judge_choice,
    misconceptions=(
        _choice_held(
            "norm",
            "norm",
            0.02,
            _say_error(
                lambda c: (
                    "One factor scales all ten entries, and the blood pressure's entry, 133 times too large, decides "
                    "it: the nine healthy ones hardly move. No threshold mends that."
                )
            ),
            "Which rule cuts the one sick entry and leaves the other nine alone?",
        ),
        _choice_held(
            "norm, and it diverges",
            "norm",
            100.0,
            _say_error(
                lambda c: (
                    f"Steps of up to {probes.LEARNING_RATE} * {show(c)} along the blood pressure overshoot, again and "
                    "again. A smaller threshold stops that, but then the nine healthy weights hardly move."
                )
            ),
            "What do the nine healthy weights need, and what does the tenth?",
        ),
        _choice_held(
            "value, too small",
            "value",
            0.001,
            _say_error(
                lambda c: (
                    f"In 400 steps of at most {probes.LEARNING_RATE} * {show(c)} no weight gets further from 0 than "
                    f"{show(400 * probes.LEARNING_RATE * c)}, and the best weights are some tenths: the run stalls."
                )
            ),
            "How large must the threshold be for 400 steps of 0.05 * threshold to reach a weight of 0.3?",
        ),
        _choice_held(
            "value, too large",
            "value",
            0.3,
            _say_error(
                lambda c: (
                    f"The rule is right. But each step moves the blood pressure's weight by up to "
                    f"{probes.LEARNING_RATE} * {show(c)}, and the predictions by 133 times that, "
                    f"{show(133 * probes.LEARNING_RATE * c)} standard deviations: the weight "
                    "jumps to and fro around its best value."
                )
            ),
            "Keep 133 * 0.05 * threshold well below 1, so that one step cannot throw the predictions about.",
        ),
        _choice_held(
            "value, far too large",
            "value",
            10.0,
            _say_error(
                lambda c: (
                    f"That is worse than always predicting the mean, which has an error of 1: at {show(c)} the sick "
                    "entry is still so large after the cut that its steps overshoot."
                )
            ),
            "Print pascal_error for thresholds from 1 down to 0.0001, a factor of 3 or 10 apart.",
        ),
    ),
    hints=(
        "Measure before you choose: call pascal_error for both rules at 0.001, 0.01, 0.1 and 1.",
        "One entry of the gradient is sick, the other nine are healthy. Choose the rule that treats entries one by "
        "one; then a threshold from which 400 steps of 0.05 * threshold can reach weights of some tenths.",
        "Two that fail: at 0.001 a weight gets no further than 0.02 in 400 steps, too short for some tenths; at 1 one "
        "step moves the predictions by 6.7 standard deviations, too far. Do both sums for what lies between.",
    ),
)


JUDGED: tuple[Judged, ...] = (
    BREAKING_GRADIENTS,
    CLIP_BY_NORM,
    TURNED_BY_VALUE,
    MOST_TURNED,
    CLIP_BY_GLOBAL_NORM,
    TRAIN,
    RULE_AND_THRESHOLD,
)
