"""Question zclip_thresholds: right answers in other styles, near misses, and what is said to each."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ElementTree

import numpy as np
import torch
from verdicts import drawn, find, verdict

from course_lib.checks.asking import ask_ours
from course_lib.checks.judges.e04_threshold import zclip_thresholds as judges
from course_lib.checks.judging import decide
from course_lib.clipping import ZClipThreshold

QUESTION = find("zclip_thresholds")


def zclip_in_torch(norms, warmup):
    norms = torch.tensor(norms)
    mean, variance = norms[:warmup].mean(), norms[:warmup].var(unbiased=False)
    limits = torch.full_like(norms, math.inf)
    for t in range(warmup, len(norms)):
        z = (norms[t] - mean) / (variance.sqrt() + 1e-12)
        if z > 2.5:
            limits[t] = mean + 6.25 * variance.sqrt() / z
        left = torch.minimum(norms[t], limits[t])
        mean = mean + 0.03 * (left - mean)
        variance = variance + 0.03 * ((left - mean) ** 2 - variance)
    return limits


def test_zclip_in_another_style():
    got = verdict("zclip_thresholds", zclip_thresholds=zclip_in_torch)
    assert got.right, got.text()


def test_the_exercise_asks_for_what_the_library_computes():
    for case in drawn("zclip_thresholds", 0):
        rule = ZClipThreshold(warmup=case["warmup"])
        ours = [float(rule(norm)) for norm in case["norms"]]
        np.testing.assert_allclose(judges._zclip(case["norms"], case["warmup"]), ours, rtol=1e-4)


def test_the_librarys_own_rule_is_refused():
    def zclip_thresholds(norms, warmup):
        rule = ZClipThreshold(warmup=warmup)
        return [float(rule(norm)) for norm in norms]

    assert verdict("zclip_thresholds", zclip_thresholds=zclip_thresholds).status == "refused"


def test_the_picture_shows_norms_and_thresholds():
    cases = drawn("zclip_thresholds", 11)
    names = {"zclip_thresholds": judges._as_it_came}
    got = decide(QUESTION, cases, ask_ours(QUESTION.asked, names, cases))
    picture = ElementTree.fromstring(got.picture)
    assert len([mark for mark in picture.iter() if mark.tag.endswith("circle")]) == len(got.case["norms"])
    assert "not drawn" not in picture.get("aria-label")


def test_the_worked_step_of_the_last_hint_is_right():
    hint = QUESTION.judged.hints[2]
    assert f"10 + 2.5**2 * 2 / 5 = {10 + ZClipThreshold().z_max ** 2 * 2 / 5:g}" in hint
