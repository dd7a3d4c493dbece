"""A threshold from a log of norms, or the reason why there is none."""

import numpy as np
import pytest

from course_lib.training import TrainingError, suggest_threshold


def log(steps=200, median=1.0, spread=0.3, seed=0):
    return median * np.exp(spread * np.random.default_rng(seed).normal(size=steps))


def test_the_percentile_of_a_run_that_survived():
    norms = log()
    norms[:5] = 1e9  # an explosion that was clipped and survived
    given = suggest_threshold(norms, np.minimum(norms, 10))
    assert given.threshold == np.percentile(norms[100:], 90)
    assert "90% of the last 100 norms" in str(given) and "0% of those steps were clipped" in given.reason
    assert suggest_threshold(norms, norms, 50).threshold == np.percentile(norms[100:], 50)


def test_scale_does_not_matter():
    assert suggest_threshold(1e20 * log(), 1e20 * log()).threshold == pytest.approx(
        1e20 * suggest_threshold(log(), log()).threshold
    )


def broken(norms):
    norms[150] = np.nan
    return norms


def infinite(norms):
    norms[-1] = np.inf
    return norms


@pytest.mark.parametrize(
    ("norms", "clip", "says"),
    [
        (log(20), np.inf, "20 steps are logged"),
        (log(99), np.inf, "99 steps are logged"),
        (np.array([]), np.inf, "0 steps are logged"),
        (broken(log()), np.inf, "1 of the last 100 norms are nan or inf"),
        (infinite(log()), 1.0, "1 of the last 100 norms are nan or inf"),
        (np.full(200, np.nan), np.inf, "100 of the last 100"),
        (np.zeros(200), np.inf, "90% of the last 100 gradients are zero"),
        (log(), 0.1, "100% of the last 100 steps were clipped"),
        (log() * np.logspace(0, 8, 200), np.inf, "still grow"),
        (log() * np.logspace(0, 8, 200), 1e3, "still grow"),
        (np.where(np.arange(200) % 5, 1.0, 1e4), np.inf, "explosions are too common"),
    ],
)
def test_logs_that_give_none(norms, clip, says):
    given = suggest_threshold(norms, np.minimum(norms, clip))
    assert given.threshold is None
    assert given.reason.startswith("No threshold from this log: ") and says in given.reason


def test_a_death_that_the_run_outlived_is_no_hindrance():
    norms = log()
    norms[3] = np.nan  # skipped, and the run went on
    assert suggest_threshold(norms, norms).threshold is not None


def test_the_edges_of_the_rules():
    assert suggest_threshold(log(100), log(100)).threshold is not None
    clipped = log()
    clipped[100:190] = 0.1  # exactly nine of ten of the later half
    assert suggest_threshold(log(), clipped).threshold is not None
    clipped[190] = 0.1
    assert suggest_threshold(log(), clipped).threshold is None


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((np.ones(3), np.ones(4)), "before and after clipping alike"),
        ((np.ones((3, 2)), np.ones((3, 2))), "one norm a step"),
        ((np.ones(200), np.ones(200), 0), "it is 0"),
        ((np.ones(200), np.ones(200), 101), "it is 101"),
        ((np.ones(200), np.ones(200), np.nan), "it is nan"),
    ],
)
def test_questions_that_cannot_be(arguments, says):
    with pytest.raises(TrainingError, match=says):
        suggest_threshold(*arguments)
