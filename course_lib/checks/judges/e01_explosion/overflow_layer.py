"""How `overflow_layer` is judged: right solutions, misunderstandings, and what to say to each."""

from __future__ import annotations

import math

from course_lib.checks.case import Answer, Case
from course_lib.checks.compare import same, show
from course_lib.checks.judging import Judged, Misconception
from course_lib.checks.matching import fails_as
from course_lib.checks.probes.e01_explosion.overflow_layer import ASKED, LARGEST
from course_lib.checks.reading import number_in


def overflow_layer(gain: float, layers: int, number_format: str) -> int | None:
    """Run the chain in Python's own numbers, and compare with the format's largest."""
    signal = 1.0
    for layer in range(1, layers + 1):
        signal *= gain
        if abs(signal) > LARGEST[number_format]:
            return layer
    return None


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


JUDGED = Judged(
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
            fails_as(ASKED, overflow_layer, _last_finite_layer),
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
