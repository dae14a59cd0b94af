"""Compiled sums over rows for costs of the RSLVQ kind: likelihood ratios of labelled mixtures, exact at any distance.

A mixture has M components of one width and one weight, each of a class: p(x, j) ∝ exp(-h d(x, w_j)), h = 1/(2σ²).
Rows are vector lanes; distances are in the rows' precision, all exponentials and sums over rows float64.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engines.kernels.elementary import exponentials, logarithms
from engines.kernels.gaussians import fill_panel
from engines.kernels.quadratics import diagonal_lengths

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

LANES = 128
"""Rows that are worked on at once."""
N_LANES = 8
"""Lanes of scratch, beside those of components and classes."""
FAINT = 1e-18
"""Part of a row's class, beside the largest component, under which its shares have lost digits or are rounded to 0."""


@njit(nogil=True, cache=True)
def likelihood_ratios(
    D: NDArray[Any],
    labels: Codes,
    codes: Codes,
    weights: Floats,
    half: float,
    shares: Floats,
    parts: Floats,
    lanes: Floats,
) -> tuple[float, int, float]:
    """-Σ sᵢ ln(p(xᵢ, yᵢ)/p(xᵢ)) of n rows with distances `D`, which become a = s (δ P_y(j|x) - P(j|x)).

    P_y(j|x) is the share of component j in its class's part of p(x), P(j|x) its share in all of p(x), and δ is 1 where
    the component is of the row's class, else 0: h a is the derivative of the cost by d, and a has no units.

    Parameters
    ----------
    D : array of shape (M or more, n or more)
    labels, codes : int64 arrays of shape (M,), (n,)
        Class of each component and of each row.
    half : float
        h.
    shares, parts, lanes : float64 arrays of shape (M, LANES), (C, LANES), (N_LANES, LANES)
        Scratch.

    Returns
    -------
    cost : float
    n_right : int
        Rows whose nearest component is of their class; of equally near ones the first counts.
    slope : float
        Σ a d, the derivative of the cost by h.
    """
    cost, n_right, slope = 0.0, 0, 0.0
    for first in range(0, codes.shape[0], LANES):
        stop = min(first + LANES, codes.shape[0])
        n = stop - first
        c, s = codes[first:stop], weights[first:stop]
        nearest, own, others, ratios = lanes[0, :n], lanes[1, :n], lanes[2, :n], lanes[3, :n]
        attracted, repelled, winners, spare = lanes[4, :n], lanes[5, :n], lanes[6, :n], lanes[7, :n]
        find_nearest(D, first, labels, nearest, winners)
        component_shares(D, first, labels, half, nearest, shares, parts, spare)
        own_and_others(parts, c, own, others)
        log_ratios(own, others, ratios, attracted, repelled, spare)
        for i in range(n):
            n_right += winners[i] == c[i]
            if own[i] < FAINT:
                row, e = D[: labels.shape[0], first + i], shares[:, i]
                ratios[i], attracted[i] = faint_row(row, labels, c[i], half, nearest[i], others[i], e)
            cost += s[i] * ratios[i]
        derivatives(D, first, labels, c, s, shares, attracted, repelled, nearest, spare)
        for i in range(n):
            slope += spare[i]
    return cost, n_right, slope


@njit(nogil=True, cache=True)
def likelihood_sums(
    X: NDArray[Any],
    origin: NDArray[Any],
    omega: NDArray[Any],
    images: NDArray[Any],
    labels: Codes,
    codes: Codes,
    weights: Floats,
    half: float,
    panel: NDArray[Any],
    image: NDArray[Any],
    ones: NDArray[Any],
    D: NDArray[Any],
    part: NDArray[Any],
    shares: Floats,
    parts: Floats,
    lanes: Floats,
    by_prototype: Floats,
    factors: Floats,
) -> tuple[float, int, float, bool]:
    """As `likelihood_ratios`, of rows X (n, d) in one pass; adds Σ a x and Σ a, x counted from `origin` (d,).

    Parameters
    ----------
    omega : array of shape (m, d)
        Ω of the distance ‖Ω(x - w)‖²; empty for the identity.
    images : array of shape (m, K)
        Ω(w - origin), one a column; K is M, filled up with zeros to a multiple of 4.
    panel, image, ones, D, part : arrays of shape (d, LANES), (m, LANES), (m, K), (K, LANES), (K, d)
        Scratch, but that `ones` are; without Ω, `image` is `panel`.
    by_prototype, factors : float64 arrays of shape (M, d), (M,)

    Returns
    -------
    cost, n_right, slope
    is_whole : bool
        Whether all distances are numbers; else nothing of this counts.
    """
    cost, n_right, slope = 0.0, 0, 0.0
    for first in range(0, X.shape[0], LANES):
        n = min(LANES, X.shape[0] - first)
        fill_panel(X, first, n, panel)
        for j in range(X.shape[1]):
            for i in range(n):
                panel[j, i] -= origin[j]
        if omega.size:
            np.dot(omega, panel, image)
        diagonal_lengths(image, images, ones, D)
        found = likelihood_ratios(
            D, labels, codes[first : first + n], weights[first : first + n], half, shares, parts, lanes
        )
        cost += found[0]
        n_right += found[1]
        slope += found[2]
        if not math.isfinite(cost):
            return cost, n_right, slope, False
        D[labels.shape[0] :] = 0
        D[:, n:] = 0
        np.dot(D, panel.T, part)
        add_sums(D, part, by_prototype, factors)
    return cost, n_right, slope, True


