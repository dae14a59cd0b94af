"""What engines share whose rows belong to the nearest prototype by Euclidean distance; nothing is learned here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin

from engines.base import Engine, check_sample_weight
from engines.blocks import block_bounds, map_blocks, resolve_jobs
from engines.codes import CodebookMixin
from engines.distortion import squared_errors
from engines.kernels.exact import Labels, distances, frozen
from engines.kernels.nearest import Codebook
from engines.rows import RowSource
from engines.training import StopToken

Floats = NDArray[Any]


class EuclideanCodebook(CodebookMixin, ClassNamePrefixFeaturesOutMixin, TransformerMixin, Engine):  # type: ignore[misc]
    """An engine of `prototypes_` (K, d), `counts_` (K,) and `labels_` (n,) under the Euclidean distance.

    It has an `n_jobs` parameter. Labels, distances, codes and errors all come from one exact distance.
    """

    FITTED: ClassVar[tuple[str, ...]] = ("prototypes_", "counts_")

    prototypes_: Floats
    counts_: NDArray[np.float64]
    labels_: Labels
    n_jobs: int | None

    @property
    def cluster_centers_(self) -> Floats:
        """The prototypes (K, d), by scikit-learn's name."""
        return self.prototypes_

    def fit_predict(self, X: Any, y: Any = None, sample_weight: Any = None) -> Labels:
        """Train, and give the labels (n,) int32 of the rows trained on."""
        return self.fit(X, y, sample_weight).labels_

    def predict(self, X: Any) -> Labels:
        """Index (n,) int32 of the nearest prototype of each row; of equally near ones the lowest."""
        rows = self._new_rows(X)
        prototypes = self._prototypes_for(rows)
        codebook = Codebook(prototypes)
        labels = np.empty(rows.shape[0], np.int32)

        def one(block: Floats, start: int) -> None:
            codebook.label(block, labels[start : start + len(block)])

        self._each_block(rows, one)
        return labels

    def transform(self, X: Any) -> Floats:
        """Euclidean distance, not squared, of each row to each prototype: (n, K), in the rows' precision.

        `transform(X).argmin(axis=1)` is `predict(X)`, ties included.
        """
        rows = self._new_rows(X)
        prototypes = frozen(self._prototypes_for(rows))
        found = np.empty((rows.shape[0], len(prototypes)), rows.dtype)

        def one(block: Floats, start: int) -> None:
            distances(frozen(block), prototypes, found[start : start + len(block)])

        self._each_block(rows, one)
        return found

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """−J of these rows: the negative, weighted sum of their squared distances to the nearest prototype."""
        squared = self._squared_errors(X)
        weights = check_sample_weight(sample_weight, len(squared))
        return -float(np.sum(squared if weights is None else weights * squared))

    def quantization_error(self, X: Any, sample_weight: Any = None) -> float:
        """Mean over rows of the squared Euclidean distance to the nearest prototype.

        It is the mean of ‖x − quantize(x)‖², summed over the d components and not divided by d; with
        `sample_weight` (n,), the weighted mean.
        """
        squared = self._squared_errors(X)
        return float(np.average(squared, weights=check_sample_weight(sample_weight, len(squared))))

    def _nearest(self, X: Any) -> Labels:
        return self.predict(X)

    def _squared_errors(self, X: Any) -> NDArray[np.float64]:
        """Squared distance (n,) of each row to its nearest prototype, float64."""
        return squared_errors(self._new_rows(X), self.prototypes_, n_jobs=resolve_jobs(self.n_jobs))

    def _validation_error(self, validation: tuple[Any, Any]) -> Callable[[Floats, StopToken], float]:
        """What tells, of prototypes, their mean squared error on the validation rows."""
        held_out = self._validation_rows(validation)
        n_jobs = resolve_jobs(self.n_jobs)

        def error(prototypes: Floats, stop: StopToken) -> float:
            return float(np.mean(squared_errors(held_out, prototypes, n_jobs=n_jobs, stop=stop)))

        return error

    def _each_block(self, rows: RowSource, one: Any) -> None:
        n, d = rows.shape
        bounds = block_bounds(n, d, rows.dtype.itemsize, len(self.prototypes_))
        for _ in map_blocks(rows, one, bounds, n_jobs=resolve_jobs(self.n_jobs)):
            pass

    def _prototypes_for(self, rows: RowSource) -> Floats:
        """The prototypes in the rows' precision."""
        return np.ascontiguousarray(self.prototypes_, rows.dtype)
