"""A dataset of the open project: its rows, labels, parts and samples; how it is stored is `storage`'s."""

from __future__ import annotations

import copy
import threading
import weakref
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, NamedTuple, Protocol, Self, get_args

import numpy as np
from numpy.typing import NDArray

from engines import ArrayRows, RowSource
from engines.cached import cached
from engines.catalog import DataKind
from workbench.data import Column, FittedRecipe, Places, places_of
from workbench.data.splitting import TEST, TRAIN
from workbench.session.corrections import Corrected, Correction, Corrections
from workbench.session.errors import SessionError
from workbench.session.first_look import FirstLook
from workbench.session.rows import HELD_BYTES, TrainingRows, blocks, held
from workbench.session.sampling import DataSample, drawn
from workbench.session.selection import RowMask, Selection

_UNRECORDED = FirstLook()
Part = Literal["train", "validation", "test", "all", "shown"]
"""Parts of the split; all rows but the dropped ones; and of these those that may be shown."""
PARTS: tuple[Part, ...] = get_args(Part)
SPLIT = PARTS[:3]
"""The parts of the split, by their code."""


class CorrectionCounts(NamedTuple):
    """How many rows of a dataset have another label than when they were imported, and how many are dropped."""

    relabelled: int
    dropped: int


class DatasetFile(Protocol):
    """One dataset's place in the project file; what is asked for is read then."""

    def raw(self) -> RowSource: ...

    def codes(self) -> NDArray[np.int32]: ...

    def split(self) -> NDArray[np.uint8]: ...

    def ids(self) -> NDArray[Any] | None: ...

    def recipe(self) -> FittedRecipe: ...


