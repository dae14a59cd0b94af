"""A run as exports see it: the model it ends with, what that does to every row, block by block; writes nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines import Snapshot
from engines.base import Engine
from workbench.errors import Cancelled
from workbench.reports.errors import ReportError
from workbench.session import Dataset, Run
from workbench.views import Scene, scene_of
from workbench.views.scene import codes_of, flat, nearest, predict_codes
from workbench.views.siblings import bits_of_model
from workbench.views.words import Words, words_of

_BLOCK_NUMBERS = 1 << 20


@dataclass(frozen=True)
class Watch:
    """How an export tells how far it is, and hears that it shall stop."""

    progress: Callable[[float], None] | None = None
    stop: Callable[[], bool] | None = None

    def __call__(self, fraction: float) -> None:
        """Report the fraction done; raises Cancelled when the export shall stop."""
        if self.stop is not None and self.stop():
            raise Cancelled
        if self.progress is not None:
            self.progress(min(1.0, fraction))


@dataclass(frozen=True, eq=False)
class Block:
    """Some rows in order, and what the model makes of them.

    Attributes
    ----------
    start : int
        Row number of the first.
    winners : (k,) int64
        Prototype; 0 for an engine of several books, which has none.
    codes : (k, B) int64 or None
        Code in each book; None for an engine whose only code is the prototype.
    distances : (k,) float64
        To the prototype, as the engine measures; or to what the codes stand for.
    predicted : (k,) int64 or None
        Class codes; None for an engine that predicts no classes.
    """

    start: int
    winners: NDArray[np.int64]
    codes: NDArray[np.int64] | None
    distances: NDArray[np.float64]
    predicted: NDArray[np.int64] | None


@dataclass(frozen=True, eq=False)
class Trained:
    """A run with its model."""

    run: Run
    model: Engine

    @property
    def data(self) -> Dataset:
        return self.run.dataset

    @property
    def has_books(self) -> bool:
        """Whether a row is several codes of several books, so that there are words and no prototypes."""
        return hasattr(self.model, "codebooks_")

    @cached_property
    def words(self) -> Words:
        """All words of an engine of several books."""
        return words_of(self.scene, sys.maxsize)

    @cached_property
    def prototypes(self) -> NDArray[Any]:
        """(M, d') prototypes, or words as rows, in training units."""
        return flat(self.words.values if self.has_books else self.model.prototypes_)

    @cached_property
    def original(self) -> NDArray[Any]:
        """(M, d) the same in original units."""
        return np.asarray(self.data.recipe.inverse(self.prototypes))

    @property
    def n_cells(self) -> int:
        """Prototypes that rows belong to; 1 for an engine of several books."""
        return 1 if self.has_books else len(self.prototypes)

    @property
    def bits_per_row(self) -> int | None:
        """Bits that the codes of a row take; None for an engine without codes."""
        return bits_of_model(self.model)

    @cached_property
    def labels(self) -> NDArray[Any] | None:
        """(M,) class values of the prototypes; None when they have none."""
        found = getattr(self.model, "prototype_labels_", None)
        return None if found is None else np.asarray(found)

    @cached_property
    def codes(self) -> NDArray[np.int64]:
        """(M,) class codes of the prototypes; -1 where they have none."""
        if self.labels is None:
            return np.full(len(self.prototypes), -1, np.int64)
        return codes_of(self.labels, self.data.classes)

    @cached_property
    def units(self) -> tuple[str, ...]:
        """Units of the original features, "" where there is none."""
        columns = [column for column in self.data.columns if column.role == "feature"]
        names = self.data.raw_names
        return tuple(column.unit for column in columns) if len(columns) == len(names) else ("",) * len(names)

    @cached_property
    def scene(self) -> Scene:
        """What views show of the final model."""
        scene = scene_of(self.run)
        if scene is None:
            raise ReportError(nothing_learned(self.run))
        arrays = dict(scene.snapshot.arrays)
        fitted = {name[:-1]: getattr(self.model, name) for name in self.model.FITTED if hasattr(self.model, name)}
        last = scene.snapshot
        final = Snapshot(
            last.iteration, last.n_iterations, last.cost, last.metrics, last.message, lambda: arrays | fitted
        )
        return replace(scene, snapshot=final)

    def blocks(self, watch: Watch) -> Iterator[Block]:
        """All rows of the dataset in order; a bounded number at a time is in memory."""
        rows = self.data.rows("all")
        n, d = rows.shape
        step = max(64, _BLOCK_NUMBERS // max(d, self.n_cells, 1))
        for start in range(0, n, step):
            watch(start / n)
            X = rows.read(start, min(start + step, n))
            try:
                winners, codes, distances = self._coded(X)
                predicted = predict_codes(self.model, X, self.data.classes) if self.run.engine.supervised else None
            except ValueError as error:
                raise ReportError(
                    f"Run '{self.run.name}' cannot be applied to all rows of '{self.data.name}': {error}"
                ) from error
            yield Block(start, winners, codes, distances, predicted)
        watch(1.0)

    def _coded(self, X: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64] | None, NDArray[np.float64]]:
        """Winners, codes of engines of several columns, and distances of some rows."""
        model: Any = self.model
        several = len(getattr(model, "code_sizes", ())) > 1
        codes = np.asarray(model.encode(X)) if several or self.has_books else None
        if not self.has_books:
            winners, distances = nearest(model, X)
        else:
            winners = np.zeros(len(X), np.int64)
            distances = np.linalg.norm(np.asarray(X, float) - model.decode(codes), axis=1)
        return winners, None if codes is None else model.indices(codes), distances


def trained(run: Run) -> Trained:
    """The run with the model it ended with, or has so far.

    Raises
    ------
    ReportError
        If nothing is learned yet, or the engine has neither prototypes nor books.
    """
    if run.latest is None:
        raise ReportError(nothing_learned(run))
    model = run.model()
    if not hasattr(model, "prototypes_") and not hasattr(model, "codebooks_"):
        raise ReportError(f"{run.engine.title} has neither prototypes nor books, so there is no codebook to export.")
    return Trained(run, model)


def nothing_learned(run: Run) -> str:
    """Why there is nothing to export of `run`."""
    return f"Run '{run.name}' has learned nothing yet ({run.status}): wait for its first iteration, then export."
