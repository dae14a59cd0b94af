"""Corrections of a dataset, relabelled and dropped rows, as a layer over stored arrays that never change.

A correction names the one that was in force before it, so that all of them are a tree, and what is in force is told by
one number: that of the newest. Undo and redo move that number; nothing is ever rewritten or forgotten, so a run can go
on with the labels that it began with.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from engines.cached import cached
from workbench.session.commands import Command, correcting
from workbench.session.errors import SessionError
from workbench.session.selection import RowMask

if TYPE_CHECKING:
    from workbench.session.dataset import Dataset

Rows = RowMask | Iterable[int] | NDArray[Any]
NO_LABEL = -1


@dataclass(frozen=True, eq=False)
class Correction:
    """Some rows and what became of all of them; kept in the project as it is made.

    Attributes
    ----------
    number, parent : int
        Its own, from 1 on, and that of the correction in force before it, 0 for none.
    kind : {"relabel", "drop"}
    rows : (k,) int64
        Row numbers, increasing.
    to : int
        The new class code, -1 for no label; or 1 for dropped and 0 for kept.
    """

    number: int
    parent: int
    kind: Literal["relabel", "drop"]
    rows: NDArray[np.int64]
    to: int

    def to_bundle(self) -> dict[str, Any]:
        """This correction as arrays and JSON."""
        return {"number": self.number, "parent": self.parent, "kind": self.kind, "to": self.to, "rows": self.rows}

    @classmethod
    def from_bundle(cls, bundle: Mapping[str, Any]) -> Correction:
        """The correction that `to_bundle` gave."""
        return cls(**bundle)


@dataclass(frozen=True, eq=False)
class Corrected:
    """Labels and dropped rows of a dataset under a chain of corrections; never changes. Thread-safe.

    Attributes
    ----------
    number : int
        That of the newest correction in force; 0 for the data as imported.
    chain : tuple of Correction
        Those in force, oldest first.
    stored : callable
        Gives the (n,) codes as imported, or None.
    n_rows : callable
        Gives the number of rows.
    indices : dict
        Row numbers of each part, with labels or with all rows; for the dataset to fill, under its lock.
    """

    number: int
    chain: tuple[Correction, ...]
    stored: Callable[[], NDArray[np.int32] | None]
    n_rows: Callable[[], int]
    indices: dict[tuple[str, bool], NDArray[np.int64] | None] = field(default_factory=dict)

    @cached
    def codes(self) -> NDArray[np.int32] | None:
        """(n,) index into the classes, -1 where there is no label; None without labels."""
        stored = self.stored()
        changes = [correction for correction in self.chain if correction.kind == "relabel"]
        if stored is None or not changes:
            return stored
        codes = stored.copy()
        for correction in changes:
            codes[correction.rows] = correction.to
        codes.flags.writeable = False
        return codes

    @cached
    def dropped(self) -> RowMask:
        """The rows that are in no part."""
        mask = np.zeros(self.n_rows(), bool)
        for correction in self.chain:
            if correction.kind == "drop":
                mask[correction.rows] = correction.to == 1
        return RowMask.of(mask)

    @cached
    def n_relabelled(self) -> int:
        """Rows that are kept and have another label than when they were imported."""
        if not any(correction.kind == "relabel" for correction in self.chain):
            return 0  # known without reading a label
        stored, codes = self.stored(), self.codes
        if stored is None or codes is stored:
            return 0
        return int(np.count_nonzero((codes != stored) & ~self.dropped.mask))

    @cached
    def version(self) -> str:
        """Hash of labels and dropped rows: equal for equal ones, however they came about."""
        found = hashlib.blake2b(self.dropped.packed, digest_size=16)
        if self.codes is not None:
            found.update(self.codes.tobytes())
        return found.hexdigest()


class Corrections:
    """All corrections of one dataset, in force or not. Thread-safe.

    Attributes
    ----------
    n_made : int
        How many were ever made; the next one has the number after it.
    """

    def __init__(self, known: Iterable[Correction]) -> None:
        self._known = {correction.number: correction for correction in known}
        self._lock = threading.Lock()

    @property
    def n_made(self) -> int:
        return max(self._known, default=0)

    @property
    def all(self) -> tuple[Correction, ...]:
        """In the order of their numbers: each after the one that it names."""
        return tuple(self._known[number] for number in sorted(self._known))

    def get(self, number: int) -> Correction:
        """The correction with this number."""
        return self._known[number]

    def add(self, correction: Correction) -> None:
        """Take in a new one, which is in force only once the dataset says so."""
        with self._lock:
            self._known[correction.number] = correction

    def chain(self, number: int) -> tuple[Correction, ...]:
        """Those in force while the one with this number is the newest, oldest first; none for 0."""
        found = []
        while number:
            found.append(self._known[number])
            number = found[-1].parent
        return tuple(reversed(found))


@dataclass(frozen=True, eq=False)
class Correcting:
    """A correction that is to be made, and the command that makes it."""

    dataset: Dataset
    correction: Correction
    command: Command


def relabelling(dataset: Dataset, rows: Rows, value: Any) -> Correcting | None:
    """Give rows the label `value`; None where all of them have it.

    Raises
    ------
    SessionError
        If a row or the class is not there, or labels of such data cannot be taken away.
    """
    codes = dataset.codes
    if codes is None:
        raise SessionError(f"Dataset '{dataset.name}' has no labels, so there are none to correct.")
    numbers, code = _numbers(dataset, rows), code_of(dataset, value)
    numbers = numbers[codes[numbers] != code]
    if dataset.kind == "dissimilarity":
        unknown = (codes[numbers] < 0) if code >= 0 else np.ones(len(numbers), bool)
        _require_columns(dataset, numbers[unknown])
    label = dataset.classes[code] if code >= 0 else None
    return _correcting(dataset, "relabel", numbers, code, {"value": label})


def dropping(dataset: Dataset, rows: Rows, dropped: bool) -> Correcting | None:
    """Drop rows, or keep dropped ones again; None where all of them are so already.

    Raises
    ------
    SessionError
        If a row is not there, or no row to train on would be left.
    """
    numbers, before = _numbers(dataset, rows), dataset.dropped.mask
    numbers = numbers[before[numbers] != dropped]
    if dataset.kind == "dissimilarity":
        _require_columns(dataset, numbers)
    if dropped:
        before[numbers] = True
        if not (~before & (dataset.split == 0)).any():
            raise SessionError(f"Dataset '{dataset.name}' would have no row left to train on: drop fewer rows.")
    return _correcting(dataset, "drop", numbers, int(dropped), {"dropped": dropped})


def code_of(dataset: Dataset, value: Any) -> int:
    """The code of a class value, or of its spelling; -1 for None.

    Raises
    ------
    SessionError
        If there is no such class.
    """
    if value is None:
        return NO_LABEL
    if isinstance(value, np.generic):
        value = value.item()
    for same in (lambda known: known == value, lambda known: str(known) == str(value)):
        found = [code for code, known in enumerate(dataset.classes) if same(known)]
        if found:
            return found[0]
    names = ", ".join(str(known) for known in dataset.classes[:20]) + (" …" if len(dataset.classes) > 20 else "")
    raise SessionError(
        f"Dataset '{dataset.name}' has no class {str(value)!r}: choose one of {names}, "
        "or import the data again with rows of the new class among them."
    )


def _correcting(
    dataset: Dataset, kind: Literal["relabel", "drop"], rows: NDArray[np.int64], to: int, details: Mapping[str, Any]
) -> Correcting | None:
    if not len(rows):
        return None
    correction = Correction(dataset.made.n_made + 1, dataset.correction, kind, rows, to)
    command = correcting(dataset.id, dataset.name, kind, rows, correction.parent, correction.number, details)
    return Correcting(dataset, correction, command)


def _numbers(dataset: Dataset, rows: Rows) -> NDArray[np.int64]:
    """Row numbers, increasing and each once."""
    if isinstance(rows, np.ndarray) and rows.dtype == bool:
        rows = RowMask.of(rows)
    if not isinstance(rows, RowMask):
        return RowMask.of_rows(rows, dataset.n_rows).rows
    if rows.n_rows != dataset.n_rows:
        raise SessionError(f"The rows are of {rows.n_rows}, but dataset '{dataset.name}' has {dataset.n_rows} rows.")
    return rows.rows


def _require_columns(dataset: Dataset, rows: NDArray[np.int64]) -> None:
    """Raise SessionError if one of the rows stands, or would stand, for a column of dissimilarities."""
    if (dataset.split[rows] == 0).any():
        raise SessionError(
            f"Dataset '{dataset.name}' holds dissimilarities from the rows that are trained on, so which rows these "
            "are cannot change: import the matrix again without the rows that you do not want."
        )
