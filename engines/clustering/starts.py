"""The starts that engines of prototypes offer by name, or an array of the user's; the methods live in `seeding`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_array

from engines.clustering.seeding import kmeans_plus_plus, principal_slices, random_rows
from engines.survey import Sample
from engines.training import StopToken

Floats = NDArray[Any]
Start = Literal["k-means++", "random", "pca"] | NDArray[Any]
Seeder = Callable[[Sample, np.random.Generator, StopToken], Floats]
"""Gives K starting prototypes (K, d) in the rows' precision."""


def seeder(init: Start, n_prototypes: int, d: int, dtype: np.dtype[Any]) -> Seeder:
    """The start that `init` names, or the given prototypes, checked at once.

    Parameters
    ----------
    init : {"k-means++", "random", "pca"} or array of shape (n_prototypes, d)
    n_prototypes, d : int
    dtype : dtype
        Of the rows.

    Raises
    ------
    ValueError
        If an array has another shape, or is not finite.
    """
    if isinstance(init, str):
        return lambda sample, rng, stop: _drawn(init, sample, n_prototypes, rng, stop)
    given: Floats = check_array(init, dtype=dtype, order="C", copy=True, input_name="init")
    if given.shape != (n_prototypes, d):
        raise ValueError(f"init has shape {given.shape}, expected ({n_prototypes}, {d}): one row for each prototype.")
    return lambda sample, rng, stop: given


def n_starts_of(init: Start, n_init: int | Literal["auto"]) -> int:
    """Restarts that `n_init` asks for; a start without chance is made once."""
    if not isinstance(init, str) or init == "pca":
        return 1
    if n_init == "auto":
        return 10 if init == "random" else 1
    return int(n_init)


def check_enough_rows(n_rows: int, weights: NDArray[np.float64] | None, n_prototypes: int, name: str) -> None:
    """Raise ValueError where fewer rows of positive weight than prototypes are there; `name` is the parameter's."""
    n_weighty = n_rows if weights is None else int(np.count_nonzero(weights))
    if n_weighty < n_prototypes:
        kind = "" if weights is None else " of positive weight"
        raise ValueError(f"n_samples={n_weighty}{kind} should be >= {name}={n_prototypes}.")


def _drawn(init: str, sample: Sample, n_prototypes: int, rng: np.random.Generator, stop: StopToken) -> Floats:
    rows, weights, n_jobs = sample.rows, sample.weights, sample.n_jobs
    if init == "random":
        return random_rows(rows, weights, n_prototypes, rng, stop=stop)
    if init == "pca":
        return principal_slices(rows, weights, n_prototypes, sample.mean, n_jobs=n_jobs, stop=stop)
    return kmeans_plus_plus(rows, weights, n_prototypes, rng, n_jobs=n_jobs, stop=stop)
