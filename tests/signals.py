"""Made-up signals of two classes and their covariances, for whatever learns from SPD matrices; no tests."""

from __future__ import annotations

import numpy as np

from engines.spd.covariances import covariances


def two_kinds(n: int = 80, channels: int = 4, times: int = 60, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Signals (n, channels, times) float64 of mixed sources, and classes (n,), "rest" and "left" in turn.

    In "left" one source is three times as strong. How strong a whole signal is differs from one to the next, much more
    than the classes do: that is what logarithms even out.
    """
    rng = np.random.default_rng(seed)
    y = np.array(["rest", "left"])[np.arange(n) % 2]
    mixing = rng.normal(size=(channels, channels))
    strength = np.ones((n, channels, 1))
    strength[y == "left", 0] = 3.0
    gain = np.exp(0.5 * rng.normal(size=(n, 1, 1)))
    return gain * (mixing @ (strength * rng.normal(size=(n, channels, times)))), y


def two_kinds_of_matrices(n: int = 80, channels: int = 4, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Their covariances (n, channels, channels), and classes (n,)."""
    signals, y = two_kinds(n, channels, seed=seed)
    return covariances(signals, "empirical"), y


def random_spd(n: int, k: int, seed: int = 0, spread: float = 1.0) -> np.ndarray:
    """SPD matrices (n, k, k) of random axes, with logarithms of eigenvalues that deviate by `spread`."""
    rng = np.random.default_rng(seed)
    axes = np.linalg.qr(rng.normal(size=(n, k, k)))[0]
    made = (axes * np.exp(spread * rng.normal(size=(n, 1, k)))) @ axes.swapaxes(1, 2)
    return (made + made.swapaxes(1, 2)) / 2
