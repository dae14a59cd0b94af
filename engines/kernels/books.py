"""Kernels of quantizers with several books: distance tables, sums over tables, codewords taken away, the beam."""

from __future__ import annotations

import numpy as np
from numba import njit

from engines.kernels.vectors import squared_distance

QUERIES = 8
"""Queries whose sums run side by side, as vector lanes."""


@njit(cache=True, nogil=True)
def squared_table(X, W, first, out):  # type: ignore[no-untyped-def]
    """Squared distances of the rows of X (n, d) to the codewords W (K, d), into columns `first`... of out (n, ·)."""
    d = X.shape[1]
    for i in range(X.shape[0]):
        for k in range(W.shape[0]):
            out[i, first + k] = squared_distance(X, i * d, W, k * d, d)


@njit(cache=True, nogil=True)
def sum_of_entries(tables, bases, codes, offsets, out):  # type: ignore[no-untyped-def]
    """What codes (n, B) pick from tables (G, T, QUERIES), added up: out (G, QUERIES, n).

    Book b has the entries `bases[b]`... of a table; `offsets` (n,) is added to all sums of a row.
    """
    n, n_books = codes.shape
    sums = np.empty(QUERIES, tables.dtype)
    for g in range(tables.shape[0]):
        table = tables[g]
        for i in range(n):
            for lane in range(QUERIES):
                sums[lane] = offsets[i]
            for b in range(n_books):
                entry = bases[b] + codes[i, b]
                for lane in range(QUERIES):
                    sums[lane] += table[entry, lane]
            for lane in range(QUERIES):
                out[g, lane, i] = sums[lane]


@njit(cache=True, nogil=True)
def without_codewords(X, books, codes, out):  # type: ignore[no-untyped-def]
    """Rows X (n, d) less their codewords, book after book: books (B, K, d), codes (n, B), out (n, d)."""
    n, d = X.shape
    for i in range(n):
        for j in range(d):
            out[i, j] = X[i, j]
        for b in range(codes.shape[1]):
            k = codes[i, b]
            for j in range(d):
                out[i, j] -= books[b, k, j]


@njit(cache=True, nogil=True)
def sum_of_codewords(books, codes, out):  # type: ignore[no-untyped-def]
    """Codewords of books (B, K, d) that codes (n, B) name, added up in the order of the books: out (n, d)."""
    n, d = out.shape
    for i in range(n):
        for j in range(d):
            out[i, j] = books[0, codes[i, 0], j]
        for b in range(1, codes.shape[1]):
            k = codes[i, b]
            for j in range(d):
                out[i, j] += books[b, k, j]


@njit(cache=True, nogil=True)
def cell_sums(X, weights, labels, ends, order, sums, counts):  # type: ignore[no-untyped-def]
    """Add rows X (n, d), cell by cell, into the weighted sums (K, d) and counts (K,); no weights are an empty array.

    `ends` (K,) and `order` (n,) are scratch of integers.
    """
    n, d = X.shape
    ends[:] = 0
    for i in range(n):
        ends[labels[i]] += 1
    passed = 0
    for k in range(ends.shape[0]):
        own = ends[k]
        ends[k] = passed
        passed += own
    for i in range(n):
        k = labels[i]
        order[ends[k]] = i
        ends[k] += 1
    for place in range(n):
        i = order[place]
        k = labels[i]
        if weights.size:
            weight = weights[i]
            counts[k] += weight
            for j in range(d):
                sums[k, j] += weight * X[i, j]
        else:
            counts[k] += 1.0
            for j in range(d):
                sums[k, j] += X[i, j]