@njit(nogil=True, cache=True, fastmath={"contract", "reassoc", "nsz"})
def add_sums(D: NDArray[Any], part: NDArray[Any], by_prototype: Floats, factors: Floats) -> None:
    """Add `part` to `by_prototype` (M, d), and the sums of rows of D to `factors` (M,); both may have further rows."""
    for j in range(factors.shape[0]):
        a, total = D[j], 0.0
        for i in range(a.shape[0]):
            total += a[i]
        factors[j] += total
        for k in range(part.shape[1]):
            by_prototype[j, k] += part[j, k]


@njit(nogil=True, cache=True)
def find_nearest(D: NDArray[Any], first: int, labels: Codes, nearest: Floats, winners: Floats) -> None:
    """Least distance and class of the nearest component, as numbers (b,), of rows `first` on of distances `D`."""
    n = nearest.shape[0]
    nearest[:] = D[0, first : first + n]
    winners[:] = labels[0]
    for j in range(1, labels.shape[0]):
        d, label = D[j, first : first + n], float(labels[j])
        for i in range(n):
            value, least, winner = float(d[i]), nearest[i], winners[i]
            nearest[i] = value if value < least else least
            winners[i] = label if value < least else winner


@njit(nogil=True, cache=True, fastmath={"contract"})
def component_shares(
    D: NDArray[Any],
    first: int,
    labels: Codes,
    half: float,
    nearest: Floats,
    shares: Floats,
    parts: Floats,
    zeros: Floats,
) -> None:
    """exp(-h (d - nearest)) of rows `first` on of distances `D`, and its sums by class.

    `nearest` is (b,), `shares` (M, b or more), `parts` (C, b or more), and `zeros` (b,) is scratch.
    """
    n = nearest.shape[0]
    parts[:] = 0.0
    zeros[:] = 0.0
    for j in range(labels.shape[0]):
        d, e = D[j, first : first + n], shares[j, :n]
        for i in range(n):
            e[i] = half * (nearest[i] - d[i])
        exponentials(e, zeros, parts[labels[j], :n])


@njit(nogil=True, cache=True)
def own_and_others(parts: Floats, codes: Codes, own: Floats, others: Floats) -> None:
    """The part of each row's class (b,) among `parts` (C, b or more), and the sum (b,) of the others."""
    n = own.shape[0]
    own[:] = 0.0
    others[:] = 0.0
    for k in range(parts.shape[0]):
        part = parts[k, :n]
        for i in range(n):
            value, mine = part[i], codes[i] == k
            own[i] += value if mine else 0.0
            others[i] += 0.0 if mine else value


@njit(nogil=True, cache=True, fastmath={"contract"}, error_model="numpy")
def log_ratios(own: Floats, others: Floats, ratios: Floats, attracted: Floats, repelled: Floats, spare: Floats) -> None:
    """ln(p(x)/p(x, y)) = ln(1 + others/own) as `ratios`, and the factors that shares are to be multiplied with.

    Shares of own components times `attracted`, others/(own (own + others)), are P_y - P; shares of the others times
    `repelled`, 1/(own + others), are P. All are (b,). Where `own` is faint, `ratios` and `attracted` do not count.
    """
    for i in range(own.shape[0]):
        ratio = others[i] / (own[i] if own[i] >= FAINT else 1.0)
        repelled[i] = 1.0 / (own[i] + others[i])
        attracted[i] = ratio * repelled[i]
        spare[i] = 1.0 + ratio
    logarithms(spare, ratios)
    for i in range(own.shape[0]):
        ratio, rounded = others[i] / (own[i] if own[i] >= FAINT else 1.0), spare[i] - 1.0
        ratios[i] = ratios[i] * (ratio / rounded) if rounded > 0.0 else ratio  # Kahan: ln(1 + z) keeps the digits of z


@njit(nogil=True, cache=True)
def faint_row(
    d: NDArray[Any], labels: Codes, code: int, half: float, nearest: float, others: float, shares: Floats
) -> tuple[float, float]:
    """ln(p(x)/p(x, y)) of a row far from its class, from its distances (M,); its own `shares` (M,) begin anew at 1.

    Returns
    -------
    ratio : float
    attracted : float
        What these shares are to be multiplied with to give P_y - P, where P is too little to count.
    """
    closest = np.inf
    for j in range(d.shape[0]):
        if labels[j] == code and d[j] < closest:
            closest = d[j]
    total = 0.0
    for j in range(d.shape[0]):
        if labels[j] == code:
            shares[j] = math.exp(half * (closest - d[j]))
            total += shares[j]
    return half * (closest - nearest) - math.log(total) + math.log(others), 1.0 / total


@njit(nogil=True, cache=True, fastmath={"contract"})
def derivatives(
    D: NDArray[Any],
    first: int,
    labels: Codes,
    codes: Codes,
    weights: Floats,
    shares: Floats,
    attracted: Floats,
    repelled: Floats,
    nearest: Floats,
    slopes: Floats,
) -> None:
    """a = s (δ P_y(j|x) - P(j|x)) in place of the distances of some rows, and Σ a d over the components, (b,).

    The sum of a over the components is 0, so that d may count from the nearest.
    """
    n = codes.shape[0]
    slopes[:] = 0.0
    for i in range(n):
        attracted[i] *= weights[i]
        repelled[i] *= -weights[i]
    for j in range(labels.shape[0]):
        d, e, label = D[j, first : first + n], shares[j, :n], labels[j]
        for i in range(n):
            toward, away = attracted[i], repelled[i]  # both are read first: no lane waits for a branch
            a = e[i] * (toward if codes[i] == label else away)
            slopes[i] += a * (d[i] - nearest[i])
            d[i] = a
