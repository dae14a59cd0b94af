"""Expectation and moments of Gaussian mixtures over complete rows, panel by panel; no array is made here.

Every kernel works in the rows' precision up to a squared length; log densities, shares and sums over panels are
float64. Arrays that are only read are to be passed through `frozen`.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from engines.kernels.elementary import exponentials, logarithms
from engines.kernels.quadratics import diagonal_lengths, products, triangular_lengths, weighted_moments


@njit(cache=True, nogil=True)
def fill_panel(X, first, n, panel):  # type: ignore[no-untyped-def]
    """The `n` rows of X (b, d) from row `first` as the lanes of `panel` (d or more, R), zeros elsewhere."""
    d = X.shape[1]
    whole = n // 8 * 8
    for lane in range(0, whole, 8):
        for j in range(d):
            for step in range(8):
                panel[j, lane + step] = X[first + lane + step, j]
    for lane in range(whole, n):
        for j in range(d):
            panel[j, lane] = X[first + lane, j]
    panel[:d, n:] = 0
    panel[d:] = 0


@njit(cache=True, nogil=True, fastmath={"contract"})
def triangular_logs(panel, means, factors, constants, lengths, logs):  # type: ignore[no-untyped-def]
    """constant − ½‖Pᵀ(x − μ)‖² as `logs` (K, R), from means (K, d), upper triangular P (K, d, d), constants (K,)."""
    for k in range(means.shape[0]):
        triangular_lengths(panel, means[k], factors[k], lengths[0])
        for lane in range(panel.shape[1]):
            logs[k, lane] = constants[k] - 0.5 * np.float64(lengths[0, lane])


@njit(cache=True, nogil=True, fastmath={"contract"})
def diagonal_logs(panel, means, precisions, constants, lengths, logs):  # type: ignore[no-untyped-def]
    """constant − ½ Σⱼ pⱼ (xⱼ − μⱼ)² as `logs` (K, R), from means and precisions (d, K or more), constants (K,)."""
    diagonal_lengths(panel, means, precisions, lengths)
    for k in range(constants.shape[0]):
        for lane in range(panel.shape[1]):
            logs[k, lane] = constants[k] - 0.5 * np.float64(lengths[k, lane])


@njit(cache=True, nogil=True, fastmath={"contract"}, error_model="numpy")
def normalise(logs, lanes, density):  # type: ignore[no-untyped-def]
    """Turn log densities (K, R) into shares that sum to one in every lane, and `density` (R,) into their log-sum-exp.

    `lanes` is scratch (2, R).
    """
    highest, total = lanes[0], lanes[1]
    highest[:] = logs[0]
    for k in range(1, logs.shape[0]):
        for lane in range(highest.shape[0]):
            value = logs[k, lane]
            highest[lane] = value if value > highest[lane] else highest[lane]
    total[:] = 0.0
    for k in range(logs.shape[0]):
        exponentials(logs[k], highest, total)
    logarithms(total, density)
    for lane in range(highest.shape[0]):
        density[lane] += highest[lane]
        total[lane] = 1.0 / total[lane]
    for k in range(logs.shape[0]):
        for lane in range(highest.shape[0]):
            logs[k, lane] *= total[lane]


@njit(cache=True, nogil=True)
def report(shares, lanes, first, n, densities, labels):  # type: ignore[no-untyped-def]
    """Write the first `n` lanes' densities (b,) and most responsible components (b,) from row `first` on.

    `lanes` (3, R) has the densities last; the rest is scratch.
    """
    highest, winner = lanes[0], lanes[1]
    highest[:] = shares[0]
    winner[:] = 0.0
    for k in range(1, shares.shape[0]):
        share, own = shares[k], np.float64(k)
        for lane in range(highest.shape[0]):
            wins = share[lane] > highest[lane]
            winner[lane] = own if wins else winner[lane]
            highest[lane] = share[lane] if wins else highest[lane]
    for lane in range(n):
        densities[first + lane] = lanes[2, lane]
        labels[first + lane] = winner[lane]


@njit(cache=True, nogil=True)
def weigh(shares, weights, first, n):  # type: ignore[no-untyped-def]
    """Multiply the lanes' shares by their rows' weights (none: an empty array), and with 0 where there is no row."""
    for k in range(shares.shape[0]):
        if weights.size:
            for lane in range(n):
                shares[k, lane] *= weights[first + lane]
        for lane in range(n, shares.shape[1]):
            shares[k, lane] = 0.0


@njit(cache=True, nogil=True, fastmath={"contract", "reassoc", "nsz"})
def add_triangular(panel, shares, means, scaled, roots, counts, sums, scatters):  # type: ignore[no-untyped-def]
    """Add Σ r, Σ r u and the lower half of Σ r u uᵀ, u = x − μ, to counts (K,), sums (K, d) and scatters (K, d, d).

    `scaled` (d, R) and `roots` (R,) are scratch.
    """
    for k in range(means.shape[0]):
        share = shares[k]
        count = 0.0
        for lane in range(share.shape[0]):
            count += share[lane]
            roots[lane] = math.sqrt(share[lane])
        if count == 0.0:
            continue
        counts[k] += count
        for j in range(panel.shape[0]):
            column, own, centre = panel[j], scaled[j], means[k, j]
            total = roots[0] * 0
            for lane in range(column.shape[0]):
                value = (column[lane] - centre) * roots[lane]
                own[lane] = value
                total += value * roots[lane]
            sums[k, j] += total
        products(scaled, scatters[k])


@njit(cache=True, nogil=True, fastmath={"contract", "reassoc", "nsz"})
def add_diagonal(panel, shares, means, roots, counts, sums, squares):  # type: ignore[no-untyped-def]
    """Add Σ r, Σ r u and Σ r u², u = x − μ, to counts (K,), sums and squares (K, d); `roots` (R,) is scratch."""
    for k in range(counts.shape[0]):
        share = shares[k]
        count = 0.0
        for lane in range(share.shape[0]):
            count += share[lane]
            roots[lane] = share[lane]
        if count == 0.0:
            continue
        counts[k] += count
        weighted_moments(panel, roots, means[k], sums[k], squares[k])


@njit(cache=True, nogil=True)
def triangular_step(  # type: ignore[no-untyped-def]
    X,
    weights,
    means,
    factors,
    constants,
    panel,
    scaled,
    lengths,
    logs,
    lanes,
    densities,
    labels,
    counts,
    sums,
    scatters,
):
    """Expectation and moments of the rows X (b, d) in one pass, with a triangular factor P (K, d, d) a component."""
    step = panel.shape[1]
    for first in range(0, X.shape[0], step):
        n = min(step, X.shape[0] - first)
        fill_panel(X, first, n, panel)
        triangular_logs(panel, means, factors, constants, lengths, logs)
        normalise(logs, lanes, lanes[2])
        report(logs, lanes, first, n, densities, labels)
        weigh(logs, weights, first, n)
        add_triangular(panel, logs, means, scaled, lengths[0], counts, sums, scatters)


@njit(cache=True, nogil=True)
def diagonal_step(  # type: ignore[no-untyped-def]
    X,
    weights,
    means,
    columns,
    precisions,
    constants,
    panel,
    lengths,
    logs,
    lanes,
    densities,
    labels,
    counts,
    sums,
    squares,
):
    """Expectation and moments of the rows X (b, d) in one pass, with a precision a component and column.

    `means` is (K, d), `columns` are the means as (d, K or more), `precisions` (d, K or more).
    """
    step = panel.shape[1]
    for first in range(0, X.shape[0], step):
        n = min(step, X.shape[0] - first)
        fill_panel(X, first, n, panel)
        diagonal_logs(panel, columns, precisions, constants, lengths, logs)
        normalise(logs, lanes, lanes[2])
        report(logs, lanes, first, n, densities, labels)
        weigh(logs, weights, first, n)
        add_diagonal(panel, logs, means, lengths[0], counts, sums, squares)


@njit(cache=True, nogil=True)
def triangular_rows(X, means, factors, constants, panel, lengths, logs, out):  # type: ignore[no-untyped-def]
    """constant − ½‖Pᵀ(x − μ)‖² of the rows X (b, d), as `out` (b, K) float64."""
    step = panel.shape[1]
    for first in range(0, X.shape[0], step):
        n = min(step, X.shape[0] - first)
        fill_panel(X, first, n, panel)
        triangular_logs(panel, means, factors, constants, lengths, logs)
        out[first : first + n] = logs.T[:n]


@njit(cache=True, nogil=True)
def diagonal_rows(X, means, precisions, constants, panel, lengths, logs, out):  # type: ignore[no-untyped-def]
    """constant − ½ Σⱼ pⱼ (xⱼ − μⱼ)² of the rows X (b, d), as `out` (b, K) float64; means, precisions (d, K or more)."""
    step = panel.shape[1]
    for first in range(0, X.shape[0], step):
        n = min(step, X.shape[0] - first)
        fill_panel(X, first, n, panel)
        diagonal_logs(panel, means, precisions, constants, lengths, logs)
        out[first : first + n] = logs.T[:n]


@njit(cache=True, nogil=True)
def normalise_rows(rows, logs, lanes, densities, labels):  # type: ignore[no-untyped-def]
    """Turn log densities (b, K) into shares that sum to one in every row; their log-sum-exp are `densities` (b,)."""
    step = logs.shape[1]
    for first in range(0, rows.shape[0], step):
        n = min(step, rows.shape[0] - first)
        fill_panel(rows, first, n, logs)
        normalise(logs, lanes, lanes[2])
        report(logs, lanes, first, n, densities, labels)
        rows[first : first + n] = logs.T[:n]
