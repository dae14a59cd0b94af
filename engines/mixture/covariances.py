"""Mixtures and their four kinds of covariance: factors, closed-form M-steps, parameter counts; no row is seen here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cholesky, solve_triangular
from sklearn.utils.validation import check_array

from engines.blocks import single_threaded_blas

Floats = NDArray[Any]
Doubles = NDArray[np.float64]
Kind = Literal["full", "tied", "diag", "spherical"]
EMPTY = 1e-15
"""Share of all weight below which a component has no rows of its own: it stays what it is."""


@dataclass(frozen=True)
class Mixture:
    """Σₖ wₖ N(x; μₖ, Σₖ).

    Attributes
    ----------
    kind : {"full", "tied", "diag", "spherical"}
    weights : (K,) float64
    means : (K, d), in the rows' precision
    covariances : float64
        full (K, d, d), tied (d, d), diag (K, d), spherical (K,).
    """

    kind: Kind
    weights: Doubles
    means: Floats
    covariances: Doubles

    def arrays(self) -> Mapping[str, Floats]:
        """The arrays by name."""
        return {"means": self.means, "covariances": self.covariances, "weights": self.weights}


@dataclass(frozen=True)
class Statistics:
    """What an E-step leaves of rows under a mixture; statistics of several blocks add up.

    Attributes
    ----------
    counts : (K,) float64
        Nₖ = Σ r, the responsibilities of component k, weighted.
    sums : (K, d) float64
        Σ r (x − μₖ).
    squares : float64
        Second moments about the μₖ: full (K, d, d), tied (d, d) over all components, else (K, d). Of matrices only
        the lower half counts.
    log_likelihood : float
        Σ log p(x), weighted.
    squared_error : float
        Σ ‖x − μ‖² with the mean of the most responsible component, over what is observed, weighted.
    """

    counts: Doubles
    sums: Doubles
    squares: Doubles
    log_likelihood: float = 0.0
    squared_error: float = 0.0

    def __add__(self, other: Statistics) -> Statistics:
        return Statistics(
            self.counts + other.counts,
            self.sums + other.sums,
            self.squares + other.squares,
            self.log_likelihood + other.log_likelihood,
            self.squared_error + other.squared_error,
        )


def no_statistics(kind: Kind, n_components: int, d: int) -> Statistics:
    """The statistics of no rows."""
    shape = {"full": (n_components, d, d), "tied": (d, d)}.get(kind, (n_components, d))
    return Statistics(np.zeros(n_components), np.zeros((n_components, d)), np.zeros(shape))


def improved(mixture: Mixture, found: Statistics, reg_covar: float) -> Mixture:
    """The M-step: the mixture that fits the responsibilities found under `mixture` best.

    Means are rounded to their precision first, and covariances are taken about the rounded ones:
    Σ r (x − μ′)(x − μ′)ᵀ = S − s δᵀ − δ sᵀ + N δ δᵀ with δ = μ′ − μ. `reg_covar` is added to every variance.
    Source: Bishop 2006, equations 9.24 to 9.27.
    """
    filled = found.counts > EMPTY * found.counts.sum()
    n = np.where(filled, found.counts, 1.0)[:, None]
    old = mixture.means.astype(np.float64)
    means = np.where(filled[:, None], old + found.sums / n, old).astype(mixture.means.dtype)
    delta = means.astype(np.float64) - old  # (K, d)
    covariances = _COVARIANCES[mixture.kind](found, n, delta, reg_covar)
    if mixture.kind != "tied":
        keep = ~filled
        covariances[keep] = mixture.covariances[keep]
    return Mixture(mixture.kind, found.counts / found.counts.sum(), means, covariances)


def _full(found: Statistics, n: Doubles, delta: Doubles, reg_covar: float) -> Doubles:
    covariances = np.tril(found.squares)
    covariances += np.tril(found.squares, -1).transpose(0, 2, 1)
    covariances /= n[:, :, None]
    cross = (found.sums / n)[:, :, None] * delta[:, None, :]
    covariances += delta[:, :, None] * delta[:, None, :] - cross - cross.transpose(0, 2, 1)
    d = delta.shape[1]
    covariances[:, range(d), range(d)] += reg_covar
    return covariances


def _tied(found: Statistics, n: Doubles, delta: Doubles, reg_covar: float) -> Doubles:
    covariance = np.tril(found.squares)
    covariance += np.tril(found.squares, -1).T
    with single_threaded_blas():
        cross = found.sums.T @ delta
        covariance += (found.counts[:, None] * delta).T @ delta - cross - cross.T
    covariance /= found.counts.sum()
    covariance[np.diag_indices(len(covariance))] += reg_covar
    return covariance


def _diagonal(found: Statistics, n: Doubles, delta: Doubles, reg_covar: float) -> Doubles:
    return found.squares / n - 2 * delta * (found.sums / n) + delta * delta + reg_covar


def _spherical(found: Statistics, n: Doubles, delta: Doubles, reg_covar: float) -> Doubles:
    return np.asarray(_diagonal(found, n, delta, 0.0).mean(axis=1) + reg_covar)


_COVARIANCES = {"full": _full, "tied": _tied, "diag": _diagonal, "spherical": _spherical}


def precision_factors(mixture: Mixture) -> Doubles:
    """P with Σ⁻¹ = P Pᵀ, upper triangular (full, tied), or 1/σ (diag, spherical): shaped as the covariances.

    Raises
    ------
    ValueError
        If a covariance is not positive definite.
    """
    covariances = mixture.covariances
    if mixture.kind in ("diag", "spherical"):
        variances = covariances.reshape(len(covariances), -1)
        bad = np.flatnonzero(~np.all(variances > 0, axis=1) | ~np.all(np.isfinite(variances), axis=1))
        if len(bad):
            raise ValueError(_collapsed(f"component {bad[0]}"))
        return np.asarray(1.0 / np.sqrt(covariances))
    if mixture.kind == "tied":
        return _inverse_root(covariances, "all components together")
    return np.stack([_inverse_root(covariance, f"component {k}") for k, covariance in enumerate(covariances)])


def log_determinants(mixture: Mixture, factors: Doubles) -> Doubles:
    """log|Σₖ| (K,) from the precision factors."""
    n_components, d = mixture.means.shape
    if mixture.kind == "full":
        return np.asarray(-2.0 * np.log(np.diagonal(factors, axis1=1, axis2=2)).sum(axis=1))
    if mixture.kind == "tied":
        return np.full(n_components, -2.0 * np.log(np.diagonal(factors)).sum())
    if mixture.kind == "diag":
        return np.asarray(-2.0 * np.log(factors).sum(axis=1))
    return np.asarray(-2.0 * d * np.log(factors))


def dense_covariances(mixture: Mixture) -> Doubles:
    """Covariances (K, d, d) of the full kind, (1, d, d) of the tied."""
    return mixture.covariances if mixture.kind == "full" else mixture.covariances[None]


def variances(mixture: Mixture) -> Doubles:
    """Variances (K, d) of the diag and the spherical kind."""
    n_components, d = mixture.means.shape
    if mixture.kind == "diag":
        return mixture.covariances
    return np.ascontiguousarray(np.broadcast_to(mixture.covariances[:, None], (n_components, d)))


def covariance_shape(kind: Kind, n_components: int, d: int) -> tuple[int, ...]:
    """Shape of the covariances of a kind."""
    shapes = {"full": (n_components, d, d), "tied": (d, d), "diag": (n_components, d), "spherical": (n_components,)}
    return shapes[kind]


def parameter_count(kind: Kind, n_components: int, d: int) -> int:
    """Free parameters of a mixture: covariances, means, and weights that sum to one."""
    each = d * (d + 1) // 2
    covariances = {"full": n_components * each, "tied": each, "diag": n_components * d, "spherical": n_components}
    return covariances[kind] + n_components * d + n_components - 1


def checked_precisions(given: Any, kind: Kind, n_components: int, d: int) -> Doubles:
    """The covariances of given precisions (inverse covariances, shaped like them).

    Raises
    ------
    ValueError
        If the shape is wrong, or a precision is not positive definite.
    """
    precisions = check_array(
        given, dtype=np.float64, ensure_2d=False, allow_nd=True, copy=True, input_name="precisions_init"
    )
    shape = covariance_shape(kind, n_components, d)
    if precisions.shape != shape:
        raise ValueError(f"precisions_init has shape {precisions.shape}, expected {shape} for {kind} covariances.")
    try:
        if kind == "full":
            return np.stack([_inverse(precision) for precision in precisions])
        if kind == "tied":
            return _inverse(precisions)
        if np.all(precisions > 0):
            return np.asarray(1.0 / precisions)
    except LinAlgError:
        pass
    raise ValueError("precisions_init must hold positive definite precisions.")


def _inverse(matrix: Doubles) -> Doubles:
    if not np.allclose(matrix, matrix.T):
        raise LinAlgError
    with single_threaded_blas():
        root = solve_triangular(cholesky(matrix, lower=True), np.eye(len(matrix)), lower=True)
        return np.asarray(root.T @ root)


def _inverse_root(covariance: Doubles, whose: str) -> Doubles:
    """P = L⁻ᵀ of the Cholesky factor L."""
    try:
        with single_threaded_blas():
            lower = cholesky(covariance, lower=True)
            return np.asarray(solve_triangular(lower, np.eye(len(lower)), lower=True).T)
    except (LinAlgError, ValueError):
        raise ValueError(_collapsed(whose)) from None


def _collapsed(whose: str) -> str:
    return (
        f"The covariance of {whose} is not positive definite: its rows are too few, alike, or too large in value. "
        "Raise reg_covar, lower n_components, or scale the columns."
    )
