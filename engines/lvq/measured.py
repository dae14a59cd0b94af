"""What engines share that give a row to the nearest prototype by a metric, with classes or without: one distance."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin

from engines.base import Engine, check_sample_weight
from engines.blocks import block_bounds, map_blocks, resolve_jobs
from engines.codes import CodebookMixin
from engines.lvq.metric import Distance, Euclidean, Metric
from engines.rows import RowSource
from engines.training import StopToken


class MeasuredCodebook(
    CodebookMixin,
    ClassNamePrefixFeaturesOutMixin,  # type: ignore[misc]
    TransformerMixin,  # type: ignore[misc]
    Engine,
):
    """An engine of `prototypes_` (M, d) and an `n_jobs` parameter.

    An engine with another distance than the Euclidean one gives its `_metric`. Everything below stands on that.
    """

    prototypes_: NDArray[Any]
    n_jobs: int | None

    @property
    def _metric(self) -> Metric:
        """The distance."""
        return Euclidean(self._vectors.shape[1])

    @property
    def _vectors(self) -> NDArray[Any]:
        """The prototypes (M, d) as rows are that are compared with them: as they are, but for matrices."""
        return self.prototypes_

    def transform(self, X: Any) -> NDArray[Any]:
        """Distance √d(x, w), not squared, of each row to each prototype: (n, M), in the rows' precision."""
        rows = self._new_rows(X)
        found = np.empty((rows.shape[0], len(self._vectors)), dtype=rows.dtype)

        def one(D: NDArray[Any], here: slice) -> None:
            np.sqrt(D.T, out=found[here])

        self._each_block(rows, one)
        return found

    def quantization_error(self, X: Any, sample_weight: Any = None) -> float:
        """(Weighted) mean over rows of the squared distance d(x, w) to the nearest prototype, in the learned metric."""
        rows = self._new_rows(X)
        nearest = np.empty(rows.shape[0])

        def one(D: NDArray[Any], here: slice) -> None:
            nearest[here] = D.min(axis=0)

        self._each_block(rows, one)
        return float(np.average(nearest, weights=check_sample_weight(sample_weight, len(nearest))))

    def _nearest(self, X: Any) -> NDArray[np.int32]:
        rows = self._new_rows(X)
        found = np.empty(rows.shape[0], dtype=np.int32)

        def one(D: NDArray[Any], here: slice) -> None:
            found[here] = D.argmin(axis=0)

        self._each_block(rows, one)
        return found

    def _each_block(self, rows: RowSource, one: Callable[[NDArray[Any], slice], None]) -> None:
        """Call `one` with the distances (M, b) of each block and its place."""
        each_block(rows, self._vectors, self._metric, one, n_jobs=resolve_jobs(self.n_jobs))


def each_block(
    rows: RowSource,
    vectors: NDArray[Any],
    metric: Distance,
    one: Callable[[NDArray[Any], slice], None],
    *,
    n_jobs: int,
    stop: StopToken | None = None,
) -> None:
    """Call `one` with the squared distances (M, b) of each block of rows to the vectors (M, d), and its place.

    Raises
    ------
    ValueError
        If a row is so far from every vector that its distances overflow.
    Stopped
        When `stop` is set.
    """
    origin = vectors.mean(axis=0, dtype=np.float64)
    prepared = metric.prepare(vectors, origin, rows.dtype)

    def work(block: NDArray[Any], start: int) -> None:
        D = prepared.distances(block)
        if not np.all(np.isfinite(D.min(axis=0))):
            raise ValueError("Input X contains values so large that their squared distances overflow: scale them.")
        one(D, slice(start, start + len(block)))

    bounds = block_bounds(*rows.shape, rows.dtype.itemsize, prepared.work)
    for _ in map_blocks(rows, work, bounds, n_jobs=n_jobs, stop=stop):
        pass
