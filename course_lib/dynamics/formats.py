"""Floating-point formats, and the rounding that each of them does.

IEEE 754-2019, section 3; bfloat16 is float32 with 16 of its 24 bits of precision cut off.
Taught in lesson 01_explosion.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from course_lib.errors import CourseError


class DynamicsError(CourseError, ValueError):
    """A dynamical system was asked for with numbers that have no meaning; the message says which."""


@dataclass(frozen=True)
class FloatFormat:
    """A binary format: `precision` counts the leading 1; the exponents run from 1 - `top` to `top`."""

    name: str
    precision: int
    top: int

    @property
    def largest(self) -> float:
        r"""The largest finite number, $(2 - 2^{1-p}) \cdot 2^{e}$."""
        return math.ldexp(2 - 2.0 ** (1 - self.precision), self.top)

    @property
    def smallest_normal(self) -> float:
        """The smallest number that still has the full precision."""
        return math.ldexp(1.0, 1 - self.top)

    @property
    def smallest(self) -> float:
        """The smallest number above 0; what is at most half of it becomes 0."""
        return math.ldexp(1.0, 2 - self.top - self.precision)

    @property
    def overflow_exponent(self) -> float:
        r"""$\log_2$ of the number from which on rounding gives infinity: half a step above the largest."""
        return self.top + 1 + math.log1p(-(2.0 ** (-self.precision - 1))) / math.log(2)


FORMATS: dict[str, FloatFormat] = {
    kind.name: kind
    for kind in (
        FloatFormat("float16", 11, 15),
        FloatFormat("bfloat16", 8, 127),
        FloatFormat("float32", 24, 127),
        FloatFormat("float64", 53, 1023),
    )
}


def float_format(name: str) -> FloatFormat:
    """The format called `name`; raises `DynamicsError` with the names that exist."""
    if name not in FORMATS:
        raise DynamicsError(f"There is no number format {name!r}; the formats are {', '.join(FORMATS)}.")
    return FORMATS[name]


@overload
def rounded(x: float, format_name: str) -> float: ...
@overload
def rounded(x: NDArray[np.floating[Any]], format_name: str) -> NDArray[np.float64]: ...
def rounded(x: float | NDArray[np.floating[Any]], format_name: str) -> float | NDArray[np.float64]:
    """`x` as the format holds it: to the nearest, ties to even, infinity beyond the largest; in float64.

    The product of two float32 numbers is exact in float64, and so is that of two of any smaller format:
    rounding it here gives what the hardware gives, subnormal numbers included.
    """
    kind = float_format(format_name)
    value = np.asarray(x, np.float64)
    _, exponent = np.frexp(value)
    last_bit = np.maximum(exponent - 1, 1 - kind.top) - (kind.precision - 1)
    nearest = np.ldexp(np.rint(np.ldexp(value, -last_bit)), last_bit)
    result = np.where(np.abs(nearest) > kind.largest, np.copysign(np.inf, nearest), nearest)
    return float(result) if np.ndim(x) == 0 else result
