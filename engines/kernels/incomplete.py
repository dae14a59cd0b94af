"""Expectation and moments of Gaussian mixtures over rows with missing values; complete rows are worked on elsewhere.

A row of observed columns o and missing ones m has the density of x_o under N(μ_o, Σ_oo); given x_o, the missing ones
have mean μ_m + Σ_mo Σ_oo⁻¹ (x_o − μ_o) and covariance C = Σ_mm − Σ_mo Σ_oo⁻¹ Σ_om, which count as moments of the row
(Ghahramani & Jordan, "Supervised learning from incomplete data via an EM approach", 1994). All of it is float64.
Missing is NaN. Rows that lack the same columns stand one after the other, so that Σ is factored once for them.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

LOG_2PI = math.log(2.0 * math.pi)


@njit(cache=True, nogil=True)
def order_columns(row, order):  # type: ignore[no-untyped-def]
    """Put the observed columns of `row` (d,) first into `order` (d,), then the missing; returns how many are seen."""
    n_seen, n_missing = 0, 0
    d = row.shape[0]
    for j in range(d):
        if np.isnan(row[j]):
            n_missing += 1
            order[d - n_missing] = j
        else:
            order[n_seen] = j
            n_seen += 1
    return n_seen


@njit(cache=True, nogil=True)
def lacks_others(X, i):  # type: ignore[no-untyped-def]
    """Whether row `i` lacks other columns than the row before it, or has none before it."""
    differs = i == 0
    for j in range(X.shape[1]):
        differs = differs or np.isnan(X[i, j]) != np.isnan(X[i - 1, j])
    return differs


@njit(cache=True, nogil=True)
def factor_seen(covariance, order, n_seen, L):  # type: ignore[no-untyped-def]
    """Cholesky-factor Σ (d, d), its columns in `order`, as far as they are seen; returns log|Σ_oo|.

    Of L (d, d), the first `n_seen` columns are the factor (below: Bᵀ = Σ_mo L_oo⁻ᵀ), and the lower half of the rest
    is C.
    """
    d = order.shape[0]
    for a in range(d):
        for b in range(a + 1):
            L[a, b] = covariance[order[a], order[b]]
    log_determinant = 0.0
    for c in range(n_seen):
        pivot = math.sqrt(L[c, c]) if L[c, c] > 0.0 else np.nan
        log_determinant += 2.0 * math.log(pivot)
        for a in range(c, d):
            L[a, c] /= pivot
        for b in range(c + 1, d):
            factor = L[b, c]
            for a in range(b, d):
                L[a, b] -= L[a, c] * factor
    return log_determinant


@njit(cache=True, nogil=True)
def whiten_seen(row, mean, order, n_seen, L, y):  # type: ignore[no-untyped-def]
    """y (d,) = L_oo⁻¹ (x_o − μ_o) in its first `n_seen` places; returns its squared length."""
    square = 0.0
    for a in range(n_seen):
        value = np.float64(row[order[a]]) - mean[order[a]]
        for b in range(a):
            value -= L[a, b] * y[b]
        y[a] = value / L[a, a]
        square += y[a] * y[a]
    return square


@njit(cache=True, nogil=True)
def dense_logs(X, means, covariances, log_weights, normed, order, L, y, determinants, out):  # type: ignore[no-untyped-def]
    """log w + log N(x_o; μ_o, Σ_oo) of rows X (b, d) as `out` (b, K); not `normed`: −½ of the squared distance alone.

    `covariances` is (K, d, d), or (1, d, d) for all alike; `order` (d,), L (K, d, d), y (d,), `determinants` (K,)
    are scratch.
    """
    n_seen = 0
    for i in range(X.shape[0]):
        fresh = lacks_others(X, i)
        if fresh:
            n_seen = order_columns(X[i], order)
        for k in range(means.shape[0]):
            if fresh:
                determinants[k] = factor_seen(covariances[k % covariances.shape[0]], order, n_seen, L[k])
            square = whiten_seen(X[i], means[k], order, n_seen, L[k], y)
            if normed:
                out[i, k] = log_weights[k] - 0.5 * (n_seen * LOG_2PI + determinants[k] + square)
            else:
                out[i, k] = -0.5 * square


@njit(cache=True, nogil=True)
def add_dense(X, shares, means, covariances, order, L, y, deviation, counts, sums, scatters):  # type: ignore[no-untyped-def]
    """Add Σ r, Σ r u and the lower half of Σ r (u uᵀ + C), u = E[x] − μ, of rows X (b, d) with shares r (b, K).

    `scatters` is (K, d, d), or (1, d, d) for the sum of all components; `deviation` (d,) is scratch too.
    """
    d = X.shape[1]
    n_seen = 0
    for k in range(means.shape[0]):
        scatter = scatters[k % scatters.shape[0]]
        for i in range(X.shape[0]):
            if lacks_others(X, i):
                n_seen = order_columns(X[i], order)
                factor_seen(covariances[k % covariances.shape[0]], order, n_seen, L[0])
            r = shares[i, k]
            if r == 0.0:
                continue
            whiten_seen(X[i], means[k], order, n_seen, L[0], y)
            for a in range(n_seen):
                deviation[order[a]] = np.float64(X[i, order[a]]) - means[k, order[a]]
            for a in range(n_seen, d):
                value = 0.0
                for b in range(n_seen):
                    value += L[0, a, b] * y[b]
                deviation[order[a]] = value
                for b in range(n_seen, a + 1):
                    above, left = max(order[a], order[b]), min(order[a], order[b])
                    scatter[above, left] += r * L[0, a, b]
            counts[k] += r
            for a in range(d):
                weighted = r * deviation[a]
                sums[k, a] += weighted
                for b in range(a + 1):
                    scatter[a, b] += weighted * deviation[b]


@njit(cache=True, nogil=True)
def axis_logs(X, means, variances, log_weights, normed, out):  # type: ignore[no-untyped-def]
    """As `dense_logs`, with variances (K, d) instead of covariances."""
    for k in range(means.shape[0]):
        for i in range(X.shape[0]):
            square, norm = 0.0, 0.0
            for j in range(X.shape[1]):
                if not np.isnan(X[i, j]):
                    u = np.float64(X[i, j]) - means[k, j]
                    square += u * u / variances[k, j]
                    if normed:
                        norm += LOG_2PI + math.log(variances[k, j])
            out[i, k] = (log_weights[k] if normed else 0.0) - 0.5 * (norm + square)


@njit(cache=True, nogil=True)
def add_axes(X, shares, means, variances, counts, sums, squares):  # type: ignore[no-untyped-def]
    """As `add_dense`, with variances (K, d) instead of covariances, and squares (K, d) instead of scatters."""
    for k in range(means.shape[0]):
        for i in range(X.shape[0]):
            r = shares[i, k]
            if r == 0.0:
                continue
            counts[k] += r
            for j in range(X.shape[1]):
                if np.isnan(X[i, j]):
                    squares[k, j] += r * variances[k, j]
                else:
                    u = np.float64(X[i, j]) - means[k, j]
                    sums[k, j] += r * u
                    squares[k, j] += r * u * u
