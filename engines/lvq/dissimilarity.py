"""Dissimilarities by name, of rows from points, and of all training rows from one another, block by block."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from engines.lvq.kernels import squared_distances

MetricName = Literal[
    "sqeuclidean",
    "euclidean",
    "precomputed",
    "braycurtis",
    "canberra",
    "chebyshev",
    "cityblock",
    "correlation",
    "cosine",
    "dice",
    "hamming",
    "jaccard",
    "jensenshannon",
    "mahalanobis",
    "minkowski",
    "rogerstanimoto",
    "russellrao",
    "seuclidean",
    "sokalsneath",
    "yule",
]
OF_TRUTH = ("dice", "jaccard", "rogerstanimoto", "russellrao", "sokalsneath", "yule")
"""Metrics of rows of truth values; what is not 0 is true."""
OF_ROWS = {"seuclidean": "V", "mahalanobis": "VI"}
"""Metrics that take something of the rows, and SciPy's name for it."""
HELD_BYTES = 2**30
"""All dissimilarities are kept where they take no more than this, else computed anew whenever they are looked at."""
USE, SLOWER = 16, 8
"""Multiply-adds that the use of a dissimilarity takes as long as, and that a step of SciPy's slower metrics does."""


@dataclass(frozen=True, eq=False)
class Dissimilarity:
    """A metric of `scipy.spatial.distance` with its own arguments, or a matrix that was given.

    Attributes
    ----------
    name : str
        As SciPy has it, or "precomputed".
    arguments : mapping
        Keyword arguments of `cdist`, such as p of "minkowski" or w.
    """

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)

    @property
    def spread(self) -> NDArray[np.float64]:
        """What the metric takes of the training rows: V (d,), VI (d, d), or of most metrics nothing, (0,)."""
        return np.asarray(self.arguments.get(OF_ROWS.get(self.name, ""), ()), np.float64)

    def between(self, points: NDArray[Any], numbers: NDArray[np.int64], rows: NDArray[Any]) -> NDArray[Any]:
        """d (M, b) of points (M, d), which are the training rows `numbers` (M,), and rows (b, d), in these' precision.

        What rounding made negative is 0. Of "precomputed", a row has its dissimilarities from all training rows.

        Raises
        ------
        ValueError
            If the metric gives no finite number for a pair, or a given one is negative.
        """
        if self.name == "precomputed":
            found = np.ascontiguousarray(rows[:, numbers].T)
            check_not_negative(found)
            return found
        if self.name == "sqeuclidean":
            return squared_from_columns(points, np.ascontiguousarray(rows.T))
        dtype = rows.dtype
        if self.name in OF_TRUTH:
            points, rows = points != 0, rows != 0
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            found = np.asarray(cdist(points, rows, self.name, **self.arguments), dtype)
        if not np.all(np.isfinite(found)):
            raise ValueError(
                f"The metric {self.name!r} gives no number for some rows: one may be zero, constant or too large."
            )
        return np.asarray(np.maximum(found, 0))


def squared_from_columns(points: NDArray[Any], columns: NDArray[Any]) -> NDArray[Any]:
    """Squared Euclidean distances (M, b) of points (M, d) and rows that lie in columns (d, b)."""
    found = np.empty((len(points), columns.shape[1]), columns.dtype)
    squared_distances(columns, np.ascontiguousarray(points, columns.dtype), found)
    if not np.all(np.isfinite(found)):
        raise ValueError("Input X contains values so large that their squared distances overflow: scale them.")
    return found


def check_not_negative(block: NDArray[Any]) -> None:
    """Raise ValueError where a dissimilarity is below 0."""
    if block.size and block.min() < 0:
        raise ValueError("Negative values in data: a dissimilarity must be 0 or more.")


