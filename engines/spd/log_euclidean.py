"""LVQ of SPD matrices in the log-Euclidean metric: the estimator, which is GLVQ of their logarithms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from engines.blocks import block_bounds, map_blocks, resolve_jobs
from engines.lvq.distance_cost import Start
from engines.lvq.gradient import RelativeClassifier
from engines.lvq.labels import LabelledRows
from engines.lvq.learned import NoMetric
from engines.lvq.parameters import DescentParameters, StartParameters, TransferParameters
from engines.lvq.problem import Problem
from engines.lvq.relative_cost import RelativeProblem
from engines.parameters import Param
from engines.rows import RowSource
from engines.spd.matrices import as_stack, exponential, logarithm, stack_of, vectors_of
from engines.spd.rows import LogRows


class LogEuclideanProblem(RelativeProblem):
    """The cost of GLVQ over vectors of logarithms; what is given and shown of a prototype is the matrix."""

    def __init__(self, start: Start, *others: Any, **options: Any) -> None:
        if not isinstance(start.init, str):
            start = replace(start, init=_logarithms_of(start.init))
        super().__init__(start, *others, **options)

    def model(self, arrays: Mapping[str, NDArray[np.float64]]) -> dict[str, NDArray[Any]]:
        found = super().model(arrays)
        return {"log_prototypes_": found.pop("prototypes_"), **found}

    def shown(self, model: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        return {"prototypes": matrices_of(model["log_prototypes_"])}


def matrices_of(logarithms: NDArray[Any]) -> NDArray[Any]:
    """The SPD matrices (M, k, k) of vectors of logarithms (M, k(k+1)/2), in their type."""
    return np.asarray(exponential(stack_of(logarithms)), logarithms.dtype)


def _logarithms_of(prototypes: Any) -> NDArray[np.float64]:
    """The vectors (M, k(k+1)/2) of given prototypes (M, k, k)."""
    try:
        return vectors_of(logarithm(prototypes))
    except ValueError as error:
        raise ValueError(f"init must be symmetric positive-definite matrices: {error}") from None


@dataclass(eq=False, repr=False, kw_only=True)
class MatrixParameters(TransferParameters):
    """What is done to the matrices before their logarithm is taken.

    Parameters
    ----------
    regularization : float
        ρ: each matrix X, in learning and in use, becomes (1 - ρ)X + ρ (tr X / k) I.
    """

    regularization: Annotated[
        float,
        Param("share of each matrix that is evened out, so that singular ones have a logarithm", 0, 1, open_high=True),
    ] = 0.0


@dataclass(eq=False, repr=False)
class LogEuclideanParameters(DescentParameters, MatrixParameters, StartParameters):
    """All of `LogEuclideanGLVQ`."""


class LogEuclideanGLVQ(LogEuclideanParameters, RelativeClassifier):
    """Labelled SPD matrices W that minimise a relative distance, d(X, W) = ‖log X - log W‖²_F.

    The cost is that of GLVQ, E = Σ sᵢ φ(μᵢ + margin) / Σ sᵢ with μ = (d⁺ - d⁻)/(d⁺ + d⁻). A matrix is compared as the
    vector of its logarithm, k(k+1)/2 numbers of which those off the diagonal are scaled by √2: the Euclidean distance
    of vectors is d. So learning is exactly that of GLVQ on these vectors, and prototypes are always SPD. The distance
    does not change where all matrices are rotated alike, scaled or inverted. Logarithms are taken in float64.

    Matrices are given as (n, k, k), or row by row as (n, k²), which is how sources and tables hold them. They must be
    symmetric, to rounding, and positive definite; `engines.spd.covariances` makes such of signals.

    Parameters
    ----------
    prototypes_per_class, init, pinned
        See `engines.lvq.parameters.StartParameters`; all is done on logarithms, and a given `init` is SPD, (M, k, k).
    regularization : float
        ρ: each matrix X becomes (1 - ρ)X + ρ (tr X / k) I before, so that singular ones have a logarithm too.
    transfer, beta, margin
        φ, its β, and what is added to μ; see `TransferParameters`.
    solver, max_iter, tol, patience, and so on
        See `DescentParameters`.

    Attributes
    ----------
    prototypes_ : ndarray of shape (M, k, k)
        SPD matrices.
    log_prototypes_ : ndarray of shape (M, k(k+1)/2)
        The vectors of their logarithms, of which they are made.
    prototype_labels_ : ndarray of shape (M,)
        Class values.
    classes_ : ndarray of shape (C,)
    n_features_in_ : int
        k².
    n_iter_ : int
    history_ : dict of str to ndarray
        As of `GLVQ`.

    References
    ----------
    Tang, Tino & Yu, "Generalized learning vector quantization with log-Euclidean metric learning on symmetric positive-
    definite manifold", 2023, without its learned metric; Arsigny et al., "Log-Euclidean metrics for fast and simple
    calculus on diffusion tensors", 2006 (the distance); Sato & Yamada, 1995 (μ).

    Examples
    --------
    >>> import numpy as np
    >>> from engines import LogEuclideanGLVQ
    >>> from engines.spd.covariances import covariances
    >>> signals = np.random.default_rng(0).normal(size=(40, 3, 50))
    >>> signals[::2, 0] *= 3
    >>> model = LogEuclideanGLVQ().fit(covariances(signals), np.arange(40) % 2)
    >>> model.prototypes_.shape
    (2, 3, 3)
    """

    FITTED: ClassVar[tuple[str, ...]] = ("log_prototypes_", "prototype_labels_", "classes_")

    log_prototypes_: NDArray[Any]

    @property
    def prototypes_(self) -> NDArray[Any]:  # type: ignore[override]
        """SPD matrices (M, k, k)."""
        return matrices_of(self.log_prototypes_)

    def project(self, X: Any) -> NDArray[Any]:
        """The vectors (n, k(k+1)/2) of logarithms, the space in which the distance is the Euclidean one."""
        rows = self._new_rows(X)
        found = np.empty(rows.shape, rows.dtype)

        def work(block: NDArray[Any], start: int) -> None:
            found[start : start + len(block)] = block

        bounds = block_bounds(*rows.shape, rows.dtype.itemsize)
        for _ in map_blocks(rows, work, bounds, n_jobs=resolve_jobs(self.n_jobs)):
            pass
        return found

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array, tags.input_tags.three_d_array = False, True
        tags.input_tags.allow_nan = False
        return tags

    @property
    def _vectors(self) -> NDArray[Any]:
        return self.log_prototypes_

    def _problem(self, counts: NDArray[np.int64], n_features: int, dtype: np.dtype[Any]) -> Problem:
        return self._relative_problem(counts, NoMetric(n_features), dtype, LogEuclideanProblem)

    def _checked(self, X: Any, *y: Any, **asked: Any) -> Any:
        return super()._checked(self._row_by_row(X), *y, **asked)

    def _row_by_row(self, X: Any) -> Any:
        """Matrices (n, k, k) as (n, k²); what else there is stays for scikit-learn to judge."""
        array = X if hasattr(X, "shape") else np.asarray(X)
        if len(array.shape) == 3:
            stack = as_stack(X)
            return stack.reshape(len(stack), -1)
        return X

    def _training_rows(self, X: Any, y: Any = None, *, min_rows: int = 1) -> tuple[RowSource, Any]:
        rows, labels = super()._training_rows(X, y, min_rows=min_rows)
        return self._logarithms(rows), labels

    def _new_rows(self, X: Any) -> RowSource:
        return self._logarithms(super()._new_rows(X))

    def _labelled_validation(
        self, validation: tuple[Any, Any] | None, rows: RowSource, classes: NDArray[Any]
    ) -> LabelledRows | None:
        found = super()._labelled_validation(validation, rows, classes)
        return None if found is None else replace(found, rows=self._logarithms(found.rows))

    def _logarithms(self, rows: RowSource) -> LogRows:
        return LogRows(rows, float(self.regularization))
