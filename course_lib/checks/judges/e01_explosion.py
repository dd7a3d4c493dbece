"""How exercise 01_explosion is judged: references, misunderstandings and what a teaching assistant says to them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from html import escape
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_lib.checks.asking import Namespace
from course_lib.checks.case import Answer, Case, Plain
from course_lib.checks.chart import BLUE, VERMILION
from course_lib.checks.compare import same, show
from course_lib.checks.judging import Finding, Judged, Misconception
from course_lib.checks.matching import answering, until_it_fails
from course_lib.checks.probes.e01_explosion import ASKED, LARGEST, forward
from course_lib.checks.reading import number_in, numbers_in
from course_lib.data import digits, standardise

Array = NDArray[np.float64]
Record = list[tuple[int, str, NDArray[Any]]]

FLOAT32 = 1e-4
"""Relative tolerance wherever a chain of float32 products is as good an answer as one of float64."""


# A picture for questions about layers ---------------------------------------------------------------------

_STYLES = ((BLUE, "", "circle"), (VERMILION, "5 3", "square"))


def _log_plot(
    alt: str, across: str, up: str, lines: Sequence[tuple[str, Sequence[float]]], first: int = 0
) -> str:
    """Sizes on a logarithmic scale, counted from `first`; zeros, nan and infinities are left out."""
    seen = [math.log10(abs(v)) for _, values in lines for v in values if v and math.isfinite(v)]
    if not seen:
        return ""
    low, high = math.floor(min(seen)), max(math.ceil(max(seen)), math.floor(min(seen)) + 1)
    last = max(1, *(len(values) - 1 for _, values in lines))

    def place(index: int, value: float) -> tuple[float, float]:
        return 56 + 290 * index / last, 150 - 120 * (math.log10(abs(value)) - low) / (high - low)

    parts = [
        f'<svg role="img" aria-label="{escape(alt)}" viewBox="0 0 360 190" width="360" height="190" '
        'font-size="11" fill="currentColor" font-family="sans-serif">',
        '<path d="M56 30V150H346" fill="none" stroke="currentColor"/>',
        f'<text x="50" y="34" text-anchor="end">1e{high}</text>',
        f'<text x="50" y="153" text-anchor="end">1e{low}</text>',
        f'<text x="56" y="164" text-anchor="middle">{first}</text>',
        f'<text x="346" y="164" text-anchor="middle">{first + last}</text>',
        f'<text x="201" y="182" text-anchor="middle">{escape(across)}</text>',
        f'<text x="12" y="90" text-anchor="middle" transform="rotate(-90 12 90)">{escape(up)}</text>',
    ]
    for (label, values), (colour, dash, marker), left in zip(lines, _STYLES, (66, 206), strict=False):
        points = [place(i, v) for i, v in enumerate(values) if v and math.isfinite(v)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"/>'
        )
        parts += [_mark(marker, x, y, colour) for x, y in [*(points if len(points) < 20 else ()), (left, 14)]]
        parts.append(f'<text x="{left + 10}" y="18">{escape(label)}</text>')
    return "".join([*parts, "</svg>"])


def _mark(marker: str, x: float, y: float, colour: str) -> str:
    if marker == "circle":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>'
    return f'<rect x="{x - 3:.1f}" y="{y - 3:.1f}" width="6" height="6" fill="{colour}"/>'


def _listed(values: Iterable[float]) -> str:
    shown = [show(float(value), 3) for value in values]
    return ", ".join(shown if len(shown) <= 8 else [*shown[:3], "...", *shown[-3:]])


# gradient_ladder ------------------------------------------------------------------------------------------


def gradient_ladder(gains: Array) -> list[float]:
    """Each rung is the one above times the gain between them."""
    ladder = [1.0]
    for gain in reversed(gains):
        ladder.append(gain * ladder[-1])
    return ladder[::-1]


def _ladder_of_signals(gains: Array) -> Array:
    return np.concatenate([[1.0], np.cumprod(gains)])


def _ladder_output_first(gains: Array) -> Array:
    return np.concatenate([[1.0], np.cumprod(gains[::-1])])


def _ladder_of_signals_turned(gains: Array) -> Array:
    return np.concatenate([np.cumprod(gains)[::-1], [1.0]])


def _ladder_upwards_with_its_one_last(gains: Array) -> Array:
    return np.append(np.cumprod(gains), 1.0)


def _ladder_without_top(gains: Array) -> Array:
    return np.asarray(np.cumprod(gains[::-1])[::-1])


def _ladder_without_bottom(gains: Array) -> list[float]:
    return gradient_ladder(gains)[1:]


def _ladder_of_sums(gains: Array) -> Array:
    return np.concatenate([np.cumsum(gains[::-1])[::-1], [1.0]])


def _ladder_without_sign(gains: Array) -> Array:
    return np.abs(gradient_ladder(gains))


def _ladder_by_division(gains: Array) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.prod(gains) / np.concatenate([[1.0], np.cumprod(gains)]))


def _ladder_bottom_only(gains: Array) -> float:
    return float(np.prod(gains))


def _picture_of_ladder(case: Case, got: Plain, expected: Plain) -> str:
    right = gradient_ladder(case["gains"])
    lines: list[tuple[str, Sequence[float]]] = [("expected", right)]
    alt = f"Size of the gradient at each rung, the input's first. Expected: {_listed(right)}."
    given = numbers_in(got)
    if given is not None and given.ndim == 1 and 0 < given.size <= 200:
        lines.append(("yours", given.tolist()))
        alt += f" Yours: {_listed(given)}."
    return _log_plot(alt, "rung l, from the input on", "|dy_L / dy_l|", lines)


GRADIENT_LADDER = Judged(
    name="gradient_ladder",
    reference={"gradient_ladder": gradient_ladder},
    rtol=FLOAT32,
    atol=0.0,
    picture=_picture_of_ladder,
    misconceptions=(
        Misconception(
            "signal instead of gradient",
            {"gradient_ladder": _ladder_of_signals},
            lambda case, answer: (
                "You multiplied from the input upwards: that is how the signal grows, dy_l / dy_0. "
                f"The gradient goes the other way: rung 0 has all {len(case['gains'])} gains above it, "
                f"the output's rung has none and holds 1."
            ),
            "Start at the output with 1 and walk down; which gain do you meet first?",
        ),
        Misconception(
            "output first",
            {"gradient_ladder": _ladder_output_first},
            "All the right numbers, but listed from the output down. Rung 0 belongs to the input, as index 0 "
            "belongs to y_0.",
            "You built the list while walking backwards; turn it round before you return it.",
        ),
        Misconception(
            "signal turned round",
            {"gradient_ladder": _ladder_of_signals_turned},
            lambda case, answer: (
                "You multiplied from the input upwards and turned the result round. The ends are right, the rungs "
                "between are not: the rung below the output has passed the last gain, "
                f"{show(float(case['gains'][-1]))}, and yours has passed the first, "
                f"{show(float(case['gains'][0]))}."
            ),
            "Turn the gains round before you multiply, not the products afterwards (or do both).",
        ),
        Misconception(
            "signal with its one last",
            {"gradient_ladder": _ladder_upwards_with_its_one_last},
            lambda case, answer: (
                "You multiplied from the input upwards, and put the 1 of the output last. The 1 is in its place, but "
                "the rungs below it are counted from the wrong end: rung 0 has every gain above it, "
                f"{show(gradient_ladder(case['gains'])[0])}, and yours has {show(float(case['gains'][0]))}, the first "
                "gain alone."
            ),
            "Which gain stands between the output and the rung just below it? Begin to multiply with that one.",
        ),
        Misconception(
            "output's rung left out",
            {"gradient_ladder": _ladder_without_top},
            lambda case, answer: (
                f"Your ladder ends one rung early: {len(case['gains'])} layers have "
                f"{len(case['gains']) + 1} signals, y_0 to y_L, and dy_L / dy_L = 1 belongs to the list."
            ),
            "How large is the gradient of the output with respect to itself? Append it.",
        ),
        Misconception(
            "input's rung left out",
            {"gradient_ladder": _ladder_without_bottom},
            lambda case, answer: (
                "Your ladder begins at y_1. The rung that matters most in this lesson is missing: the "
                f"gradient that reaches the input, which here is {show(gradient_ladder(case['gains'])[0])}."
            ),
            "One more multiplication, by the gain of the first layer.",
        ),
        Misconception(
            "gains added",
            {"gradient_ladder": _ladder_of_sums},
            lambda case, answer: (
                "You added the gains. Each layer multiplies what passes through it, so fifty layers of 1.2 "
                "make 1.2 to the power 50, about 9,100, and not 50 times 1.2, which is 60."
            ),
            "The chain rule multiplies along a path; it adds only where several paths meet.",
        ),
        Misconception(
            "sign lost",
            {"gradient_ladder": _ladder_without_sign},
            "The sizes are right, the signs are not: a layer with a negative gain turns the gradient round, "
            "and descent would walk the wrong way.",
            "Multiply the gains as they are; there is no need of an absolute value.",
        ),
        Misconception(
            "divided out",
            {"gradient_ladder": _ladder_by_division},
            "You divide the whole product by the part below each rung. Where a gain is 0 that is 0 / 0, and "
            "the answer is nan from there on. A dead layer is ordinary (think of ReLU), and division is not needed.",
            "Build each rung from the one above it by one multiplication.",
        ),
        Misconception(
            "input only",
            {"gradient_ladder": _ladder_bottom_only},
            lambda case, answer: (
                "That is the bottom rung only, the gradient that reaches the input. "
                f"The ladder has {len(case['gains']) + 1} rungs, one for each signal from y_0 to y_L."
            ),
            "Keep every value on the way down, not just the last.",
        ),
    ),
    hints=(
        "The top rung is dy_L / dy_L = 1. What is the rung just below it?",
        "Walk from the output to the input and keep a running product; note its value at every signal.",
        "With gains [2, 3]: start with 1; times 3 is 3; times 2 is 6; turned round that reads [6, 3, 1].",
    ),
)


# overflow_layer -------------------------------------------------------------------------------------------


def overflow_layer(gain: float, layers: int, number_format: str) -> int | None:
    """Run the chain in Python's own numbers, and compare with the format's largest."""
    signal = 1.0
    for layer in range(1, layers + 1):
        signal *= gain
        if abs(signal) > LARGEST[number_format]:
            return layer
    return None


_OVERFLOW = next(asked for asked in ASKED if asked.name == "overflow_layer")


def _overflow_in_float64(gain: float, layers: int, number_format: str) -> int | None:
    return overflow_layer(gain, layers, "float64")


def _overflow_by_width(gain: float, layers: int, number_format: str) -> int | None:
    return overflow_layer(gain, layers, "float16" if number_format == "bfloat16" else number_format)


def _last_finite_layer(gain: float, layers: int, number_format: str) -> int | None:
    layer = overflow_layer(gain, layers, number_format)
    return None if layer is None else layer - 1


def _overflow_by_rounding_up(gain: float, layers: int, number_format: str) -> int | None:
    if abs(gain) == 1:
        return None
    layer = math.ceil(math.log(LARGEST[number_format]) / math.log(abs(gain)))
    return layer if layer <= layers else None


def _negative_below_one(cases: list[Case], answers: list[Answer]) -> bool:
    """Right, but for a layer below 0 where the signal shrinks."""
    shrinking = [answer for case, answer in zip(cases, answers, strict=True) if abs(case["gain"]) < 1]
    growing = [pair for pair in zip(cases, answers, strict=True) if abs(pair[0]["gain"]) >= 1]
    below = [number_in(answer.value) for answer in shrinking]
    return all(layer is not None and layer < 0 for layer in below) and all(
        same(answer, Answer("given", _right_layer(case))) for case, answer in growing
    )


def _overflow_counted_from_input(gain: float, layers: int, number_format: str) -> int | None:
    layer = overflow_layer(gain, layers, number_format)
    return None if layer is None else layer + 1


def _overflow_upwards_only(gain: float, layers: int, number_format: str) -> int | None:
    return None if gain <= 1 else overflow_layer(gain, layers, number_format)


def _overflow_without_size(gain: float, layers: int, number_format: str) -> int | None:
    signal = 1.0
    for layer in range(1, layers + 1):
        signal *= gain
        if signal > LARGEST[number_format]:
            return layer
    return None


def _overflow_by_logarithm_of_gain(gain: float, layers: int, number_format: str) -> int | None:
    if 0 <= gain <= 1:
        return None
    layer = math.floor(math.log(LARGEST[number_format]) / math.log(gain)) + 1
    return layer if layer <= layers else None


def _stops_at_negative_gains(cases: list[Case], answers: list[Answer]) -> bool:
    return all(
        answer.error == "ValueError" for case, answer in zip(cases, answers, strict=True) if case["gain"] < 0
    )


def _overflow_without_end(gain: float, layers: int, number_format: str) -> int | None:
    if abs(gain) <= 1:
        return None
    return math.floor(math.log(LARGEST[number_format]) / math.log(abs(gain))) + 1


def _overflow_with_two_logarithms(gain: float, layers: int, number_format: str) -> int | None:
    if abs(gain) <= 1:
        return None
    layer = math.floor(math.log10(LARGEST[number_format]) / math.log(abs(gain))) + 1
    return layer if layer <= layers else None


def _never_overflows(gain: float, layers: int, number_format: str) -> None:
    return None


def _none_for_every_chain(cases: list[Case], answers: list[Answer]) -> bool:
    return all(same(answer, Answer("given", None)) for answer in answers)


def _overflow_without_the_last(gain: float, layers: int, number_format: str) -> int | None:
    return overflow_layer(gain, layers - 1, number_format)


def _one_late_wherever_it_overflows(cases: list[Case], answers: list[Answer]) -> bool:
    """One layer late; where that is beyond the last layer, a loop over the layers ends before it gets there."""
    for case, answer in zip(cases, answers, strict=True):
        layer = _right_layer(case)
        late = [None] if layer is None else [layer + 1, *([None] if layer == case["layers"] else [])]
        if not any(same(answer, Answer("given", value)) for value in late):
            return False
    return True


def _size_after(case: Case, layer: int) -> str:
    return f"about 10^{layer * math.log10(abs(case['gain'])):.1f}"


def _limit_of(case: Case) -> str:
    return f"{case['number_format']} goes up to {LARGEST[case['number_format']]:.3g}"


def _right_layer(case: Case) -> int | None:
    return overflow_layer(case["gain"], case["layers"], case["number_format"])


OVERFLOW_LAYER = Judged(
    name="overflow_layer",
    reference={"overflow_layer": overflow_layer},
    misconceptions=(
        Misconception(
            "no answer returned",
            {"overflow_layer": _never_overflows},
            lambda case, answer: (
                "Your function gives None for every chain. Here the signal outgrows the format at layer "
                f"{_right_layer(case)}. Does the path that finds the layer end in a `return`?"
            ),
            "Put `return layer` into the branch that notices the overflow.",
            matches=_none_for_every_chain,
        ),
        Misconception(
            "last layer not looked at",
            {"overflow_layer": _overflow_without_the_last},
            lambda case, answer: (
                f"You never look at the last layer: here it is layer {_right_layer(case)} of {case['layers']} at which "
                "the signal outgrows the format, and you give None."
            ),
            "The last layer counts as well. Does your loop end before it, or does a < stand where a <= belongs?",
        ),
        Misconception(
            "format ignored",
            {"overflow_layer": _overflow_in_float64},
            lambda case, answer: (
                "You wait until Python's own float overflows, and that is a float64, which goes up to "
                f"1.8e308. {_limit_of(case)}, and the signal passes that long before."
            ),
            "Compare with the largest number of the format that was asked for: torch.finfo(...).max.",
        ),
        Misconception(
            "sixteen bits taken for one range",
            {"overflow_layer": _overflow_by_width},
            "You treat bfloat16 like float16, since both have 16 bits. They spend them differently: bfloat16 keeps "
            "float32's 8 exponent bits, so it goes up to 3.39e38, while float16 ends at 65504. What bfloat16 gives "
            "up is precision, not range.",
            "Ask torch.finfo(torch.bfloat16).max, and compare it with that of torch.float32.",
        ),
        Misconception(
            "one layer early",
            {"overflow_layer": _last_finite_layer},
            lambda case, answer: (
                f"One layer early: after layer {answer.value} the signal is {_size_after(case, answer.value)} and "
                f"still fits ({_limit_of(case)}). You name the last layer that is finite; "
                "the question asks for the first that is not."
            ),
            "Count from 1, and multiply before you compare: after layer 1 the signal is already `gain`.",
            until_it_fails(
                answering(_OVERFLOW, overflow_layer),
                answering(_OVERFLOW, _last_finite_layer),
            ),
        ),
        Misconception(
            "a logarithm below zero",
            {"overflow_layer": _overflow_by_rounding_up},
            lambda case, answer: (
                f"With a gain of {show(case['gain'])} the signal shrinks and never outgrows the format. Your formula "
                f"divides by the logarithm of the gain, which is negative there, and so is your layer, {answer.value}."
            ),
            "Which gains can outgrow a format at all? Treat the others first.",
            _negative_below_one,
        ),
        Misconception(
            "one layer late",
            {"overflow_layer": _overflow_counted_from_input},
            lambda case, answer: (
                f"One layer late: after layer {answer.value - 1} the signal is already "
                f"{_size_after(case, answer.value - 1)}, and {_limit_of(case)}. "
                "The input 1.0 stands before layer 1 and is no layer itself."
            ),
            "Try gain 300 in float16 by hand: 300 fits, 90,000 does not, so the answer is 2.",
            matches=_one_late_wherever_it_overflows,
        ),
        Misconception(
            "negative gain thought safe",
            {"overflow_layer": _overflow_upwards_only},
            lambda case, answer: (
                f"You take a gain of {case['gain']} for harmless because it is below 1. The signal changes its sign at "
                f"every layer, and its size is multiplied by {abs(case['gain'])} all the same: -inf is an overflow too."
            ),
            "What counts is the size: use abs(...).",
        ),
        Misconception(
            "sign taken for size",
            {"overflow_layer": _overflow_without_size},
            lambda case, answer: (
                f"With the gain {case['gain']} the output changes its sign at every layer. You compare the output with "
                f"the largest number, and so pass over the layer where it is too large and negative: {answer.value} is "
                "one layer late."
            ),
            "A number is too large when its size is. Compare `abs(signal)`.",
        ),
        Misconception(
            "logarithm of a negative gain",
            {"overflow_layer": _overflow_by_logarithm_of_gain},
            "Your logarithm stops with a ValueError where the gain is negative: it exists for positive numbers only. "
            "A negative gain is allowed here; only the size of the signal decides whether it fits.",
            "Take the logarithm of abs(gain), or compare sizes in a loop.",
            matches=_stops_at_negative_gains,
        ),
        Misconception(
            "network without an end",
            {"overflow_layer": _overflow_without_end},
            lambda case, answer: (
                f"You name layer {answer.value}, but this network has only {case['layers']} layers: "
                "its output is still finite, and the answer is None."
            ),
            "Compare the layer you found with `layers` before you return it.",
        ),
        Misconception(
            "two kinds of logarithm",
            {"overflow_layer": _overflow_with_two_logarithms},
            lambda case, answer: (
                f"Layer {answer.value} is far too early: there the signal is only {_size_after(case, answer.value)}. "
                "It looks as if log10 of the limit were divided by the natural log of the gain; "
                "a quotient of logarithms needs the same base above and below."
                if isinstance(answer.value, int)
                else "Your quotient of logarithms mixes two bases, log10 above and the natural log below."
            ),
            "math.log for both, or math.log10 for both; or a plain loop over the layers.",
        ),
    ),
    hints=(
        "After layer l the size of the signal is |gain|^l. With which number must you compare it?",
        "torch.finfo(torch.float16).max is the largest finite float16; loop over the layers 1, 2, ..., multiply, "
        "compare the size, and stop at the first that is larger.",
        "gain 300 in float16: layer 1 gives 300, layer 2 gives 90,000, more than 65,504: the answer is 2. "
        "If the loop ends without such a layer, return None.",
    ),
)


# shared_weight --------------------------------------------------------------------------------------------


def shared_weight(a: float, layers: int, x0: float) -> dict[str, float]:
    """Three gradients of y = a^L x0, one for each question one can ask of it."""
    to_one = a ** (layers - 1) * x0
    return {"input": a**layers, "one_weight": to_one, "shared_weight": layers * to_one}


def _same_factor_everywhere(a: float, layers: int, x0: float) -> dict[str, float]:
    return dict.fromkeys(("input", "one_weight", "shared_weight"), a**layers)


def _weights_like_the_input(a: float, layers: int, x0: float) -> dict[str, float]:
    return {"input": a**layers, "one_weight": a**layers, "shared_weight": layers * a**layers}


def _sharing_ignored(a: float, layers: int, x0: float) -> dict[str, float]:
    to_one = a ** (layers - 1) * x0
    return {"input": a**layers, "one_weight": to_one, "shared_weight": to_one}


def _exponent_not_lowered(a: float, layers: int, x0: float) -> dict[str, float]:
    return {"input": a**layers, "one_weight": a**layers * x0, "shared_weight": layers * a**layers * x0}


def _input_forgotten(a: float, layers: int, x0: float) -> dict[str, float]:
    to_one = a ** (layers - 1)
    return {"input": a**layers, "one_weight": to_one, "shared_weight": layers * to_one}


def _output_for_gradient(a: float, layers: int, x0: float) -> dict[str, float]:
    return shared_weight(a, layers, x0) | {"input": a**layers * x0}


def _whole_power_for_one(a: float, layers: int, x0: float) -> dict[str, float]:
    return shared_weight(a, layers, x0) | {"one_weight": a**layers}


def _shared_as_product(a: float, layers: int, x0: float) -> dict[str, float]:
    right = shared_weight(a, layers, x0)
    return right | {"shared_weight": right["one_weight"] ** layers}


def _divided_by_weight(a: float, layers: int, x0: float) -> dict[str, float]:
    y = a**layers * x0
    return {"input": y / x0, "one_weight": y / a, "shared_weight": layers * y / a}


def _entry(answer: Answer, key: str) -> float | None:
    number = numbers_in(answer.value[key]) if isinstance(answer.value, dict) and key in answer.value else None
    return None if number is None or number.size != 1 else float(number.item())


def _same_entry(
    key: str, wrong: Callable[..., dict[str, float]]
) -> Callable[[list[Case], list[Answer]], bool]:
    """Whether one entry is what `wrong` would give, whatever the others are: people mix their mistakes."""

    def matches(cases: list[Case], answers: list[Answer]) -> bool:
        entries = [_entry(answer, key) for answer in answers]
        return all(
            entry is not None and math.isclose(entry, wrong(**case.inputs)[key], rel_tol=FLOAT32)
            for case, entry in zip(cases, entries, strict=True)
        )

    return matches


def _fails_at_zero_only(cases: list[Case], answers: list[Answer]) -> bool:
    """Right wherever a is not 0; where it is, an exception or nan, as Python or NumPy have it."""
    pairs = list(zip(cases, answers, strict=True))
    at_zero = [answer for case, answer in pairs if case["a"] == 0]
    others = [pair for pair in pairs if pair[0]["a"] != 0]
    right = _same_entry("shared_weight", shared_weight)(
        [case for case, _ in others], [answer for _, answer in others]
    )
    return right and all(
        answer.error == "ZeroDivisionError" or math.isnan(_entry(answer, "shared_weight") or 0.0)
        for answer in at_zero
    )


def _chain(case: Case) -> str:
    return f"a = {case['a']}, L = {case['layers']}, x0 = {case['x0']}"


SHARED_WEIGHT = Judged(
    name="shared_weight",
    reference={"shared_weight": shared_weight},
    rtol=FLOAT32,
    atol=0.0,
    misconceptions=(
        Misconception(
            "a^L for everything",
            {"shared_weight": _same_factor_everywhere},
            lambda case, answer: (
                "You give a^L for the weight. That is the gradient with respect to the input. A weight stands beside "
                "a signal, and its gradient is that signal times what comes back from above: for "
                f"{_chain(case)} the shared weight gets {show(shared_weight(**case.inputs)['shared_weight'])}, "
                f"not {show(case['a'] ** case['layers'])}."
            ),
            "Differentiate y = a^L x0 once with respect to x0 and once with respect to a.",
            matches=_same_entry("shared_weight", _same_factor_everywhere),
        ),
        Misconception(
            "weights treated like the input",
            {"shared_weight": _weights_like_the_input},
            lambda case, answer: (
                "The factor L for the shared weight is right. But a weight is not an input: its gradient is the signal "
                "that enters it times the gradient that comes back to its output, and for the first layer that is x0 "
                f"times the other {case['layers'] - 1} factors."
            ),
            "For layer 1: which signal enters, and how many factors a stand above it?",
            matches=_same_entry("shared_weight", _weights_like_the_input),
        ),
        Misconception(
            "sharing ignored",
            {"shared_weight": _sharing_ignored},
            lambda case, answer: (
                "You treat the shared weight as if it were used once. It is used in "
                f"all {case['layers']} layers, and the gradients of all its uses add up."
            ),
            "What is d/da of a^L?",
            matches=_same_entry("shared_weight", _sharing_ignored),
        ),
        Misconception(
            "exponent not lowered",
            {"shared_weight": _exponent_not_lowered},
            lambda case, answer: (
                "The exponent of the weight gradient is one too large. A weight is not multiplied by itself: "
                f"around one layer's weight stand the other {case['layers'] - 1} layers, not {case['layers']}."
            ),
            "Write out y = a_3 a_2 a_1 x0 and differentiate with respect to a_2: which factors stay?",
            matches=_same_entry("shared_weight", _exponent_not_lowered),
        ),
        Misconception(
            "signal forgotten",
            {"shared_weight": _input_forgotten},
            lambda case, answer: (
                "The weight gradients lack the signal. A weight that multiplies a signal of 0 can do nothing, so its "
                f"gradient must carry x0 = {case['x0']}: a larger input pushes its weights harder."
            ),
            "The gradient of a weight is the signal that enters it, times the gradient that comes back to its output.",
            matches=_same_entry("shared_weight", _input_forgotten),
        ),
        Misconception(
            "output given for a gradient",
            {"shared_weight": _output_for_gradient},
            lambda case, answer: (
                "Your `input` is the output y itself. The gradient dy/dx0 says how much y changes when x0 changes by "
                f"one: for {_chain(case)} that is {show(case['a'] ** case['layers'])}, whatever x0 is."
            ),
            "y is linear in x0; its slope does not hold x0 any more.",
            matches=_same_entry("input", _output_for_gradient),
        ),
        Misconception(
            "the whole power for one weight",
            {"shared_weight": _whole_power_for_one},
            lambda case, answer: (
                f"`one_weight` is what reaches the *input*, {show(case['a'])}^{case['layers']}. A weight gets signal "
                "in times gradient out: its own factor is missing from both, and the signal began as x0."
            ),
            "Count the factors before the layer and behind it. How many of the L are there?",
            _same_entry("one_weight", _whole_power_for_one),
        ),
        Misconception(
            "uses multiplied",
            {"shared_weight": _shared_as_product},
            lambda case, answer: (
                f"You multiplied the gradients of the {case['layers']} uses with one another. Along one path "
                "gradients multiply; the uses of a shared weight are separate paths, and those add."
            ),
            "All L uses have the same gradient here, so their sum is L times one of them.",
            matches=_same_entry("shared_weight", _shared_as_product),
        ),
        Misconception(
            "divided by the weight",
            {"shared_weight": _divided_by_weight},
            "L y / a is right until a is 0, and then it divides by 0. A weight of 0 is an ordinary weight, "
            "and its gradient exists.",
            "Use the power L - 1 instead of dividing the power L by a.",
            matches=_fails_at_zero_only,
        ),
    ),
    hints=(
        "y = a^L x0 has three different derivatives here; say for each what is held still.",
        "For one layer's own weight, write y as (layers above) times a_1 times x0. For the shared weight, "
        "add the gradients of its L uses.",
        "L = 2, y = a a x0: dy/dx0 = a^2; for one weight alone a x0; for the shared one, two such terms: 2 a x0.",
    ),
)


# backward -------------------------------------------------------------------------------------------------


def backward(weights: list[Array], activations: list[Array], output_gradient: Array) -> list[Array]:
    """From the output down: through the tanh, into the weights, through the weights."""
    gradient, gradients = output_gradient, []
    for weight, (before, after) in zip(reversed(weights), _layers_down(activations), strict=True):
        gradient = gradient * (1 - after**2)
        gradients.append(np.outer(gradient, before))
        gradient = weight.T @ gradient
    return gradients[::-1]


def _layers_down(activations: list[Array]) -> list[tuple[Array, Array]]:
    """(what enters a layer, what leaves it), the last layer first."""
    return list(pairwise(activations))[::-1]


def _with_faults(*faults: str) -> Namespace:
    """The given function with only these of its three faults left."""

    def partly_mended(weights: list[Array], activations: list[Array], output_gradient: Array) -> list[Array]:
        gradient, gradients = output_gradient, []
        for weight, (before, after) in zip(reversed(weights), _layers_down(activations), strict=True):
            gradient = gradient * (1 - (before if "slope" in faults else after) ** 2)
            gradients.append(np.outer(before, gradient) if "outer" in faults else np.outer(gradient, before))
            gradient = (weight if "transpose" in faults else weight.T) @ gradient
        return gradients[::-1]

    return {"backward": partly_mended}


def _tanh_of_a_tanh(weights: list[Array], activations: list[Array], output_gradient: Array) -> list[Array]:
    gradient, gradients = output_gradient, []
    for weight, (before, after) in zip(reversed(weights), _layers_down(activations), strict=True):
        gradient = gradient * (1 - np.tanh(after) ** 2)
        gradients.append(np.outer(gradient, before))
        gradient = weight.T @ gradient
    return gradients[::-1]


def _without_slopes(weights: list[Array], activations: list[Array], output_gradient: Array) -> list[Array]:
    gradient, gradients = output_gradient, []
    for weight, (before, _) in zip(reversed(weights), _layers_down(activations), strict=True):
        gradients.append(np.outer(gradient, before))
        gradient = weight.T @ gradient
    return gradients[::-1]


def _without_output_slope(
    weights: list[Array], activations: list[Array], output_gradient: Array
) -> list[Array]:
    gradient, gradients = output_gradient, []
    for weight, (before, _) in zip(reversed(weights), _layers_down(activations), strict=True):
        gradients.append(np.outer(gradient, before))
        gradient = (weight.T @ gradient) * (1 - before**2)
    return gradients[::-1]


def _outer_with_output(weights: list[Array], activations: list[Array], output_gradient: Array) -> list[Array]:
    gradient, gradients = output_gradient, []
    for weight, after in zip(reversed(weights), reversed(activations[1:]), strict=True):
        gradient = gradient * (1 - after**2)
        gradients.append(np.outer(gradient, after))
        gradient = weight.T @ gradient
    return gradients[::-1]


def _last_layer_first(weights: list[Array], activations: list[Array], output_gradient: Array) -> list[Array]:
    return backward(weights, activations, output_gradient)[::-1]


def _right_gradients(case: Case) -> list[Array]:
    return backward(case["weights"], forward(case["weights"], case["x"]), case["output_gradient"])


def _given_gradients(value: Plain) -> list[Array] | None:
    if isinstance(value, np.ndarray) and value.ndim > 0:
        value = list(value)
    if not isinstance(value, list):
        return None
    arrays = [numbers_in(entry) for entry in value]
    given = [array for array in arrays if array is not None]
    return given if len(given) == len(arrays) else None


def _length(gradient: Array) -> float:
    with np.errstate(over="ignore", invalid="ignore"):
        return float(np.linalg.norm(gradient))


def _judge_backward(case: Case, value: Plain) -> Finding:
    expected = _right_gradients(case)
    given = _given_gradients(value)
    if given is None or len(given) != len(expected):
        what = show(value) if given is None else f"{len(given)} of them"
        return Finding(
            False, f"One array a layer is needed, {len(expected)} in a list; you gave {what}.", expected
        )
    for layer in range(len(expected), 0, -1):
        right, got = expected[layer - 1], given[layer - 1]
        above = (
            "It is the first on the way back, so look at what happens within one layer."
            if layer == len(expected)
            else "The layers above it are right, so the fault lies between this layer and the one above."
        )
        if right.shape != got.shape:
            return Finding(
                False,
                f"Layer {layer}: its gradient must have the shape of its weights, {right.shape}, "
                f"and has {got.shape}. {above}",
                expected,
            )
        if not _length(got - right) <= FLOAT32 * _length(right):
            return Finding(
                False,
                f"Layer {layer}: its gradient is wrong, of norm {show(_length(got))} "
                f"where {show(_length(right))} was expected. {above}",
                expected,
            )
    return Finding(True, "", expected)


def _picture_of_backward(case: Case, got: Plain, expected: Plain) -> str:
    right = [_length(gradient) for gradient in _right_gradients(case)]
    lines: list[tuple[str, Sequence[float]]] = [("expected", right)]
    alt = f"Norm of each layer's weight gradient, the first layer's first. Expected: {_listed(right)}."
    given = _given_gradients(got)
    if given is not None and 0 < len(given) <= 200:
        norms = [_length(gradient) for gradient in given]
        lines.append(("yours", norms))
        alt += f" Yours: {_listed(norms)}."
    return _log_plot(alt, "layer", "norm of dE/dW", lines, first=1)


BACKWARD = Judged(
    name="backward",
    reference={"backward": backward},
    judge=_judge_backward,
    rtol=FLOAT32,
    picture=_picture_of_backward,
    misconceptions=(
        Misconception(
            "as it was given",
            _with_faults("slope", "outer", "transpose"),
            "This is the broken function unchanged: all three faults are still in it. Already the last layer's "
            "gradient is wrong, so begin there, where only the first two lines of the loop have run.",
            "Print entry [0, 1] of your last layer's gradient beside the finite difference of that one weight.",
        ),
        Misconception(
            "slope and outer product left",
            _with_faults("slope", "outer"),
            "One fault mended: the step through the weights now uses the transpose. Two are left, and both already "
            "spoil the last layer.",
            "For one layer, by hand: h = tanh(w b), so dh/dw = (1 - h^2) b. Which of the two numbers is squared?",
        ),
        Misconception(
            "slope and transpose left",
            _with_faults("slope", "transpose"),
            "One fault mended: each gradient now lies as its weights do. Two are left: one in the slope of tanh, "
            "one in the way from a layer to the one below.",
            "Test a network of one layer first: the way down does not matter there, so only the slope can be wrong.",
        ),
        Misconception(
            "outer product and transpose left",
            _with_faults("outer", "transpose"),
            "One fault mended: the slope is now taken at the layer's output. Two are left, and both are about which "
            "index of a matrix is which.",
            "W[i, j] carries unit j of the layer below to unit i above: its gradient is (gradient at i) times "
            "(activation j).",
        ),
        Misconception(
            "slope at the layer's input",
            _with_faults("slope"),
            "Two faults mended, one left: you take the slope 1 - h^2 at what enters the layer. For h = tanh(z) the "
            "slope is 1 - tanh(z)^2, that is, one minus the square of what leaves it.",
            "activations[0] is x, so what leaves layer `layer` of the loop is not activations[layer].",
        ),
        Misconception(
            "outer product turned over",
            _with_faults("outer"),
            "Two faults mended, one left: each weight gradient is the transpose of the right one. With square layers "
            "nothing crashes and the network learns the wrong thing; with layers of different widths the shapes tell.",
            "np.outer(u, v)[i, j] is u[i] v[j]; row i of W belongs to unit i of the layer's output.",
        ),
        Misconception(
            "transpose missing",
            _with_faults("transpose"),
            lambda case, answer: (
                f"Two faults mended, one left: the gradient of layer {len(case['weights'])} is right, those below are "
                "not. Forward, W carries a signal up; backward its transpose carries the gradient down. "
                "With square matrices nothing crashes when it is forgotten."
            ),
            "The gradient at unit j below sums over all units i above it: sum_i W[i, j] g[i]. Which product is that?",
        ),
        Misconception(
            "tanh of a tanh",
            {"backward": _tanh_of_a_tanh},
            "The slope goes through tanh twice: an activation h is tanh(z) already, so the slope is 1 - h^2. "
            "1 - tanh(h)^2 comes out too large, and the gradient with it.",
            "Remember what is stored: activations, not the sums before them.",
        ),
        Misconception(
            "slopes left out",
            {"backward": _without_slopes},
            "The slope of tanh is gone from your function: you go back through a linear network. Each tanh shrinks the "
            "gradient by 1 - h^2, at most 1, and without it the gradient comes out too large.",
            "One factor a layer: multiply by one minus the layer's output squared before anything else in the loop.",
        ),
        Misconception(
            "output's slope left out",
            {"backward": _without_output_slope},
            "The slopes between the layers are there, but the output's own tanh is skipped: `output_gradient` is "
            "dE/dh_L, after the last tanh, and must pass through it as well.",
            "Multiply by the slope at the top of the loop, before the weights' gradient is taken.",
        ),
        Misconception(
            "output where the input belongs",
            {"backward": _outer_with_output},
            "The slope uses what leaves the layer, and that is right; the outer product now uses it too, and that is "
            "not. A weight's gradient holds the signal that entered it: a weight that got 0 has no part in the error.",
            "Two indices in the loop: one for what enters the layer, one for what leaves it.",
        ),
        Misconception(
            "last layer first",
            {"backward": _last_layer_first},
            "The gradients themselves are right, but they come in the order of the walk, last layer first. "
            "The optimizer would give each layer another layer's gradient.",
            "Return them in the order of `weights`.",
        ),
    ),
    hints=(
        "Compare with a finite difference: raise one entry of the last layer's weights by 1e-6 and see how much "
        "output_gradient @ h_L changes. Then do the same for the layer below.",
        "Three lines of the loop, three things to doubt: where the slope of tanh is taken, which index of the outer "
        "product is which, and by which matrix the gradient goes down one layer.",
        "One layer, h = tanh(W b): dE/dW[i, j] = g[i] (1 - h[i]^2) b[j], and what goes down to unit j is the sum over "
        "i of W[i, j] g[i] (1 - h[i]^2).",
    ),
)


# first_nonfinite ------------------------------------------------------------------------------------------

Found = tuple[int, str] | None


def first_nonfinite(record: Record) -> Found:
    """The first tensor of which not every entry is finite."""
    return _first(record, lambda tensor: not np.isfinite(tensor).all())


def _first(record: Record, broken: Callable[[NDArray[Any]], Any]) -> Found:
    for step, name, tensor in record:
        if broken(tensor):
            return step, name
    return None


def _first_nan(record: Record) -> Found:
    return _first(record, lambda tensor: np.isnan(tensor).any())


def _first_bad_loss(record: Record) -> Found:
    for step, name, tensor in record:
        if name == "loss" and not np.isfinite(tensor).all():
            return step, name
    return None


def _last_bad(record: Record) -> Found:
    found = None
    for step, name, tensor in record:
        if not np.isfinite(tensor).all():
            found = step, name
    return found


def _first_bad_sum(record: Record) -> Found:
    with np.errstate(over="ignore", invalid="ignore"):
        return _first(record, lambda tensor: not np.isfinite(tensor.sum()))


def _first_all_bad(record: Record) -> Found:
    return _first(record, lambda tensor: not np.isfinite(tensor).any())


def _first_by_pythons_all(record: Record) -> Found:
    return _first(record, lambda tensor: not all(np.isfinite(tensor)))


def _first_name(record: Record) -> str | None:
    found = first_nonfinite(record)
    return None if found is None else found[1]


def _first_plus_infinity(record: Record) -> Found:
    return _first(record, lambda tensor: (np.isnan(tensor) | (tensor == np.inf)).any())


def _first_too_large(record: Record) -> Found:
    with np.errstate(invalid="ignore"):
        return _first(record, lambda tensor: np.abs(tensor).max() > np.finfo(tensor.dtype).max)


def _first_beyond_float16(record: Record) -> Found:
    with np.errstate(invalid="ignore"):
        return _first(record, lambda tensor: bool((~(np.abs(tensor) <= LARGEST["float16"])).any()))


def _what_broke(case: Case) -> str:
    found = first_nonfinite(case["record"])
    if found is None:
        return "nothing broke: every entry is finite"
    tensor = next(t for step, name, t in case["record"] if (step, name) == found)
    bad = tensor[~np.isfinite(tensor)]
    return f"the first to break is {found[1]} of step {found[0]}, which holds {bad[0]}"


FIRST_NONFINITE = Judged(
    name="first_nonfinite",
    reference={"first_nonfinite": first_nonfinite},
    misconceptions=(
        Misconception(
            "nan only",
            {"first_nonfinite": _first_nan},
            lambda case, answer: (
                f"You look for nan only. Here {_what_broke(case)}. An infinity often comes first, from a number too "
                "large or from the logarithm of 0; nan comes later, when infinity meets infinity or 0, or not at all."
            ),
            "Which NumPy function is True for ordinary numbers only, and for neither inf nor nan?",
        ),
        Misconception(
            "loss only",
            {"first_nonfinite": _first_bad_loss},
            lambda case, answer: (
                f"You watch the loss alone. Here {_what_broke(case)}. "
                "The loss is where one notices, rarely where it began."
            ),
            "Look at every tensor of the record, in order.",
        ),
        Misconception(
            "last instead of first",
            {"first_nonfinite": _last_bad},
            lambda case, answer: (
                f"You report the last broken tensor. Here {_what_broke(case)}. "
                "All that comes after it is only infected."
            ),
            "Return as soon as you find one.",
        ),
        Misconception(
            "judged by the sum",
            {"first_nonfinite": _first_bad_sum},
            lambda case, answer: (
                f"A false alarm: here {_what_broke(case)}. You add the entries up first, and the sum of numbers "
                "near 3e38 overflows although none of them has."
            ),
            "Test the entries one by one, then combine the yes and no.",
        ),
        Misconception(
            "all entries must be broken",
            {"first_nonfinite": _first_all_bad},
            lambda case, answer: (
                f"You wait until a whole tensor is broken. Here {_what_broke(case)} beside good numbers. "
                "One bad entry is enough: the next matrix product spreads it."
            ),
            "`not isfinite(t).any()` says that none is finite; you need that not all are.",
        ),
        Misconception(
            "Python's own all",
            {"first_nonfinite": _first_by_pythons_all},
            "Python's own all() walks along the first axis of an array: it stops at a loss of shape (), which has no "
            "axis, and at a matrix, whose rows are neither true nor false.",
            "Arrays have their own: np.isfinite(tensor).all() works for every shape.",
        ),
        Misconception(
            "name without step",
            {"first_nonfinite": _first_name},
            "The name is right, but the step is missing: the same name comes back at every step, and the step says "
            "which checkpoint is still healthy.",
            "Return both, as a pair: step, name.",
        ),
        Misconception(
            "minus infinity passed over",
            {"first_nonfinite": _first_plus_infinity},
            lambda case, answer: (
                f"You look for nan and +inf, and pass over -inf. Here {_what_broke(case)}. "
                "The logarithm of 0 is the usual source."
            ),
            "np.isfinite knows all three.",
        ),
        Misconception(
            "infinities only",
            {"first_nonfinite": _first_too_large},
            lambda case, answer: (
                f"You find infinities only. Here {_what_broke(case)}, and no infinity comes before it. "
                "nan is not infinite, and it is neither larger than any number nor equal to one."
            ),
            "Ask whether an entry is finite, not whether it is large or infinite.",
        ),
        Misconception(
            "one limit for all formats",
            {"first_nonfinite": _first_beyond_float16},
            lambda case, answer: (
                "You take every number beyond 65,504 for broken. That is the largest of float16 only; the numbers here "
                f"are large, but finite in their own format. Here {_what_broke(case)}."
            ),
            "Ask of each entry whether it is finite; no limit is needed.",
        ),
    ),
    hints=(
        "Go through the record in its order; what would you ask of each tensor?",
        "np.isfinite gives True for every ordinary number and False for inf, -inf and nan, entry by entry.",
        "Take [(7, 'hidden', [1, inf]), (7, 'loss', nan)]: np.isfinite([1, inf]) is [True, False], so not every entry "
        "of hidden is finite. The loss is broken too, but hidden comes first: the answer is (7, 'hidden').",
    ),
)


# initial_gain ---------------------------------------------------------------------------------------------

DEPTH, WIDTH, BATCH = 50, 64, 32
LEAST, MOST = 0.5, 2.0
"""Between these must lie the gradient at the input over that at the output, typically (geometric mean)."""


def gradient_norms(gain: float, seeds: Iterable[int]) -> Array:
    """Norms of dE/dh_0 ... dE/dh_50 in a fresh tanh network on a batch of digits: shape (seeds, 51).

    The same numbers as the exercise's own function of that name gives for one seed.
    """
    networks = [_network(int(seed)) for seed in seeds]
    inputs, targets, readout = (np.stack([network[k] for network in networks]) for k in range(3))
    weights = [gain * np.stack(layer) for layer in zip(*(network[3] for network in networks), strict=True)]
    activations = [inputs]
    for weight in weights:
        activations.append(np.tanh(activations[-1] @ weight.swapaxes(1, 2)))
    logits = activations[-1] @ readout.swapaxes(1, 2)
    likely = np.exp(logits - logits.max(axis=2, keepdims=True))
    likely /= likely.sum(axis=2, keepdims=True)
    gradient = (likely - targets) @ readout / BATCH
    norms = [np.linalg.norm(gradient, axis=(1, 2))]
    for weight, after in zip(reversed(weights), reversed(activations[1:]), strict=True):
        gradient = (gradient * (1 - after**2)) @ weight
        norms.append(np.linalg.norm(gradient, axis=(1, 2)))
    return np.stack(norms[::-1], axis=1)


@lru_cache(maxsize=32)  # a wrong gain is measured at several gains, on the same sixteen networks
def _network(seed: int) -> tuple[Array, Array, Array, Array]:
    """Digits (32, 64), their labels as rows of 10, readout (10, 64) and weights (50, 64, 64) at a gain of 1."""
    pixels, labels = _digits()
    rng = np.random.default_rng(seed)
    rows = rng.integers(len(pixels), size=BATCH)
    weights = rng.standard_normal((DEPTH, WIDTH, WIDTH)) / np.sqrt(WIDTH)
    readout = rng.normal(size=(10, WIDTH)) / np.sqrt(WIDTH)
    return pixels[rows], np.eye(10)[labels[rows]], readout, weights


@lru_cache(maxsize=1)
def _digits() -> tuple[Array, NDArray[Any]]:
    data = digits()
    (scaled,) = standardise(data)
    return scaled.X, data.y


@lru_cache(maxsize=64)
def _typical_norms(gain: float, seeds: tuple[int, ...]) -> tuple[float, ...]:
    """Geometric mean over the networks of each signal's gradient norm, relative to the output's."""
    with np.errstate(all="ignore"):
        norms = gradient_norms(gain, seeds)
        typical = np.exp(np.mean(np.log(norms / norms[:, -1:]), axis=0))
    return tuple(np.nan_to_num(typical, nan=0.0).tolist())


def _profile(case: Case, gain: float) -> tuple[float, ...]:
    return _typical_norms(float(gain), tuple(int(seed) for seed in case["seeds"]))


def _gain(value: Plain) -> float | None:
    number = numbers_in(value)
    if number is None or number.size != 1 or not np.isfinite(number).all() or number.item() <= 0:
        return None
    return float(number.item())


def _judge_gain(case: Case, value: Plain) -> Finding:
    gain = _gain(value)
    if gain is None:
        return Finding(False, f"initial_gain must be one finite number above 0, and is {show(value)}.")
    ratio = _profile(case, gain)[0]
    wanted = f"a gain at which that ratio lies between {LEAST:g} and {MOST:g}"
    return Finding(LEAST <= ratio <= MOST, _measured(case, Answer("given", gain)), wanted)


def _measured(case: Case, answer: Answer) -> str:
    ratio = _profile(case, answer.value)[0]
    return (
        f"With gain {show(answer.value)}, over {len(case['seeds'])} fresh networks, the gradient that reaches "
        f"the input is typically {show(ratio, 2)} times the one at the output."
    )


def _too_large(case: Case, answer: Answer) -> str:
    ratio = _profile(case, answer.value)[0]
    if ratio < LEAST:  # at a gain of hundreds the gradient vanishes again
        return (
            f"{_measured(case, answer)} The gain is so large that nearly every tanh is saturated, with a slope near 0: "
            "next to no gradient comes through."
        )
    return (
        f"{_measured(case, answer)} The gain is too large: each layer multiplies the gradient by "
        f"{show(ratio ** (1 / DEPTH), 3)} on average, and fifty of them multiply that fifty times."
    )


def _side(below: bool) -> Callable[[list[Case], list[Answer]], bool]:
    def matches(cases: list[Case], answers: list[Answer]) -> bool:
        gains = [_gain(answer.value) for answer in answers]
        return all(gain is not None and (gain < 1.15) is below for gain in gains)

    return matches


def _picture_of_gain(case: Case, got: Plain, expected: Plain) -> str:
    gain = _gain(got)
    if gain is None:
        return ""
    profile = _profile(case, gain)
    alt = (
        f"Gradient norm at each of the 51 signals, relative to the output, with gain {show(gain)}: "
        f"from the input on {_listed(profile)}. A level line at 1 would be ideal."
    )
    return _log_plot(
        alt,
        "layers before it, counted from the input",
        "gradient norm",
        [("ideal", [1.0] * len(profile)), ("yours", profile)],
    )


INITIAL_GAIN = Judged(
    name="initial_gain",
    reference={"initial_gain": 1.15},
    judge=_judge_gain,
    picture=_picture_of_gain,
    misconceptions=(
        Misconception(
            "the default for tanh",
            {"initial_gain": 5 / 3},
            lambda case, answer: (
                f"{_measured(case, answer)} 5/3 is what torch.nn.init.calculate_gain('tanh') suggests. It keeps the "
                "signal large over a few layers, but the gradient grows by a tenth at each of fifty layers."
            ),
            "Run gradient_norms for several gains below 5/3 and compare the first entry with the last.",
        ),
        Misconception(
            "the gain for ReLU",
            {"initial_gain": math.sqrt(2)},
            lambda case, answer: (
                f"{_measured(case, answer)} The square root of 2 makes up for the half that ReLU cuts off; tanh cuts "
                "nothing off, so here it is too much."
            ),
            "He's rule was derived for ReLU; this network needs its own experiment.",
        ),
        Misconception(
            "the linear theory",
            {"initial_gain": 1.0},
            lambda case, answer: (
                f"{_measured(case, answer)} Gain 1 is right for a linear network: its layers keep lengths on average. "
                "Each tanh takes a little off the gradient (its slope is below 1), and after fifty layers most is gone."
            ),
            "The gain must make up for the slopes of fifty tanh: a little above 1. How little, the experiment says.",
        ),
        Misconception(
            "the framework's default layer",
            {"initial_gain": 1 / math.sqrt(3)},
            lambda case, answer: (
                f"{_measured(case, answer)} 1/sqrt(3) is what nn.Linear does unasked (uniform weights up to "
                "1/sqrt(n)): a gradient loses nearly half at every layer. Defaults are made for shallow networks."
            ),
            "Try 0.9, 1.0, 1.1, 1.2 and watch the ratio change by decades.",
        ),
        Misconception(
            "too small",
            {"initial_gain": 0.9},
            lambda case, answer: (
                f"{_measured(case, answer)} The gain is too small: the gradient vanishes on its way. (If you compared "
                "weight gradients: those agree at any small gain, since the signal shrinks upwards as much as the "
                "gradient shrinks downwards. Compare the entries of gradient_norms.)"
            ),
            "Raise it in steps of 0.05 until the ratio is near 1.",
            matches=_side(below=True),
        ),
        Misconception(
            "too large",
            {"initial_gain": 2.0},
            _too_large,
            "Lower it in steps of 0.05 until the ratio is near 1.",
            matches=_side(below=False),
        ),
    ),
    hints=(
        "The ratio norms[0] / norms[-1] changes by decades between gain 0.9 and gain 1.5; in between it is 1.",
        "For a handful of gains, average the logarithm of the ratio over ten seeds or more. One seed misleads: "
        "single networks differ by a factor of two and more.",
        "At gain 1.0 the seeds 0, 1 and 2 give 0.162, 0.146, 0.195 for norms[0] / norms[-1], and "
        "exp(mean of the logarithms) is 0.166: too small by a factor of six. The same at 1.1 and at 1.2, with more "
        "seeds, tells between which of them 1 is reached.",
    ),
)


# transient ------------------------------------------------------------------------------------------------

MANY = 1000
"""Powers looked at: with a spectral radius below 0.95 and at most 8 rows, the hump is long over by then."""


def transient(radius: float, peak: float) -> Array:
    """A triangular matrix; at each power one corner would reach the peak, and the smallest of them does first."""
    return _triangular(
        radius, min(_corner(radius, peak - radius ** (2 * k) / peak, k) for k in range(1, 400))
    )


def _triangular(radius: float, corner: float) -> Array:
    return np.array([[radius, corner], [0.0, radius]])


def _corner(radius: float, entry: float, k: int) -> float:
    """The corner of A with which the corner of A^k is `entry`: A^k has k r^(k-1) times the corner of A."""
    return entry / (k * radius ** (k - 1))


def _corner_only(radius: float, peak: float) -> Array:
    return _triangular(radius, min(_corner(radius, peak, k) for k in range(1, 400)))


def _peak_in_one_step(radius: float, peak: float) -> Array:
    return _triangular(radius, peak - radius**2 / peak)


def _peak_at_step_nine(radius: float, peak: float) -> Array:
    return _triangular(radius, peak / (9 * radius**8))


def _no_corner(radius: float, peak: float) -> Array:
    return radius * np.eye(2)


def _shear(radius: float, peak: float) -> Array:
    return _triangular(1.0, peak)


def _peak_as_eigenvalue(radius: float, peak: float) -> Array:
    return np.diag([peak, radius])


def _powers(A: Array) -> Array:
    """Norms of A^0, A^1 and so on; infinite from where a power overflows.

    They end at A^MANY, or once A^k has a norm below 1: since |A^(k+j)| <= |A^k| |A^j|, nothing later is higher.
    """
    powers = [np.eye(len(A))]
    with np.errstate(over="ignore", invalid="ignore"):
        while len(powers) <= MANY and not np.linalg.norm(powers[-1]) < 1:
            for _ in range(100):
                powers.append(A @ powers[-1])
        stacked = np.stack(powers)
        finite = np.isfinite(stacked).all(axis=(1, 2))
        norms = np.full(len(powers), np.inf)
        norms[finite] = np.linalg.norm(stacked[finite], 2, axis=(1, 2))
    return norms


def _matrix(value: Plain) -> Array | None:
    A = numbers_in(value)
    square = A is not None and A.ndim == 2 and A.shape[0] == A.shape[1] and 1 <= len(A) <= 8
    return A if square and A is not None and np.isfinite(A).all() else None


def _radius(A: Array) -> float:
    return float(np.abs(np.linalg.eigvals(A)).max())


def _near(value: float, wanted: float) -> bool:
    return abs(value - wanted) <= 0.01 * wanted


def _judge_transient(case: Case, value: Plain) -> Finding:
    wanted = {"radius": case["radius"], "peak": case["peak"]}
    A = _matrix(value)
    if A is None:
        return Finding(
            False, f"A square matrix of finite numbers, at most 8 by 8, is needed; got {show(value)}.", wanted
        )
    radius = _radius(A)
    if not _near(radius, case["radius"]):
        return Finding(False, f"The spectral radius is {show(radius)} instead of {case['radius']}.", wanted)
    norms = _powers(A)
    return Finding(_near(norms.max(), case["peak"]), _hump(case, norms), wanted)


def _hump(case: Case, norms: Array) -> str:
    return (
        f"The spectral radius is right, but the norm of A^k peaks at {show(float(norms.max()))} "
        f"(k = {int(norms.argmax())}), and {case['peak']} was asked for."
    )


def _every_matrix(holds: Callable[[Case, Array], bool]) -> Callable[[list[Case], list[Answer]], bool]:
    """A misunderstanding that shows in each of the matrices, however they were built."""

    def matches(cases: list[Case], answers: list[Answer]) -> bool:
        matrices = [_matrix(answer.value) for answer in answers]
        return all(A is not None and holds(case, A) for case, A in zip(cases, matrices, strict=True))

    return matches


def _commutes(A: Array) -> bool:
    with np.errstate(over="ignore", invalid="ignore"):
        return np.allclose(A @ A.T, A.T @ A)


def _is_normal(case: Case, A: Array) -> bool:
    return _near(_radius(A), case["radius"]) and _commutes(A)


def _is_shear(case: Case, A: Array) -> bool:
    return abs(_radius(A) - 1) <= 0.001 and not _commutes(A)


def _is_at_peak_already(case: Case, A: Array) -> bool:
    sizes = (float(np.linalg.norm(A, 2)), float(np.abs(A).max()))
    return _near(_radius(A), case["radius"]) and any(_near(size, case["peak"]) for size in sizes)


def _has_its_step_fixed(case: Case, A: Array) -> bool:
    """A corner that reaches the peak at one and the same step for every radius; the lesson's matrix has step 9."""
    if A.shape != (2, 2) or not np.allclose(A, _triangular(case["radius"], A[0, 1])):
        return False
    return math.isclose(9 * case["radius"] ** 8 * abs(float(A[0, 1])), case["peak"], rel_tol=1e-3)