def dissimilarity(
    name: str, given: Mapping[str, Any] | None, rows: NDArray[Any], weights: NDArray[np.float64]
) -> Dissimilarity:
    """The metric `name` with the arguments `given`, and with what it takes of the training rows (n, d) of `weights`.

    Variances (those of 0 taken as 1) and the inverse covariance are weighted, and divided by the weights' total.

    Raises
    ------
    ValueError
        If the arguments are none of this metric.
    """
    if name == "precomputed":
        return Dissimilarity(name)
    arguments = {key: np.asarray(value) if np.ndim(value) else value for key, value in (given or {}).items()}
    wanted = OF_ROWS.get(name)
    if wanted is not None and wanted not in arguments:
        covariance = np.atleast_2d(np.cov(rows.astype(np.float64), rowvar=False, aweights=weights, ddof=0))
        variance = np.diagonal(covariance)
        arguments[wanted] = np.where(variance > 0, variance, 1.0) if wanted == "V" else np.linalg.pinv(covariance)
    try:
        cdist(rows[:1], rows[:1], name, **arguments)
    except (TypeError, ValueError) as error:
        raise ValueError(f"metric_params does not fit metric={name!r}: {error}.") from None
    return Dissimilarity(name, arguments)


class Pairs(ABC):
    """The dissimilarities of n training rows, as rows of a source: block k, i is d(row i, row k as a prototype).

    Attributes
    ----------
    work : int
        Multiply-adds, about, that one dissimilarity costs, and what is then made of it.
    """

    def __init__(self, n: int, dtype: np.dtype[Any], work: int) -> None:
        self.shape, self.dtype, self.work = (n, n), dtype, USE + work
        self._kept: dict[tuple[int, int], NDArray[Any]] | None = {} if n * n * dtype.itemsize <= HELD_BYTES else None

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Dissimilarities (stop - start, n) of all rows from the rows `start` to `stop`, kept while there is room."""
        if self._kept is None:
            return self._made(start, stop)
        if (start, stop) not in self._kept:
            self._kept[start, stop] = self._made(start, stop)
        return self._kept[start, stop]

    def of(self, k: int) -> NDArray[Any]:
        """Dissimilarities (n,) of all rows from row k."""
        return np.asarray(self._made(k, k + 1)[0])

    @abstractmethod
    def _made(self, start: int, stop: int) -> NDArray[Any]:
        """What `read` gives."""


def pairs_of(rows: NDArray[Any], order: NDArray[np.int64], metric: Dissimilarity, columns: NDArray[np.int64]) -> Pairs:
    """Dissimilarities of the rows (n, d), taken in `order` (n,).

    Of a matrix that was given, `columns` (n,) tells which column is that of each row, in `order`.
    """
    if metric.name == "precomputed":
        check_not_negative(rows)
        return _MatrixPairs(rows, order, columns)
    return _SquaredPairs(rows[order]) if metric.name == "sqeuclidean" else _MetricPairs(rows[order], metric)


class _SquaredPairs(Pairs):
    """Squared Euclidean distances."""

    def __init__(self, rows: NDArray[Any]) -> None:
        super().__init__(len(rows), rows.dtype, rows.shape[1])
        self._columns = np.ascontiguousarray(rows.T)

    def _made(self, start: int, stop: int) -> NDArray[Any]:
        return squared_from_columns(self._columns[:, start:stop].T, self._columns)


class _MetricPairs(Pairs):
    """By a metric of SciPy's."""

    def __init__(self, rows: NDArray[Any], metric: Dissimilarity) -> None:
        super().__init__(len(rows), rows.dtype, SLOWER * rows.shape[1])
        self._rows, self._metric = rows, metric

    def _made(self, start: int, stop: int) -> NDArray[Any]:
        return self._metric.between(self._rows[start:stop], np.arange(start, stop), self._rows)


class _MatrixPairs(Pairs):
    """Out of a given matrix (n, N): row i, column k is d(row i, row k as a prototype)."""

    def __init__(self, matrix: NDArray[Any], order: NDArray[np.int64], columns: NDArray[np.int64]) -> None:
        super().__init__(len(order), matrix.dtype, 0)
        self._matrix, self._order, self._columns = matrix, order, columns
        self._kept = None  # it is there already

    def _made(self, start: int, stop: int) -> NDArray[Any]:
        return np.ascontiguousarray(self._matrix[np.ix_(self._order, self._columns[start:stop])].T)
