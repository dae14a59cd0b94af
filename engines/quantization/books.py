"""What engines of several books share: encoding, decoding, distances and errors in blocks; nothing is learned here."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from engines.base import Engine, check_sample_weight
from engines.blocks import block_bounds, map_blocks, resolve_jobs
from engines.codes import Codes, CodesMixin
from engines.kernels.books import QUERIES, sum_of_entries
from engines.kernels.exact import frozen
from engines.quantization.coders import Coder, coded_errors, coding_bounds
from engines.rows import ArrayRows, RowSource
from engines.training import StopToken

Floats = NDArray[Any]
Validator = Callable[[Coder, StopToken], float]
"""Tells the mean squared error of a coder on rows that are not learned from."""


class BookQuantizer(CodesMixin, ClassNamePrefixFeaturesOutMixin, TransformerMixin, Engine):  # type: ignore[misc]
    """An engine whose code of a row is one index for each of several books, (n, n_books).

    It has an `n_jobs` parameter, `codebooks_` and `counts_` (n_books, K), and gives a `Coder` for all else.
    """

    FITTED: ClassVar[tuple[str, ...]] = ("codebooks_", "counts_")

    codebooks_: Floats
    counts_: NDArray[np.float64]
    n_jobs: int | None

    @abstractmethod
    def _coder(self, dtype: np.dtype[Any]) -> Coder:
        """The fitted coder, for rows of this precision."""

    @property
    def code_sizes(self) -> tuple[int, ...]:
        """The number of codewords of each book."""
        check_is_fitted(self)
        return self._coder(self.codebooks_.dtype).sizes

    def transform(self, X: Any) -> Floats:
        """Euclidean distances, not squared, of each row to the codewords of each book: (n, Σ `code_sizes`)."""
        rows = self._new_rows(X)
        coder = self._coder(rows.dtype)
        found = np.empty((rows.shape[0], sum(coder.sizes)), rows.dtype)

        def one(block: Floats, start: int) -> None:
            coder.distances(block, found[start : start + len(block)])

        self._each_block(rows, coder, one)
        return found

    def asymmetric_distances(self, X: Any, codes: Any) -> Floats:
        """Squared Euclidean distances of rows, as they are, to what codes stand for.

        Nothing is decoded: a row's inner figures with all codewords are put in a table once, and each distance is
        the sum of one entry for each book (Jégou 2011, section III).

        Parameters
        ----------
        X : array-like of shape (q, d)
            Rows to compare; a `RowSource` is read whole.
        codes : integer array (n, n_books), or packed (n, bytes) uint8

        Returns
        -------
        ndarray of shape (q, n)
            ‖x − decode(code)‖², in the rows' precision.
        """
        rows = self._new_rows(X)
        coder = self._coder(rows.dtype)
        known = self._integers(codes)
        q, n_entries = rows.shape[0], sum(coder.sizes)
        bases = np.concatenate(([0], np.cumsum(coder.sizes)[:-1])).astype(np.int64)
        n_groups = -(-q // QUERIES)
        padded = np.zeros((n_groups * QUERIES, n_entries))

        def tabled(block: Floats, start: int) -> None:
            padded[start : start + len(block)] = coder.tables(block)

        self._each_block(rows, coder, tabled)
        lanes = padded.reshape(n_groups, QUERIES, n_entries).transpose(0, 2, 1)
        tables = np.ascontiguousarray(lanes)  # (groups, entries, lanes)
        found = np.empty((q, len(known)), rows.dtype)

        def summed(block: NDArray[Any], start: int) -> None:
            sums = np.empty((n_groups, QUERIES, len(block)))
            sum_of_entries(frozen(tables), frozen(bases), frozen(block), frozen(coder.offsets(block)), sums)
            found[:, start : start + len(block)] = np.maximum(sums.reshape(-1, len(block))[:q], 0.0)

        bounds = block_bounds(len(known), len(coder.sizes), 4, max(1, q), min_rows=64)
        for _ in map_blocks(ArrayRows(known), summed, bounds, n_jobs=resolve_jobs(self.n_jobs)):
            pass
        return found

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """The negative, weighted sum of the rows' squared distances to what they are quantized to."""
        squared = self._squared_errors(X)
        weights = check_sample_weight(sample_weight, len(squared))
        return -float(np.sum(squared if weights is None else weights * squared))

    def quantization_error(self, X: Any, sample_weight: Any = None) -> float:
        """Mean over rows of ‖x − quantize(x)‖², summed over the d components and not divided by d.

        With `sample_weight` (n,), the weighted mean.
        """
        squared = self._squared_errors(X)
        return float(np.average(squared, weights=check_sample_weight(sample_weight, len(squared))))

    @property
    def _n_features_out(self) -> int:
        return sum(self.code_sizes)

    @classmethod
    def _n_features_of(cls, arrays: Mapping[str, Any]) -> int:
        return int(np.shape(arrays["codebooks"])[-1])

    def _codes(self, X: Any) -> Codes:
        rows = self._new_rows(X)
        coder = self._coder(rows.dtype)
        codes = np.empty((rows.shape[0], len(coder.sizes)), np.int32)

        def one(block: Floats, start: int) -> None:
            coder.encode(block, codes[start : start + len(block)])

        self._each_block(rows, coder, one)
        return codes

    def _decoded(self, codes: Codes) -> Floats:
        coder = self._coder(self.codebooks_.dtype)
        found = np.empty((len(codes), coder.n_features), self.codebooks_.dtype)

        def one(block: NDArray[Any], start: int) -> None:
            found[start : start + len(block)] = coder.decode(block)

        bounds = block_bounds(len(codes), coder.n_features, found.itemsize)
        for _ in map_blocks(ArrayRows(codes), one, bounds, n_jobs=resolve_jobs(self.n_jobs)):
            pass
        return found

    def _squared_errors(self, X: Any) -> NDArray[np.float64]:
        rows = self._new_rows(X)
        return coded_errors(rows, self._coder(rows.dtype), n_jobs=resolve_jobs(self.n_jobs))

    def _each_block(self, rows: RowSource, coder: Coder, one: Callable[[Floats, int], None]) -> None:
        for _ in map_blocks(rows, one, coding_bounds(rows, coder), n_jobs=resolve_jobs(self.n_jobs)):
            pass

    def _validator(self, validation: tuple[Any, Any] | None) -> Validator | None:
        """What tells a coder's mean squared error on the validation rows, where there are any."""
        if validation is None:
            return None
        held_out, n_jobs = self._validation_rows(validation), resolve_jobs(self.n_jobs)

        def error(coder: Coder, stop: StopToken) -> float:
            return float(np.mean(coded_errors(held_out, coder.astype(held_out.dtype), n_jobs=n_jobs, stop=stop)))

        return error
