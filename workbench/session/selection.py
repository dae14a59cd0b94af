"""What is picked, shared by all views: rows as packed masks, prototypes, features; named subsets made from them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from workbench.session.errors import SessionError


@dataclass(frozen=True)
class RowMask:
    """A set of rows of one dataset, one bit each; combine with `&`, `|`, `-` and `~`.

    Attributes
    ----------
    n_rows : int
        Of the dataset.
    packed : bytes
        `numpy.packbits` of the mask; the bits past the last row are zero.
    """

    n_rows: int
    packed: bytes

    @classmethod
    def none(cls, n_rows: int) -> RowMask:
        """No row."""
        return cls(n_rows, bytes((n_rows + 7) // 8))

    @classmethod
    def of(cls, mask: NDArray[np.bool_]) -> RowMask:
        """The rows where the (n,) `mask` is True."""
        return cls(len(mask), np.packbits(mask).tobytes())

    @classmethod
    def of_rows(cls, rows: Iterable[int] | NDArray[np.integer[Any]], n_rows: int) -> RowMask:
        """The rows of these numbers; raises SessionError for one that is not there."""
        numbers = np.asarray(rows if isinstance(rows, np.ndarray) else list(rows), dtype=np.int64)
        if numbers.size and not (numbers.min() >= 0 and numbers.max() < n_rows):
            wrong = int(numbers.min() if numbers.min() < 0 else numbers.max())
            raise SessionError(f"There is no row {wrong}: the dataset has the rows 0 to {n_rows - 1}.")
        mask = np.zeros(n_rows, bool)
        mask[numbers] = True
        return cls.of(mask)

    @property
    def mask(self) -> NDArray[np.bool_]:
        """(n,) bool."""
        return np.unpackbits(np.frombuffer(self.packed, np.uint8), count=self.n_rows).view(bool)

    @property
    def rows(self) -> NDArray[np.int64]:
        """The row numbers, increasing."""
        return np.flatnonzero(self.mask)

    def __len__(self) -> int:
        return int(np.bitwise_count(np.frombuffer(self.packed, np.uint8)).sum())

    def __and__(self, other: RowMask) -> RowMask:
        return RowMask(self.n_rows, (self._bits() & other._bits_for(self)).tobytes())

    def __or__(self, other: RowMask) -> RowMask:
        return RowMask(self.n_rows, (self._bits() | other._bits_for(self)).tobytes())

    def __sub__(self, other: RowMask) -> RowMask:
        return RowMask(self.n_rows, (self._bits() & ~other._bits_for(self)).tobytes())

    def __invert__(self) -> RowMask:
        return RowMask.of(~self.mask)

    def _bits(self) -> NDArray[np.uint8]:
        return np.frombuffer(self.packed, np.uint8)

    def _bits_for(self, other: RowMask) -> NDArray[np.uint8]:
        if self.n_rows != other.n_rows:
            raise SessionError(
                f"A subset of {other.n_rows} rows and one of {self.n_rows} cannot be combined: "
                "they belong to different datasets."
            )
        return self._bits()


@dataclass(frozen=True)
class Subset:
    """A named set of rows of one dataset, kept in the project."""

    id: str
    name: str
    dataset: str
    rows: RowMask
    hidden: bool = False


Combination = Literal["replace", "and", "or", "not"]


class Selection:
    """What is picked now; one for all views, not kept in the project, no command.

    Thread-safe. Views remember `version` and look again when it has moved.

    Attributes
    ----------
    version : int
        Grows with every change.
    """

    def __init__(self, changed: Callable[[], None] = lambda: None) -> None:
        self._changed = changed
        self._lock = threading.Lock()
        self._rows: dict[str, RowMask] = {}
        self._prototypes: dict[str, frozenset[int]] = {}
        self._features: dict[str, frozenset[int]] = {}
        self.version = 0

    def rows(self, dataset: str, n_rows: int) -> RowMask:
        """The picked rows of the dataset with the id `dataset`, which has `n_rows`."""
        with self._lock:
            return self._rows.get(dataset) or RowMask.none(n_rows)

    def prototypes(self, run: str) -> frozenset[int]:
        """The picked prototypes of the run with the id `run`."""
        with self._lock:
            return self._prototypes.get(run, frozenset())

    def features(self, dataset: str) -> frozenset[int]:
        """The picked features of the dataset with the id `dataset`."""
        with self._lock:
            return self._features.get(dataset, frozenset())

    def pick_rows(self, dataset: str, rows: RowMask, how: Combination = "replace") -> None:
        """Make `rows` the picked ones, or keep those also in it, add it, or take it out.

        Raises
        ------
        SessionError
            If `rows` is for another number of rows than the picked ones.
        """
        with self._lock:
            self._rows[dataset] = combine(self._rows.get(dataset, RowMask.none(rows.n_rows)), rows, how)
            self.version += 1
        self._changed()

    def pick_prototypes(self, run: str, prototypes: Iterable[int], how: Combination = "replace") -> None:
        """Make `prototypes` the picked ones of the run with the id `run`, or combine them with these."""
        self._pick_numbers(self._prototypes, run, prototypes, how)

    def pick_features(self, dataset: str, features: Iterable[int], how: Combination = "replace") -> None:
        """Make `features` the picked ones of the dataset with the id `dataset`, or combine them with these."""
        self._pick_numbers(self._features, dataset, features, how)

    def _pick_numbers(
        self, picked: dict[str, frozenset[int]], key: str, numbers: Iterable[int], how: Combination
    ) -> None:
        with self._lock:
            before, new = picked.get(key, frozenset()), frozenset(map(int, numbers))
            picked[key] = {"replace": new, "and": before & new, "or": before | new, "not": before - new}[how]
            self.version += 1
        self._changed()

    def clear(self) -> None:
        """Pick nothing."""
        with self._lock:
            self._rows, self._prototypes, self._features = {}, {}, {}
            self.version += 1
        self._changed()


def combine(one: RowMask, other: RowMask, how: Combination) -> RowMask:
    """`other`, or `one` and `other`, `one` or `other`, `one` but not `other`."""
    if how == "replace":
        return other
    if how == "and":
        return one & other
    return one | other if how == "or" else one - other
