"""The fairness room: metrics against scikit-learn, the fixed points of fair clipping, reweighting."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn import metrics as sk
from sklearn.linear_model import LogisticRegression

from course_lib.data import loanapp
from course_lib.fairness import (
    METRICS,
    FairnessError,
    GroupedSplits,
    GroupSetting,
    bootstrap_metrics,
    fair_clip,
    gaps,
    group_gradients,
    group_metrics,
    group_weights,
    grouped_splits,
    interval,
    logistic_optimum,
    train_logistic,
)
from course_lib.fairness.inputs import Floats


@pytest.fixture(scope="module")
def full() -> GroupedSplits:
    return grouped_splits(loanapp(), [0], 0)


@pytest.fixture(scope="module")
def optimum(full: GroupedSplits) -> Floats:
    return logistic_optimum(full.x_train[0], full.y_train[0])


def some_scores(n: int = 400, seed: int = 0) -> tuple[Floats, Floats, Floats]:
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < 0.7).astype(float)
    score = np.clip((0.3 + 0.3 * y + 0.3 * rng.normal(size=n)).round(1), 0.01, 0.99)  # with ties
    return y, score, (rng.random(n) < 0.3).astype(float)


# metrics --------------------------------------------------------------------------------------------------


def test_metrics_agree_with_scikit_learn() -> None:
    y, score, group = some_scores()
    for name, found in group_metrics(y, score, group, threshold=0.55).items():
        at = group == name
        said = score[at] > 0.55
        expected = (
            sk.accuracy_score(y[at], said),
            said.mean(),
            sk.recall_score(y[at], said),
            1 - sk.recall_score(y[at], said, pos_label=0),
            sk.roc_auc_score(y[at], score[at]),
            sk.log_loss(y[at], score[at]),
        )
        assert tuple(found) == METRICS
        assert list(found.values()) == pytest.approx(expected, abs=1e-12)


def test_a_metric_without_its_examples_is_nan_and_the_others_stand() -> None:
    found = group_metrics([1, 1, 0, 1], [0.9, 0.2, 0.1, 0.8], [0, 0, 1, 1])[0]
    assert math.isnan(found["false positive rate"])
    assert math.isnan(found["auc"])
    assert found["true positive rate"] == found["accuracy"] == 0.5


def test_groups_keep_their_own_names_and_gaps_have_a_sign() -> None:
    found = group_metrics([1, 0, 1, 0], [0.9, 0.1, 0.1, 0.1], ["white", "white", "black", "black"])
    assert list(found) == ["black", "white"]
    assert gaps(found, "white", "black")["accuracy"] == 0.5
    with pytest.raises(FairnessError, match="no group 'grey'"):
        gaps(found, "grey", "white")


def test_the_bootstrap_of_accuracy_has_the_binomial_spread_and_keeps_groups_apart() -> None:
    y, score, group = some_scores(2000)
    drawn = bootstrap_metrics(y, score, group, np.random.default_rng(1), resamples=4000)
    for name, found in group_metrics(y, score, group).items():
        share, n = found["accuracy"], int((group == name).sum())
        values = drawn[name]["accuracy"]
        assert values.shape == (4000,)
        assert values.mean() == pytest.approx(share, abs=0.002)
        assert values.std() == pytest.approx((share * (1 - share) / n) ** 0.5, rel=0.05)
    a, b = (drawn[name]["accuracy"] for name in drawn)
    assert abs(np.corrcoef(a, b)[0, 1]) < 0.06
    gap = gaps(drawn, 0.0, 1.0)["accuracy"]
    assert gap.var() == pytest.approx(a.var() + b.var(), rel=0.06)


def test_a_bootstrap_value_is_the_metric_of_its_resample() -> None:
    y, score, _ = some_scores(60)
    group = np.zeros(60)
    drawn = bootstrap_metrics(y, score, group, np.random.default_rng(3), resamples=5)[0.0]
    rows = np.random.default_rng(3).choice(np.arange(60), size=(5, 60))
    for k, at in enumerate(rows):
        found = group_metrics(y[at], score[at], group)[0.0]
        assert [drawn[metric][k] for metric in METRICS] == pytest.approx(list(found.values()))


def test_an_interval_is_central_and_passes_over_nan() -> None:
    assert interval([*range(101), math.nan], 0.9) == pytest.approx((5.0, 95.0))
    with pytest.raises(FairnessError, match="between 0 and 1"):
        interval([1, 2], 95)


@pytest.mark.parametrize(
    ("y", "score", "group", "said"),
    [
        ([0, 2], [0.1, 0.2], [0, 1], "vector of 0 and 1"),
        ([], [], [], "at least one entry"),
        ([0, 1], [0.1, 1.2], [0, 1], "from 0 to 1"),
        ([0, 1], [0.1, math.nan], [0, 1], "from 0 to 1"),
        ([0, 1], [0.1], [0, 1], "one entry for each of the 2 labels"),
        ([0, 1], [0.1, 0.2], [0], "The groups must have one entry"),
    ],
)
def test_what_cannot_be_measured_is_said(y: object, score: object, group: object, said: str) -> None:
    with pytest.raises(FairnessError, match=said):
        group_metrics(y, score, group)  # type: ignore[arg-type]
    with pytest.raises(FairnessError, match=said):
        bootstrap_metrics(y, score, group, np.random.default_rng(0))  # type: ignore[arg-type]


# the rules ------------------------------------------------------------------------------------------------


def test_fair_clip_shortens_only_the_larger_and_keeps_its_direction() -> None:
    assert fair_clip([6.0, 8.0], [3.0, 0.0], 2.0) == pytest.approx([3.6, 4.8])
    assert fair_clip([3.0, 4.0], [3.0, 0.0], 2.0).tolist() == [3.0, 4.0]
    assert fair_clip([3.0, 4.0], [0.0, 0.0], 2.0).tolist() == [0.0, 0.0]
    assert fair_clip([0.0, 0.0], [0.0, 0.0], 2.0).tolist() == [0.0, 0.0]
    assert fair_clip([3.0, 4.0], [0.0, 0.0], math.inf).tolist() == [3.0, 4.0]


def test_fair_clip_works_row_by_row() -> None:
    larger, smaller = np.random.default_rng(0).normal(size=(2, 7, 5))
    rows = [fair_clip(a, b, 0.8) for a, b in zip(larger, smaller, strict=True)]
    assert np.allclose(fair_clip(larger, smaller, 0.8), rows, rtol=1e-14)


@pytest.mark.parametrize(
    ("larger", "smaller", "ratio", "said"),
    [
        ([1.0], [1.0, 2.0], 2.0, "same shape"),
        ([math.inf], [1.0], 2.0, "not finite"),
        ([1.0], [1.0], 0.0, "above 0"),
        ([1.0], [1.0], math.nan, "above 0"),
    ],
)
def test_fair_clip_says_what_it_cannot_do(
    larger: list[float], smaller: list[float], ratio: float, said: str
) -> None:
    with pytest.raises(FairnessError, match=said):
        fair_clip(larger, smaller, ratio)


def test_contributions_add_up_to_the_slope_of_the_mean_loss() -> None:
    rng = np.random.default_rng(0)
    X, w, y, group = (
        rng.normal(size=(50, 3)),
        rng.normal(size=3),
        rng.integers(0, 2, 50),
        rng.integers(0, 2, 50),
    )
    v = rng.random(50)

    def loss(at: Floats) -> float:
        return float((v * np.logaddexp(0, -(2 * y - 1) * (X @ at))).mean())

    found = group_gradients(w, X, y, group, v)
    assert found.shape == (2, 3)
    slope = [(loss(w + h) - loss(w - h)) / 2e-6 for h in 1e-6 * np.eye(3)]
    assert found.sum(axis=0) == pytest.approx(slope, abs=1e-8)
    alone = group_gradients(w, X[group == 1], y[group == 1], np.zeros(int(group.sum())), v[group == 1])
    assert found[1] == pytest.approx(alone[0] * group.mean())


def test_group_weights_have_mean_one_and_balance_at_strength_one() -> None:
    group = np.array([0] * 85 + [1] * 15)
    assert group_weights(group, 0.0).tolist() == [1.0] * 100
    for strength in (0.5, 1.0, 2.0):
        v = group_weights(group, strength)
        assert v.mean() == pytest.approx(1.0)
        assert v[-1] / v[0] == pytest.approx((85 / 15) ** strength)
    v = group_weights(group)
    assert v[group == 0].sum() == pytest.approx(v[group == 1].sum())
    with pytest.raises(FairnessError, match="0 or more"):
        group_weights(group, -1.0)


# the optimum ----------------------------------------------------------------------------------------------


def test_the_optimum_is_scikit_learns(full: GroupedSplits, optimum: Floats) -> None:
    theirs = LogisticRegression(C=np.inf, fit_intercept=False, tol=1e-10, max_iter=2000)
    theirs.fit(full.x_train[0], full.y_train[0])
    assert optimum == pytest.approx(theirs.coef_[0], abs=1e-5)


def test_the_weighted_optimum_is_that_of_repeated_examples(full: GroupedSplits) -> None:
    x, y, group = full.x_train[0], full.y_train[0], full.group_train[0]
    repeated = np.repeat(np.arange(len(y)), np.where(group == 1, 3, 1))
    assert logistic_optimum(x, y, np.where(group == 1, 3.0, 1.0)) == pytest.approx(
        logistic_optimum(x[repeated], y[repeated]), abs=1e-10
    )


def test_separable_labels_have_no_optimum() -> None:
    with pytest.raises(FairnessError, match="no finite minimum"):
        logistic_optimum([[1.0, 1], [2, 1], [3, 1]], [0, 0, 1])


def test_at_the_optimum_the_two_contributions_cancel(full: GroupedSplits, optimum: Floats) -> None:
    larger, smaller = group_gradients(optimum, full.x_train[0], full.y_train[0], full.group_train[0])
    assert np.linalg.norm(larger) > 0.01
    assert np.linalg.norm(larger + smaller) < 1e-14
    assert np.linalg.norm(larger) / np.linalg.norm(smaller) == pytest.approx(1, abs=1e-12)


# training -------------------------------------------------------------------------------------------------


def test_a_ratio_above_one_ends_at_the_very_optimum_and_below_one_does_not(
    full: GroupedSplits, optimum: Floats
) -> None:
    ratios = [4.0, 2.0, 1.05, 0.5]
    runs = train_logistic(full, [GroupSetting(f"{r:g}", 4, r) for r in ratios], steps=2500)
    away = np.linalg.norm(runs.weights[:, 0] - optimum, axis=-1) / np.linalg.norm(optimum)
    assert (away[:3] < 1e-12).all()
    assert away[3] > 0.4
    alone = full.group_train[0] == 1
    own = logistic_optimum(full.x_train[0][alone], full.y_train[0][alone])
    assert np.linalg.norm(runs.weights[3, 0] - own) < 0.01 * np.linalg.norm(own)
    assert 0 < runs.clipped[1, 0] < 0.05
    assert runs.clipped[3, 0] == 1


def test_a_smaller_group_without_a_gradient_freezes_the_larger_one(full: GroupedSplits) -> None:
    alone = full.group_train[0] == 1
    own = logistic_optimum(full.x_train[0][alone], full.y_train[0][alone])
    settings = [GroupSetting("clipped", 1.0, 2.0), GroupSetting("not clipped", 1.0)]
    moved = train_logistic(full, settings, steps=1, start=own).weights[:, 0] - own
    assert np.linalg.norm(moved[0]) < 1e-14 < 1e-3 < np.linalg.norm(moved[1])


def test_training_with_strength_ends_at_the_weighted_optimum() -> None:
    splits = grouped_splits(loanapp(), [3, 4], 589)
    runs = train_logistic(splits, [GroupSetting("weighted", 4, strength=1.0)], steps=2500)
    for k in range(2):
        weights = group_weights(splits.group_train[k])
        expected = logistic_optimum(splits.x_train[k], splits.y_train[k], weights)
        assert runs.weights[0, k] == pytest.approx(expected, abs=1e-9)


def test_one_step_is_the_rule_written_out() -> None:
    splits = grouped_splits(loanapp(), [0, 1], 589)
    start = np.random.default_rng(0).normal(size=splits.x_train.shape[-1])
    settings = [GroupSetting("a", 0.3, 1.5), GroupSetting("b", 0.2, 0.5, strength=0.5)]
    runs = train_logistic(splits, settings, steps=1, start=start)
    for n, setting in enumerate(settings):
        for k in range(2):
            group = splits.group_train[k]
            larger, smaller = group_gradients(
                start, splits.x_train[k], splits.y_train[k], group, group_weights(group, setting.strength)
            )
            expected = start - setting.lr * (fair_clip(larger, smaller, setting.ratio) + smaller)
            assert runs.weights[n, k] == pytest.approx(expected, abs=1e-13)
            assert runs.ratios[0, n, k] == pytest.approx(np.linalg.norm(larger) / np.linalg.norm(smaller))


def test_mini_batches_are_shared_and_reproducible_and_average_near_the_optimum() -> None:
    splits = grouped_splits(loanapp(), [0, 1], 589)
    twice = [GroupSetting("a", 0.1), GroupSetting("b", 0.1, 2.0), GroupSetting("c", 0.1)]
    runs = train_logistic(splits, twice, steps=1500, batch_size=16)
    # Rows of one product are summed in the order that suits their place, which old processors do not share.
    assert runs.weights[0] == pytest.approx(runs.weights[2], rel=1e-9)
    assert np.array_equal(runs.weights, train_logistic(splits, twice, steps=1500, batch_size=16).weights)
    assert runs.weights[0] != pytest.approx(runs.weights[1], rel=1e-2)
    for k in range(2):
        best = logistic_optimum(splits.x_train[k], splits.y_train[k])
        assert np.linalg.norm(runs.weights[0, k] - best) < 0.15 * np.linalg.norm(best)
    absent = np.isinf(runs.ratios[:, 0]).mean()
    assert absent == pytest.approx((1 - splits.group_train.mean()) ** 16, abs=0.02)


def test_features_are_standardised_on_the_training_part_alone() -> None:
    splits = grouped_splits(loanapp(), [0], 589)
    inner = splits.x_train[0][:, :-1]
    assert splits.x_train.shape == (1, 1387, 18)
    assert np.abs(inner).max() == 4.0
    uncut = np.abs(inner).max(axis=0) < 4
    assert np.abs(inner[:, uncut].mean(axis=0)).max() < 1e-12
    assert (splits.x_train[..., -1] == 1).all()
    assert np.abs(splits.x_test[0][:, :-1].mean(axis=0)).max() > 0.03


def test_training_says_what_it_cannot_do() -> None:
    splits = grouped_splits(loanapp(), [0], 589)
    for setting, said in (
        (GroupSetting("a", 0.0), "learning rate of a"),
        (GroupSetting("a", 1.0, -1.0), "ratio of a"),
        (GroupSetting("a", 1.0, strength=-1.0), "strength"),
    ):
        with pytest.raises(FairnessError, match=said):
            train_logistic(splits, [setting], steps=1)
    with pytest.raises(FairnessError, match="one setting"):
        train_logistic(splits, [], steps=1)
    with pytest.raises(FairnessError, match="1 to 1387 examples"):
        train_logistic(splits, [GroupSetting("a", 1.0)], steps=1, batch_size=1388)
    with pytest.raises(FairnessError, match="There is no setting 'b'"):
        train_logistic(splits, [GroupSetting("a", 1.0)], steps=1).row("b")
    with pytest.raises(FairnessError, match="two groups"):
        grouped_splits(loanapp(), [], 589)


def test_scores_are_the_probabilities_of_the_test_part() -> None:
    splits = grouped_splits(loanapp(), [0, 1], 589)
    runs = train_logistic(splits, [GroupSetting("a", 1.0), GroupSetting("b", 0.1)], steps=3)
    scores = runs.scores(splits)
    assert scores.shape == (2, 2, 589)
    assert scores[1, 0] == pytest.approx(1 / (1 + np.exp(-splits.x_test[0] @ runs.weights[1, 0])))