def _has_corner_of_peak(case: Case, A: Array) -> bool:
    if A.shape != (2, 2) or not np.allclose(A, _triangular(case["radius"], A[0, 1])):
        return False
    return _near(
        max(k * case["radius"] ** (k - 1) for k in range(1, 400)) * abs(float(A[0, 1])), case["peak"]
    )


def _picture_of_transient(case: Case, got: Plain, expected: Plain) -> str:
    A = _matrix(got)
    if A is None or _radius(A) > 2:
        return ""
    norms = _powers(A)[:61]
    alt = (
        f"Norm of A^k for k = 0 to 60: it starts at 1, is {show(float(norms[1]))} at k = 1, at most "
        f"{show(float(norms.max()))} (k = {int(norms.argmax())}) and {show(float(norms[-1]))} at k = 60. "
        f"The peak asked for is {case['peak']}."
    )
    return _log_plot(
        alt, "power k", "norm of A^k", [("asked peak", [case["peak"]] * 61), ("yours", norms.tolist())]
    )


TRANSIENT = Judged(
    name="transient",
    reference={"transient": transient},
    judge=_judge_transient,
    rtol=FLOAT32,
    picture=_picture_of_transient,
    misconceptions=(
        Misconception(
            "no hump",
            {"transient": _no_corner},
            lambda case, answer: (
                f"Your matrix is normal (A A^T = A^T A), and for those the norm of A^k is exactly {case['radius']}^k: "
                f"it only falls from 1, and never reaches {case['peak']}. A hump needs eigenvectors that are not "
                "at right angles."
            ),
            "Put a large entry above the diagonal: it changes no eigenvalue, but it changes the norm.",
            matches=_every_matrix(_is_normal),
        ),
        Misconception(
            "peak put into an eigenvalue",
            {"transient": _peak_as_eigenvalue},
            lambda case, answer: (
                f"Your matrix has an eigenvalue of size {show(_radius(np.asarray(answer.value, dtype=float)))}. "
                "Above 1 the powers grow without end: no hump, but an explosion. "
                f"Here every eigenvalue must stay at or below {case['radius']}."
            ),
            "Keep the eigenvalues on the diagonal of a triangular matrix at `radius`, and grow elsewhere.",
            matches=_every_matrix(lambda case, A: _radius(A) > 1.001),
        ),
        Misconception(
            "shear",
            {"transient": _shear},
            lambda case, answer: (
                "The corner is a good idea, but with ones on the diagonal the powers grow for ever: the corner of "
                f"A^k is k times that of A. With {case['radius']} on the diagonal the growth is eaten up in the end."
            ),
            "Put `radius` on the diagonal, then see where the corner of A^k is largest.",
            matches=_every_matrix(_is_shear),
        ),
        Misconception(
            "peak in the first step",
            {"transient": _peak_in_one_step},
            lambda case, answer: (
                f"You put the {case['peak']} into A itself: the first step is there already, and the powers climb on. "
                + _hump(case, _powers(np.asarray(answer.value, dtype=float)))
            ),
            "The norm of A is the first step of the hump, not its top; print the norms of the first 40 powers.",
            matches=_every_matrix(_is_at_peak_already),
        ),
        Misconception(
            "corner taken for the norm",
            {"transient": _corner_only},
            lambda case, answer: (
                "Close: you made the corner of A^k peak at the value asked for. The norm counts the diagonal of A^k as "
                "well, and for a low hump that is not small. "
                + _hump(case, _powers(np.asarray(answer.value, dtype=float)))
            ),
            "Measure with np.linalg.norm(power, 2) and search for the corner with which that has the right peak.",
            matches=_every_matrix(_has_corner_of_peak),
        ),
        Misconception(
            "the step of the peak kept from the lesson",
            {"transient": _peak_at_step_nine},
            lambda case, answer: (
                f"The right form. But you let the corner of A^9 be {case['peak']}, and step 9 is where the lesson's "
                f"matrix peaks. With {case['radius']} on the diagonal the hump has its top elsewhere: at k = "
                f"{int(_powers(np.asarray(answer.value, dtype=float)).argmax())}."
            ),
            "Where the top lies depends on the radius: look at the norms of all powers, and take the largest.",
            _every_matrix(_has_its_step_fixed),
        ),
    ),
    hints=(
        "Which entry of a 2 by 2 matrix can you change without touching its eigenvalues?",
        "Take [[r, b], [0, r]]. Write a function that gives the largest norm of its powers; it grows with b, "
        "so halve an interval until it is right.",
        "r = 0.8 and a peak of 1.5: with b = 0.5 the largest norm is 1.18 at k = 3, with b = 1 it is 2.13 at k = 4. "
        "So b lies between. The middle, 0.75, gives 1.64, still too much: b lies between 0.5 and 0.75. And so on.",
    ),
)


JUDGED: tuple[Judged, ...] = (
    GRADIENT_LADDER,
    OVERFLOW_LAYER,
    SHARED_WEIGHT,
    BACKWARD,
    FIRST_NONFINITE,
    INITIAL_GAIN,
    TRANSIENT,
)
