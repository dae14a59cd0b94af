"""What the tests of maps share: rows, a map that does not anneal, the rule's parts; no tests."""

from __future__ import annotations

import numpy as np
import pytest

from engines import SOM

BOTH = pytest.mark.parametrize("dtype", [np.float32, np.float64])
MODES = pytest.mark.parametrize("mode", ["batch", "online"])


def clouds(n=300, d=3, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)) + rng.integers(0, 3, (n, 1)) * 3


def steady(sigma, **others):
    """A map whose neighbourhood never changes."""
    return SOM(sigma_start=sigma, sigma_end=sigma, **{"tol": 0.0, **others})


def gaussian(grid, sigma):
    return np.exp(-(grid.distances**2) / (2 * sigma**2))


def best_units(X, W):
    return ((X[:, None].astype(float) - W[None].astype(float)) ** 2).sum(axis=2).argmin(axis=1)
