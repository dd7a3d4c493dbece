"""Question clip_by_norm: right answers in other styles, near misses, and what is said to each."""

from __future__ import annotations

import functools
import math
import re
import xml.etree.ElementTree as ElementTree

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
from course_lib.checks.judges.e03_clipping_mechanics import clip_by_norm as judges

QUESTION = find("clip_by_norm")


def norm_in_a_loop(g, max_norm):
    total = 0.0
    for entry in g:
        total += float(entry) ** 2
    length = total**0.5
    clipped = []
    for entry in g:
        clipped.append(float(entry) * max_norm / length if length > max_norm else float(entry))
    return clipped


def norm_in_torch(g, max_norm):
    vector = torch.tensor(g)
    norm = vector.norm()
    return vector * torch.clamp(max_norm / (norm + 1e-6), max=1.0)


def norm_in_float32(g, max_norm):
    g = np.float32(g)
    norm = np.sqrt(g @ g)
    return g if norm <= np.float32(max_norm) else g / norm * np.float32(max_norm)


CLIPS_BY_NORM = [
    norm_in_a_loop,
    norm_in_torch,
    norm_in_float32,
    lambda g, c: g * min(1, c / max(np.linalg.norm(g), 1e-12)),
    lambda g, c: g / max(1, np.linalg.norm(g) / c),
    lambda g, c: g / np.maximum(1, math.hypot(*g) / c),
    lambda g, c: np.where(np.linalg.norm(g) > c, g * c / max(np.linalg.norm(g), 1e-300), g),
    lambda g, c: tuple(g * (c / math.dist(g, 0 * g))) if math.dist(g, 0 * g) >= c else tuple(g),
]


@pytest.mark.parametrize("clip_by_norm", CLIPS_BY_NORM, ids=ids(CLIPS_BY_NORM))
def test_clip_by_norm_in_any_style(clip_by_norm):
    got = verdict("clip_by_norm", clip_by_norm=clip_by_norm)
    assert got.right, got.text()


NEAR_MISSES = [
    lambda g, c: 0.999 * g * min(1, c / max(np.linalg.norm(g), 1e-12)),
    lambda g, c: -g * min(1, c / max(np.linalg.norm(g), 1e-12)),
    lambda g, c: g[:, None] / max(1, np.linalg.norm(g) / c),
    lambda g, c: g / max(1, np.linalg.norm(g, 3) / c),
    lambda g, c: g / (1 + np.linalg.norm(g) / c),
    lambda g, c: (g / max(1, np.linalg.norm(g) / c), np.linalg.norm(g)),
    lambda g, c: g[:2] / max(1, np.linalg.norm(g) / c),
    lambda g, c: str(g),
]


@pytest.mark.parametrize("answer", NEAR_MISSES, ids=ids(NEAR_MISSES))
def test_near_misses_earn_nothing_and_are_told_why(answer):
    assert_earns_nothing_and_is_told_why(verdict("clip_by_norm", clip_by_norm=answer))


def test_clipping_by_value_is_told_with_the_angle_it_turns():
    got = verdict("clip_by_norm", clip_by_norm=lambda g, c: np.clip(g, -c, c))
    assert got.misconception == "clips by value"
    g, c = got.case["g"], got.case["max_norm"]
    turned = clipping.angle_between(g, np.clip(g, -c, c))
    assert turned > 5
    assert f"turned by {turned:.3g} degrees" in got.message


def test_a_gradient_changed_in_place_is_noticed_and_told():
    def in_place(g, c):
        g[...] = 7.0
        return g

    got = verdict("clip_by_norm", clip_by_norm=in_place)
    assert got.status == "wrong"
    assert "afterwards" in got.text()


def torch_clip(g, max_norm):
    parameter = torch.nn.Parameter(torch.tensor(g))
    parameter.grad = torch.tensor(g)
    torch.nn.utils.clip_grad_norm_([parameter], max_norm)
    return parameter.grad


def courses_torch_clip(g, max_norm):
    parameter = torch.nn.Parameter(torch.tensor(g))
    parameter.grad = torch.tensor(g)
    clipping.clip_by_global_norm_([parameter], max_norm)
    return parameter.grad


REFUSED = [
    clipping.clip_by_norm,
    functools.partial(clipping.clip_by_norm, p=2),
    lambda g, c: clipping.clip_by_global_norm([g], c)[0][0],
    lambda g, c: clipping.clip_globally({"g": g}, c)[0]["g"],
    lambda g, c: clipping.clip_per_layer({"g": g}, c)[0]["g"],
    torch_clip,
    courses_torch_clip,
]


@pytest.mark.parametrize("answer", REFUSED, ids=ids(REFUSED))
def test_ready_made_answers_are_refused(answer):
    got = verdict("clip_by_norm", clip_by_norm=answer)
    assert (got.status, got.points) == ("refused", 0), got.text()


def picture_of(question, **names):
    got = verdict(question, **names)
    assert not got.right
    return got, ElementTree.fromstring(got.picture)


def test_the_picture_of_a_norm_tells_ball_and_arrows_apart_by_more_than_colour():
    got, image = picture_of("clip_by_norm", clip_by_norm=lambda g, c: np.clip(g, -c, c))
    text = got.picture
    assert text.count("<circle") == 1
    legend = ["".join(row.itertext()) for row in image.iter("{http://www.w3.org/2000/svg}text")]
    assert [entry.split(",")[0] for entry in legend] == ["g", "expected", "your answer", "the threshold"]
    strokes = set(
        re.findall(r'stroke="(#[0-9A-F]{6})" stroke-width="[0-9.]+"( stroke-dasharray="[0-9 ]+")?', text)
    )
    assert len({colour for colour, _ in strokes}) == 4
    assert len({dashes for _, dashes in strokes}) == 4
    assert f"length {got.case['max_norm']:.3g}" in image.get("aria-label")


def test_the_picture_of_a_norm_stays_true_beyond_the_plane():
    def too_long_in_float32_only(g, c):
        return g if g.dtype == np.float32 else g / max(1, np.linalg.norm(g) / c)

    got, image = picture_of("clip_by_norm", clip_by_norm=too_long_in_float32_only)
    assert got.case["g"].shape == (6,)
    assert "turned by 0 degrees" in image.get("aria-label")


def test_an_answer_of_another_shape_is_said_and_not_drawn():
    for answer in (
        lambda g, c: g[:1],
        lambda g, c: "text",
        lambda g, c: g * np.nan,
        lambda g, c: [[1.0], [2.0, 3.0]],
    ):
        _, image = picture_of("clip_by_norm", clip_by_norm=answer)
        assert "is not drawn" in image.get("aria-label")
        assert len(list(image.iter("{http://www.w3.org/2000/svg}text"))) == 3


def test_the_worked_step_of_the_last_hint_is_right():
    hint = QUESTION.judged.hints[2]
    np.testing.assert_allclose(judges.clip_by_norm(np.array([3.0, 4.0]), 1.0), [0.6, 0.8])
    assert "(0.6, 0.8)" in hint
