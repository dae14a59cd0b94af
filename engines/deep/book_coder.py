"""A trained auto-encoder with a codebook in latent space as plain arrays: rows to one code and back, with NumPy."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from engines.blocks import single_threaded_blas
from engines.deep.coder import Coder
from engines.kernels.exact import Labels, distances, frozen
from engines.kernels.nearest import Codebook

Floats = NDArray[Any]


@dataclass(frozen=True, eq=False)
class BookCoder(Coder):
    """A coder whose code of a row is the number of the codeword nearest to f(x).

    Attributes
    ----------
    codebook : (K, L)
    prototypes : (K, d)
        What codewords are decoded to, in the units of the rows.
    """

    codebook: Floats
    prototypes: Floats

    def astype(self, dtype: np.dtype[Any]) -> Self:
        """The same in another precision."""
        cast = super().astype(dtype)
        return replace(cast, codebook=self.codebook.astype(dtype), prototypes=self.prototypes.astype(dtype))

    def codes(self, X: Floats) -> Labels:
        """Number (b,) of each row's codeword."""
        return self.nearest(self.latent(X))

    def nearest(self, F: Floats) -> Labels:
        """Number (b,) of the codeword nearest to latents (b, L); of equally near ones the lowest."""
        found = np.empty(len(F), np.int32)
        self._search.label(F, found)
        return found

    def distances(self, X: Floats) -> Floats:
        """‖f(x) - c‖, (b, K)."""
        F = self.latent(X)
        found = np.empty((len(F), len(self.codebook)), F.dtype)
        distances(frozen(F), frozen(self.codebook), found)
        return found

    def squared_errors(self, X: Floats, codes: Labels) -> NDArray[np.float64]:
        """‖x - g(c)‖² (b,), float64, of rows and their codes."""
        return np.asarray(np.sum(np.square(np.subtract(X, self.prototypes[codes], dtype=np.float64)), axis=1))

    @cached_property
    def _search(self) -> Codebook:
        return Codebook(self.codebook)


def book_coder(coder: Coder, codebook: Floats) -> BookCoder:
    """The coder of these networks and codewords (K, L)."""
    with single_threaded_blas(), np.errstate(over="ignore", invalid="ignore"):
        prototypes = coder.decode(codebook)
    return BookCoder(**vars(coder), codebook=codebook, prototypes=prototypes)
