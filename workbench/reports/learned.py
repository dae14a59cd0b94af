"""A run as exports see it: the model it ends with, what that does to every row, block by block; writes nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
from workbench.views.bits import bits_of_numbers, decoded
from workbench.views.model_answers import codes_are_bits, codes_of, flat, nearest, predict_codes
from workbench.views.siblings import bits_of_model
from workbench.views.words import Words, words_of

MOST_BITS = 12
"""Up to so many bits, what all codes decode to is a codebook."""
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
        Place of the first among all rows that may be shown, see `Trained.numbers`.
    X : (k, d)
        The rows, in training units.
    winners : (k,) int64
        Prototype; 0 for an engine of several books or of bits, which has none.
    codes : (k, B) int64 or None
        Code in each book, or each bit; None for an engine whose only code is the prototype.
    distances : (k,) float64
        To the prototype, as the engine measures; or to what the codes stand for.
    predicted : (k,) int64 or None
        Class codes; None for an engine that predicts no classes.
    certainty : (k,) float64 or None
        From 0 to 1, of classes told by prototypes; the measure that thresholds are for.
    rejected : (k,) bool or None
        Whether the certainty is below the run's threshold; None without one.
    """

    start: int
    X: NDArray[Any]
    winners: NDArray[np.int64]
    codes: NDArray[np.int64] | None
    distances: NDArray[np.float64]
    predicted: NDArray[np.int64] | None
    certainty: NDArray[np.float64] | None
    rejected: NDArray[np.bool_] | None


