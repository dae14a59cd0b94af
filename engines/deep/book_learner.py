"""What trainings with one codebook in latent space share: its coder, figures of its use, what is fitted."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from engines.deep.batches import read_singly
from engines.deep.bits import entropy
from engines.deep.book_coder import BookCoder, book_coder
from engines.deep.coder import Coder
from engines.deep.learner import AutoencoderLearner, Job
from engines.deep.settings import Settings
from engines.training import StopToken

Floats = NDArray[Any]


@dataclass(frozen=True, eq=False)
class WordTally:
    """Use of codewords by rows, which may be added.

    Attributes
    ----------
    counts : (K,) float64
        Weight of the rows of each.
    latent_cost : float
        Σ w‖f(x) - c‖².
    torn : float
        Weight of the rows whose two nearest codewords are no neighbours on the grid, if there is one.
    """

    counts: NDArray[np.float64]
    latent_cost: float
    torn: float = 0.0

    def __add__(self, other: WordTally) -> WordTally:
        return WordTally(self.counts + other.counts, self.latent_cost + other.latent_cost, self.torn + other.torn)


AnySettings = TypeVar("AnySettings", bound=Settings)


class BookLearner(AutoencoderLearner[AnySettings, BookCoder, WordTally]):
    """A learner of networks and K codewords of their latent values, which are batch-normalised.

    Parameters
    ----------
    n_words : int
        K.
    adjacent : (K, K) bool or None
        Which codewords are neighbours on a grid.
    """

    def __init__(
        self, job: Job, n_words: int, n_latent: int, settings: AnySettings, adjacent: NDArray[np.bool_] | None = None
    ) -> None:
        super().__init__(job, (n_latent,), settings, "normalised")
        self._n_words, self._adjacent = n_words, adjacent

    @abstractmethod
    def _words(self) -> Floats:
        """The present codewords (K, L)."""

    def _coder(self) -> BookCoder:
        return book_coder(Coder(**self._networks), self._words())

    def _measure(self, coder: BookCoder, block: Floats, weights: NDArray[np.float64]) -> tuple[float, WordTally]:
        F = coder.latent(block)
        if not np.isfinite(F).all():  # of networks that ran away
            return np.nan, WordTally(np.zeros(self._n_words), np.nan)
        codes = coder.nearest(F)
        apart = np.sum(np.square(np.subtract(F, coder.codebook[codes], dtype=np.float64)), axis=1)
        torn = 0.0
        if self._adjacent is not None and self._n_words > 1:
            two = np.argpartition(coder.distances(block), 1, axis=1)[:, :2]
            torn = float(weights @ ~self._adjacent[two[:, 0], two[:, 1]])
        counts = np.bincount(codes, weights, self._n_words).astype(np.float64)
        return float(coder.squared_errors(block, codes) @ weights), WordTally(counts, float(apart @ weights), torn)

    def _figures(self, tally: WordTally, iteration: int) -> dict[str, float]:
        mass = float(self._job.weights.sum())
        figures = {**use_of(tally.counts), "latent_error_per_row": tally.latent_cost / mass}
        return figures if self._adjacent is None else {**figures, "topographic_error": tally.torn / mass}

    def _fitted(self, coder: BookCoder, counts: NDArray[np.float64]) -> dict[str, Any]:
        return {**super()._fitted(coder, counts), "codebook_": coder.codebook, "prototypes_": coder.prototypes}

    def _drawn_rows(self, stop: StopToken) -> Floats:
        """K rows (K, d), drawn at random, none twice."""
        rows = self._job.rows
        return read_singly(rows, self._rng.choice(rows.shape[0], self._n_words, replace=False), stop)


def use_of(counts: NDArray[np.float64]) -> dict[str, float]:
    """Entropy of the codes in bits, perplexity = 2^entropy, and `n_dead`, codewords without a row; of weights (K,)."""
    bits = entropy(counts / counts.sum())
    return {"entropy": bits, "perplexity": 2.0**bits, "n_dead": float(np.count_nonzero(counts == 0))}
