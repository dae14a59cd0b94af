"""Measures a sweep on the worker's thread: trains count after count and scores each; the criteria are the engines'."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import pairwise_distances

from engines import ArrayRows, RowSource, validity
from engines.blocks import single_threaded_blas
from engines.rows import SelectedRows
from workbench.session.rows import blocks
from workbench.session.studying import Row, Studying
from workbench.session.sweep import REFERENCE_ROWS, REFERENCES, REPEATS, SAMPLE_ROWS, Sweep

_CELLS = 50_000_000  # multiply-adds between two looks at whether to stop
_SAMPLE, _REFERENCE, _HALVES = 0, 1, 2  # what a seed is for


@dataclass(frozen=True, eq=False)
class Judged:
    """What all counts are measured on.

    Attributes
    ----------
    rows : RowSource of shape (n, d)
        All training rows.
    X : (m, d)
        Some of them, in which nothing is missing.
    codes : (m,) int32 or None
        Their classes, -1 for none.
    distances : (m, m)
        Between them.
    references : list of pairs (rows, distances)
        Rows without groups.
    halves : list of pairs of index arrays into `X`
    """

    rows: RowSource
    X: NDArray[Any]
    codes: NDArray[np.int32] | None
    distances: NDArray[Any]
    references: list[tuple[NDArray[Any], NDArray[Any]]]
    halves: list[tuple[NDArray[np.int64], NDArray[np.int64]]]


class Sweeper(Studying[Sweep, Judged]):
    """The work of a sweep's job."""

    def __init__(self, sweep: Sweep) -> None:
        super().__init__(sweep)
        seed = sweep.parameters.get("random_state")
        self._seed = seed if isinstance(seed, int) else 0

    def _prepare(self) -> Judged:
        sweep, dataset = self._study, self._study.given
        X = dataset.training_rows("train", labelled=False, cancelled=lambda: sweep.control.stopping)
        rows: RowSource = ArrayRows(X) if isinstance(X, np.ndarray) else X
        picked = self._random(_SAMPLE).permutation(rows.shape[0])[:SAMPLE_ROWS]
        picked.sort()
        sample = SelectedRows(rows, picked).read(0, len(picked))
        whole = np.isfinite(sample).all(axis=1)
        sample, picked = sample[whole], picked[whole]
        codes = dataset.codes
        if codes is not None:
            index = dataset.index("train")
            codes = codes[picked if index is None else index[picked]]
        with single_threaded_blas():
            drawn = [
                validity.without_groups(sample[:REFERENCE_ROWS], self._random(_REFERENCE, k)) for k in range(REFERENCES)
            ]
        halves = []
        for k in range(REPEATS):
            order = self._random(_HALVES, k).permutation(len(sample))
            halves.append((order[: len(order) // 2], order[len(order) // 2 :]))
        return Judged(rows, sample, codes, self._distances(sample), [(X, self._distances(X)) for X in drawn], halves)

    def _figures(self, judged: Judged, count: int) -> Iterator[Row]:
        shares = _shares(judged, count)
        model, metrics = self._learn(judged.rows, count, self._seed, shares[0])
        labels = np.asarray(model.predict(judged.X))
        error = metrics.get("error_per_row", math.nan)
        yield {"error_per_row": error}
        with single_threaded_blas():
            yield {"silhouette": validity.silhouette(judged.distances, labels)}
            self._look()
            yield {
                "davies_bouldin": validity.davies_bouldin(judged.X, labels),
                "calinski_harabasz": validity.calinski_harabasz(judged.X, labels),
            }
        yield self._information(model, judged.rows, count, error)
        if judged.codes is not None and (judged.codes >= 0).any():
            known = judged.codes >= 0
            yield {
                "ari": validity.agreement(judged.codes[known], labels[known]),
                "nmi": validity.mutual_information(judged.codes[known], labels[known]),
            }
        if count > 1:
            yield self._by_chance(judged, count, shares[1])
            yield self._stability(judged, count, shares[2])

    def _by_chance(self, judged: Judged, count: int, share: float) -> Row:
        """The silhouette that the same engine finds where there are no groups."""
        found = []
        for k, (X, distances) in enumerate(judged.references):
            if count < len(X):
                model, _ = self._learn(ArrayRows(X), count, self._seed + k + 1, share)
                found.append(validity.silhouette(distances, np.asarray(model.predict(X))))
        if len(found) < 2:
            return {}
        return {
            "silhouette_without_groups": float(np.mean(found)),
            "silhouette_deviation": float(np.std(found, ddof=1)),
        }

    def _stability(self, judged: Judged, count: int, share: float) -> Row:
        """How well two models agree on the sample that learned from a half of it each."""
        found = []
        for k, halves in enumerate(judged.halves):
            labels = []
            for half in halves:
                if count <= len(half):
                    model, _ = self._learn(ArrayRows(judged.X[half]), count, self._seed + k + 1, share / 2)
                    labels.append(np.asarray(model.predict(judged.X)))
            if len(labels) == 2:
                found.append(validity.agreement(*labels))
        if not found:
            return {}
        return {
            "stability": float(np.mean(found)),
            "stability_error": float(np.std(found, ddof=1) / math.sqrt(len(found))),
        }

    def _information(self, model: Any, rows: RowSource, count: int, error_per_row: float) -> Row:
        """BIC and AIC over all training rows: the model's own, or those of spherical groups."""
        if self._study.has_likelihood:
            bic, aic = likelihood_information(model, rows, self._look)
            return {"bic": bic, "aic": aic}
        sizes = np.zeros(count, np.int64)
        for start, stop in blocks(*rows.shape):
            self._look()
            sizes += np.bincount(np.asarray(model.predict(rows.read(start, stop))), minlength=count)
        bic, aic = validity.spherical_information(error_per_row * rows.shape[0], sizes, rows.shape[1])
        return {"bic": bic, "aic": aic}

    def _learn(self, rows: RowSource, count: int, seed: int, share: float) -> tuple[Any, dict[str, float]]:
        """A model of `count` prototypes, and the figures of its last step; raises Cancelled."""
        model = self._study.engine.estimator(**self._study.arguments_with(count, seed))
        X = rows.array if isinstance(rows, ArrayRows) else rows
        return model, self._train(model, X, None, share, f"With {count} prototypes")

    def _distances(self, X: NDArray[Any]) -> NDArray[Any]:
        """Euclidean distances (m, m), in pieces between which a stop is felt."""
        m, d = X.shape
        found = np.empty((m, m), X.dtype)
        step = max(1, _CELLS // max(1, m * d))
        with single_threaded_blas():
            for start in range(0, m, step):
                self._look()
                found[start : start + step] = pairwise_distances(X[start : start + step], X)
        np.fill_diagonal(found, 0)
        return found

    def _random(self, *purpose: int) -> np.random.Generator:
        return np.random.default_rng([self._seed, *purpose])


def likelihood_information(model: Any, rows: RowSource, look: Callable[[], None]) -> tuple[float, float]:
    """BIC and AIC that a mixture gives itself, over any number of rows; `look` is called between blocks."""
    n, d = rows.shape
    bounds = blocks(n, d)
    first = rows.read(*bounds[0])
    bic, aic = float(model.bic(first)), float(model.aic(first))
    if len(bounds) == 1:
        return bic, aic
    n_parameters = round((bic - aic) / (math.log(len(first)) - 2))
    log_likelihood = 0.0
    for start, stop in bounds:
        look()
        log_likelihood += float(np.sum(model.score_samples(rows.read(start, stop)), dtype=np.float64))
    return n_parameters * math.log(n) - 2 * log_likelihood, 2 * n_parameters - 2 * log_likelihood


def _shares(judged: Judged, count: int) -> tuple[float, float, float]:
    """Parts of the work on one count: the training on all rows, one on a reference, one on both halves of a split."""
    rows = [judged.rows.shape[0]]
    rows += [len(X) for X, _ in judged.references] if count > 1 else []
    rows += [len(judged.X)] * REPEATS if count > 1 else []
    return rows[0] / sum(rows), min(REFERENCE_ROWS, len(judged.X)) / sum(rows), len(judged.X) / sum(rows)