@dataclass(frozen=True, eq=False)
class Trained:
    """A run with its model.

    Attributes
    ----------
    run : Run
    model : Engine
    new : Dataset or None
        Rows that are not the run's own, which the model is applied to instead; see `read_new`.
    own : Dataset or None
        The run's own with the corrections of one moment, where several runs are to see the same; None for now.
    """

    run: Run
    model: Engine
    new: Dataset | None = None
    own: Dataset | None = None

    @cached_property
    def data(self) -> Dataset:
        """The dataset with the corrections of now; those that come while an export is written do not reach it."""
        return self.new or self.own or self.run.dataset.as_of(self.run.dataset.correction)

    @property
    def classes(self) -> tuple[Any, ...]:
        """Class values that codes stand for; those of the run's own dataset."""
        return self.run.dataset.classes

    @cached_property
    def ids(self) -> NDArray[Any] | None:
        """(n,) names of all rows, also of those that are not shown; None when they have none."""
        return self.data.ids

    @cached_property
    def numbers(self) -> NDArray[np.int64]:
        """(n,) row numbers of all rows that may be shown, increasing."""
        index = self.data.index("shown")
        return np.arange(self.data.n_rows) if index is None else index

    @cached_property
    def split(self) -> NDArray[np.uint8]:
        """(n,) part of each of them, as in `PARTS`."""
        return np.asarray(self.data.split)[self.numbers]

    @cached_property
    def row_codes(self) -> NDArray[np.int32] | None:
        """(n,) class codes of them, -1 without a label; None without labels."""
        return None if self.data.codes is None else self.data.codes[self.numbers]

    @property
    def has_prototypes(self) -> bool:
        """Whether each row belongs to a prototype."""
        return hasattr(self.model, "prototypes_")

    @cached_property
    def has_bits(self) -> bool:
        """Whether a row is a code of bits that a network decodes, so that there are neither prototypes nor words."""
        return self.run.engine.family == "deep" and codes_are_bits(self.model)

    @property
    def has_books(self) -> bool:
        """Whether a row is several codes of several books, so that there are words and no prototypes."""
        return hasattr(self.model, "codebooks_") and not self.has_bits

    @cached_property
    def words(self) -> Words:
        """All words of an engine of several books."""
        return words_of(self.scene, sys.maxsize)

    @cached_property
    def prototypes(self) -> NDArray[Any]:
        """(M, d') prototypes, or words as rows, or what all codes of bits decode to, in training units."""
        if self.has_bits:
            return self._all_decoded()
        return flat(self.words.values if self.has_books else self.model.prototypes_)

    @cached_property
    def original(self) -> NDArray[Any]:
        """(M, d) the same in original units."""
        return np.asarray(self.data.recipe.inverse(self.prototypes))

    @property
    def n_cells(self) -> int:
        """Prototypes that rows belong to; 1 for an engine without."""
        return len(self.prototypes) if self.has_prototypes else 1

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
        return codes_of(self.labels, self.classes)

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
        """All rows that may be shown, in order; a bounded number at a time is in memory."""
        for start, X in self.rows(watch):
            with self._applied():
                winners, codes, distances = self._coded(X)
                predicted = predict_codes(self.model, X, self.classes) if self.run.engine.supervised else None
                sure = self._certainty(X)
            yield Block(start, X, winners, codes, distances, predicted, sure, self._rejected(sure))

    def reconstructed(self, block: Block) -> NDArray[Any]:
        """(k, d) what stands for the rows of `block`, in original units: prototypes, or what their codes decode to.

        Where brightness and contrast of each row were taken off, it has those of the row.
        """
        if self.has_prototypes:
            made = self.prototypes[block.winners]
        elif self.has_bits:
            made = decoded(self.model, np.asarray(block.codes))
        else:
            made = flat(self.model.decode(block.codes))  # type: ignore[attr-defined]  # as all engines with codes have
        if not self.data.recipe.recipe.contrast:
            return np.asarray(self.data.recipe.inverse(made))
        numbers = self.numbers[block.start : block.start + len(made)]
        raw = self.data.raw.read(int(numbers[0]), int(numbers[-1]) + 1)
        return np.asarray(self.data.recipe.inverse(made, raw[numbers - numbers[0]]))

    def packed(self, watch: Watch) -> Iterator[NDArray[np.uint8]]:
        """The packed codes of all rows that may be shown in order, some rows at a time."""
        model: Any = self.model
        for _, X in self.rows(watch):
            with self._applied():
                codes = model.encode(X, packed=True)
            yield codes

    def rows(self, watch: Watch) -> Iterator[tuple[int, NDArray[Any]]]:
        """All rows that may be shown, in training units, with the place of the first, some at a time."""
        rows = self.data.rows("shown")
        n, d = rows.shape
        step = max(64, _BLOCK_NUMBERS // max(d, self.n_cells, 1))
        for start in range(0, n, step):
            watch(start / n)
            yield start, rows.read(start, min(start + step, n))
        watch(1.0)

    @contextmanager
    def _applied(self) -> Iterator[None]:
        """What an engine says of rows that it does not take, as a ReportError."""
        try:
            yield
        except ValueError as error:
            raise ReportError(
                f"Run '{self.run.name}' cannot be applied to all rows of '{self.data.name}': {error}"
            ) from error

    def _certainty(self, X: NDArray[Any]) -> NDArray[np.float64] | None:
        from engines.lvq.reject import certainty

        model: Any = self.model
        if not hasattr(model, "_class_distances") or len(model.classes_) < 2:
            return None
        return certainty(model, X)

    def _rejected(self, sure: NDArray[np.float64] | None) -> NDArray[np.bool_] | None:
        from engines.lvq.reject import rejected

        threshold = self.run.threshold
        return None if threshold is None or sure is None else rejected(sure, [threshold.value])

    def _all_decoded(self) -> NDArray[Any]:
        n_bits = self.bits_per_row or 0
        if n_bits > MOST_BITS:
            raise ReportError(
                f"Run '{self.run.name}' has no codebook: its {n_bits} bits make 2^{n_bits} codes, which its network "
                f"decodes one by one; up to {MOST_BITS} bits a codebook lists them all. Export the model instead."
            )
        return decoded(self.model, bits_of_numbers(np.arange(2**n_bits), n_bits))

    def _coded(self, X: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64] | None, NDArray[np.float64]]:
        """Winners, codes of engines of several columns, and distances of some rows."""
        model: Any = self.model
        several = len(getattr(model, "code_sizes", ())) > 1
        codes = np.asarray(model.encode(X)) if several or not self.has_prototypes else None
        if self.has_prototypes:
            winners, distances = nearest(model, X)
        else:
            winners = np.zeros(len(X), np.int64)
            distances = np.linalg.norm(np.asarray(X, float) - model.decode(codes), axis=1)
        return winners, None if codes is None else model.indices(codes), distances


def trained(run: Run, own: Dataset | None = None) -> Trained:
    """The run with the model it ended with, or has so far; `own` is its dataset with the corrections of one moment.

    Raises
    ------
    ReportError
        If nothing is learned yet.
    """
    if run.latest is None:
        raise ReportError(nothing_learned(run))
    return Trained(run, run.model(), own=own)


def nothing_learned(run: Run) -> str:
    """Why there is nothing to export of `run`."""
    return f"Run '{run.name}' has learned nothing yet ({run.status}): wait for its first iteration, then export."
