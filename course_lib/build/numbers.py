r"""Numbers in prose that carry their own proof, in a comment no reader sees: `9,100<!--= 1.2**50 -->`.

`<!--= expression -->` says that the number before it is a correct rounding of the expression's value to the digits
written; `<!--< expression -->` that it is less than the value; `<!--~0.05 expression -->` that it is within 0.05 of
the value, where the last bit of a sum, which no two processors share, moves the value by as much. Numbers are written
plainly (`9,100`, `-0.42`, `2.3e-8`, `94%`) or in a formula (`$1.8 \times 10^{19}$`, `$9{,}100$`, `$94\%$`: the last
number of the formula).

The digits written are all of them: 9,100 claims the units, 0.50 the hundredths, 2.3e-8 the second digit. Who means
it more coarsely says so in the expression: `9,000<!--= round(growth, -3) -->`. A percentage is compared with a share:
`94%` with 0.94.

A number that nothing computes, a given of the task or a way of speaking, says that: `at most 100<!--plain-->`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

Relation = Literal["=", "<", "~"]
Value = int | float

_GROUPED = r"\d{1,3}(?:(?:,|\{,\})\d{3})+(?!\d)"
_MANTISSA = rf"(?:(?:{_GROUPED}|\d+)(?:\.\d+)?|\.\d+)"
_TEN = r"10(?:\^(?:\{\s*(?P<braced>[-−+]?\d+)\s*\}|(?P<plain>[-−+]?\d+))|\*\*(?P<starred>[-−+]?\d+))"
_NUMBER = (
    rf"(?P<sign>(?<![\w)}}\]])[-−])?(?:(?P<mantissa>{_MANTISSA})(?:[eE](?P<e>[-−+]?\d+)"
    rf"|\s*(?:\\times|\\cdot|×|·)\s*{_TEN})?|{_TEN.replace('?P<', '?P<bare_')})"
    r"\s*(?P<percent>\\?%)?"
)
_WRITTEN = re.compile(rf"(?<![\w.,]){_NUMBER}(?P<closing>[\s}}]*[$`*_]*)$")
_PROOF = re.compile(
    r"<!--(?:(?P<relation>[=<])|~(?P<within>\d*\.?\d+(?:e-?\d+)?)\s)\s*(?P<expression>.*?)\s*-->", re.DOTALL
)
_PLAIN = re.compile(r"<!--\s*plain\s*-->")

_CLAIM = re.compile(
    rf"(?<![\w.,])[-−]?(?:{_GROUPED}|\d+\.\d+|\.\d+|\d+(?=[eE][-+−]?\d|\s?%|\s*[×·]\s*10|\^|\*\*)"
    r"|(?![012](?![\d]))\d+(?![\w]))"
    r"(?:\.\d+)?(?:[eE][-+−]?\d+)?(?:\s?%)?"
)
"""A number that says something: all but 0, 1 and 2, with which one counts and compares."""

_PASSED_OVER = tuple(
    re.compile(pattern, flags)
    for pattern, flags in (
        (r"^ {0,3}(```+|~~~+).*?^ {0,3}\1[`~]*\s*$", re.MULTILINE | re.DOTALL),
        (r"(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL),
        (r"<!--.*?-->", re.DOTALL),
        (r"\$\$.+?\$\$", re.DOTALL),
        (r"\\begin\{(\w+\*?)\}.*?\\end\{\1\}", re.DOTALL),
        (r"\\\(.+?\\\)|\\\[.+?\\\]", re.DOTALL),
        (r"(?<![\\$])\$(?!\s)[^$]+?(?<![\s\\])\$", re.DOTALL),
        (r"!?\[[^\]]*\](?:\([^)]*\)|\[[^\]]*\])", 0),
        (r"^ {0,3}\[[^\]]+\]:.*$", re.MULTILINE),
        (r"https?://\S+", 0),
        (r"</?[A-Za-z][^>]*>", 0),
        (
            r"(?:\b(?:sec(?:tion)?s?|ch(?:apter)?s?|eqs?|equations?|figs?|figures?|tables?|theorems?|thm|lemma|"
            r"propositions?|corollary|definitions?|algorithms?|appendix|pp?|vol|no)\b\.?|§+)\s*\(?"
            r"[A-Z]?\d+(?:\.\d+)*(?:\s*(?:,|and|to|[-–])\s*[A-Z]?\d+(?:\.\d+)+)*",
            re.IGNORECASE,
        ),
        (r"\b(?:arXiv|doi)\s*:\s*\S+", re.IGNORECASE),
        # Places and years: an item of a list, a heading's number, `lesson 04`, `questions 1 to 4`, `Pascanu 2013`.
        (r"^(?: *[-*])? *\d+\.(?=\s)", re.MULTILINE),
        (r"^ *#+ (?:Exercise |Experiment )?\d+(?=[.:]? )", re.MULTILINE),
        (r"\(\{points\}, \d+ minutes\)$", re.MULTILINE),
        (
            r"\b(?:lessons?|exercises?|questions?|experiments?|issues?|numbers?)\s+\d+(?:(?:, | and | to |-|–)\d+)*\b",
            re.IGNORECASE,
        ),
        (
            r"(?:\bal\.,? \(?|\b[A-Z][\w.&'’-]*,?\s+\(?|\(|\b(?:in|of|since|from|until|and|to)\s+)"
            r"(?:19|20)\d\d[a-c]?\b(?!,\d)",
            0,
        ),
    )
)

_TIE = Decimal("1e-9")
"""A value this near to the middle between two roundings (as a part of the last digit) may be written as either:
the last bit of a float is not the same on every processor."""


class NumberError(ValueError):
    """A proof without a number, or a number without a proof; `line` counts from 1 at the cell's first line."""

    def __init__(self, line: int, sentence: str) -> None:
        super().__init__(sentence)
        self.line = line


