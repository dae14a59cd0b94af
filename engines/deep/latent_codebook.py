"""The scikit-learn side of engines with one codebook in latent space; how it is learned is theirs."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_array, check_is_fitted

from engines.codes import CodebookMixin
from engines.deep.book_coder import BookCoder
from engines.deep.coder import Activation
from engines.deep.face import DeepEngine
from engines.kernels.exact import Labels
from engines.rows import ArrayRows

Floats = NDArray[Any]


class LatentCodebook(CodebookMixin, DeepEngine):
    """An engine whose code of a row is the number of the codeword nearest to f(x), in latent space.

    What a code stands for, `prototypes_`, is the decoded codeword, in the units of the rows. The prototype nearest to a
    row there may be another one: `predict`, `encode`, `transform` and counts go by latent space, errors by the rows.
    """

    FITTED: ClassVar[tuple[str, ...]] = (*DeepEngine.FITTED, "codebook_", "prototypes_")

    codebook_: Floats
    activation: Activation

    def predict(self, X: Any) -> Labels:
        """Number (n,) int32 of the codeword nearest to f(x); of equally near ones the lowest."""
        rows = self._new_rows(X)
        coder = self.coder(rows.dtype)
        return self._blockwise(rows, coder, coder.codes, np.empty(rows.shape[0], np.int32))

    def transform(self, X: Any) -> Floats:
        """Euclidean distance in latent space, not squared, of f(x) to each codeword: (n, K).

        `transform(X).argmin(axis=1)` is `predict(X)`, ties included.
        """
        rows = self._new_rows(X)
        coder = self.coder(rows.dtype)
        found = np.empty((rows.shape[0], len(self.codebook_)), rows.dtype)
        return self._blockwise(rows, coder, coder.distances, found)

    def latent(self, X: Any) -> Floats:
        """f(x), (n, L)."""
        rows = self._new_rows(X)
        coder = self.coder(rows.dtype)
        return self._blockwise(
            rows, coder, coder.latent, np.empty((rows.shape[0], self.codebook_.shape[1]), rows.dtype)
        )

    def decode_latent(self, F: Any) -> Floats:
        """g of any latents (n, L), in the units of the rows: (n, d)."""
        check_is_fitted(self)
        latents = check_array(F, dtype=self.mean_.dtype, order="C", input_name="F")
        if latents.shape[1] != self.codebook_.shape[1]:
            raise ValueError(f"Latents have {latents.shape[1]} values, expected {self.codebook_.shape[1]}.")
        coder = self.coder(self.mean_.dtype)
        found = np.empty((len(latents), len(self.mean_)), self.mean_.dtype)
        return self._blockwise(ArrayRows(latents), coder, coder.decode, found)

    def _nearest(self, X: Any) -> Labels:
        return self.predict(X)

    def coder(self, dtype: np.dtype[Any]) -> BookCoder:
        """The networks and the codebook as arrays of that precision."""
        networks = self._networks("normalised")
        return BookCoder(**networks, codebook=self.codebook_, prototypes=self.prototypes_).astype(dtype)
