"""Real data, from packages that are already installed: nothing is downloaded.

Every loader gives fresh NumPy arrays in the data's own units. Packages are imported when a loader is called.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_lib.errors import CourseError


class DataError(CourseError, ValueError):
    """Data was asked for in a way that cannot be met; the message says which and what to do."""


@dataclass(frozen=True)
class Dataset:
    """A table to learn from: `X` (examples, features) float64, `y` (examples,), and where it comes from."""

    name: str
    X: NDArray[np.float64]
    y: NDArray[Any]
    features: tuple[str, ...]
    source: str
    licence: str

    def __len__(self) -> int:
        return len(self.X)

    def take(self, rows: NDArray[np.integer[Any]]) -> Dataset:
        """The same data with these rows only, in this order."""
        return replace(self, X=self.X[rows], y=self.y[rows])


@dataclass(frozen=True)
class Series:
    """One number a year: `times` and `values`, both (length,) float64, and where they come from."""

    name: str
    times: NDArray[np.float64]
    values: NDArray[np.float64]
    source: str
    licence: str

    def __len__(self) -> int:
        return len(self.values)


def digits() -> Dataset:
    """Handwritten digits: X (1797, 64), 8 by 8 pixels from 0 to 1 in rows; y (1797,) the digit, int64.

    Source: Alpaydin & Kaynak 1998, "Optical recognition of handwritten digits", UCI Machine Learning
    Repository, the test part, as packaged in scikit-learn (which counts ink from 0 to 16: divided by 16 here).
    Licence: CC BY 4.0.
    """
    from sklearn.datasets import load_digits

    packaged = load_digits()
    return Dataset(
        "digits",
        np.asarray(packaged.data / 16.0, np.float64),
        np.asarray(packaged.target, np.int64),
        tuple(packaged.feature_names),
        "Alpaydin & Kaynak 1998, UCI Machine Learning Repository; packaged in scikit-learn",
        "CC BY 4.0",
    )


def breast_cancer() -> Dataset:
    """Cell nuclei of breast tumours: X (569, 30) measurements in their own units; y (569,) 1 where benign.

    The columns differ in scale by five decades (areas up to 4254, smoothness below 0.2): see `standardise`.
    Source: Wolberg, Mangasarian, Street & Street 1995, "Breast cancer Wisconsin (diagnostic)", UCI Machine
    Learning Repository, as packaged in scikit-learn. Licence: CC BY 4.0.
    """
    from sklearn.datasets import load_breast_cancer

    packaged = load_breast_cancer()
    return Dataset(
        "breast cancer",
        np.asarray(packaged.data, np.float64),
        np.asarray(packaged.target, np.int64),
        tuple(str(name) for name in packaged.feature_names),
        "Wolberg, Mangasarian, Street & Street 1995, UCI Machine Learning Repository; packaged in scikit-learn",
        "CC BY 4.0",
    )


def diabetes() -> Dataset:
    """Ten measurements of diabetes patients: X (442, 10) in their own units; y (442,) progression in a year.

    Source: Efron, Hastie, Johnstone & Tibshirani 2004, "Least angle regression", Annals of Statistics 32(2),
    as packaged in scikit-learn. Licence: none stated by the authors; packaged under scikit-learn's BSD-3-Clause.
    """
    from sklearn.datasets import load_diabetes

    packaged = load_diabetes(scaled=False)
    return Dataset(
        "diabetes",
        np.asarray(packaged.data, np.float64),
        np.asarray(packaged.target, np.float64),
        tuple(packaged.feature_names),
        "Efron, Hastie, Johnstone & Tibshirani 2004, Annals of Statistics 32(2); packaged in scikit-learn",
        "none stated; packaged under scikit-learn's BSD-3-Clause",
    )


def sunspots() -> Series:
    """The mean number of sunspots in each year from 1700 to 2008: 309 values, from 0 to 190.2.

    Source: NOAA National Geophysical Data Center, as packaged in statsmodels. Licence: public domain.
    """
    from statsmodels.datasets import sunspots as packaged

    table = packaged.load_pandas().data
    return Series(
        "sunspots",
        table["YEAR"].to_numpy(np.float64),
        table["SUNACTIVITY"].to_numpy(np.float64),
        "NOAA National Geophysical Data Center; packaged in statsmodels",
        "public domain",
    )


def split(data: Dataset, n_test: int, rng: np.random.Generator) -> tuple[Dataset, Dataset]:
    """Two random parts without overlap, (the rest, `n_test` examples); raises `DataError` if one is empty."""
    if not 0 < n_test < len(data):
        raise DataError(
            f"The test part of {data.name} must have 1 to {len(data) - 1} of its {len(data)} examples, "
            f"not {n_test}."
        )
    order = rng.permutation(len(data))
    return data.take(order[n_test:]), data.take(order[:n_test])


def standardise(train: Dataset, *others: Dataset) -> tuple[Dataset, ...]:
    """Each feature minus its mean over its standard deviation, both measured on `train` alone.

    A feature that is constant on `train` becomes 0 there. The targets stay as they are.
    """
    mean, deviation = train.X.mean(axis=0), train.X.std(axis=0)
    scale = np.where(deviation > 0, deviation, 1.0)
    return tuple(replace(part, X=(part.X - mean) / scale) for part in (train, *others))
