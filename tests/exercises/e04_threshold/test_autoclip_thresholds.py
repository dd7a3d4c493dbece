"""Question autoclip_thresholds: right answers in other styles, near misses, and what is said to each."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
import torch
from verdicts import drawn, find, verdict

from course_lib.checks.asking import ask_ours
from course_lib.checks.judges.e04_threshold import autoclip_thresholds as judges
from course_lib.checks.judging import decide
from course_lib.clipping import AutoClipThreshold

QUESTION = find("autoclip_thresholds")


def autoclip_sorted(norms, percentile):
    """The percentile by hand: sort, and go the right share of the way."""
    limits = []
    for t in range(len(norms)):
        seen = sorted(float(n) for n in norms[: t + 1])
        place = (len(seen) - 1) * percentile / 100
        low, high = math.floor(place), math.ceil(place)
        limits.append(seen[low] + (place - low) * (seen[high] - seen[low]))
    return limits


AUTOCLIPS = [
    autoclip_sorted,
    lambda norms, p: [np.quantile(norms[: t + 1], p / 100) for t in range(len(norms))],
    lambda norms, p: torch.stack(
        [torch.quantile(torch.tensor(norms[: t + 1]), p / 100) for t in range(len(norms))]
    ),
]


@pytest.mark.parametrize("autoclip_thresholds", AUTOCLIPS)
def test_autoclip_in_any_style(autoclip_thresholds):
    got = verdict("autoclip_thresholds", autoclip_thresholds=autoclip_thresholds)
    assert got.right, got.text()


def test_the_exercise_asks_for_what_the_library_computes():
    for case in drawn("autoclip_thresholds", 0):
        rule = AutoClipThreshold(case["percentile"])
        np.testing.assert_allclose(
            judges._autoclip(case["norms"], case["percentile"]), [float(rule(n)) for n in case["norms"]]
        )


def test_the_librarys_own_rule_is_refused():
    def autoclip_thresholds(norms, percentile):
        rule = AutoClipThreshold(percentile)
        return [float(rule(norm)) for norm in norms]

    assert verdict("autoclip_thresholds", autoclip_thresholds=autoclip_thresholds).status == "refused"


@pytest.mark.parametrize("wrong", [judges._without_the_present, lambda norms, percentile: 3.0])
def test_the_picture_shows_norms_and_thresholds(wrong):
    cases = drawn("autoclip_thresholds", 11)
    got = decide(QUESTION, cases, ask_ours(QUESTION.asked, {"autoclip_thresholds": wrong}, cases))
    picture = ElementTree.fromstring(got.picture)
    circles = [mark for mark in picture.iter() if mark.tag.endswith("circle")]
    assert len(circles) == len(got.case["norms"])
    drawn_in = "not drawn" not in picture.get("aria-label")
    assert drawn_in == (np.ndim(got.got.value) == 1)


def test_the_worked_step_of_the_last_hint_is_right():
    hint = QUESTION.judged.hints[2]
    found = QUESTION.judged.reference["autoclip_thresholds"](np.array([4.0, 8.0, 2.0]), 50)
    np.testing.assert_array_equal(found, [4, 6, 4])
    assert "4 alone, 4; the second that of 4 and 8, 6; the third that of 4, 8 and 2, 4" in hint
