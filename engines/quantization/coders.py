"""What codes of several books mean for a block of rows: encoding, decoding, errors, distances; nothing is learned."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from engines.blocks import block_bounds, map_blocks
from engines.codes import Codes
from engines.kernels.books import squared_table
from engines.kernels.exact import distances, frozen, squared_to_own
from engines.kernels.nearest import Codebook
from engines.quantization.columns import edges_of
from engines.rows import RowSource
from engines.training import StopToken

Floats = NDArray[Any]


class Coder(Protocol):
    """How rows of one precision become codes (b, n_books) int32, and what these tell of the rows."""

    @property
    def n_features(self) -> int: ...

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many codewords each book has."""
        ...

    def astype(self, dtype: np.dtype[Any]) -> Coder:
        """The same for rows of another precision."""
        ...

    def encode(self, block: Floats, codes: Codes) -> None:
        """Fill in the codes (b, n_books) of a block of rows (b, d)."""
        ...

    def decode(self, codes: NDArray[Any]) -> Floats:
        """The vectors (b, d) that codes stand for."""
        ...

    def errors(self, block: Floats, codes: Codes) -> NDArray[np.float64]:
        """Squared distance (b,) of each row to what its codes stand for."""
        ...

    def distances(self, block: Floats, out: Floats) -> None:
        """Fill in the distances (b, Σ sizes), unsquared, of rows to the codewords of each book."""
        ...

    def tables(self, block: Floats) -> NDArray[np.float64]:
        """Entries (b, Σ sizes) that give a row's squared distance to a code: its entries' sum and `offsets`."""
        ...

    def offsets(self, codes: NDArray[Any]) -> NDArray[np.float64]:
        """What the squared distance to a code has beside the sum of its entries in a table, (b,)."""
        ...


@dataclass(frozen=True, eq=False)
class ProductCoder:
    """A book of its own for each run of columns.

    Attributes
    ----------
    codebooks : (K, d)
        Columns splits[s] to splits[s + 1] are the codewords of subspace s.
    splits : (n_subspaces + 1,) int64
    """

    codebooks: Floats
    splits: NDArray[np.int64]

    @property
    def n_features(self) -> int:
        return int(self.splits[-1])

    @property
    def sizes(self) -> tuple[int, ...]:
        return (len(self.codebooks),) * (len(self.splits) - 1)

    @cached_property
    def edges(self) -> list[slice]:
        """Columns of each subspace."""
        return edges_of(self.splits)

    @cached_property
    def books(self) -> list[Floats]:
        """Codewords (K, width) of each subspace, in one piece."""
        return [frozen(np.ascontiguousarray(self.codebooks[:, columns])) for columns in self.edges]

    @cached_property
    def searches(self) -> list[Codebook]:
        """The same, made ready to be searched."""
        return [Codebook(book) for book in self.books]

    def astype(self, dtype: np.dtype[Any]) -> ProductCoder:
        return ProductCoder(np.ascontiguousarray(self.codebooks, dtype), self.splits)

    def encode(self, block: Floats, codes: Codes) -> None:
        labels = np.empty(len(block), np.int32)
        for s, (columns, search) in enumerate(zip(self.edges, self.searches, strict=True)):
            search.label(np.ascontiguousarray(block[:, columns]), labels)
            codes[:, s] = labels

    def decode(self, codes: NDArray[Any]) -> Floats:
        decoded = np.empty((len(codes), self.n_features), self.codebooks.dtype)
        for s, (columns, book) in enumerate(zip(self.edges, self.books, strict=True)):
            decoded[:, columns] = book[codes[:, s]]
        return decoded

    def errors(self, block: Floats, codes: Codes) -> NDArray[np.float64]:
        squared, own = np.zeros(len(block)), np.empty(len(block))
        for s, (columns, book) in enumerate(zip(self.edges, self.books, strict=True)):
            part = np.ascontiguousarray(block[:, columns])
            squared_to_own(frozen(part), book, frozen(np.ascontiguousarray(codes[:, s])), own)
            squared += own
        return squared

    def distances(self, block: Floats, out: Floats) -> None:
        found = np.empty((len(block), len(self.codebooks)), block.dtype)
        for s, (columns, book) in enumerate(zip(self.edges, self.books, strict=True)):
            distances(frozen(np.ascontiguousarray(block[:, columns])), book, found)
            out[:, s * len(book) : (s + 1) * len(book)] = found

    def tables(self, block: Floats) -> NDArray[np.float64]:
        entries = np.empty((len(block), sum(self.sizes)))
        for s, (columns, book) in enumerate(zip(self.edges, self.books, strict=True)):
            squared_table(frozen(np.ascontiguousarray(block[:, columns])), book, s * len(book), entries)
        return entries

    def offsets(self, codes: NDArray[Any]) -> NDArray[np.float64]:
        return np.zeros(len(codes))


@dataclass(frozen=True, eq=False)
class RotatedCoder(ProductCoder):
    """A book for each run of columns of the rotated rows (x − mean) R.

    Attributes
    ----------
    mean : (d,), rotation : (d, d)
        In the codebooks' precision.
    """

    mean: Floats
    rotation: Floats

    def astype(self, dtype: np.dtype[Any]) -> RotatedCoder:
        """The same for rows of another precision."""
        codebooks: Floats = np.ascontiguousarray(self.codebooks, dtype)
        return RotatedCoder(codebooks, self.splits, self.mean.astype(dtype), self.rotation.astype(dtype))

    def encode(self, block: Floats, codes: Codes) -> None:
        super().encode(self._turned(block), codes)

    def decode(self, codes: NDArray[Any]) -> Floats:
        decoded: Floats = super().decode(codes) @ self.rotation.T + self.mean
        return decoded

    def errors(self, block: Floats, codes: Codes) -> NDArray[np.float64]:
        return super().errors(self._turned(block), codes)

    def distances(self, block: Floats, out: Floats) -> None:
        super().distances(self._turned(block), out)

    def tables(self, block: Floats) -> NDArray[np.float64]:
        return super().tables(self._turned(block))

    def _turned(self, block: Floats) -> Floats:
        turned: Floats = (block - self.mean) @ self.rotation
        return turned


def coding_bounds(rows: RowSource, coder: Coder) -> list[tuple[int, int]]:
    """Blocks in which rows are worked on with a coder."""
    n, d = rows.shape
    return block_bounds(n, d, rows.dtype.itemsize, max(coder.sizes))


def coded_errors(
    rows: RowSource, coder: Coder, *, n_jobs: int = 1, stop: StopToken | None = None
) -> NDArray[np.float64]:
    """Squared distance (n,), float64, of each row to what its code stands for; the coder is of the rows' precision.

    Raises
    ------
    Stopped
        When `stop` is set.
    """
    squared = np.empty(rows.shape[0])

    def one(block: Floats, start: int) -> None:
        codes = np.empty((len(block), len(coder.sizes)), np.int32)
        coder.encode(block, codes)
        squared[start : start + len(block)] = coder.errors(block, codes)

    for _ in map_blocks(rows, one, coding_bounds(rows, coder), n_jobs=n_jobs, stop=stop):
        pass
    return squared