class Dataset:
    """A dataset of the open project. Only name, note, hidden, correction and first look ever change, by commands.

    Labels and parts are as imported, with the corrections in force. Dropped rows are in no part. Thread-safe.

    A test part is sealed until somebody asks for it (`Session.show_test_part`). Views, figures and reports show the
    part "shown", which is all but a sealed test part; whoever asks for the rows of "test" or "all" gets them.

    Attributes
    ----------
    id : str
    name, note : str
    hidden : bool
        Whether it was deleted, or its import undone.
    created : str
        Date and time, ISO 8601.
    columns : tuple of Column
        All of the source's columns; the features among them, in order, are the columns of `raw`.
    classes : tuple
        Class values in the order of the codes; empty without labels.
    kind : {"table", "image", "spd", "dissimilarity"}
        What a row is: plain numbers, a picture, a symmetric positive-definite matrix, row by row, or dissimilarities
        from the rows that are trained on.
    image_shape : tuple of int, or None
        Of a picture, or (k, k) of a matrix.
    plan, source : dict
        JSON: how it was imported; files with size and hash, and what was changed on the way.
    warnings : tuple of str
    data_hash : str
        Of the stored raw rows.
    made : Corrections
        All that were ever made, in force or not.
    selection : Selection
        What is picked in the session that it is of.
    """

    def __init__(
        self,
        id: str,
        name: str,
        created: str,
        file: DatasetFile,
        *,
        columns: tuple[Column, ...],
        classes: tuple[Any, ...] | None,
        kind: DataKind,
        image_shape: tuple[int, ...] | None,
        plan: Mapping[str, Any],
        source: Mapping[str, Any],
        warnings: tuple[str, ...],
        data_hash: str,
        note: str = "",
        hidden: bool = False,
        made: Iterable[Correction] = (),
        correction: int = 0,
        first_look: FirstLook | None = _UNRECORDED,
    ) -> None:
        self.id = id
        self.name = name
        self.note = note
        self.hidden = hidden
        self.created = created
        self.columns = columns
        self.classes = classes or ()
        self.has_labels = classes is not None
        self.kind = kind
        self.image_shape = image_shape
        self.plan = plan
        self.source = source
        self.warnings = warnings
        self.data_hash = data_hash
        self._first_look = first_look
        self._file = file
        self._lock = threading.Lock()
        self._newest_sample: list[tuple[tuple[int, int, int, bool], DataSample]] = []  # the last, shared by all copies
        self._found_places: list[Places | None] = []  # once looked for, shared by all copies
        self._held: weakref.WeakValueDictionary[tuple[int, bool], NDArray[Any]] = weakref.WeakValueDictionary()
        self._lacks_values: dict[int, bool] = {}
        self.made = Corrections(made)
        self.selection = Selection()
        self._known: weakref.WeakValueDictionary[int, Corrected] = weakref.WeakValueDictionary()
        self._corrected = self._as_corrected(correction)

    def look_up(self) -> Self:
        """Read from the file what is asked for most, so that no face waits for the file's thread to know it."""
        _ = self.raw, self.recipe, self.has_test_part
        return self

    def __repr__(self) -> str:
        return f"Dataset({self.name!r}, {self.n_rows} rows × {self.raw.shape[1]})"

    @property
    def n_rows(self) -> int:
        return self.raw.shape[0]

    @property
    def n_features(self) -> int:
        """Columns of `rows`: what an engine sees."""
        return len(self.recipe.feature_names)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the columns of `rows`; those of the columns of `raw` are `raw_names`."""
        return self.recipe.feature_names

    @property
    def raw_names(self) -> tuple[str, ...]:
        """Names of the columns of `raw`, which are those of prototypes in original units."""
        return self.recipe.names

    @property
    def raw_units(self) -> tuple[str, ...]:
        """Units of the columns of `raw`, "" where there is none."""
        return self._of_features("unit")

    @property
    def raw_notes(self) -> tuple[str, ...]:
        """Notes on the columns of `raw`, "" where there is none."""
        return self._of_features("note")

    @property
    def notes(self) -> dict[str, str]:
        """What people noted of columns of the file, by name; those without a note are left out."""
        return {column.source or column.name: column.note for column in self.columns if column.note}

    @cached
    def raw(self) -> RowSource:
        """(n, d) raw values, read where they lie in the project file."""
        return self._file.raw()

    @cached
    def recipe(self) -> FittedRecipe:
        """From raw rows to what an engine sees, and back."""
        return self._file.recipe()

    @cached
    def split(self) -> NDArray[np.uint8]:
        """(n,) 0 training, 1 validation, 2 test."""
        return self._file.split()

    @property
    def codes(self) -> NDArray[np.int32] | None:
        """(n,) index into `classes`, -1 where there is no label; None without labels."""
        return self._corrected.codes

    @property
    def shown(self) -> NDArray[np.bool_]:
        """(n,) which rows may be shown: all but the dropped ones and those of a sealed test part."""
        return self._shown(self._corrected, self.is_sealed)

    @property
    def dropped(self) -> RowMask:
        """The rows that are in no part."""
        return self._corrected.dropped

    @property
    def correction(self) -> int:
        """The number of the newest correction in force; 0 for the data as imported. Set by commands alone."""
        return self._corrected.number

    @correction.setter
    def correction(self, number: int) -> None:
        self._corrected = self._as_corrected(number)

    @property
    def corrections(self) -> CorrectionCounts:
        """How many rows are relabelled, and how many dropped."""
        now = self._corrected
        return CorrectionCounts(now.n_relabelled, len(now.dropped))

    @cached
    def has_test_part(self) -> bool:
        """Whether rows were set aside for testing what is learned from others."""
        return bool((self.split == TEST).any() and (self.split == TRAIN).any())

    @property
    def first_look(self) -> FirstLook | None:
        """When the test part was first shown; None while it never was. Set by commands alone, as JSON."""
        return self._first_look

    @first_look.setter
    def first_look(self, value: Mapping[str, Any] | None) -> None:
        self._first_look = None if value is None else FirstLook.from_json(value)

    @property
    def is_sealed(self) -> bool:
        """Whether there is a test part that nobody has asked to see."""
        return self._first_look is None and self.has_test_part

    @property
    def n_sealed(self) -> int:
        """Rows of the test part while it is sealed, else 0."""
        return self.n_in("test") if self.is_sealed else 0

    @property
    def labels_version(self) -> str:
        """Hash of labels and dropped rows: equal for equal ones, however they came about."""
        return self._corrected.version

    def as_of(self, correction: int) -> Dataset:
        """This dataset as it was with that one the newest correction: commands that come later do not reach it."""
        made = copy.copy(self)
        made._corrected = self._as_corrected(correction)
        return made

    @property
    def ids(self) -> NDArray[Any] | None:
        """(n,) names of the rows, read from the file; None when they have none."""
        return self._file.ids()

    @property
    def is_patches(self) -> bool:
        """Whether the rows were cut from larger pictures."""
        return bool(self.plan.get("importer") == "images" and self.plan.get("options", {}).get("rows") == "patches")

    @property
    def places(self) -> Places | None:
        """Where the patches lie in their pictures, told by the names of the rows; None where these do not tell."""
        if not self._found_places:
            found = None
            if self.is_patches and self.image_shape is not None:
                sizes = {name: (int(size[0]), int(size[1])) for name, size in self.source.get("pictures", {}).items()}
                found = places_of(self.ids, (self.image_shape[0], self.image_shape[1]), sizes)
            self._found_places.append(found)
        return self._found_places[0]

    def index(self, part: Part = "all", *, labelled: bool = False) -> NDArray[np.int64] | None:
        """Row numbers of a part, with `labelled` only those that carry a label; None when that is every row.

        Raises
        ------
        SessionError
            If there is no such part.
        """
        return self._index(self._corrected, part, labelled)

    def n_in(self, part: Part = "all", *, labelled: bool = False) -> int:
        """Number of rows of a part."""
        index = self.index(part, labelled=labelled)
        return self.n_rows if index is None else len(index)

    def rows(self, part: Part = "all", *, labelled: bool = False) -> RowSource:
        """The rows of a part in training units, transformed as they are read.

        Returns
        -------
        RowSource of (m, d') float32, or float64 where the raw values are
        """
        return self._rows(self._corrected, part, labelled)

    @property
    def every_row(self) -> RowSource:
        """(n, d') all rows in training units, also those that are dropped; for what shows these as well."""
        return TrainingRows(self.raw, self.recipe, None)

    def at(self, rows: NDArray[np.int64]) -> NDArray[Any]:
        """(k, d') the rows with these numbers (k,), which increase, in training units; for a few of many."""
        return TrainingRows(self.raw, self.recipe, rows).read(0, len(rows))

    @property
    def lacks_values(self) -> bool:
        """Whether a training row lacks a value; rows are read to tell, once, where the recipe lets gaps be."""
        now = self._corrected
        with self._lock:
            known = self._lacks_values.get(now.number)
        if known is None:
            known = self.recipe.recipe.missing == "keep" and _any_gap(self._rows(now, "train", False))
            with self._lock:
                self._lacks_values[now.number] = known
        return known

    def training_rows(
        self, part: Part, *, labelled: bool, cancelled: Callable[[], bool] = lambda: False
    ) -> NDArray[Any] | RowSource:
        """The rows of a part for an engine: one array of up to 1 GiB, shared while in use, else streaming.

        Raises
        ------
        Cancelled
            Soon after `cancelled()` turns True.
        """
        now = self._corrected
        rows = self._rows(now, part, labelled)
        if isinstance(rows, ArrayRows):
            return rows.array
        if rows.shape[0] * rows.shape[1] * rows.dtype.itemsize > HELD_BYTES:
            return rows
        array = held(rows, cancelled)
        if part == "train":
            self._held[now.number, labelled] = array
        return array

    def labels(self, part: Part = "all", *, labelled: bool = False) -> NDArray[Any]:
        """Class values of a part, in the order of `rows`; an object array with None where labels are missing.

        Raises
        ------
        SessionError
            If the dataset has no labels.
        """
        now = self._corrected
        codes = now.codes
        if codes is None:
            raise SessionError(
                f"Dataset '{self.name}' has no labels: import it again and give one column the role of label."
            )
        index = self._index(now, part, labelled)
        codes = codes if index is None else codes[index]
        if (codes >= 0).all():
            return np.asarray(self.classes)[codes]
        values = np.array([*self.classes, None], dtype=object)
        return values[codes]

    def sample(self, n_max: int = 5000, seed: int = 0) -> DataSample:
        """At most `n_max` of the rows that may be shown, drawn at random, the same for the same seed; kept for the next
        call.

        Where rows are dropped, others take their place and all the rest stay.
        """
        now = self._corrected
        is_sealed = self.is_sealed
        shown = self._shown(now, is_sealed)
        n_shown = int(np.count_nonzero(shown))
        key = (min(n_max, n_shown), seed, now.number, is_sealed)
        with self._lock:
            known = next(iter(self._newest_sample), None)
        if known is not None and known[0] == key:
            return known[1]
        rows = drawn(shown, key[0], seed)
        if known is not None and np.array_equal(known[1].rows, rows):
            X = known[1].X
        else:
            X = self.at(rows)
            X.flags.writeable = False
        codes, imported = now.codes, now.stored()
        found = DataSample(
            X,
            None if codes is None else codes[rows],
            rows,
            n_shown,
            None if imported is codes or imported is None else imported[rows],
        )
        with self._lock:
            self._newest_sample[:] = [(key, found)]
        return found

    def _of_features(self, which: Literal["unit", "note"]) -> tuple[str, ...]:
        words = [getattr(column, which) for column in self.columns if column.role == "feature"]
        return tuple(words) if len(words) == len(self.raw_names) else ("",) * len(self.raw_names)

    @cached
    def _stored_codes(self) -> NDArray[np.int32] | None:
        return self._file.codes() if self.has_labels else None

    def _as_corrected(self, number: int) -> Corrected:
        """Labels and dropped rows after the correction with this number, the same object while it is in use."""
        found = self._known.get(number)
        if found is None:
            found = Corrected(number, self.made.chain(number), lambda: self._stored_codes, lambda: self.n_rows)
            self._known[number] = found
        return found

    def _shown(self, now: Corrected, is_sealed: bool) -> NDArray[np.bool_]:
        kept = ~now.dropped.mask
        return kept & (self.split != TEST) if is_sealed else kept

    def _index(self, now: Corrected, part: Part, labelled: bool) -> NDArray[np.int64] | None:
        if part not in PARTS:
            raise SessionError(f"There is no part '{part}' of a dataset; the parts are {', '.join(PARTS)}.")
        if part == "shown" and not self.is_sealed:
            part = "all"
        with self._lock:
            if (part, labelled) not in now.indices:
                mask = ~now.dropped.mask
                if part != "all":
                    mask &= self.split != TEST if part == "shown" else self.split == SPLIT.index(part)
                if labelled and now.codes is not None:
                    mask &= now.codes >= 0
                now.indices[part, labelled] = None if mask.all() else np.flatnonzero(mask)
            return now.indices[part, labelled]

    def _rows(self, now: Corrected, part: Part, labelled: bool) -> RowSource:
        array = self._held.get((now.number, labelled)) if part == "train" else None
        if array is not None:
            return ArrayRows(array)
        return TrainingRows(self.raw, self.recipe, self._index(now, part, labelled))


def _any_gap(rows: RowSource) -> bool:
    return any(np.isnan(rows.read(start, stop)).any() for start, stop in blocks(*rows.shape))
