"""Codes of a codebook: encode, pack to bits, decode, quantize; which prototype is nearest is the engine's affair."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted


class CodebookMixin:
    """For engines whose code of a row is the index of one of `prototypes_` (M, d)."""

    prototypes_: NDArray[Any]

    @abstractmethod
    def _nearest(self, X: Any) -> NDArray[np.int32]:
        """Checked: index (n,) of each row's nearest prototype, the lowest of equally near ones."""

    def encode(self, X: Any, packed: bool = False) -> NDArray[Any]:
        """Codes of the rows.

        Returns
        -------
        ndarray
            Indices (n,) int32; or, packed, the ⌈log₂ M⌉ bits of each index, highest first, filled up with zeros to
            whole bytes: (n, bytes) uint8.
        """
        codes = self._nearest(X)
        if not packed:
            return codes
        bits = (codes[:, None] >> np.arange(self._n_bits - 1, -1, -1)) & 1
        return np.packbits(bits.astype(np.uint8), axis=1)

    def decode(self, codes: Any) -> NDArray[Any]:
        """The prototypes (n, d) that codes stand for, packed ones (2-D) too.

        Raises
        ------
        ValueError
            If the shape is of no codes, or a code is of no prototype.
        """
        check_is_fitted(self)
        codes = np.asarray(codes)
        n_bits = self._n_bits
        if codes.ndim == 2 and codes.dtype == np.uint8 and codes.shape[1] == -(-n_bits // 8):
            bits = np.unpackbits(codes, axis=1)[:, :n_bits].astype(np.int64)
            codes = bits @ (1 << np.arange(n_bits - 1, -1, -1))
        if codes.ndim != 1 or codes.dtype.kind not in "iu":
            raise ValueError(f"Codes must be integers of shape (n,), or packed ones, got {codes.dtype} {codes.shape}.")
        if codes.size and not (codes.min() >= 0 and codes.max() < len(self.prototypes_)):
            raise ValueError(f"Codes must lie between 0 and {len(self.prototypes_) - 1}.")
        return np.asarray(self.prototypes_[codes])

    def quantize(self, X: Any) -> NDArray[Any]:
        """Each row's nearest prototype (n, d)."""
        return self.decode(self.encode(X))

    @property
    def _n_bits(self) -> int:
        return max(1, math.ceil(math.log2(len(self.prototypes_))))

    @property
    def _n_features_out(self) -> int:
        return len(self.prototypes_)
