"""How `transient` is judged: right solutions, misunderstandings, and what to say to each."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from course_lib.checks.case import Answer, Case, Floats, Plain
from course_lib.checks.compare import show
from course_lib.checks.judges.e01_explosion.layers import FLOAT32, log_plot
from course_lib.checks.judging import Finding, Judged, Misconception
from course_lib.checks.reading import numbers_in

MANY = 1000
"""Powers looked at: with a spectral radius below 0.95 and at most 8 rows, the hump is long over by then."""


def transient(radius: float, peak: float) -> Floats:
    """A triangular matrix; at each power one corner would reach the peak, and the smallest of them does first."""
    return _triangular(
        radius, min(_corner(radius, peak - radius ** (2 * k) / peak, k) for k in range(1, 400))
    )


def _triangular(radius: float, corner: float) -> Floats:
    return np.array([[radius, corner], [0.0, radius]])


def _corner(radius: float, entry: float, k: int) -> float:
    """The corner of A with which the corner of A^k is `entry`: A^k has k r^(k-1) times the corner of A."""
    return entry / (k * radius ** (k - 1))


def _corner_only(radius: float, peak: float) -> Floats:
    return _triangular(radius, min(_corner(radius, peak, k) for k in range(1, 400)))


def _peak_in_one_step(radius: float, peak: float) -> Floats:
    return _triangular(radius, peak - radius**2 / peak)


def _peak_at_step_nine(radius: float, peak: float) -> Floats:
    return _triangular(radius, peak / (9 * radius**8))


def _no_corner(radius: float, peak: float) -> Floats:
    return radius * np.eye(2)


def _shear(radius: float, peak: float) -> Floats:
    return _triangular(1.0, peak)


def _peak_as_eigenvalue(radius: float, peak: float) -> Floats:
    return np.diag([peak, radius])


def _powers(A: Floats) -> Floats:
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


def _matrix(value: Plain) -> Floats | None:
    A = numbers_in(value)
    square = A is not None and A.ndim == 2 and A.shape[0] == A.shape[1] and 1 <= len(A) <= 8
    return A if square and A is not None and np.isfinite(A).all() else None


def _radius(A: Floats) -> float:
    return float(np.abs(np.linalg.eigvals(A)).max())


def _near(value: float, wanted: float) -> bool:
    return abs(value - wanted) <= 0.01 * wanted


def _judge(case: Case, value: Plain) -> Finding:
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


def _hump(case: Case, norms: Floats) -> str:
    return (
        f"The spectral radius is right, but the norm of A^k peaks at {show(float(norms.max()))} "
        f"(k = {int(norms.argmax())}), and {case['peak']} was asked for."
    )


def _every_matrix(holds: Callable[[Case, Floats], bool]) -> Callable[[list[Case], list[Answer]], bool]:
    """A misunderstanding that shows in each of the matrices, however they were built."""

    def matches(cases: list[Case], answers: list[Answer]) -> bool:
        matrices = [_matrix(answer.value) for answer in answers]
        return all(A is not None and holds(case, A) for case, A in zip(cases, matrices, strict=True))

    return matches


def _commutes(A: Floats) -> bool:
    with np.errstate(over="ignore", invalid="ignore"):
        return np.allclose(A @ A.T, A.T @ A)


def _is_normal(case: Case, A: Floats) -> bool:
    return _near(_radius(A), case["radius"]) and _commutes(A)


def _is_shear(case: Case, A: Floats) -> bool:
    return abs(_radius(A) - 1) <= 0.001 and not _commutes(A)


def _is_at_peak_already(case: Case, A: Floats) -> bool:
    sizes = (float(np.linalg.norm(A, 2)), float(np.abs(A).max()))
    return _near(_radius(A), case["radius"]) and any(_near(size, case["peak"]) for size in sizes)


def _has_its_step_fixed(case: Case, A: Floats) -> bool:
    """A corner that reaches the peak at one and the same step for every radius; the lesson's matrix has step 9."""
    if A.shape != (2, 2) or not np.allclose(A, _triangular(case["radius"], A[0, 1])):
        return False
    return math.isclose(9 * case["radius"] ** 8 * abs(float(A[0, 1])), case["peak"], rel_tol=1e-3)


def _has_corner_of_peak(case: Case, A: Floats) -> bool:
    if A.shape != (2, 2) or not np.allclose(A, _triangular(case["radius"], A[0, 1])):
        return False
    return _near(
        max(k * case["radius"] ** (k - 1) for k in range(1, 400)) * abs(float(A[0, 1])), case["peak"]
    )


def _picture(case: Case, got: Plain, expected: Plain) -> str:
    A = _matrix(got)
    if A is None or _radius(A) > 2:
        return ""
    norms = _powers(A)[:61]
    alt = (
        f"Norm of A^k for k = 0 to 60: it starts at 1, is {show(float(norms[1]))} at k = 1, at most "
        f"{show(float(norms.max()))} (k = {int(norms.argmax())}) and {show(float(norms[-1]))} at k = 60. "
        f"The peak asked for is {case['peak']}."
    )
    return log_plot(
        alt, "power k", "norm of A^k", [("asked peak", [case["peak"]] * 61), ("yours", norms.tolist())]
    )


JUDGED = Judged(
    name="transient",
    reference={"transient": transient},
    judge=_judge,
    rtol=FLOAT32,
    picture=_picture,
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
