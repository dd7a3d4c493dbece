"""Question overflow_layer: right answers in other styles, near misses, and what is said to each."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from verdicts import (
    assert_earns_nothing_and_is_told_why,
    drawn,
    find,
    ids,
    verdicts,
)

from course_lib import dynamics
from course_lib.checks.asking import ask_ours
from course_lib.checks.exercises import answer_and_decide
from course_lib.checks.judges.e01_explosion import overflow_layer as judges
from course_lib.checks.judging import decide
from course_lib.checks.probes.e01_explosion import overflow_layer as probes

QUESTION = find("overflow_layer")


def overflow_while(gain, layers, number_format):
    largest, size, layer = torch.finfo(getattr(torch, number_format)).max, abs(gain), 1
    while size <= largest and layer <= layers:
        size, layer = size * abs(gain), layer + 1
    return layer if layer <= layers else None


def overflow_logarithms(gain, layers, number_format):
    largest = torch.finfo(getattr(torch, number_format)).max
    if abs(gain) <= 1:
        return None
    layer = int(math.log(largest) // math.log(abs(gain))) + 1
    return None if layer > layers else layer


def overflow_in_the_format(gain, layers, number_format):
    signal = torch.ones((), dtype=getattr(torch, number_format))
    for layer in range(layers):
        signal = signal * gain
        if torch.isinf(signal):
            return layer + 1
    return None


def overflow_fractions(gain, layers, number_format):
    largest, size = Fraction(torch.finfo(getattr(torch, number_format)).max), Fraction(1)
    for layer in range(1, layers + 1):
        size *= abs(Fraction(gain))
        if size > largest:
            return layer
    return None


def overflow_one_line(gain, layers, number_format):
    limit = math.log(torch.finfo(getattr(torch, number_format)).max)
    return next((layer for layer in range(1, layers + 1) if layer * math.log(abs(gain)) > limit), None)


def overflow_numpy(gain, layers, number_format):
    largest = torch.finfo(getattr(torch, number_format)).max
    with np.errstate(over="ignore"):
        sizes = np.abs(np.cumprod(np.full(layers, gain)))
    beyond = np.flatnonzero(sizes > largest)
    return beyond[0] + 1 if beyond.size else None


STYLES = [
    overflow_while,
    overflow_logarithms,
    overflow_in_the_format,
    overflow_fractions,
    overflow_one_line,
    overflow_numpy,
]


@pytest.mark.parametrize("answer", STYLES, ids=lambda answer: answer.__name__)
def test_right_answers_in_other_styles_pass(answer):
    for got in verdicts("overflow_layer", answer):
        assert (got.status, got.points) == ("right", got.out_of), got.text()


NEAR_MISSES = [
    lambda gain, layers, kind: judges.overflow_layer(gain, layers, kind) or 0,
    lambda gain, layers, kind: judges.overflow_layer(gain, layers, kind) or layers,
    lambda gain, layers, kind: judges.overflow_layer(gain, 10**4, kind),
    lambda gain, layers, kind: judges.overflow_layer(gain, layers - 1, kind),
    lambda gain, layers, kind: str(judges.overflow_layer(gain, layers, kind)),
]


@pytest.mark.parametrize("answer", NEAR_MISSES, ids=ids(NEAR_MISSES))
def test_near_misses_earn_nothing_and_hear_why(answer):
    for seed in range(100, 105):
        cases = drawn("overflow_layer", seed)
        # Ours lean on the reference, which the guard would refuse: so they answer without it.
        answers = ask_ours(QUESTION.asked, {"overflow_layer": answer}, cases)
        assert_earns_nothing_and_is_told_why(decide(QUESTION, cases, answers))


def test_a_ready_made_answer_is_refused_kindly():
    verdict = answer_and_decide(
        QUESTION, {"overflow_layer": lambda gain, layers, kind: dynamics.overflow_depth(gain, kind)}
    )
    assert (verdict.status, verdict.points) == ("refused", 0), verdict.text()
    assert "overflow_depth" in verdict.message and "write yourself" in verdict.message


def test_the_example_in_the_text_is_right():
    assert judges.overflow_layer(300.0, 10, "float16") == 2
    assert judges.overflow_layer(0.5, 10, "float16") is None
    assert {name: torch.finfo(getattr(torch, name)).max for name in probes.LARGEST} == probes.LARGEST


def overflow_numpy_logarithm(gain, layers, number_format):
    layer = int(np.log(torch.finfo(getattr(torch, number_format)).max) / np.log(gain)) + 1
    return layer if 0 < layer <= layers else None


@pytest.mark.parametrize(
    ("answer", "told"),
    [(overflow_numpy_logarithm, "logarithm of a negative gain")],
)
def test_a_misunderstanding_is_known_again_in_another_coat(answer, told):
    for got in verdicts("overflow_layer", answer):
        assert got.misconception == told, got.text()


def overflow_without_the_last_layer(gain, layers, number_format):
    signal = 1.0
    for layer in range(1, layers):
        signal *= gain
        if abs(signal) > probes.LARGEST[number_format]:
            return layer
    return None


def overflow_tested_before_multiplying(gain, layers, number_format):
    signal = 1.0
    for layer in range(layers):
        if abs(signal) > probes.LARGEST[number_format]:
            return layer
        signal *= gain
    return None


def overflow_tested_before_multiplying_from_one(gain, layers, number_format):
    signal = 1.0
    for layer in range(1, layers + 1):
        if abs(signal) > probes.LARGEST[number_format]:
            return layer
        signal *= gain
    return None


@pytest.mark.parametrize("answer", [overflow_without_the_last_layer, overflow_tested_before_multiplying])
def test_who_never_looks_at_the_last_layer_is_told_so(answer):
    for verdict in verdicts("overflow_layer", answer):
        layers = verdict.case["layers"]
        assert verdict.message.startswith(
            f"You never look at the last layer: here it is layer {layers} of {layers}"
        )
        assert verdict.misconception == "last layer not looked at"


def test_who_tests_before_multiplying_and_counts_from_one_is_a_layer_late():
    for verdict in verdicts("overflow_layer", overflow_tested_before_multiplying_from_one):
        assert verdict.misconception == "one layer late", verdict.text()
        assert verdict.message.startswith("One layer late: after layer")


def test_every_chain_is_said_only_where_every_chain_got_none():
    def none_for_float64(gain, layers, number_format):
        return None if number_format == "float64" else overflow_while(gain, layers, number_format)

    for verdict in verdicts("overflow_layer", none_for_float64):
        assert (verdict.status, "every chain" in verdict.message) == ("wrong", False), verdict.text()
    for verdict in verdicts("overflow_layer", lambda gain, layers, number_format: None):
        assert "None for every chain" in verdict.message
