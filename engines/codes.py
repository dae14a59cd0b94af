"""Codes: encode, pack to bits, decode, quantize, for one codebook or several; which code a row gets is the engine's."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from engines.kernels.bits import pack_bits, unpack_bits
from engines.kernels.exact import frozen

Codes = NDArray[np.int32]


class CodesMixin:
    """For engines that turn a row into one or several integers, and these back into a row.

    A plain codebook gives one code a row, (n,); an engine of several books gives a column each, (n, n_books).
    """

    @property
    @abstractmethod
    def code_sizes(self) -> tuple[int, ...]:
        """How many values each column of codes can take, one number for each column."""

    @property
    def bits_per_row(self) -> int:
        """Bits that the codes of a row take: Σ⌈log₂ size⌉ over the columns."""
        return sum(bits_of(size) for size in self.code_sizes)

    def encode(self, X: Any, packed: bool = False) -> NDArray[Any]:
        """Codes of the rows.

        Parameters
        ----------
        X : array-like of shape (n, d), or RowSource
        packed : bool
            Whether to give bits in place of integers.

        Returns
        -------
        ndarray
            Codes (n,) or (n, n_books) int32; or, packed, the `bits_per_row` bits of each row, column after column and
            the highest bit of each first, filled up with zeros to whole bytes (at least one): (n, bytes) uint8.
        """
        codes = self._codes(X)
        return pack_codes(codes, self.code_sizes) if packed else codes

    def decode(self, codes: Any) -> NDArray[Any]:
        """The vectors (n, d) that codes stand for.

        Parameters
        ----------
        codes : integer array of shape (n,) or (n, n_books), as `encode` gives them, or packed (n, bytes) uint8
            A 2-D array of uint8 is always taken as packed.

        Raises
        ------
        ValueError
            If the shape or type is of no codes, or a code stands for nothing.
        """
        return self._decoded(self._integers(codes))

    def quantize(self, X: Any) -> NDArray[Any]:
        """What each row becomes by encoding and decoding: (n, d)."""
        return self.decode(self.encode(X))

    def indices(self, codes: Any) -> NDArray[np.int64]:
        """Codes as `encode` gives them unpacked, counted from 0 in each column."""
        return np.asarray(codes, np.int64)

    def _integers(self, codes: Any) -> Codes:
        """Codes, packed or not, as they were before: (n,) or (n, n_books), all of which stand for something."""
        check_is_fitted(self)
        codes = np.asarray(codes)
        sizes = self.code_sizes
        if codes.ndim == 2 and codes.dtype == np.uint8 and codes.shape[1] == bytes_of(sizes):
            codes = unpack_codes(codes, sizes)
            codes = codes[:, 0] if self._one_column else codes
        check_codes(codes, sizes, self._one_column)
        return np.ascontiguousarray(codes, np.int32)

    @property
    def _one_column(self) -> bool:
        """Whether codes are (n,) and not (n, n_books)."""
        return False

    @abstractmethod
    def _codes(self, X: Any) -> Codes:
        """Checked: codes (n,) or (n, n_books) of the rows."""

    @abstractmethod
    def _decoded(self, codes: Codes) -> NDArray[Any]:
        """The vectors (n, d) of codes that have been checked."""


class CodebookMixin(CodesMixin):
    """For engines whose code of a row is the index of one of `prototypes_` (M, d)."""

    prototypes_: NDArray[Any]

    @property
    def code_sizes(self) -> tuple[int, ...]:
        """The number of prototypes, (M,)."""
        check_is_fitted(self)
        return (len(self.prototypes_),)

    @abstractmethod
    def _nearest(self, X: Any) -> Codes:
        """Checked: index (n,) of each row's nearest prototype, the lowest of equally near ones."""

    @property
    def _one_column(self) -> bool:
        return True

    def _codes(self, X: Any) -> Codes:
        return self._nearest(X)

    def _decoded(self, codes: Codes) -> NDArray[Any]:
        return np.asarray(self.prototypes_[codes])

    @property
    def _n_features_out(self) -> int:
        return len(self.prototypes_)


def bits_of(size: int) -> int:
    """Bits ⌈log₂ size⌉ that tell `size` values apart."""
    return (size - 1).bit_length()


def bytes_of(sizes: tuple[int, ...]) -> int:
    """Bytes of a packed row; one at least."""
    return max(1, -(-sum(bits_of(size) for size in sizes) // 8))


def pack_codes(codes: NDArray[Any], sizes: tuple[int, ...]) -> NDArray[np.uint8]:
    """Codes (n,) or (n, B) below `sizes` as (n, bytes) uint8; bits of columns follow each other, highest first."""
    codes = np.ascontiguousarray(codes, np.int32).reshape(len(codes), len(sizes))
    packed = np.empty((len(codes), bytes_of(sizes)), np.uint8)
    pack_bits(frozen(codes), _widths(sizes), packed)
    return packed


def unpack_codes(packed: NDArray[np.uint8], sizes: tuple[int, ...]) -> Codes:
    """The codes (n, B) int32 that `pack_codes` packed."""
    codes = np.empty((len(packed), len(sizes)), np.int32)
    unpack_bits(frozen(np.ascontiguousarray(packed)), _widths(sizes), codes)
    return codes


def check_codes(codes: NDArray[Any], sizes: tuple[int, ...], one_column: bool) -> None:
    """Raise ValueError unless codes (n,) or (n, B) are integers below `sizes`."""
    shape = "(n,)" if one_column else f"(n, {len(sizes)})"
    fits = codes.ndim == 1 if one_column else codes.ndim == 2 and codes.shape[1] == len(sizes)
    if not fits or codes.dtype.kind not in "iu" or (codes.ndim == 2 and codes.dtype == np.uint8):
        raise ValueError(
            f"Codes must be integers of shape {shape}, or packed ones (n, {bytes_of(sizes)}) of uint8, "
            f"got {codes.dtype} {codes.shape}."
        )
    if codes.size and not (codes.min() >= 0 and np.all(codes.reshape(len(codes), -1).max(axis=0) < np.array(sizes))):
        limits = sorted({size - 1 for size in sizes})
        highest = str(limits[0]) if len(limits) == 1 else f"{', '.join(str(size - 1) for size in sizes)} (by column)"
        raise ValueError(f"Codes must lie between 0 and {highest}.")


def _widths(sizes: tuple[int, ...]) -> NDArray[np.int64]:
    return frozen(np.array([bits_of(size) for size in sizes], np.int64))
