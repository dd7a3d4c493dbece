"""How `clip_by_global_norm` is judged: right solutions, misunderstandings, and what to say to each."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from course_lib.checks.case import Answer, Case
from course_lib.checks.compare import show
from course_lib.checks.judges.e03_clipping_mechanics.clip_by_norm import clip_by_norm
from course_lib.checks.judges.e03_clipping_mechanics.pictures import norm_of
from course_lib.checks.judging import Judged, Misconception, Say
from course_lib.checks.matching import Matches, fails_as
from course_lib.checks.probes.e03_clipping_mechanics.clip_by_global_norm import ASKED


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
    clipped = [None if g is None else clip_by_norm(g, max_norm) for g in grads]
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


def _held(
    name: str,
    wrong: Callable[[list[Any], float], Any],
    message: Say,
    hint: str,
    matches: Matches | None = None,
) -> Misconception:
    matches = matches or fails_as(ASKED, _clip_by_global_norm, wrong, rtol=2e-5)
    return Misconception(name, {"clip_by_global_norm": wrong}, message, hint, matches)


def _whole(case: Case) -> float:
    return _clip_by_global_norm(case["grads"], case["max_norm"])[1]


def _say_each(case: Case, answer: Answer) -> str:
    kept = [
        f"{norm_of(after) / norm_of(before):.2g}"
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
        f"all its entries is {show(norm_of(matrix))}. Flatten the matrix first, or leave the 2 out."
    )


def _raised_at_none_only(cases: list[Case], answers: list[Answer]) -> bool:
    raised = [answer.status == "raised" for answer in answers]
    with_none = [any(g is None for g in case["grads"]) for case in cases]
    return any(raised) and all(none for none, stopped in zip(with_none, raised, strict=True) if stopped)


JUDGED = Judged(
    name="clip_by_global_norm",
    reference={"clip_by_global_norm": _clip_by_global_norm},
    rtol=2e-5,
    misconceptions=(
        _held(
            "the norm is not returned",
            lambda grads, c: _clip_by_global_norm(grads, c)[0],
            "You returned the clipped gradients alone. The norm is what a training log needs: return both, "
            "`return clipped, norm`.",
            "Two things come back: the list, then the norm before clipping.",
        ),
        _held(
            "the order of the two",
            lambda grads, c: _clip_by_global_norm(grads, c)[::-1],
            "Both are there, in the other order: first the list of clipped gradients, then the norm.",
            "`return clipped, norm`.",
        ),
        _held(
            "laid flat",
            _laid_flat,
            "The gradients came back as one long vector. Each has to keep its place and its shape, or the optimizer "
            "cannot match them with the parameters.",
            "Compute the norm from the flat vector if you like, then scale each array of the list.",
        ),
        _held(
            "nan for zeros",
            _nan_for_zeros,
            "Gradients that are all zero came back as nan: their norm is 0, and 0 / 0 has no value.",
            "Scale only where the norm is above the threshold; then you never divide by 0.",
        ),
        _held(
            "always rescales",
            _always_rescaled,
            lambda case, answer: (
                f"The whole has length {show(_whole(case))}, below {show(case['max_norm'])}, and you stretched it. "
                "Clipping only shortens."
            ),
            "The factor is never above 1.",
        ),
        _held(
            "the lengths added up",
            _with_norm(sum),
            lambda case, answer: (
                f"You added the lengths of the arrays, {', '.join(show(x) for x in _lengths(case['grads']))}. But they "
                f"stand at right angles to each other: the whole has length {show(_whole(case))}."
            ),
            "Add the squares of the lengths, then take the root.",
        ),
        _held(
            "the longest array",
            _with_norm(max),
            lambda case, answer: (
                f"You took the length of the longest array, {show(max(_lengths(case['grads'])))}. The whole, all "
                f"entries of all arrays together, has length {show(_whole(case))}."
            ),
            "Add the squares of all lengths, then take the root.",
        ),
        _held(
            "squared length",
            _with_norm(lambda lengths: sum(length**2 for length in lengths)),
            lambda case, answer: (
                f"You have the sum of squares; its square root, {show(_whole(case))}, is the norm."
            ),
            "Take the root once, after all squares are added up.",
        ),
        _held(
            "the largest stretch of a matrix",
            _largest_stretches,
            _say_stretch,
            "np.linalg.norm(g) without a second argument is the root of the sum of all squares, for every shape.",
        ),
        _held(
            "the norm after",
            _norm_after,
            lambda case, answer: (
                f"The gradients are right. But {show(answer.value['norm'])} is the norm after clipping: a log of "
                f"those would never show anything above {show(case['max_norm'])}, however the run explodes."
            ),
            "Keep the norm before you scale, and return that one.",
        ),
        _held(
            "each array on its own",
            _each_on_its_own,
            _say_each,
            "First the norm of the whole, then one factor for every array.",
        ),
        _held(
            "stumbles over None",
            _none_is_forgotten,
            "Your code stops at a None: a frozen layer has no gradient. Pass over it when you measure, and hand it "
            "back as None in its place.",
            "`if g is not None` belongs into both loops: the one that measures and the one that scales.",
            matches=_raised_at_none_only,
        ),
        _held(
            "None is left out",
            lambda grads, c: _clip_by_global_norm([g for g in grads if g is not None], c),
            lambda case, answer: (
                f"{len(case['grads'])} entries came in and {len(answer.value['clipped'])} went out: the None is gone, "
                "and every later gradient has moved to another parameter's place."
            ),
            "Keep its place in the list: hand back None where None came in.",
        ),
        _held(
            "None becomes zero",
            lambda grads, c: _clip_by_global_norm([np.array(0.0) if g is None else g for g in grads], c),
            "The None came back as 0. For an optimizer with momentum or weight decay these are different things: "
            "with None a parameter rests, with 0 it may still move.",
            "Put None where None was.",
        ),
        _held(
            "division by zero",
            _zero_divided,
            "Your code divides by the norm, and the norm of gradients that are all zero is 0.",
            "The factor is 1 unless norm > max_norm; divide only in that branch.",
        ),
        _held(
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
