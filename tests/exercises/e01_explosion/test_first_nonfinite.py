"""Question first_nonfinite: right answers in other styles, near misses, and what is said to each."""

from __future__ import annotations

import math

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

from course_lib.checks.asking import ask_ours
from course_lib.checks.judges.e01_explosion import first_nonfinite as judges
from course_lib.checks.judging import decide

QUESTION = find("first_nonfinite")


def nonfinite_next(record):
    return next(((step, name) for step, name, tensor in record if not np.all(np.isfinite(tensor))), None)


def nonfinite_torch(record):
    for step, name, tensor in record:
        if not torch.isfinite(torch.as_tensor(tensor)).all():
            return [step, name]
    return None


def nonfinite_recursive(record):
    if not record:
        return None
    step, name, tensor = record[0]
    return (step, name) if (~np.isfinite(tensor)).any() else nonfinite_recursive(record[1:])


def nonfinite_entry_by_entry(record):
    for step, name, tensor in record:
        for value in tensor.ravel():
            if math.isnan(value) or math.isinf(value):
                return step, name
    return None


def nonfinite_by_difference(record):
    with np.errstate(invalid="ignore"):
        broken = [(step, name) for step, name, tensor in record if ((tensor - tensor) != 0).any()]
    return broken[0] if broken else None


def nonfinite_nan_or_inf(record):
    bad = [i for i, entry in enumerate(record) if np.isnan(entry[2]).any() or np.isinf(entry[2]).any()]
    return record[min(bad)][:2] if bad else None


STYLES = [
    nonfinite_next,
    nonfinite_torch,
    nonfinite_recursive,
    nonfinite_entry_by_entry,
    nonfinite_by_difference,
    nonfinite_nan_or_inf,
]


@pytest.mark.parametrize("answer", STYLES, ids=lambda answer: answer.__name__)
def test_right_answers_in_other_styles_pass(answer):
    for got in verdicts("first_nonfinite", answer):
        assert (got.status, got.points) == ("right", got.out_of), got.text()


NEAR_MISSES = [
    lambda record: (judges.first_nonfinite(record) or (0, "none"))[1],
    lambda record: judges.first_nonfinite(record) or (0, ""),
    lambda record: (judges.first_nonfinite(record) or (None, None))[::-1],
    lambda record: judges.first_nonfinite(record[::-1]),
    lambda record: judges.first_nonfinite(record) is not None,
]


@pytest.mark.parametrize("answer", NEAR_MISSES, ids=ids(NEAR_MISSES))
def test_near_misses_earn_nothing_and_hear_why(answer):
    for seed in range(100, 105):
        cases = drawn("first_nonfinite", seed)
        # Ours lean on the reference, which the guard would refuse: so they answer without it.
        answers = ask_ours(QUESTION.asked, {"first_nonfinite": answer}, cases)
        assert_earns_nothing_and_is_told_why(decide(QUESTION, cases, answers))


def test_the_example_in_the_text_is_right():
    record = [(3, "hidden", np.array([1.0, np.inf])), (3, "loss", np.array(np.nan))]
    assert judges.first_nonfinite(record) == (3, "hidden")


def nonfinite_by_isinf(record):
    for step, name, tensor in record:
        if np.isinf(tensor).any():
            return step, name
    return None


def nonfinite_by_the_largest(record):
    for step, name, tensor in record:
        if np.max(np.abs(tensor)) == np.inf:
            return step, name
    return None


@pytest.mark.parametrize("answer", [nonfinite_by_isinf, nonfinite_by_the_largest])
def test_who_looks_for_infinities_is_not_told_of_a_comparison_that_is_not_there(answer):
    for verdict in verdicts("first_nonfinite", answer):
        found = judges.first_nonfinite(verdict.case["record"])
        tensor = next(t for step, name, t in verdict.case["record"] if (step, name) == found)
        assert np.isnan(tensor).any() and not np.isinf(tensor).any()
        assert verdict.message == (
            f"You find infinities only. Here the first to break is standardised of step {found[0]}, which holds nan, "
            "and no infinity comes before it. nan is not infinite, and it is neither larger than any number nor equal "
            "to one."
        )


def test_a_logarithm_of_zero_is_not_called_an_overflow():
    def first_nan(record):
        return next(((step, name) for step, name, tensor in record if np.isnan(tensor).any()), None)

    for verdict in verdicts("first_nonfinite", first_nan):
        assert verdict.case.label == "a softmax that is too sure"
        assert verdict.message.startswith(
            "You look for nan only. Here the first to break is log_probabilities"
        )
        assert "which holds -inf" in verdict.message
        assert "An infinity often comes first, from a number too large or from the logarithm of 0" in (
            verdict.message
        )


def test_the_worked_step_of_the_last_hint_is_right():
    hint = QUESTION.judged.hints[2]
    assert np.isfinite([1.0, np.inf]).tolist() == [True, False]
    assert "np.isfinite([1, inf]) is [True, False]" in hint
