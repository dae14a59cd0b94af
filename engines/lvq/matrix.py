"""What engines with one learned matrix Ω share: its parameters, and what a fitted one says of features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray

from engines.blocks import block_bounds, map_blocks, resolve_jobs
from engines.lvq.classifier import PrototypeClassifier
from engines.lvq.learned import Omegas
from engines.lvq.measured import MeasuredCodebook
from engines.lvq.metric import Full, Metric, relevance_matrix
from engines.parameters import Param


@dataclass(eq=False, repr=False, kw_only=True)
class OmegaParameters:
    """A metric Λ = ΩᵀΩ to be learned.

    Parameters
    ----------
    rank : int or None
        m, the rows of Ω; None is d. Λ has at most this rank.
    omega_init : {"auto", "pca", "random"} or array of shape (m, d)
        Start of Ω: "auto" is the identity at full rank, else "pca", the first m principal axes with equal weights.
    log_det : float or "auto"
        η, the weight of the term that keeps Λ from losing rank; "auto" is 0.15/m, the same for each direction.
    """

    rank: Annotated[int | None, Param("rows of Ω, the most that Λ's rank can be; none is all features", low=1)] = None
    omega_init: Annotated[
        Literal["auto", "pca", "random"] | NDArray[Any],
        Param("where Ω starts: a method, or an array (rank, features)", advanced=True),
    ] = "auto"
    log_det: Annotated[
        float | Literal["auto"],
        Param("weight η of the log-det term that keeps the metric from losing rank; auto is 0.15/rank", 0),
    ] = "auto"


class MatrixCodebook(MeasuredCodebook):
    """An engine of `OmegaParameters` whose distance is d(x, w) = ‖Ω(x - w)‖².

    Attributes
    ----------
    omega_ : ndarray of shape (m, d)
        Ω, with ‖Ω‖_F = 1.
    """

    omega_: NDArray[Any]

    @property
    def relevance_matrix_(self) -> NDArray[np.float64]:
        """Λ = ΩᵀΩ (d, d): symmetric, positive semi-definite, of trace 1."""
        return relevance_matrix(self.omega_)

    @property
    def relevances_(self) -> NDArray[np.float64]:
        """Diagonal (d,) of Λ, not negative, of sum 1."""
        return np.diagonal(self.relevance_matrix_).copy()

    @property
    def _metric(self) -> Metric:
        return Full(self.omega_)

    def project(self, X: Any) -> NDArray[Any]:
        """Ωx of each row: (n, m), the space in which the distance is the Euclidean one."""
        rows = self._new_rows(X)
        omega = np.ascontiguousarray(self.omega_, dtype=rows.dtype)
        found = np.empty((rows.shape[0], len(omega)), dtype=rows.dtype)

        def work(block: NDArray[Any], start: int) -> None:
            found[start : start + len(block)] = block @ omega.T

        bounds = block_bounds(*rows.shape, rows.dtype.itemsize, len(omega))
        for _ in map_blocks(rows, work, bounds, n_jobs=resolve_jobs(self.n_jobs)):
            pass
        return found


class MatrixClassifier(MatrixCodebook, PrototypeClassifier):
    """The same, as a classifier."""


def omegas_of(engine: Any, n_features: int, of: NDArray[np.intp] | None = None) -> Omegas:
    """The metric to be learned by an engine of `OmegaParameters`, one Ω or those that `of` (M,) tells of prototypes.

    Raises
    ------
    ValueError
        If the rank is more than there are features.
    """
    rank = n_features if engine.rank is None else int(engine.rank)
    if rank > n_features:
        raise ValueError(
            f"{type(engine).__name__}: rank is {rank}, but the rows have {n_features} features: use at most as many."
        )
    log_det = 0.15 / rank if engine.log_det == "auto" else float(engine.log_det)
    return Omegas(n_features, rank, engine.omega_init, log_det, of)
