"""Kernels of the beam search over stages of codebooks: which codewords to follow, and what is left after them."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def best_paths(products, squares, norms, paths, codes, scores):  # type: ignore[no-untyped-def]
    """The continuations that leave least, for each row: its paths r, each with any codeword c.

    Parameters
    ----------
    products : (b, P, K)
        r·c.
    squares : (b, P) float64, norms : (K,) float64
        ‖r‖² and ‖c‖².
    paths, codes : (b, B) int32
        Filled in, the least ‖r − c‖² first, of equal ones the earlier; B is at most P · K.
    scores : (B,) float64
        Scratch.
    """
    n_rows, n_paths, n_codewords = products.shape
    n_kept = paths.shape[1]
    for i in range(n_rows):
        scores[:] = np.inf
        for p in range(n_paths):
            square = squares[i, p]
            for k in range(n_codewords):
                score = square + norms[k] - 2.0 * np.float64(products[i, p, k])
                if score < scores[n_kept - 1]:
                    place = n_kept - 1
                    while place > 0 and score < scores[place - 1]:
                        scores[place] = scores[place - 1]
                        paths[i, place] = paths[i, place - 1]
                        codes[i, place] = codes[i, place - 1]
                        place -= 1
                    scores[place] = score
                    paths[i, place] = p
                    codes[i, place] = k


@njit(cache=True, nogil=True)
def follow(residuals, book, paths, codes, left, squares):  # type: ignore[no-untyped-def]
    """What is left of residuals (b, P, d) on the chosen paths (b, B) after their codewords of `book` (K, d).

    Fills in `left` (b, B, d) and `squares` (b, B) float64, its squared norms.
    """
    for i in range(left.shape[0]):
        for kept in range(left.shape[1]):
            p, k = paths[i, kept], codes[i, kept]
            total = 0.0
            for j in range(left.shape[2]):
                value = residuals[i, p, j] - book[k, j]
                left[i, kept, j] = value
                total += np.float64(value) * np.float64(value)
            squares[i, kept] = total
