"""The one distance of metric LVQ, d(x, w) = (x - w)ᵀΩᵀΩ(x - w), block by block; training and use both stand on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.lvq.kernels import squared_distances


@dataclass(frozen=True, eq=False)
class Projection:
    """Prototypes and metric, ready to be compared with blocks of one float type.

    Points are moved by `origin` first: distances do not change, and digits are not lost to a common offset.

    Attributes
    ----------
    origin : array of shape (d,)
    omega : array of shape (m, d)
    prototypes : array of shape (M, m)
        Ω(w - origin).
    """

    origin: NDArray[Any]
    omega: NDArray[Any]
    prototypes: NDArray[Any]

    def distances(self, block: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        """d (M, b) of a (b, d) block to all prototypes, the moved block and its image Ω(x - origin), (m, b)."""
        moved = block - self.origin
        image = self.omega @ moved.T
        d = np.empty((len(self.prototypes), len(block)), dtype=block.dtype)
        squared_distances(image, self.prototypes, d)
        return d, moved, image


def project(
    prototypes: NDArray[Any], omega: NDArray[Any], origin: NDArray[np.float64], dtype: np.dtype[Any]
) -> Projection:
    """Prototypes (M, d) and Ω (m, d) for blocks of `dtype`; the origin is rounded to it before it is used."""
    origin = origin.astype(dtype)
    image = (prototypes - origin.astype(np.float64)) @ np.asarray(omega, dtype=np.float64).T
    return Projection(origin, np.ascontiguousarray(omega, dtype=dtype), np.ascontiguousarray(image, dtype=dtype))


def relevance_matrix(omega: NDArray[Any]) -> NDArray[np.float64]:
    """Λ = ΩᵀΩ (d, d) of Ω (m, d): symmetric, positive semi-definite, of trace 1."""
    omega = np.asarray(omega, dtype=np.float64)
    full = omega.T @ omega
    full = (full + full.T) / 2
    return np.asarray(full / np.trace(full))
