"""Two energies of a codebook and the densities they stand for: of the nearest bump, and of the sum of all bumps."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
from numba import njit
from numpy.typing import NDArray
from sklearn.utils.validation import check_array

from engines.blocks import block_bounds, map_blocks, resolve_jobs
from engines.distortion import squared_errors
from engines.kernels.exact import frozen
from engines.kernels.vectors import squared_distance
from engines.rows import ArrayRows, RowSource, as_float_rows, is_row_source

Floats = NDArray[Any]
Kind = Literal["max", "sum"]


def energy(X: Any, prototypes: Any, kind: Kind = "max", *, n_jobs: int | None = None) -> NDArray[np.float64]:
    """Energy of each row under K prototypes, each a bump exp(−‖x − w‖²).

    `"max"` is the energy that k-means lowers, E(x) = minₖ ‖x − wₖ‖²: exp(−E) is the *highest* of the bumps, not their
    sum. `"sum"` is that of the mixture of all bumps with equal weights,

        E(x) = −ln ((1/K) Σₖ exp(−‖x − wₖ‖²)),

    by log-sum-exp. Both are without the constant (d/2) ln π, which `density` has. The two never lie far from each
    other: E_max ≤ E_sum ≤ E_max + ln K.

    Parameters
    ----------
    X : array-like of shape (n, d), or RowSource
        float32 and float64 rows are kept, anything else becomes float64.
    prototypes : array-like of shape (K, d)
        Taken in the rows' precision.
    kind : {"max", "sum"}
    n_jobs : int or None
        Threads; None is all cores.

    Returns
    -------
    ndarray of shape (n,), float64

    Raises
    ------
    ValueError
        If a number is not finite, the widths differ, or `kind` is neither.

    Examples
    --------
    >>> from engines.clustering.energy import energy
    >>> energy([[0.0], [3.0]], [[0.0], [4.0]]).tolist()
    [0.0, 1.0]
    >>> energy([[0.0], [3.0]], [[0.0], [4.0]], "sum").round(3).tolist()
    [0.693, 1.693]
    """
    if kind not in ("max", "sum"):
        raise ValueError(f"kind must be 'max' or 'sum', got {kind!r}.")
    rows = _rows(X)
    W = check_array(prototypes, dtype=rows.dtype, order="C", input_name="prototypes")
    if W.shape[1] != rows.shape[1]:
        raise ValueError(f"The rows have {rows.shape[1]} features and the prototypes {W.shape[1]}: they must agree.")
    jobs = resolve_jobs(n_jobs)
    return squared_errors(rows, W, n_jobs=jobs) if kind == "max" else _sum_energy(rows, W, jobs)


def density(X: Any, prototypes: Any, kind: Kind = "max", *, n_jobs: int | None = None) -> NDArray[np.float64]:
    """π^(−d/2) exp(−E(x)) of each row, with the `energy` of this kind.

    Every bump π^(−d/2) exp(−‖x − w‖²) is a normal density with variance σ² = ½ in each direction. So `"sum"` is the
    density of their equal-weight mixture and integrates to 1. `"max"` is their maximum, which is no density: its
    integral lies between 1 and K, and is K where the prototypes lie far apart.

    Parameters
    ----------
    X, prototypes, kind, n_jobs
        As of `energy`.

    Returns
    -------
    ndarray of shape (n,), float64
        0 where it is too small a number for float64; `energy` is exact there.

    Examples
    --------
    >>> from engines.clustering.energy import density
    >>> density([[0.0]], [[0.0]], "sum").round(6).tolist()  # 1 / √π
    [0.56419]
    """
    found = energy(X, prototypes, kind, n_jobs=n_jobs)
    d = np.shape(prototypes)[1]
    bumps: NDArray[np.float64] = np.exp(-found - 0.5 * d * math.log(math.pi))
    return bumps


def _rows(X: Any) -> RowSource:
    if is_row_source(X):
        return as_float_rows(X)
    return ArrayRows(check_array(X, dtype=(np.float64, np.float32), order="C", input_name="X"))


def _sum_energy(rows: RowSource, W: Floats, n_jobs: int) -> NDArray[np.float64]:
    n, d = rows.shape
    found = np.empty(n)

    def one(block: Floats, start: int) -> None:
        _log_mean_exp(frozen(block), frozen(W), found[start : start + len(block)])

    for _ in map_blocks(rows, one, block_bounds(n, d, rows.dtype.itemsize, len(W)), n_jobs=n_jobs):
        pass
    return found


@njit(cache=True, nogil=True)
def _log_mean_exp(X, W, out):  # type: ignore[no-untyped-def]
    """−ln of the mean over W (K, d) of exp(−‖x − w‖²), for each row of X (n, d)."""
    n_prototypes, d = W.shape
    squared = np.empty(n_prototypes)
    for i in range(X.shape[0]):
        for k in range(n_prototypes):
            squared[k] = squared_distance(X, i * d, W, k * d, d)
        least = squared.min()
        total = 0.0
        for k in range(n_prototypes):
            total += np.exp(least - squared[k])
        out[i] = least - np.log(total / n_prototypes)
