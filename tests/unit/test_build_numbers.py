"""Numbers that carry their proof: how they are read, when they hold, and which ones lack one."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_lib.build import numbers
from course_lib.build.numbers import NumberError


@pytest.mark.parametrize(
    ("written", "value", "unit"),
    [
        ("9,100", "9100", "1"),
        ("9{,}100", "9100", "1"),
        ("1,234,567.89", "1234567.89", "0.01"),
        ("-0.42", "-0.42", "0.01"),
        ("−0.42", "-0.42", "0.01"),
        (".5", "0.5", "0.1"),
        ("0.50", "0.50", "0.01"),
        ("2.3e-8", "2.3e-8", "1e-9"),
        ("94%", "0.94", "0.01"),
        ("$99.5\\%$", "0.995", "0.001"),
        (r"$1.8 \times 10^{19}$", "1.8e19", "1e18"),
        (r"$-2 \cdot 10^{-3}$", "-0.002", "0.001"),
        ("1.8 × 10^19", "1.8e19", "1e18"),
        ("$10^{19}$", "1e19", "1e19"),
    ],
)
def test_a_number_is_worth_its_value_to_its_last_digit(written: str, value: str, unit: str) -> None:
    assert numbers.read(written) == (Decimal(value), Decimal(unit))


@pytest.mark.parametrize("written", ["", "nine", "1,23", "1.2.3", "%", "9,1000"])
def test_what_is_no_number_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="is not a number"):
        numbers.read(written)


@pytest.mark.parametrize(
    ("written", "value", "holds"),
    [
        ("9,100", 1.2**50, True),
        ("9,000", 1.2**50, False),
        ("9,101", 1.2**50, False),
        ("94%", 0.9449, True),
        ("94%", 0.9451, False),
        ("94%", 94.0, False),
        ("0.50", 0.5, True),
        ("0.5", 0.549, True),
        ("0.50", 0.51, False),
        ("1e3", 1499.0, True),
        ("1e3", 1501.0, False),
        ("3", 2.5, True),
        ("2", 2.5, True),
        ("0.3", 0.1 + 0.2, True),
        ("1", math.inf, False),
        ("1", math.nan, False),
        (r"$1.8 \times 10^{19}$", 2**64, True),
    ],
)
def test_a_rounding_is_to_the_nearest_of_the_digits_written(written: str, value: float, holds: bool) -> None:
    assert numbers.is_rounding(written, value) is holds


finite = st.floats(min_value=-1e15, max_value=1e15)
digits = st.integers(0, 6)


@given(finite, digits)
def test_every_correct_rounding_holds(value: float, decimals: int) -> None:
    assert numbers.is_rounding(f"{value:.{decimals}f}", value)
    assert numbers.is_rounding(f"{value:,.{decimals}f}", value)
    assert numbers.is_rounding(f"{value:.{decimals}e}", value)


@given(st.floats(0, 1), digits)
def test_every_correct_percentage_holds(share: float, decimals: int) -> None:
    assert numbers.is_rounding(f"{share:.{decimals}%}", share)


@given(st.floats(1e-12, 1e12), digits)
def test_a_formula_says_the_same_as_the_exponent(value: float, decimals: int) -> None:
    mantissa, exponent = f"{value:.{decimals}e}".split("e")
    formula = rf"${mantissa} \times 10^{{{int(exponent)}}}$"
    assert numbers.read(formula) == numbers.read(f"{mantissa}e{exponent}")


@given(finite, digits, st.sampled_from([-1, 1]))
def test_one_in_the_last_digit_too_much_does_not_hold(value: float, decimals: int, sign: int) -> None:
    unit = Decimal(1).scaleb(-decimals)
    rounded = Decimal(f"{value:.{decimals}f}")
    off = rounded + sign * unit
    tie = abs(Decimal(value) - off) <= unit * Decimal("0.500001")
    assert numbers.is_rounding(f"{off:f}", value) is tie


@given(finite, st.floats(-1e-9, 1e-9))
def test_less_means_less(value: float, nudge: float) -> None:
    assert numbers.is_less(f"{value:.17e}", value * 2) is (Decimal(f"{value:.17e}") < Decimal(value * 2))
    assert numbers.is_less("1", math.inf)
    assert not numbers.is_less("1", math.nan)
    assert not numbers.is_less("1", -math.inf)
    assert not numbers.is_less("1", 1.0)


PROSE = r"""After 50<!--plain--> layers the signal is **9,100**<!--= 1.2**50 --> times as large,
more than 9,000<!--< growth -->; it turns by 39<!--= turned --> degrees in 94%<!--= share --> of the runs,
from 2-5.5<!--= high --> to -2.5<!--= low -->, and $x = 1.8 \times 10^{19}$<!--= x --> or `0.25`<!--= quarter -->."""


def test_the_proven_numbers_of_a_text() -> None:
    found = [
        (number.written, number.relation, number.expression, number.line) for number in numbers.proven(PROSE)
    ]
    assert found == [
        ("9,100", "=", "1.2**50", 1),
        ("9,000", "<", "growth", 2),
        ("39", "=", "turned", 2),
        ("94%", "=", "share", 2),
        ("5.5", "=", "high", 3),
        ("-2.5", "=", "low", 3),
        (r"1.8 \times 10^{19}", "=", "x", 3),
        ("0.25", "=", "quarter", 3),
    ]
    numbers.check_all_proven(PROSE)
    assert "<!--" not in numbers.without_proofs(PROSE)
    assert "**9,100** times" in numbers.without_proofs(PROSE)


def test_a_number_holds_or_complains() -> None:
    grown, more, *_ = numbers.proven(PROSE)
    assert grown.holds(1.2**50)
    assert not grown.holds(1.2**51)
    assert more.holds(1.2**50)
    assert not more.holds(8_000.0)
    assert more.complaint(8_000.0) == "the text says 9,000 is less than growth, which is 8000.0"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("grows 1.2 times", "1.2"),
        ("about 9,100 times", "9,100"),
        ("an error of 1e-3", "1e-3"),
        ("in 94% of the runs", "94%"),
        ("in 94 % of the runs", "94 %"),
        ("about 10^5 times", "10"),
        ("turned by -0.5", "-0.5"),
        ("(2.5)", "2.5"),
        ("**1.5**", "1.5"),
        ("takes 0.1s", "0.1"),
        ("1.5<!-- a remark -->", "1.5"),
        ("9,100<!--= x --> and 1.5", "1.5"),
        ("`code` 1.5 `code`", "1.5"),
    ],
)
def test_a_claim_without_proof_is_found(text: str, number: str) -> None:
    with pytest.raises(NumberError, match=f"the number {number.replace('^', '.')} has no proof") as caught:
        numbers.check_all_proven("A line.\n" + text)
    assert caught.value.line == 2


@pytest.mark.parametrize(
    "text",
    [
        "`1.5` and ``9,100``",
        "```python\nx = 1.5\n```",
        "$1.5$ and $$\n9{,}100.5\n$$",
        r"\begin{align} 1.5 \end{align}",
        "[version 1.5](https://example.org/1.5)",
        "<https://example.org/1.5> and https://example.org/2.5",
        '<img alt="1.5">',
        "Pascanu, Mikolov & Bengio 2013, sec. 2.1; §3.2; eqs. 3.1 and 3.2; Fig. 2.4; Theorem 4.1",
        "arXiv:1211.5063",
        "1. first\n2. second",
        "2 layers, 1 seed, float32, v2",
        "in 2013",
    ],
)
def test_code_formulas_links_citations_and_the_smallest_counts_need_no_proof(text: str) -> None:
    numbers.check_all_proven(text)


def test_a_proof_without_a_number_is_refused() -> None:
    with pytest.raises(NumberError, match="no number stands before <!--= x -->") as caught:
        numbers.proven("fine\n\nmany<!--= x --> times")
    assert caught.value.line == 3


@pytest.mark.parametrize(
    "text",
    [
        "Ten networks, 300 steps.",
        "At least 4,000 times.",
        "Between 0.8 and 1.",
        "The middle 95 % of it.",
        "A limit of 500 on a road.",
        "In 2,000 steps.",
        "300<!--plain--> steps and 400 more.",
    ],
)
def test_a_number_without_a_proof_or_a_mark_is_seen(text: str) -> None:
    with pytest.raises(NumberError, match=r"has no proof; write .*<!--= expression -->, or, where nothing"):
        numbers.check_all_proven(text)


@pytest.mark.parametrize(
    "text",
    [
        "Above 0, between 1 and 2.",
        "300<!--plain--> steps, 4,000<!--plain--> draws, 95 %<!--plain--> of `50`.",
        "3. the third item",
        "## 3. A heading ({points}, 12 minutes)",
        "### Experiment 3: one sick layer",
        "See question 3, questions 4 to 6, lesson 04, issue 1234.",
        "Hardt, Recht & Singer 2016; Seetharaman et al. 2020 (2013).",
    ],
)
def test_places_years_and_what_is_marked_are_passed_over(text: str) -> None:
    numbers.check_all_proven(text)


def test_a_mark_without_a_number_is_refused() -> None:
    with pytest.raises(NumberError, match="no number stands before <!--plain-->"):
        numbers.check_all_proven("many<!--plain--> steps")


def test_proofs_and_marks_leave_the_numbers_behind() -> None:
    assert (
        numbers.without_proofs("39<!--= turned --> degrees, 8<!--plain--> of them") == "39 degrees, 8 of them"
    )


def test_a_number_may_say_how_near_it_is() -> None:
    (about,) = numbers.proven("about 30%<!--~0.1 share --> of them")
    assert (about.written, about.relation, about.expression) == ("30%", "~", "share")
    assert [about.holds(value) for value in (0.19, 0.21, 0.39, 0.41, math.nan, math.inf)] == [
        *(False, True, True, False),
        *(False, False),
    ]
    assert about.complaint(0.5) == "the text says 30% is within 0.1 of share, which is 0.5"
    with pytest.raises(NumberError, match="has no proof"):
        numbers.check_all_proven("30%<!--~ share -->")
