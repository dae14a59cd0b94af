"""Compiled sums over rows for costs of the GLVQ kind: nearest pair, transfer function, sums over winners."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

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


@njit(nogil=True, cache=True)
def transfer(code: int, beta: float, x: float) -> tuple[float, float]:
    """φ(x) and φ′(x): identity, sigmoid 1/(1 + exp(-βx)), swish x/(1 + exp(-βx)), ReLU max(0, x)."""
    if code == 0:
        return x, 1.0
    if code == 3:
        return (x, 1.0) if x > 0 else (0.0, 0.0)
    s = 1.0 / (1.0 + math.exp(-beta * x))
    if code == 1:
        return s, beta * s * (1.0 - s)
    return x * s, s + beta * x * s * (1.0 - s)


@njit(nogil=True, cache=True)
def relative_terms(
    D: NDArray[Any],
    plus: NDArray[np.int64],
    minus: NDArray[np.int64],
    weights: NDArray[np.float64],
    code: int,
    beta: float,
    margin: float,
) -> tuple[float, int]:
    """Σ sᵢ φ(μᵢ + margin) and the number of rows won by their class; `D` (M, n) becomes the derivative by d.

    μ = (d⁺ - d⁻)/(d⁺ + d⁻), 0 where both are 0, so ∂μ/∂d⁺ = 2d⁻/(d⁺ + d⁻)² and ∂μ/∂d⁻ = -2d⁺/(d⁺ + d⁻)².
    """
    cost = 0.0
    n_right = 0
    for i in range(D.shape[1]):
        d_plus = float(D[plus[i], i])
        d_minus = float(D[minus[i], i])
        total = d_plus + d_minus
        mu = 0.0 if total == 0 else (d_plus - d_minus) / total  # what is not finite stays so
        value, slope = transfer(code, beta, mu + margin)
        cost += weights[i] * value
        n_right += d_plus < d_minus
        scale = 0.0 if total == 0 else 2.0 * weights[i] * slope / total
        D[:, i] = 0
        D[plus[i], i] = 0.0 if total == 0 else scale * (d_minus / total)
        D[minus[i], i] = 0.0 if total == 0 else -scale * (d_plus / total)
    return cost, n_right
