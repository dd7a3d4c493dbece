"""Gradients as arrows in the plane: lengths and angles are drawn as they are."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from course_lib import clipping
from course_lib.checks import chart
from course_lib.checks.judges.e03_clipping_mechanics import pictures


def test_the_plane_that_is_spanned_keeps_lengths_and_angles():
    rng = np.random.default_rng(0)
    for d in (2, 3, 10):
        u, v = rng.normal(size=d), rng.normal(size=d)
        (a, b), (p, q) = pictures.in_a_plane([u, v])
        assert math.isclose(math.hypot(a, b), np.linalg.norm(u))
        assert math.isclose(math.hypot(p, q), np.linalg.norm(v))
        assert math.isclose(a * p + b * q, u @ v, abs_tol=1e-9)


@pytest.mark.parametrize("g", [[9.0, 0.6], [-9.0, 0.6], [9.0, -0.6], [-0.6, -9.0], [5.0, 1.0, -0.5, 1.0]])
def test_the_ray_is_turned_from_the_gradient_to_the_side_of_the_clipped_arrow(g):
    g = np.array(g)
    svg = pictures.picture_of_turn(g, 1.0, "the right angle", clipping.angle_between(g, np.clip(g, -1, 1)))
    ends = re.findall(r'<path d="M0.0 0.0L([-0-9.]+) ([-0-9.]+)" stroke="(#[0-9A-F]{6})"', svg)
    tips = {colour: (float(x), float(y)) for x, y, colour in ends}
    assert clipping.angle_between(tips[chart.GREEN], tips[chart.VERMILION]) < 0.2
