"""Covariance descriptors: what channels of a signal have to do with each other, as one SPD matrix a signal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

Estimator = Literal["empirical", "oas", "ledoit-wolf"]
ESTIMATORS: tuple[Estimator, ...] = get_args(Estimator)


def covariances(signals: Any, estimator: Estimator = "oas") -> NDArray[np.float64]:
    """The covariance (n, c, c) of the channels of each signal, over its times.

    Parameters
    ----------
    signals : array-like of shape (n, c, t)
        n signals of c channels at t times; each channel's mean over time is taken away.
    estimator : {"empirical", "oas", "ledoit-wolf"}
        The mean of products, or one that shrinks it towards a multiple of the identity as far as the number of times
        demands, so that it is positive definite even where there are fewer times than channels.

    Raises
    ------
    ValueError
        If the shape is another, a value is not finite, or there is no such estimator.

    References
    ----------
    Chen et al., "Shrinkage algorithms for MMSE covariance estimation", 2010 (OAS); Ledoit & Wolf, "A well-conditioned
    estimator for large-dimensional covariance matrices", 2004.

    Examples
    --------
    >>> covariances([[[1.0, -1.0, 1.0, -1.0], [2.0, 2.0, -2.0, -2.0]]], "empirical")
    array([[[1., 0.],
            [0., 4.]]])
    """
    X = np.asarray(signals, np.float64)
    if X.ndim != 3 or 0 in X.shape[1:] or X.shape[2] < 2:
        raise ValueError(f"Signals of shape (n, channels, times), of two times or more, are needed, got {X.shape}.")
    if not np.all(np.isfinite(X)):
        n = int(np.flatnonzero(~np.isfinite(X).all(axis=(1, 2)))[0])
        raise ValueError(
            f"Signal {n} has a value that is missing or infinite: fill or leave out what was not measured."
        )
    estimate = _estimate(estimator)
    found = np.empty((len(X), X.shape[1], X.shape[1]))
    for n, signal in enumerate(X):
        found[n] = estimate(signal.T)
    return found


def _estimate(estimator: str) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    """From samples (t, c) to a covariance (c, c)."""
    from sklearn.covariance import empirical_covariance, ledoit_wolf, oas  # takes a while to import

    known: dict[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
        "empirical": empirical_covariance,
        "oas": lambda samples: oas(samples)[0],
        "ledoit-wolf": lambda samples: ledoit_wolf(samples)[0],
    }
    if estimator not in known:
        raise ValueError(f"There is no estimator {estimator!r} of covariances; there are {', '.join(known)}.")
    return known[estimator]
