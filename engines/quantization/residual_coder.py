"""Codes of codebooks that follow each other on what is left: greedy and beam search, and what codes tell of rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.codes import Codes
from engines.kernels.beam import best_paths, follow
from engines.kernels.books import sum_of_codewords, without_codewords
from engines.kernels.exact import distances, frozen, squared_to_own
from engines.kernels.nearest import Codebook
from engines.rows import scale_for

Floats = NDArray[Any]
Array = NDArray[np.float64]

PIECE_NUMBERS = 2**18
"""Products of paths and codewords that are looked at together: they stay near the processor."""


@dataclass(frozen=True, eq=False)
class ResidualCoder:
    """A book for the rows, one for what that leaves, and so on.

    Attributes
    ----------
    codebooks : (n_stages, K, d)
    beam : int
        Paths that are kept from stage to stage; 1 takes the nearest codeword of each stage.
    """

    codebooks: Floats
    beam: int

    @property
    def n_features(self) -> int:
        return int(self.codebooks.shape[2])

    @property
    def sizes(self) -> tuple[int, ...]:
        return (self.codebooks.shape[1],) * len(self.codebooks)

    @cached_property
    def searches(self) -> list[Codebook]:
        """The books made ready to be searched."""
        return [Codebook(book) for book in self.codebooks]

    @cached_property
    def norms(self) -> Array:
        """‖c‖² of all codewords, (n_stages, K)."""
        norms: Array = np.square(self.codebooks, dtype=np.float64).sum(axis=2)
        return norms

    def astype(self, dtype: np.dtype[Any]) -> ResidualCoder:
        return ResidualCoder(np.ascontiguousarray(self.codebooks, dtype), self.beam)

    def encode(self, block: Floats, codes: Codes) -> None:
        if self.beam == 1 or len(self.codebooks) == 1:
            self._encode_greedily(block, codes)
            return
        step = max(1, PIECE_NUMBERS // (self.beam * self.codebooks.shape[1]))
        for first in range(0, len(block), step):
            piece = slice(first, first + step)
            self._encode_by_beam(block[piece], codes[piece])

    def decode(self, codes: NDArray[Any]) -> Floats:
        decoded = np.empty((len(codes), self.n_features), self.codebooks.dtype)
        sum_of_codewords(frozen(self.codebooks), frozen(codes), decoded)
        return decoded

    def errors(self, block: Floats, codes: Codes) -> Array:
        squared, own = np.empty(len(block)), np.arange(len(block), dtype=np.int32)
        squared_to_own(frozen(block), frozen(self.decode(codes)), frozen(own), squared)
        return squared

    def distances(self, block: Floats, out: Floats) -> None:
        codes = np.empty((len(block), len(self.codebooks)), np.int32)
        self.encode(block, codes)
        left, size = np.empty_like(block), self.codebooks.shape[1]
        found = np.empty((len(block), size), block.dtype)
        for stage, book in enumerate(self.codebooks):
            without_codewords(frozen(block), frozen(self.codebooks), frozen(codes[:, :stage]), left)
            distances(frozen(left), frozen(book), found)
            out[:, stage * size : (stage + 1) * size] = found

    def tables(self, block: Floats) -> Array:
        # ‖x − y‖² = ‖x‖² − 2 Σ x·c + ‖y‖² for the code's y = Σ c, with the origin in the middle of the first book
        centred = block.astype(np.float64) - self._centre
        entries: Array = np.hstack([-2.0 * (centred @ book.T) for book in self._centred_books])
        entries[:, : self.codebooks.shape[1]] += np.square(centred).sum(axis=1)[:, None]
        return entries

    def offsets(self, codes: NDArray[Any]) -> Array:
        decoded = np.empty((len(codes), self.n_features))
        sum_of_codewords(frozen(self._centred_books), frozen(codes), decoded)
        squares: Array = np.square(decoded).sum(axis=1)
        return squares

    @cached_property
    def _largest(self) -> float:
        return float(np.abs(self.codebooks).max())

    @cached_property
    def _centre(self) -> Array:
        centre: Array = self.codebooks[0].mean(axis=0, dtype=np.float64)
        return centre

    @cached_property
    def _centred_books(self) -> Array:
        books = self.codebooks.astype(np.float64)
        books[0] -= self._centre
        return books

    def _encode_greedily(self, block: Floats, codes: Codes) -> None:
        left, labels = block, np.empty(len(block), np.int32)
        for stage, (book, search) in enumerate(zip(self.codebooks, self.searches, strict=True)):
            search.label(left, labels)
            codes[:, stage] = labels
            if stage + 1 < len(self.codebooks):
                left = left - book[labels]

    def _encode_by_beam(self, block: Floats, codes: Codes) -> None:
        """The best of `beam` paths, each kept for what it leaves after each stage (Chen 2010; Babenko 2014)."""
        n, d = block.shape
        size = self.codebooks.shape[1]
        scale = scale_for(max(float(np.abs(block).max(initial=0.0)), self._largest), block.dtype)
        block, books, squared_scale = block * scale, self.codebooks * scale, np.square(np.float64(scale))
        left = block.reshape(n, 1, d)
        squares = np.square(block, dtype=np.float64).sum(axis=1).reshape(n, 1)
        taken = np.empty((n, 1, 0), np.int32)
        for book, norms in zip(books, self.norms * squared_scale, strict=True):
            n_paths = left.shape[1]
            n_kept = min(self.beam, n_paths * size)
            products = (left.reshape(n * n_paths, d) @ book.T).reshape(n, n_paths, size)
            paths, chosen = np.empty((n, n_kept), np.int32), np.empty((n, n_kept), np.int32)
            best_paths(frozen(products), frozen(squares), frozen(norms), paths, chosen, np.empty(n_kept))
            rest = np.empty((n, n_kept, d), block.dtype)
            rest_squares = np.empty((n, n_kept))
            follow(frozen(left), frozen(book), frozen(paths), frozen(chosen), rest, rest_squares)
            before = np.take_along_axis(taken, paths[:, :, None], axis=1)
            taken = np.concatenate([before, chosen[:, :, None]], axis=2)
            left, squares = rest, rest_squares
        codes[:] = taken[np.arange(n), squares.argmin(axis=1)]
