"""Question rule_and_threshold: right answers in other styles, near misses, and what is said to each."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from verdicts import find, verdict

from course_lib.checks.judges.e03_clipping_mechanics import rule_and_threshold as judges
from course_lib.checks.probes.e03_clipping_mechanics import rule_and_threshold as probes
from course_lib.training.linear import sweep

QUESTION = find("rule_and_threshold")


CHOICES = [("value", 0.01), ("value", np.float64(0.03)), ("value", torch.tensor(0.02)), ("value", [0.05])]


@pytest.mark.parametrize(("rule", "threshold"), [*CHOICES, (np.str_("value"), np.array(0.1))])
def test_any_choice_in_the_good_range_passes(rule, threshold):
    for seed in (1, 2):
        got = verdict("rule_and_threshold", seed, my_rule=rule, my_threshold=threshold)
        assert got.right, got.text()


@pytest.mark.parametrize(
    ("rule", "threshold", "said"),
    [
        ("by value", 0.01, "'norm' or the word 'value'"),
        (1, 0.01, "'norm' or the word 'value'"),
        ("value", -0.01, "one number above 0"),
        ("value", 0, "one number above 0"),
        ("value", float("nan"), "one number above 0"),
        ("value", float("inf"), "one number above 0"),
        ("value", "0.01", "one number above 0"),
        ("value", True, "one number above 0"),
        ("value", [0.01, 0.02], "one number above 0"),
    ],
)
def test_a_choice_of_the_wrong_form_gets_one_sentence(rule, threshold, said):
    got = verdict("rule_and_threshold", my_rule=rule, my_threshold=threshold)
    assert (got.status, got.points) == ("wrong", 0)
    assert said in got.message


def test_no_threshold_saves_clipping_by_norm_and_a_range_of_them_serves_clipping_by_value():
    thresholds = np.logspace(-4, 2, 13)
    by_norm = [judges._error("norm", threshold, (0, 1, 2)) for threshold in thresholds]
    assert min(by_norm) > judges.TARGET + 0.05
    by_value = [judges._error("value", threshold, tuple(range(100, 110))) for threshold in (0.01, 0.03, 0.1)]
    assert max(by_value) < judges.TARGET - 0.02


def test_without_clipping_the_wrong_unit_diverges():
    assert probes.pascal_error(lambda g, threshold: g, 1.0, range(2)) == 1e9


def test_the_learners_own_functions_go_into_the_experiment():
    seen = []

    def spy(g, threshold):
        seen.append((g.shape, threshold))
        return (g * min(1, threshold / float(np.linalg.norm(g)))).tolist()

    error = probes.pascal_error(spy, 0.01, [4])
    assert math.isclose(error, judges._error("norm", 0.01, (4,)), rel_tol=1e-9)
    assert set(seen) == {((10,), 0.01)}
    assert len(seen) == 400


def test_a_clip_that_returns_one_number_does_not_stop_the_experiment():
    """The answer to an earlier question may be wrong; the cell that sets this one's must run to its end."""
    assert math.isfinite(probes.pascal_error(lambda g, threshold: 1.0, 0.01))


def test_the_experiment_is_the_lessons_sweep_with_one_setting():
    """Splits side by side, against `training.linear.sweep`, which trains one split after the other."""
    parts = [probes._in_pascal(seed) for seed in (7, 2**31)]
    for name, threshold in (("value", 0.03), ("norm", 0.1), ("value", 1e9)):

        def rule(G, c, own=judges._RULES[name]):
            return own(G, c)

        swept = sweep(parts, rule, np.array([probes.LEARNING_RATE]), np.array([threshold]))
        assert judges._error(name, threshold, (7, 2**31)) == pytest.approx(swept.errors.mean(), rel=1e-9)


def test_the_worked_step_of_the_last_hint_is_right():
    hint = QUESTION.judged.hints[2]
    assert f"{400 * probes.LEARNING_RATE * 0.001:g} in 400 steps" in hint
    assert f"by {133 * probes.LEARNING_RATE:.1f} standard deviations" in hint
