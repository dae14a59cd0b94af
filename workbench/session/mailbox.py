"""What the worker leaves for those who draw: the newest snapshot, and the curves so far; no waiting on either side."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")


class Mailbox(Generic[T]):
    """One slot that always holds the newest thing put there.

    Attributes
    ----------
    sequence : int
        How many things were put so far; a reader that remembers it knows whether there is anything new.
    """

    def __init__(self) -> None:
        self._slot: tuple[int, T | None] = (0, None)

    @property
    def sequence(self) -> int:
        return self._slot[0]

    @property
    def latest(self) -> T | None:
        return self._slot[1]

    def put(self, thing: T) -> None:
        """Replace what is there; for one writing thread."""
        self._slot = (self._slot[0] + 1, thing)

    def swap(self, thing: T) -> None:
        """Put an equal thing in its place, which nobody needs to look at anew."""
        self._slot = (self._slot[0], thing)


class Curves:
    """Growing columns of numbers that one thread extends while others read them.

    Columns have equal lengths at every moment; a column that begins late is NaN before, one that pauses is NaN there.
    """

    def __init__(self, columns: Mapping[str, NDArray[np.float64] | list[float]] | None = None) -> None:
        self._lock = threading.Lock()
        self._columns: dict[str, NDArray[np.float64]] = {}
        self._length = 0
        if columns:
            self.replace(columns)

    def __len__(self) -> int:
        return self._length

    def append(self, values: Mapping[str, float]) -> None:
        """Add one entry to every column."""
        with self._lock:
            n = self._length
            for name, value in values.items():
                column = self._columns.get(name)
                if column is None or n == len(column):
                    column = self._columns[name] = _grown(column, n)
                column[n] = value
            for name, column in self._columns.items():
                if name not in values:
                    if n == len(column):
                        column = self._columns[name] = _grown(column, n)
                    column[n] = np.nan
            self._length = n + 1

    def replace(self, columns: Mapping[str, NDArray[np.float64] | list[float]]) -> None:
        """Start over with `columns`, all of one length."""
        with self._lock:
            self._columns = {name: np.array(column, dtype=np.float64) for name, column in columns.items()}
            self._length = min((len(column) for column in self._columns.values()), default=0)

    def arrays(self) -> dict[str, NDArray[np.float64]]:
        """The columns so far as read-only views, which later entries never change."""
        with self._lock:
            views = {name: column[: self._length] for name, column in self._columns.items()}
        for view in views.values():
            view.flags.writeable = False
        return views


def _grown(column: NDArray[np.float64] | None, n: int) -> NDArray[np.float64]:
    grown = np.full(max(64, 2 * n), np.nan)
    if column is not None:
        grown[:n] = column[:n]
    return grown
