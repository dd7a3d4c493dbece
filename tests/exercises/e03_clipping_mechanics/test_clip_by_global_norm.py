"""Question clip_by_global_norm: right answers in other styles, near misses, and what is said to each."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from verdicts import (
    assert_earns_nothing_and_is_told_why,
    find,
    ids,
    verdict,
)

from course_lib import clipping
from course_lib.checks.judges.e03_clipping_mechanics import clip_by_global_norm as judges

QUESTION = find("clip_by_global_norm")


def globally_in_a_loop(grads, max_norm):
    total = 0.0
    for g in grads:
        if g is not None:
            for entry in np.nditer(g):
                total += float(entry) ** 2
    norm = math.sqrt(total)
    clipped = []
    for g in grads:
        if g is None:
            clipped.append(None)
        elif norm > max_norm:
            clipped.append(g / norm * max_norm)
        else:
            clipped.append(g.copy())
    return clipped, norm


def globally_from_flat(grads, max_norm):
    flat = np.concatenate([g.ravel() for g in grads if g is not None])
    norm = np.linalg.norm(flat)
    return [g if g is None else g / max(1, norm / max_norm) for g in grads], norm


def globally_in_torch(grads, max_norm):
    tensors = [None if g is None else torch.tensor(g) for g in grads]
    norm = torch.stack([t.norm() for t in tensors if t is not None]).norm()
    factor = min(1.0, max_norm / (norm + 1e-6))
    return tuple(None if t is None else t * factor for t in tensors), norm


def globally_from_norms(grads, max_norm):
    norm = math.hypot(*(np.linalg.norm(g) for g in grads if g is not None))
    factor = min(1, max_norm / max(norm, 1e-30))
    return [[g * factor if g is not None else None for g in grads], norm]


def globally_by_squares(grads, max_norm):
    norm = sum((np.asarray(g) ** 2).sum() for g in grads if g is not None) ** 0.5
    if norm < max_norm:
        return grads, norm
    return [None if g is None else (max_norm * g) / norm for g in grads], np.array(norm)


GLOBAL = [globally_in_a_loop, globally_from_flat, globally_in_torch, globally_from_norms, globally_by_squares]


@pytest.mark.parametrize("clip_by_global_norm", GLOBAL, ids=ids(GLOBAL))
def test_clip_by_global_norm_in_any_style(clip_by_global_norm):
    got = verdict("clip_by_global_norm", clip_by_global_norm=clip_by_global_norm)
    assert got.right, got.text()


NEAR_MISSES = [
    lambda grads, c: globally_from_norms(grads, 1.0),
    lambda grads, c: (*globally_from_norms(grads, c), 0),
    lambda grads, c: (globally_from_norms(grads, c)[0][:-1], 1.0),
    lambda grads, c: (globally_from_norms(grads, c)[0], None),
    lambda grads, c: globally_from_norms(grads[::-1], c),
    lambda grads, c: None,
]


@pytest.mark.parametrize("answer", NEAR_MISSES, ids=ids(NEAR_MISSES))
def test_near_misses_earn_nothing_and_are_told_why(answer):
    assert_earns_nothing_and_is_told_why(verdict("clip_by_global_norm", clip_by_global_norm=answer))


def test_of_two_mistakes_in_a_global_clip_the_first_one_met_is_told():
    def no_none_and_norm_after(grads, c):
        clipped, norm = globally_from_norms([g for g in grads if g is not None], c)
        return clipped, min(norm, c)

    assert (
        verdict("clip_by_global_norm", clip_by_global_norm=no_none_and_norm_after).misconception
        == "the norm after"
    )


def test_code_that_stops_for_another_reason_is_not_blamed_on_none():
    got = verdict("clip_by_global_norm", clip_by_global_norm=lambda grads, c: grads.mean())
    assert (got.status, got.misconception) == ("error", "")
    assert "AttributeError" in got.message


def test_gradients_changed_in_place_are_noticed_and_told():
    def in_place(grads, c):
        for g in grads:
            if g is not None:
                g[...] = 7.0
        return grads

    got = verdict("clip_by_global_norm", clip_by_global_norm=in_place)
    assert got.status == "wrong"
    assert "afterwards" in got.text()


REFUSED = [
    clipping.clip_by_global_norm,
    lambda grads, c: ([], clipping.global_norm([g for g in grads if g is not None])),
    lambda grads, c: ([], torch.nn.utils.get_total_norm([torch.tensor(g) for g in grads])),
]


@pytest.mark.parametrize("answer", REFUSED, ids=ids(REFUSED))
def test_ready_made_answers_are_refused(answer):
    got = verdict("clip_by_global_norm", clip_by_global_norm=answer)
    assert (got.status, got.points) == ("refused", 0), got.text()


def globally_with_the_two(grads, max_norm):
    norm = np.sqrt(sum(np.linalg.norm(g, 2) ** 2 for g in grads if g is not None))
    factor = min(1.0, max_norm / norm) if norm > 0 else 1.0
    return [None if g is None else g * factor for g in grads], norm


def test_the_largest_stretch_of_a_matrix_is_not_taken_for_its_length():
    for seed in range(20):
        got = verdict("clip_by_global_norm", seed, clip_by_global_norm=globally_with_the_two)
        assert got.misconception == "the largest stretch of a matrix", got.text()
        matrix = got.case["grads"][0]
        stretch, length = np.linalg.norm(matrix, 2), np.linalg.norm(matrix)
        assert got.message == (
            f"norm(M, 2) of a matrix is its largest stretch, here {stretch:.4g}; the length of all its entries is "
            f"{length:.4g}. Flatten the matrix first, or leave the 2 out."
        )


def test_the_worked_step_of_the_last_hint_is_right():
    hint = QUESTION.judged.hints[2]
    clipped, norm = judges._clip_by_global_norm([np.array([3.0]), None, np.array([4.0, 0.0])], 1.0)
    assert norm == 5
    np.testing.assert_allclose(clipped[2], [0.8, 0])
    assert "[0.6], None and [0.8, 0] come back, with the 5" in hint
