"""Data and brute force that the tests of codebooks share."""

from __future__ import annotations

import numpy as np


def clouds(n=400, d=3, seed=0):
    """Rows (n, d) of four clouds along the diagonal."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)) + rng.integers(0, 4, (n, 1)) * 4


def squared(X, W):
    """Squared distances (n, K) in float64."""
    return ((X.astype(float)[:, None] - W.astype(float)[None]) ** 2).sum(axis=2)


def cost(X, W, weights=None):
    """J of prototypes W."""
    least = squared(X, W).min(axis=1)
    return float(np.sum(least if weights is None else least * weights))


class Source:
    """Rows that are no array."""

    def __init__(self, array):
        self.array, self.shape, self.dtype = array, array.shape, array.dtype

    def read(self, start, stop):
        return self.array[start:stop].copy()
