"""How good one grouping of rows is: indices of cluster validity, and the groupless rows to hold them against."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import (
    adjusted_rand_score,
    calinski_harabasz_score,
    davies_bouldin_score,
    normalized_mutual_info_score,
    silhouette_score,
)


def silhouette(distances: NDArray[Any], labels: NDArray[Any]) -> float:
    """Mean silhouette of rows, from their (m, m) distances and labels (m,); NaN for fewer than 2 groups, or m groups.

    References
    ----------
    Rousseeuw, "Silhouettes", J. Comput. Appl. Math. 20, 1987.
    """
    return float(silhouette_score(distances, labels, metric="precomputed")) if _is_grouping(labels) else math.nan


def davies_bouldin(X: NDArray[Any], labels: NDArray[Any]) -> float:
    """Davies–Bouldin index of the (m, d) rows, lower is better; NaN for fewer than 2 groups, or m groups.

    References
    ----------
    Davies & Bouldin, "A cluster separation measure", IEEE PAMI 1, 1979.
    """
    return float(davies_bouldin_score(X, labels)) if _is_grouping(labels) else math.nan


def calinski_harabasz(X: NDArray[Any], labels: NDArray[Any]) -> float:
    """Calinski–Harabasz index of the (m, d) rows, higher is better; NaN for fewer than 2 groups, or m groups.

    References
    ----------
    Calinski & Harabasz, "A dendrite method for cluster analysis", 1974.
    """
    return float(calinski_harabasz_score(X, labels)) if _is_grouping(labels) else math.nan


def spherical_information(squared_error: float, group_sizes: NDArray[Any], n_features: int) -> tuple[float, float]:
    """BIC and AIC, lower is better, of groups seen as Gaussians of one spherical variance, each row in its own group.

    With n rows, group sizes n_k and J = Σ‖x − w_{s(x)}‖², the likelihood is highest at σ² = J / (n d), where

        log L = Σ_k n_k log(n_k / n) − (n d / 2) (log(2 π σ²) + 1),

    and K groups have (K − 1) + K d + 1 = K (d + 1) free parameters. It is the model of Pelleg & Moore; their printed
    likelihood leaves the factor d out of the estimate of σ² and out of log 2π.

    Parameters
    ----------
    squared_error : float
        J, over all rows.
    group_sizes : (K,) array
        Rows of each group; empty groups count as parameters.
    n_features : int

    Returns
    -------
    bic, aic : float
        NaN where J is not positive: the likelihood has no bound.

    References
    ----------
    Pelleg & Moore, "X-means: extending k-means with efficient estimation of the number of clusters", ICML 2000.
    """
    sizes = np.asarray(group_sizes, np.float64)
    n = float(sizes.sum())
    if not (squared_error > 0 and n > 0):
        return math.nan, math.nan
    held = sizes[sizes > 0]
    n_cells = n * n_features
    log_likelihood = float(held @ np.log(held / n)) - n_cells / 2 * (
        math.log(2 * math.pi * squared_error / n_cells) + 1
    )
    n_parameters = len(sizes) * (n_features + 1)
    return n_parameters * math.log(n) - 2 * log_likelihood, 2 * n_parameters - 2 * log_likelihood


def agreement(one: NDArray[Any], other: NDArray[Any]) -> float:
    """How well two labelings (m,) of the same rows agree: adjusted Rand index, 1 at best, about 0 by chance.

    References
    ----------
    Hubert & Arabie, "Comparing partitions", 1985.
    """
    return float(adjusted_rand_score(one, other))


def mutual_information(one: NDArray[Any], other: NDArray[Any]) -> float:
    """Normalised mutual information of two labelings (m,) of the same rows, 0 to 1."""
    return float(normalized_mutual_info_score(one, other))


def without_groups(X: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    """As many rows (m, d) as `X` has, spread evenly over the box along its principal axes: what has no groups.

    References
    ----------
    Tibshirani, Walther & Hastie, "Estimating the number of clusters via the gap statistic", 2001, section 4 (b).
    """
    center = X.mean(axis=0, dtype=np.float64)
    C = X - center
    if C.shape[1] <= C.shape[0]:
        axes = np.linalg.eigh(C.T @ C)[1]  # (d, d)
    else:
        squared, U = np.linalg.eigh(C @ C.T)
        kept = squared > squared[-1] * 1e-12
        axes = C.T @ (U[:, kept] / np.sqrt(squared[kept]))  # (d, r)
    scores = C @ axes
    drawn = rng.uniform(scores.min(axis=0), scores.max(axis=0), scores.shape)
    spread: NDArray[Any] = (center + drawn @ axes.T).astype(X.dtype)
    return spread


def _is_grouping(labels: NDArray[Any]) -> bool:
    return 2 <= len(np.unique(labels)) < len(labels)