@dataclass(frozen=True)
class Number:
    """A number as written, what it claims, and in which line of its cell."""

    written: str
    relation: Relation
    expression: str
    line: int
    within: Decimal = Decimal(0)

    def holds(self, value: Value) -> bool:
        """Whether the number is a correct rounding of `value`, or less than it, or as near to it as it says."""
        if self.relation == "~":
            return math.isfinite(value) and abs(Decimal(value) - read(self.written)[0]) <= self.within
        return is_less(self.written, value) if self.relation == "<" else is_rounding(self.written, value)

    def complaint(self, value: Value) -> str:
        """The sentence for a number that does not hold."""
        claims: dict[Relation, str] = {
            "<": "is less than",
            "=": "is a rounding of",
            "~": f"is within {self.within} of",
        }
        claim = claims[self.relation]
        return f"the text says {self.written} {claim} {self.expression}, which is {value!r}"


def read(written: str) -> tuple[Decimal, Decimal]:
    r"""The value of a written number and the worth of its last digit: `94%` is (0.94, 0.01), `9,100` (9100, 1).

    Raises `ValueError` where `written` is no number. `10^{19}` has one digit, a 1.
    """
    match = re.fullmatch(_NUMBER, written.strip().strip("$").strip())
    if match is None:
        raise ValueError(f"{written!r} is not a number")
    found = {name: text for name, text in match.groupdict().items() if text is not None}
    digits = Decimal(found.get("mantissa", "1").replace("{,}", "").replace(",", ""))
    exponents = ("e", "braced", "plain", "starred", "bare_braced", "bare_plain", "bare_starred")
    exponent = next((int(found[name].replace("−", "-")) for name in exponents if name in found), 0)
    shift = exponent - (2 if "percent" in found else 0)
    decimals = digits.as_tuple().exponent
    assert isinstance(decimals, int)
    value = digits.scaleb(shift) * (-1 if "sign" in found else 1)
    return value, Decimal(1).scaleb(decimals + shift)


def is_rounding(written: str, value: Value) -> bool:
    """Whether `written` is `value` rounded to the nearest, to the digits written; a tie may go either way."""
    if not math.isfinite(value):
        return False
    number, unit = read(written)
    return abs(Decimal(value) - number) <= unit * (Decimal("0.5") + _TIE)


def is_less(written: str, value: Value) -> bool:
    """Whether the number written is less than `value`, which may be infinite."""
    if math.isnan(value) or value == -math.inf:
        return False
    return value == math.inf or read(written)[0] < Decimal(value)


def proven(text: str) -> list[Number]:
    """The numbers of a Markdown text that carry a proof; raises `NumberError` for a proof without a number."""
    return [number for number, _ in _proven_spans(text)]


def without_proofs(text: str) -> str:
    """The text with the numbers and without their proofs and marks."""
    return _PLAIN.sub("", _PROOF.sub("", text))


def check_all_proven(text: str) -> None:
    """Raise `NumberError` for a number of the prose that makes a claim, carries no proof and is not marked as plain.

    Every number makes one but 0, 1 and 2, with which one counts and compares. Code ticks, formulas, links, places
    (`question 3`, an item of a list), years and citations (`sec. 2.1`, `arXiv:1211.5063`) are passed over.
    """
    visible = text
    for _, (start, end) in _proven_spans(text):
        visible = _blanked(visible, start, end)
    for mark in _PLAIN.finditer(text):
        visible = _blanked(visible, *_span_of_number(text, mark))
    for pattern in _PASSED_OVER:
        for match in list(pattern.finditer(visible)):
            visible = _blanked(visible, *match.span())
    claim = _CLAIM.search(visible)
    if claim:
        raise NumberError(
            _line(text, claim.start()),
            f"the number {claim.group().strip()} has no proof; write {claim.group().strip()}<!--= expression -->, "
            f"or, where nothing computes it, {claim.group().strip()}<!--plain-->",
        )


def _proven_spans(text: str) -> Iterator[tuple[Number, tuple[int, int]]]:
    """Each proven number, with the span from its start (or its formula's, or its code ticks') to its proof's end."""
    for proof in _PROOF.finditer(text):
        line = _line(text, proof.start())
        span = _span_of_number(text, proof)
        written = _written_before(text, proof)
        relation: Relation = "~" if proof["within"] else "<" if proof["relation"] == "<" else "="
        number = written.group().removesuffix(written["closing"]).strip()
        within = Decimal(proof["within"] or 0)
        yield Number(number, relation, proof["expression"], line, within), span


def _written_before(text: str, mark: re.Match[str]) -> re.Match[str]:
    """The number that stands before a proof or a mark; raises `NumberError` where none does."""
    written = _WRITTEN.search(text[: mark.start()])
    if written is None:
        raise NumberError(_line(text, mark.start()), f"no number stands before {mark.group()}")
    return written


def _span_of_number(text: str, mark: re.Match[str]) -> tuple[int, int]:
    """From the start of the number before a mark (or of its formula, or its code ticks) to the mark's end."""
    written = _written_before(text, mark)
    start = written.start()
    for quotes in re.findall(r"\$+|`+", written["closing"]):
        start = max(text.rfind(quotes, 0, start), 0)
    return start, mark.end()


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def _blanked(text: str, start: int, end: int) -> str:
    """The text with a span blanked, its line breaks kept."""
    return text[:start] + re.sub(r"[^\n]", " ", text[start:end]) + text[end:]
