"""Compiled loops over rows of LVQ engines: distances, nearest pairs, what costs of the GLVQ kind make of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engines.kernels.elementary import exponentials

Floats = NDArray[np.float64]

TRANSFER = {"identity": 0, "sigmoid": 1, "swish": 2, "relu": 3}
LANES = 128


@njit(nogil=True, cache=True, fastmath={"contract", "reassoc", "nsz"})
def squared_distances(Zt: NDArray[Any], V: NDArray[Any], out: NDArray[Any]) -> None:
    """d(x, w) = ‖z - v‖² of points (m, n), one a column, and prototypes (M, m), into `out` (M, n)."""
    m, n = Zt.shape
    for begin in range(0, n, LANES):
        end = min(begin + LANES, n)
        for j in range(V.shape[0]):
            row = out[j, begin:end]
            row[:] = 0
            for k in range(m):
                v = V[j, k]
                z = Zt[k, begin:end]
                for i in range(end - begin):
                    row[i] += (z[i] - v) * (z[i] - v)


@njit(nogil=True, cache=True)
def nearest_pairs(
    D: NDArray[Any],
    labels: NDArray[np.int64],
    codes: NDArray[np.int64],
    plus: NDArray[np.int64],
    minus: NDArray[np.int64],
) -> None:
    """Nearest prototype of the row's class and nearest of any other, from distances (M, n), into (n,) each.

    Ties go to the first prototype. Every row must have a prototype of its class and one of another.
    """
    M, n = D.shape
    for i in range(n):
        plus[i] = -1
        minus[i] = -1
    for j in range(M):
        for i in range(n):
            if labels[j] == codes[i]:
                if plus[i] < 0 or D[j, i] < D[plus[i], i]:
                    plus[i] = j
            elif minus[i] < 0 or D[j, i] < D[minus[i], i]:
                minus[i] = j


@njit(nogil=True, cache=True)
def class_distances(D: NDArray[Any], labels: NDArray[np.int64], out: NDArray[Any]) -> None:
    """Distance (n, C) of each row to the nearest prototype of each class, from distances (M, n)."""
    out[:] = np.inf
    for j in range(D.shape[0]):
        for i in range(D.shape[1]):
            if D[j, i] < out[i, labels[j]]:
                out[i, labels[j]] = D[j, i]


@njit(nogil=True, cache=True, error_model="numpy")
def transfer(code: int, beta: float, x: float, e: float) -> tuple[float, float]:
    """φ(x) and φ′(x): identity, sigmoid 1/(1 + exp(-βx)), swish x/(1 + exp(-βx)), ReLU max(0, x).

    `e` is exp(-|βx|), which identity and ReLU do not need.
    """
    if code == 0:
        return x, 1.0
    if code == 3:
        return (x, 1.0) if x > 0 else (0.0, 0.0)
    s = (1.0 if x >= 0 else e) / (1.0 + e)
    bend = beta * e / ((1.0 + e) * (1.0 + e))
    return (s, bend) if code == 1 else (x * s, s + x * bend)


@njit(nogil=True, cache=True, error_model="numpy")
def relative_terms(
    d_plus: Floats,
    d_minus: Floats,
    winners: NDArray[np.int64],
    weights: Floats,
    code: int,
    beta: float,
    margin: float,
    scratch: Floats,
    by_plus: Floats,
    by_minus: Floats,
) -> tuple[float, int]:
    """Σ sᵢ φ(μᵢ + margin) and the number of rows won by their class; ∂/∂d⁺ and ∂/∂d⁻ go into (n,) each.

    `winners` (2, n) are the prototypes at these distances: of equally near ones the first wins, as in prediction.

    μ = (d⁺ - d⁻)/(d⁺ + d⁻), 0 where both are 0, so ∂μ/∂d⁺ = 2d⁻/(d⁺ + d⁻)² and ∂μ/∂d⁻ = -2d⁺/(d⁺ + d⁻)². What is not
    finite stays so. `scratch` is (4, n).
    """
    mu, e, shift, total = scratch[0], scratch[1], scratch[2], scratch[3]
    cost, n_right = 0.0, 0
    for i in range(d_plus.shape[0]):
        both = d_plus[i] + d_minus[i]
        mu[i] = (0.0 if both == 0 else (d_plus[i] - d_minus[i]) / both) + margin
        n_right += d_plus[i] < d_minus[i] or (d_plus[i] == d_minus[i] and winners[0, i] < winners[1, i])
        e[i] = -abs(beta * mu[i])
        shift[i] = 0.0
    if code == 1 or code == 2:
        exponentials(e, shift, total)
    for i in range(d_plus.shape[0]):
        value, slope = transfer(code, beta, mu[i], e[i])
        cost += weights[i] * value
        both = d_plus[i] + d_minus[i]
        scale = 0.0 if both == 0 else 2.0 * weights[i] * slope / both
        by_plus[i] = 0.0 if both == 0 else scale * (d_minus[i] / both)
        by_minus[i] = 0.0 if both == 0 else -scale * (d_plus[i] / both)
    return cost, n_right
