"""A trained auto-encoder whose latent groups have codebooks, as plain arrays: rows to the bits of indices and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from engines.deep.coder import SignCoder, Signs
from engines.kernels.nearest import Codebook

Floats = NDArray[Any]


@dataclass(frozen=True, eq=False)
class GroupedCoder(SignCoder):
    """A coder whose code of a row is the bits of one index for each group of latent values, group after group.

    Bit j of an index, counted from the lowest, is +1 where it is set.

    Attributes
    ----------
    books : tuple of (2^B_g, w) arrays
        The codewords of each group; f(x) is their G · w values side by side.
    """

    books: tuple[Floats, ...]

    def astype(self, dtype: np.dtype[Any]) -> Self:
        """The same in another precision."""
        return replace(super().astype(dtype), books=tuple(book.astype(dtype) for book in self.books))

    @property
    def n_units(self) -> int:
        """Values that a row becomes on its way, distances to codewords among them."""
        return super().n_units + sum(len(book) for book in self.books)

    def _settled(self, latents: Floats, first: int) -> tuple[Signs, Floats]:
        """Bits of the numbers of the nearest codewords, and these."""
        size = self.books[0].shape[1]
        own = slice(first // size, (first + latents.shape[1]) // size)
        numbers, words, starts = [], [], range(0, latents.shape[1], size)
        for search, book, start in zip(self._searches[own], self.books[own], starts, strict=True):
            found = np.empty(len(latents), np.int32)
            search.label(np.ascontiguousarray(latents[:, start : start + size]), found)
            numbers.append(found)
            words.append(book[found])
        return signs_of_numbers(numbers, self.widths[own]), np.concatenate(words, axis=1)

    def decode(self, latents: NDArray[Any]) -> Floats:
        """The rows (b, d) that codes (b, L) of -1 and +1 stand for."""
        numbers = numbers_of_signs(latents, self.widths)
        words = [book[number] for book, number in zip(self.books, numbers, strict=True)]
        return super().decode(np.concatenate(words, axis=1))

    def margins(self, latents: Floats) -> Floats:
        """How near each bit (b, L) of latents (b, G · w) is to being another.

        It is that of its group: by how much the squared distance to the next nearest codeword is larger.
        """
        found = []
        for book, part in zip(self.books, np.split(latents, len(self.books), axis=1), strict=True):
            squares = np.sum(book * book, axis=1) - 2 * part @ book.T
            two = np.partition(squares, 1, axis=1)[:, :2]
            found.append(np.repeat(two[:, 1:] - two[:, :1], bits_of_book(book), axis=1))
        return np.concatenate(found, axis=1)

    @cached_property
    def _searches(self) -> tuple[Codebook, ...]:
        return tuple(Codebook(book) for book in self.books)

    @property
    def widths(self) -> list[int]:
        """B of each group."""
        return [bits_of_book(book) for book in self.books]


def books_of(vector: Floats, widths: Sequence[int]) -> tuple[Floats, ...]:
    """The books (2^B_g, w) of groups of B_g bits whose values follow each other in `vector`, by rows."""
    ends = np.cumsum([2**width for width in widths])
    return tuple(np.split(vector.reshape(ends[-1], -1), ends[:-1]))


def in_tree_order(book: Floats) -> Floats:
    """The codewords (2^B, w) so numbered that bits mean something: those that differ in low bits only are near.

    The highest bit parts them in halves along the direction in which they vary most, the next one each half, and so on.
    """
    order = np.arange(len(book))[None]
    while order.shape[1] > 1:
        parts = book[order].astype(np.float64)
        centred = parts - parts.mean(axis=1, keepdims=True)
        direction = np.linalg.eigh(centred.transpose(0, 2, 1) @ centred)[1][:, :, -1:]
        largest = np.take_along_axis(direction, np.abs(direction).argmax(axis=1)[:, None], axis=1)
        along = (centred @ (direction * np.sign(largest)))[:, :, 0]  # which end is first does not depend on a solver
        order = np.take_along_axis(order, np.argsort(along, axis=1, kind="stable"), axis=1)
        order = order.reshape(2 * len(order), -1)
    return book[order[:, 0]]


def bits_of_book(book: Floats) -> int:
    """B of a book of 2^B codewords."""
    return len(book).bit_length() - 1


def signs_of_numbers(numbers: Sequence[NDArray[Any]], widths: Sequence[int]) -> Signs:
    """Indices (b,) of the groups as the bits (b, Σ B_g) of -1 and +1, the lowest of each group first."""
    columns = [number >> bit & 1 for number, width in zip(numbers, widths, strict=True) for bit in range(width)]
    return np.where(np.stack(columns, axis=1) > 0, np.int8(1), np.int8(-1))


def numbers_of_signs(signs: NDArray[Any], widths: Sequence[int]) -> list[NDArray[np.int64]]:
    """The indices (b,) of each group whose bits are `signs` (b, Σ B_g)."""
    ends = np.cumsum(widths)
    return [
        (signs[:, end - width : end] > 0) @ (1 << np.arange(width, dtype=np.int64))
        for end, width in zip(ends, widths, strict=True)
    ]
