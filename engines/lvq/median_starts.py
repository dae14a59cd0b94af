"""Where prototypes that are rows start: medoids, rows drawn by their dissimilarity or by weight, or given ones."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.blocks import map_blocks
from engines.lvq.median_board import Doubles, Field, Ints
from engines.lvq.median_search import Ground
from engines.rows import check_values
from engines.training import StopToken


def start_places(init: str, field: Field, rng: np.random.Generator, stop: StopToken) -> Ints:
    """Rows (M,) of the field for prototypes to start at, different ones.

    Parameters
    ----------
    init : {"medoids", "kmeans++", "random"}
        "medoids": in each class the row of the least (weighted) sum of dissimilarities from its rows, then, one by one,
        the row that lowers the sum of those to the nearest most (BUILD of Kaufman & Rousseeuw 1990). "kmeans++": a row
        drawn by weight, then each by weight times the dissimilarity from the nearest drawn before (Arthur &
        Vassilvitskii 2007). "random": rows drawn by weight.
    """
    draw = {"medoids": _medoids, "kmeans++": _spread, "random": _random}[init]
    places = []
    for code, count in zip(*np.unique(field.labels, return_counts=True), strict=True):
        places += draw(field, int(code), int(count), rng, stop)
    return np.array(places, np.int64)


def given_places(init: NDArray[Any], ground: Ground) -> Ints:
    """Rows (M,) of the field for given starts: the numbers of rows (M,), or vectors (M, d) that the nearest stand for.

    Each vector takes the nearest row of its class that none before it has taken.

    Raises
    ------
    ValueError
        If the shape does not fit, or a number is of no row, of one of another class, or there twice.
    """
    field, M = ground.field, len(ground.field.labels)
    if init.shape == (M,) and init.dtype.kind in "iu":
        return _numbered(init, ground)
    if init.shape != (M, ground.rows.shape[1]) or ground.metric.name == "precomputed":
        raise ValueError(
            f"init has shape {init.shape} and type {init.dtype}; the integers of {M} rows are needed, or vectors of "
            "the features where the metric is not precomputed."
        )
    check_values(init.astype(np.float64))
    D = ground.metric.between(init, ground.order, ground.rows[ground.order])
    places: list[int] = []
    for j, code in enumerate(field.labels.tolist()):
        low, high = field.rows_of(code)
        mine = D[j, low:high].astype(np.float64)
        mine[[k - low for k in places if low <= k < high]] = np.inf
        places.append(low + int(np.argmin(mine)))
    return np.array(places, np.int64)


def _numbered(init: NDArray[Any], ground: Ground) -> Ints:
    field = ground.field
    numbers = ground.numbers[ground.order]
    place = {int(number): k for k, number in enumerate(numbers)}
    places = np.array([place.get(int(number), -1) for number in init], np.int64)
    wrong = (places < 0) | (field.codes[places] != field.labels)
    if np.any(wrong):
        raise ValueError(
            f"init names the row {init[wrong][0]}, which is not one of weight and of the class that its place stands "
            "for: the rows of the first class come first."
        )
    if len(np.unique(places)) < len(places):
        raise ValueError("init names a row twice: prototypes of one class must be different.")
    return places


def check_counts(counts: Ints, codes: Ints) -> None:
    """Raise ValueError where a class has fewer rows than prototypes."""
    for code, count in enumerate(counts.tolist()):
        n = int(np.count_nonzero(codes == code))
        if n < count:
            raise ValueError(f"A class has {n} rows but {count} prototypes: ask for fewer, or for 'auto'.")


def _medoids(field: Field, code: int, count: int, rng: np.random.Generator, stop: StopToken) -> list[int]:
    low, high = field.rows_of(code)
    weights = _weights(field, code)
    nearest = np.full(high - low, np.inf, field.pairs.dtype)
    chosen: list[int] = []
    while len(chosen) < count:

        def work(block: NDArray[Any], start: int, nearest: NDArray[Any] = nearest) -> Doubles:
            sums: Doubles = np.minimum(block[:, low:high], nearest).astype(np.float64) @ weights
            return sums

        sums = np.concatenate(list(map_blocks(field.pairs, work, field.bounds(code), n_jobs=field.n_jobs, stop=stop)))
        sums[chosen] = np.inf
        chosen.append(int(np.argmin(sums)))
        nearest = np.minimum(nearest, field.pairs.of(low + chosen[-1])[low:high])
    return [low + k for k in chosen]


def _spread(field: Field, code: int, count: int, rng: np.random.Generator, stop: StopToken) -> list[int]:
    low, high = field.rows_of(code)
    weights = _weights(field, code)
    chances = weights.copy()
    nearest = np.full(high - low, np.inf)
    chosen: list[int] = []
    while len(chosen) < count:
        stop.check()
        if not np.any(chances):  # fewer different rows than prototypes
            chances = weights.copy()
            chances[chosen] = 0
        chosen.append(int(rng.choice(high - low, p=chances / chances.sum())))
        nearest = np.minimum(nearest, field.pairs.of(low + chosen[-1])[low:high])
        chances = weights * nearest
        chances[chosen] = 0
    return [low + k for k in chosen]


def _random(field: Field, code: int, count: int, rng: np.random.Generator, stop: StopToken) -> list[int]:
    low, high = field.rows_of(code)
    weights = _weights(field, code)
    return [low + int(k) for k in rng.choice(high - low, count, replace=False, p=weights / weights.sum())]


def _weights(field: Field, code: int) -> Doubles:
    """Weights of the rows of a class, all 1 where the class has none, so that each can be drawn."""
    weights = field.weights[slice(*field.rows_of(code))]
    return weights if weights.all() else np.ones(len(weights))
