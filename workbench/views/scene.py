"""What a view looks at: one snapshot of a run beside a sample of its data, with what is asked of both computed once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from engines.base import Engine
from engines.cached import cached
from engines.catalog import DataKind, EngineInfo
from engines.training import Snapshot
from workbench.views.first_look import without_test_part
from workbench.views.model_answers import codes_are_bits, codes_of, flat, nearest, predict_codes
from workbench.views.moments import Moment, no_moments
from workbench.views.others import OtherRun
from workbench.views.scene_rows import Block, EveryRow, Patches
from workbench.views.siblings import Sibling, bits_of_model, sibling
from workbench.views.when import When

if TYPE_CHECKING:
    from workbench.session import DataSample, Threshold
    from workbench.session.stability import MeasuredStability
    from workbench.views.picking import Picked

Array = NDArray[Any]
T = TypeVar("T")
PARTS = ("training", "validation", "test")
"""Names of the parts of a split, by its code."""

NOTHING_LEARNED = EngineInfo("", "", "clustering", "data alone", "Rows, before anything is learned from them.")
"""Stands for the engine of a scene of data alone."""

_BLOCK_NUMBERS = 2_000_000


@dataclass(frozen=True, eq=False)
class Scene:
    """All that a view may use; never changes.

    Attributes
    ----------
    engine : EngineInfo
    parameters : mapping
        Of the engine.
    snapshot : Snapshot
    history : mapping of str to (t,) array
        `iteration`, `cost` and every metric.
    sample : DataSample
        Up to some thousand rows in training units: X (m, d), codes (m,) or None, rows (m,), n_total.
    every : EveryRow
        All rows of the data.
    feature_names : tuple of d str
        Of the features that are trained on.
    original_names, units : tuple of str
        Of the features before the recipe, in which people think.
    classes : tuple
        Class values by code; () when the data have no labels.
    image_shape : tuple of int or None
        (rows, columns) or (rows, columns, channels) when the features are pixels, (k, k) when they are entries of
        matrices.
    to_original : callable
        Maps (k, d) in training units to (k, d') in original units.
    name : str
        Of the run.
    stability : MeasuredStability or None
        What refits of the run say of its metric, if they were made of the model it has now.
    find_siblings : callable
        Gives the records of the other runs on the same data; called when a view asks for `siblings`.
    find_others : callable
        Gives the other runs whose prototypes can be laid beside this run's; called when a view asks for `others`.
    find_moments : callable
        Gives at most so many moments of the run, also later ones than that of the snapshot; called when a view asks
        where prototypes were before.
    kind : {"table", "image", "spd"}
        What a row is.
    patches : Patches or None
        Where rows come from that were cut from larger pictures; None for other rows.
    notes : mapping of str to str
        What people noted of columns of the file, by name.
    feature_notes : tuple of str
        The same by the features in `original_names`; empty where none of them has a note.
    threshold : Threshold or None
        Below which certainty rows are to be rejected, where that was kept with the model it has now.
    asked : str
        What a person asked this view to show, in its own words; "" leaves it to the view.
    of_several : bool
        Whether it stands for several runs or models, whose records `find_siblings` gives, and no one is looked at.
    when : When or None
        Of which moment the snapshot is to be, and those of other runs beside it; None for the newest.
    picked : Picked or None
        What is picked, for a view that follows it.
    """

    engine: EngineInfo
    parameters: Mapping[str, Any]
    snapshot: Snapshot
    history: Mapping[str, Array]
    sample: DataSample
    every: EveryRow
    feature_names: tuple[str, ...]
    original_names: tuple[str, ...]
    units: tuple[str, ...]
    classes: tuple[Any, ...]
    image_shape: tuple[int, ...] | None
    to_original: Callable[[Array], Array]
    name: str = ""
    stability: MeasuredStability | None = None
    find_siblings: Callable[[], tuple[Sibling, ...]] = tuple
    find_others: Callable[[], tuple[OtherRun, ...]] = tuple
    find_moments: Callable[[int], tuple[Moment, ...]] = no_moments
    kind: DataKind = "table"
    asked: str = ""
    picked: Picked | None = None
    threshold: Threshold | None = None
    patches: Patches | None = None
    notes: Mapping[str, str] = field(default_factory=dict)
    feature_notes: tuple[str, ...] = ()
    when: When | None = None
    of_several: bool = False

    def asking(self, what: str, picked: Picked | None = None) -> Scene:
        """The same scene for a person who asked for `what` and picked that; nothing known of it is computed again."""
        if what == self.asked and picked is self.picked:
            return self
        _ = self.memo  # so that both have the same
        made = replace(self, asked=what, picked=picked)
        made.__dict__.update(self.__dict__ | {"asked": what, "picked": picked})
        return made

    @property
    def of_run(self) -> bool:
        """Whether it is of a run, not of data alone."""
        return self.engine is not NOTHING_LEARNED

    @cached
    def memo(self) -> dict[Any, Any]:
        """What views worked out of this scene and want to find again, whatever is asked of it, by keys of their own."""
        return {}

    @cached
    def model(self) -> Engine:
        """The engine fitted as in the snapshot, so that every view uses the engine's own distance."""
        return self.engine.estimator.from_arrays(self.parameters, self.snapshot.arrays)

    @cached
    def class_names(self) -> tuple[str, ...]:
        """The classes as people read them."""
        return tuple(str(value) for value in self.classes)

    @property
    def has_prototypes(self) -> bool:
        """Whether prototypes lie among the rows."""
        return (
            self.of_run
            and "prototypes" in self.snapshot.arrays
            and self.prototypes.shape[1:] == self.sample.X.shape[1:]
        )

    @cached
    def prototypes(self) -> Array:
        """(M, d) in training units; those that are matrices row by row, as the rows of the sample are."""
        return flat(self.snapshot.arrays["prototypes"]) if self.of_run else np.asarray(self.sample.X)[:0]

    @cached
    def omega(self) -> Array | None:
        """Ω (m, d) of a learned distance ‖Ω(x − w)‖ that is the same for all prototypes; None where there is none."""
        arrays = self.snapshot.arrays
        if "omega" in arrays:
            return np.asarray(arrays["omega"], float)
        return np.diag(np.sqrt(np.asarray(arrays["relevances"], float))) if "relevances" in arrays else None

    @cached
    def prototype_codes(self) -> NDArray[np.int64]:
        """(M,) class codes of the prototypes; -1 where they have no class."""
        labels = self.snapshot.arrays.get("prototype_labels")
        if labels is None:
            return np.full(len(self.prototypes), -1, np.int64)
        return codes_of(labels, self.classes)

    @cached
    def split(self) -> NDArray[np.uint8]:
        """(m,) part of each row of the sample, as in `PARTS`."""
        return self.every.split[np.asarray(self.sample.rows)]

    @cached
    def winners(self) -> NDArray[np.int64]:
        """(m,) nearest prototype of each row of the sample, by the engine's own distance."""
        return self.nearest_to(np.asarray(self.sample.X))

    @cached
    def every_winner(self) -> NDArray[np.int64]:
        """(n,) nearest prototype of each row of all the data, -1 of dropped ones; looks at every row."""
        return self._of_every(self.nearest_to) if not self.is_whole else self._spread(self.winners)

    def nearest_to(self, X: Array) -> NDArray[np.int64]:
        """(k,) nearest prototype of rows (k, d), by the engine's own distance; -1 for rows that it does not take."""
        return self._of_taken(X, lambda rows: nearest(self.model, rows)[0])

    def blocks(self) -> Iterator[Block]:
        """All the data, dropped rows too, some at a time."""
        n, d = self.every.rows.shape
        codes = np.full(n, -1) if self.every.codes is None else self.every.codes
        step = max(256, _BLOCK_NUMBERS // max(1, d))
        for start in range(0, n, step):
            part = slice(start, min(start + step, n))
            X = self.every.rows.read(part.start, part.stop)
            yield Block(start, X, codes[part].astype(np.int64), self.every.split[part])

    @cached
    def counts(self) -> NDArray[np.int64]:
        """(M,) rows that each prototype stands for: as the engine counted them in training, else of the sample."""
        counted = self.snapshot.arrays.get("counts")
        if counted is not None:
            return np.asarray(np.rint(counted), np.int64)
        return np.bincount(self.winners[self.winners >= 0], minlength=len(self.prototypes))

    @property
    def counted_rows(self) -> str:
        """What `counts` counts: "training rows", "rows", or "rows of the sample"."""
        if "counts" in self.snapshot.arrays:
            return "training rows"
        return "rows" if self.is_whole else "rows of the sample"

    @cached
    def predicted(self) -> NDArray[np.int64]:
        """(m,) predicted class codes of the sample."""
        return self.predict(np.asarray(self.sample.X))

    @cached
    def every_prediction(self) -> NDArray[np.int64]:
        """(n,) predicted class code of each row of all the data, -1 of dropped ones; looks at every row."""
        return self._of_every(self.predict) if not self.is_whole else self._spread(self.predicted)

    def predict(self, X: Array) -> NDArray[np.int64]:
        """(k,) predicted class codes of rows (k, d); -1 for rows that the engine does not take."""
        return self._of_taken(X, lambda rows: predict_codes(self.model, rows, self.classes))

    def _of_every(self, find: Callable[[Array], NDArray[np.int64]]) -> NDArray[np.int64]:
        """(n,) what `find` finds of all the data; -1 of dropped rows."""
        found = np.concatenate([find(block.X) for block in self.blocks()])
        return np.where(self.every.kept, found, -1)

    def _spread(self, of_sample: NDArray[np.int64]) -> NDArray[np.int64]:
        """(n,) what is known of the sample (m,), in which all rows are that are kept; -1 of dropped rows."""
        found = np.full(len(self.every.kept), -1, np.int64)
        found[np.asarray(self.sample.rows)] = of_sample
        return found

    def _of_taken(self, X: Array, find: Callable[[Array], NDArray[np.int64]]) -> NDArray[np.int64]:
        """What `find` finds of those rows in which nothing is missing, or that may lack values; -1 for the others."""
        taken = np.isfinite(X).all(axis=1)
        if taken.all() or bool(self.model.__sklearn_tags__().input_tags.allow_nan):
            return find(X)
        found = np.full(len(X), -1, np.int64)
        if taken.any():
            found[taken] = find(X[taken])
        return found

    @property
    def has_codes(self) -> bool:
        """Whether the engine turns rows into codes, and codes into rows."""
        return hasattr(self.engine.estimator, "code_sizes")

    @cached
    def has_grid(self) -> bool:
        """Whether prototypes sit on a grid."""
        return self.of_run and hasattr(self.engine.estimator, "grid") and self.model.grid is not None

    @cached
    def has_bits(self) -> bool:
        """Whether a code is bits alone, with neither prototypes nor words."""
        return self.has_codes and self.engine.family == "deep" and codes_are_bits(self.model)

    @cached
    def whole(self) -> NDArray[np.int64]:
        """(k,) places in the sample of the rows in which nothing is missing: those that every engine takes."""
        return np.flatnonzero(np.isfinite(np.asarray(self.sample.X)).all(axis=1))

    @cached
    def codes(self) -> NDArray[np.int64]:
        """(k, B) codes of the `whole` rows of the sample, a column for each book."""
        n_books = len(self.model.code_sizes)
        return np.asarray(self.model.indices(self._encoded).reshape(len(self.whole), n_books))

    @cached
    def quantized(self) -> Array:
        """(k, d) what the `whole` rows of the sample become by encoding and decoding, in training units."""
        return flat(self.model.decode(self._encoded)) if len(self.whole) else np.asarray(self.sample.X)[:0]

    @cached
    def _encoded(self) -> Array:
        """The codes as the engine gives them."""
        if not len(self.whole):
            return np.empty((0, len(self.model.code_sizes)), np.int64)
        return np.asarray(self.model.encode(np.asarray(self.sample.X)[self.whole]))

    @cached
    def siblings(self) -> tuple[Sibling, ...]:
        """The other runs on the same data that have a rate and a distortion."""
        return self.find_siblings()

    @cached
    def others(self) -> tuple[OtherRun, ...]:
        """The other runs on the same data that have prototypes in the same features."""
        return self.find_others()

    @cached
    def as_sibling(self) -> Sibling | None:
        """This run at this snapshot as such a record; None where it has no rate or no distortion."""
        bits = bits_of_model(self.model) if self.has_codes else None
        return sibling(self.name, self.engine, bits, self.snapshot.metrics, len(self.feature_names))

    @property
    def is_whole(self) -> bool:
        """Whether the sample is all of the data."""
        return bool(len(self.sample.rows) == self.sample.n_total)

    def told_rows(self, n_rows: int | None = None) -> str:
        """On which rows something was found, in a sentence; on `n_rows` of the sample where it was not on all of it."""
        n = len(self.sample.rows) if n_rows is None else n_rows
        rows = "all rows" if self.is_whole else f"{n:,} of {self.sample.n_total:,} rows, drawn at random"
        return f"On {rows}{without_test_part(self.every.n_sealed)}."

    @property
    def pixels(self) -> tuple[int, ...] | None:
        """Image shape of the features that are trained on, if each still belongs to one pixel."""
        return self.image_shape if self.feature_names == self.original_names else None


def per_sample(make: Callable[[Scene], T]) -> Callable[[Scene], T]:
    """`make`, called once for each sample: nothing that depends on the data alone is computed again for a snapshot.

    The data's recipe and names belong to the sample, so `make` may use them as well.
    """
    known: WeakKeyDictionary[DataSample, T] = WeakKeyDictionary()
    lock = threading.RLock()

    @wraps(make)
    def once(scene: Scene) -> T:
        with lock:
            if scene.sample not in known:
                known[scene.sample] = make(scene)
            return known[scene.sample]

    return once
