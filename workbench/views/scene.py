"""What a view looks at: one snapshot of a run beside a sample of its data, with what is asked of both computed once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, wraps
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from engines.base import Engine
from engines.catalog import DataKind, EngineInfo
from engines.training import Snapshot
from workbench.views.siblings import Sibling, bits_of_model, sibling, siblings_of

if TYPE_CHECKING:
    from workbench.session import DataSample, Run
    from workbench.session.stability import MeasuredStability

Array = NDArray[Any]
T = TypeVar("T")
PARTS = ("training", "validation", "test")
"""Names of the parts of a split, by its code."""

_BLOCK_CELLS = 4_000_000


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
    split : (m,) uint8
        Part of each row of the sample, as in `PARTS`.
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
    kind : {"table", "image", "spd"}
        What a row is.
    asked : str
        What a person asked this view to show, in its own words; "" leaves it to the view.
    """

    engine: EngineInfo
    parameters: Mapping[str, Any]
    snapshot: Snapshot
    history: Mapping[str, Array]
    sample: DataSample
    split: NDArray[np.uint8]
    feature_names: tuple[str, ...]
    original_names: tuple[str, ...]
    units: tuple[str, ...]
    classes: tuple[Any, ...]
    image_shape: tuple[int, ...] | None
    to_original: Callable[[Array], Array]
    name: str = ""
    stability: MeasuredStability | None = None
    find_siblings: Callable[[], tuple[Sibling, ...]] = tuple
    kind: DataKind = "table"
    asked: str = ""

    def asking(self, what: str) -> Scene:
        """The same scene for a person who asked for `what`; nothing that is known of it is computed again."""
        if what == self.asked:
            return self
        made = replace(self, asked=what)
        made.__dict__.update(self.__dict__ | {"asked": what})
        return made

    @cached_property
    def model(self) -> Engine:
        """The engine fitted as in the snapshot, so that every view uses the engine's own distance."""
        return self.engine.estimator.from_arrays(self.parameters, self.snapshot.arrays)

    @cached_property
    def class_names(self) -> tuple[str, ...]:
        """The classes as people read them."""
        return tuple(str(value) for value in self.classes)

    @cached_property
    def prototypes(self) -> Array:
        """(M, d) in training units; those that are matrices row by row, as the rows of the sample are."""
        return flat(self.snapshot.arrays["prototypes"])

    @cached_property
    def omega(self) -> Array | None:
        """Ω (m, d) of a learned distance ‖Ω(x − w)‖ that is the same for all prototypes; None where there is none."""
        arrays = self.snapshot.arrays
        if "omega" in arrays:
            return np.asarray(arrays["omega"], float)
        return np.diag(np.sqrt(np.asarray(arrays["relevances"], float))) if "relevances" in arrays else None

    @cached_property
    def prototype_codes(self) -> NDArray[np.int64]:
        """(M,) class codes of the prototypes; -1 where they have no class."""
        labels = self.snapshot.arrays.get("prototype_labels")
        if labels is None:
            return np.full(len(self.prototypes), -1, np.int64)
        return codes_of(labels, self.classes)

    @cached_property
    def winners(self) -> NDArray[np.int64]:
        """(m,) nearest prototype of each row of the sample, by the engine's own distance."""
        return nearest(self.model, np.asarray(self.sample.X))[0]

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """(M,) rows that each prototype stands for: as the engine counted them in training, else of the sample."""
        counted = self.snapshot.arrays.get("counts")
        if counted is not None:
            return np.asarray(np.rint(counted), np.int64)
        return np.bincount(self.winners, minlength=len(self.prototypes))

    @property
    def counted_rows(self) -> str:
        """What `counts` counts: "training rows", "rows", or "rows of the sample"."""
        if "counts" in self.snapshot.arrays:
            return "training rows"
        return "rows" if self.is_whole else "rows of the sample"

    @cached_property
    def predicted(self) -> NDArray[np.int64]:
        """(m,) predicted class codes of the sample."""
        return predict_codes(self.model, np.asarray(self.sample.X), self.classes)

    @property
    def has_codes(self) -> bool:
        """Whether the engine turns rows into codes, and codes into rows."""
        return hasattr(self.engine.estimator, "code_sizes")

    @cached_property
    def has_grid(self) -> bool:
        """Whether prototypes sit on a grid."""
        return hasattr(self.engine.estimator, "grid") and self.model.grid is not None

    @cached_property
    def has_bits(self) -> bool:
        """Whether a code is bits alone, with neither prototypes nor words."""
        return self.has_codes and self.engine.family == "deep" and codes_are_bits(self.model)

    @cached_property
    def whole(self) -> NDArray[np.int64]:
        """(k,) places in the sample of the rows in which nothing is missing: those that every engine takes."""
        return np.flatnonzero(np.isfinite(np.asarray(self.sample.X)).all(axis=1))

    @cached_property
    def codes(self) -> NDArray[np.int64]:
        """(k, B) codes of the `whole` rows of the sample, a column for each book."""
        n_books = len(self.model.code_sizes)
        return np.asarray(self.model.indices(self._encoded).reshape(len(self.whole), n_books))

    @cached_property
    def quantized(self) -> Array:
        """(k, d) what the `whole` rows of the sample become by encoding and decoding, in training units."""
        return flat(self.model.decode(self._encoded)) if len(self.whole) else np.asarray(self.sample.X)[:0]

    @cached_property
    def _encoded(self) -> Array:
        """The codes as the engine gives them."""
        if not len(self.whole):
            return np.empty((0, len(self.model.code_sizes)), np.int64)
        return np.asarray(self.model.encode(np.asarray(self.sample.X)[self.whole]))

    @cached_property
    def siblings(self) -> tuple[Sibling, ...]:
        """The other runs on the same data that have a rate and a distortion."""
        return self.find_siblings()

    @cached_property
    def as_sibling(self) -> Sibling | None:
        """This run at this snapshot as such a record; None where it has no rate or no distortion."""
        bits = bits_of_model(self.model) if self.has_codes else None
        return sibling(self.name, self.engine, bits, self.snapshot.metrics, len(self.feature_names))

    @property
    def is_whole(self) -> bool:
        """Whether the sample is all of the data."""
        return bool(len(self.sample.rows) == self.sample.n_total)

    @property
    def pixels(self) -> tuple[int, ...] | None:
        """Image shape of the features that are trained on, if each still belongs to one pixel."""
        return self.image_shape if self.feature_names == self.original_names else None


