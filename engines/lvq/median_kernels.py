"""Compiled competition of prototypes that are rows, and what moving one of them would bring; no search here.

Rows lie in the order of their classes. Of each row are kept the nearest and the second nearest prototype of its own
class and of all others, so that the competition without any one prototype is known at once.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engines.kernels.elementary import exponentials, logarithms
from engines.lvq.kernels import transfer

LEAST = 1e-300
"""What f counts as where it is 0, at μ = 1: the logarithm is then finite, and low enough to be avoided."""


@njit(nogil=True, cache=True)
def compete(
    D: NDArray[Any],
    labels: NDArray[np.int64],
    codes: NDArray[np.int64],
    changed: int,
    near: NDArray[Any],
    who: NDArray[np.int64],
) -> None:
    """Bring the competition to the distances D (M, n) of which row `changed` is new; all of them where it is negative.

    `near` (4, n) holds the distances of the nearest and second nearest of the row's class, then of other classes;
    `who` (4, n) their numbers, -1 with infinite distance where there is none. Of equal ones the lower number is nearer.
    """
    M, n = D.shape
    for i in range(n):
        first, last = 0, M
        for side in range(2):
            a, b = 2 * side, 2 * side + 1
            mine = changed >= 0 and (labels[changed] == codes[i]) == (side == 0)
            if changed >= 0 and not mine:
                continue
            if changed >= 0 and who[a, i] != changed and who[b, i] != changed:
                first, last = changed, changed + 1
            else:
                near[a, i] = near[b, i] = np.inf
                who[a, i] = who[b, i] = -1
                first, last = 0, M
            for j in range(first, last):
                if (labels[j] == codes[i]) != (side == 0):
                    continue
                d = D[j, i]
                if who[a, i] < 0 or d < near[a, i] or (d == near[a, i] and j < who[a, i]):
                    near[b, i], who[b, i] = near[a, i], who[a, i]
                    near[a, i], who[a, i] = d, j
                elif who[b, i] < 0 or d < near[b, i] or (d == near[b, i] and j < who[b, i]):
                    near[b, i], who[b, i] = d, j


@njit(nogil=True, cache=True)
def without(
    near: NDArray[Any],
    who: NDArray[np.int64],
    j: int,
    low: int,
    high: int,
    base: NDArray[Any],
    fixed: NDArray[Any],
) -> None:
    """The competition of each row without prototype j, whose class has the rows `low` to `high`.

    `base` (n,) is the distance that j competes with: of the nearest other prototype of its class for these rows, and
    of the nearest one of a wrong class for all others; infinite where there is none. `fixed` (n,) is the other
    distance, which j has no part in.
    """
    for i in range(near.shape[1]):
        side = 0 if low <= i < high else 2
        base[i] = near[side + 1, i] if who[side, i] == j else near[side, i]
        fixed[i] = near[2 - side, i]


@njit(nogil=True, cache=True)
def opposite(own: float, other: float) -> float:
    """-μ = (d⁻ - d⁺)/(d⁺ + d⁻) of one row, 0 where both are 0 or one is infinite."""
    total = own + other
    return (other - own) / total if 0 < total < np.inf else 0.0


@njit(nogil=True, cache=True)
def opposites(own: NDArray[Any], other: NDArray[Any], out: NDArray[np.float64]) -> None:
    """-μ (n,) of rows with the distances d⁺ `own` (n,) and d⁻ `other` (n,)."""
    for i in range(len(own)):
        out[i] = opposite(float(own[i]), float(other[i]))


@njit(nogil=True, cache=True)
def agree(x: NDArray[np.float64], code: int, beta: float, scratch: NDArray[np.float64]) -> None:
    """-μ (n,) become f = 1 + φ(-μ), at least `LEAST`; `scratch` has three rows of n or more."""
    n = len(x)
    e, shift, total = scratch[0, :n], scratch[1, :n], scratch[2, :n]
    for i in range(n):
        e[i] = -abs(beta * x[i])
        shift[i] = total[i] = 0.0
    if code == 1 or code == 2:
        exponentials(e, shift, total)
    for i in range(n):
        x[i] = max(1.0 + transfer(code, beta, x[i], e[i])[0], LEAST)


@njit(nogil=True, cache=True)
def likelihoods(
    D: NDArray[Any],
    base: NDArray[Any],
    fixed: NDArray[Any],
    low: int,
    high: int,
    gamma: NDArray[np.float64],
    code: int,
    beta: float,
    scratch: NDArray[np.float64],
    nearer: NDArray[np.int64],
    out: NDArray[np.float64],
) -> None:
    """Σ γᵢ ln fᵢ, with a prototype put on each of b rows with the distances D (b, n), into `out` (b,).

    Only rows that come to be nearer than `base` are looked at; for the others the sum is that at `base`. `scratch`
    is (7, n), `nearer` (n,). Arrays of rows are as `without` leaves them.
    """
    n = D.shape[1]
    f, logs, weights, at_base, rest = scratch[0], scratch[1], scratch[2], scratch[3], scratch[4:]
    for i in range(n):
        own, other = (base[i], fixed[i]) if low <= i < high else (fixed[i], base[i])
        f[i] = opposite(float(own), float(other))
    agree(f, code, beta, rest)
    logarithms(f, at_base)
    unmoved = 0.0
    for i in range(n):
        at_base[i] *= gamma[i] if base[i] < np.inf else 0.0
        unmoved += at_base[i]
    for k in range(D.shape[0]):
        total, m = unmoved, 0
        for i in range(n):
            nearer[m] = i
            m += D[k, i] < base[i]  # no branch: it would be mispredicted
        for t in range(m):
            i = nearer[t]
            own, other = (D[k, i], fixed[i]) if low <= i < high else (fixed[i], D[k, i])
            f[t] = opposite(float(own), float(other))
            weights[t] = gamma[i]
            total -= at_base[i]
        agree(f[:m], code, beta, rest)
        logarithms(f[:m], logs[:m])
        for i in range(m):
            total += weights[i] * logs[i]
        out[k] = total
