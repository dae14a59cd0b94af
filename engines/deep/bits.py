"""How well bits are used, from codes of -1 and +1: balance, correlation, entropy, dead codes; no networks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engines.deep.coder import Signs

MOST_BITS = 16
"""Up to that many bits, whole codes are counted too."""


@dataclass(frozen=True, eq=False)
class Tally:
    """Sums over rows, of which those of several blocks may be added.

    Attributes
    ----------
    n : int
        Rows.
    firsts : (L,) float64
        Σ b.
    seconds : (L, L) float64
        Σ b bᵀ.
    codes : (2^L,) int64 or None
        Rows of each code, bit j counting 2^j; None where L is over `MOST_BITS`.
    """

    n: int
    firsts: NDArray[np.float64]
    seconds: NDArray[np.float64]
    codes: NDArray[np.int64] | None

    def __add__(self, other: Tally) -> Tally:
        codes = None if self.codes is None or other.codes is None else self.codes + other.codes
        return Tally(self.n + other.n, self.firsts + other.firsts, self.seconds + other.seconds, codes)

    @property
    def counts(self) -> NDArray[np.float64]:
        """Rows in which each bit is -1 and +1: (L, 2)."""
        return np.column_stack([(self.n - self.firsts) / 2, (self.n + self.firsts) / 2])


def tally_of(signs: Signs) -> Tally:
    """The sums over codes (n, L)."""
    values, n_bits = signs.astype(np.float64), signs.shape[1]
    codes = None
    if n_bits <= MOST_BITS:
        numbers = (signs > 0) @ (1 << np.arange(n_bits, dtype=np.int64))
        codes = np.bincount(numbers, minlength=2**n_bits)
    return Tally(len(signs), values.sum(axis=0), values.T @ values, codes)


def usage(tally: Tally) -> dict[str, float]:
    """Figures of the use of bits and codes.

    `bit_balance` is the mean over bits of |mean b|, 0 for bits that are + as often as -; `bit_correlation` the mean
    |correlation| of two bits, one that never changes having none; `bit_entropy` Σ of the bits' entropies, in bits. Up
    to 16 bits also `entropy` of the whole codes in bits, `perplexity` = 2^entropy, and `n_dead`, codes without a row.
    """
    mean = tally.firsts / tally.n
    share = np.clip((1 + mean) / 2, 0, 1)
    found = {
        "bit_balance": float(np.mean(np.abs(mean))),
        "bit_correlation": _correlation(tally, mean),
        "bit_entropy": entropy(share) + entropy(1 - share),
    }
    if tally.codes is not None:
        whole = entropy(tally.codes / tally.n)
        found |= {"entropy": whole, "perplexity": 2.0**whole}
        found["n_dead"] = float(np.count_nonzero(tally.codes == 0))
    return found


def _correlation(tally: Tally, mean: NDArray[np.float64]) -> float:
    n_bits = len(mean)
    covariance = tally.seconds / tally.n - np.outer(mean, mean)
    deviation = np.sqrt(np.maximum(0, 1 - mean**2))
    scale = np.outer(deviation, deviation)
    known = (scale > 1e-12) & ~np.eye(n_bits, dtype=bool)
    size = np.abs(covariance[known] / scale[known])
    return float(np.minimum(size, 1).sum()) / max(1, n_bits * (n_bits - 1))


def entropy(shares: NDArray[np.float64]) -> float:
    """-Σ p log₂ p."""
    present = shares[shares > 0]
    return abs(float(np.sum(present * np.log2(present))))