def scene_of(run: Run, *, max_rows: int = 5000) -> Scene | None:
    """What there is to see of `run` now; None while there is no snapshot."""
    snapshot = run.latest
    if snapshot is None:
        return None
    data = run.dataset
    sample = data.sample(max_rows)
    recipe = data.recipe
    columns = [column for column in data.columns if column.role == "feature"]
    original = tuple(str(name) for name in data.raw_names)
    units = tuple(column.unit for column in columns) if len(columns) == len(original) else ("",) * len(original)
    return Scene(
        engine=run.engine,
        parameters=dict(run.arguments),
        snapshot=snapshot,
        history=dict(run.history),
        sample=sample,
        split=np.asarray(data.split)[sample.rows],
        feature_names=tuple(str(name) for name in recipe.feature_names),
        original_names=original,
        units=units,
        classes=tuple(data.classes),
        image_shape=data.image_shape,
        to_original=recipe.inverse,
        name=run.name,
        stability=run.stability,
        find_siblings=siblings_of(run),
        kind=data.kind,
    )


def codes_are_bits(model: Any) -> bool:
    """Whether codes of a fitted `model` of the family "deep" are bits, so that it has neither prototypes nor words.

    Codebooks that it may have are part of its network; a quantizer of books of two words has words, and is not deep.
    """
    return not hasattr(model, "prototypes_") and set(getattr(model, "code_sizes", ())) == {2}


def flat(values: Array) -> Array:
    """(n, d) of values (n, d), or of matrices (n, k, k) with d = k²."""
    values = np.asarray(values)
    return values.reshape(len(values), -1) if values.ndim > 2 else values


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


def codes_of(labels: Array, classes: Sequence[Any]) -> NDArray[np.int64]:
    """Positions of `labels` among `classes`, -1 for strangers; (k,) in, (k,) out."""
    values, inverse = np.unique(np.asarray(labels), return_inverse=True)
    position = {value: code for code, value in enumerate(classes)}
    spelled = {str(value): code for code, value in enumerate(classes)}
    known = [position.get(value, spelled.get(str(value), -1)) for value in values.tolist()]
    return np.asarray(known, np.int64)[inverse.ravel()] if len(values) else np.empty(0, np.int64)


def predict_codes(model: Engine, X: Array, classes: Sequence[Any]) -> NDArray[np.int64]:
    """(n,) class codes that `model` gives the (n, d) rows `X`."""
    return codes_of(model.predict(X), classes)


def nearest(model: Engine, X: Array) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Prototype of each row of `X` (n, d) and the distance to it, as `model.transform` measures it.

    It is the nearest one, or the one that the engine predicts where it goes another way (by likelihood, or in stages).
    Works block by block, so that no more than some millions of distances are held at a time.
    """
    n_prototypes = max(1, len(model.prototypes_))
    step = max(1, _BLOCK_CELLS // n_prototypes)
    winners = np.empty(len(X), np.int64)
    distances = np.empty(len(X), np.float64)
    by_prediction = not hasattr(model, "classes_")
    for start in range(0, len(X), step):
        rows = X[start : start + step]
        block = np.asarray(model.transform(rows))
        best = np.asarray(model.predict(rows)) if by_prediction else block.argmin(axis=1)
        winners[start : start + step] = best
        distances[start : start + step] = block[np.arange(len(block)), best]
    return winners, distances
