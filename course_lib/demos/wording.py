"""Numbers as the demos write them; `stage.js` writes them the same way, and a test compares the two."""

from __future__ import annotations

import math

SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def power_of_ten(exponent: int) -> str:
    """`10⁻⁵` for -5, and plain `1` for 0."""
    return "1" if exponent == 0 else "10" + str(exponent).translate(SUPERSCRIPTS)


def size(log10: float) -> str:
    """A size given by its decimal logarithm, to three digits: `9,100`, `0.0143`, `1.43 × 10⁻⁵`.

    From the logarithm, because the sizes at hand go beyond what a float can hold.
    """
    if log10 == -math.inf:
        return "0"
    exponent = math.floor(log10)
    digits = math.floor(10 ** (log10 - exponent) * 100 + 0.5)
    if digits >= 1000:
        digits, exponent = 100, exponent + 1
    if 2 <= exponent < 6:
        return f"{digits * 10 ** (exponent - 2):,}"
    if -3 <= exponent < 2:
        return _trimmed(digits / 10 ** (2 - exponent), 2 - exponent)
    if digits == 100:
        return power_of_ten(exponent)
    return f"{_trimmed(digits / 100, 2)} × {power_of_ten(exponent)}"


def decimal(number: float, places: int = 2) -> str:
    """`number` to at most `places` decimals, halves away from zero, with a true minus sign: `−1.99`."""
    shift = 10**places
    rounded = math.floor(abs(number) * shift + 0.5) / shift
    sign = "−" if number < 0 and rounded > 0 else ""
    return sign + _trimmed(rounded, places)


def _trimmed(number: float, places: int) -> str:
    text = f"{number:.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
