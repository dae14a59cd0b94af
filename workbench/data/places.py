"""Where the patches of a dataset lie in the pictures they were cut from: told by the names of its rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_AT_ONCE = 20_000
_MOST_DIGITS = 7


@dataclass(frozen=True, eq=False)
class Places:
    """The upper left pixel of every patch.

    Attributes
    ----------
    pictures : tuple of p str
        Their names, in the order in which they come.
    sizes : (p, 2) int64
        Height and width; of a picture whose own are not known, as far as patches reach.
    picture : (n,) int32
        Which picture each patch is of.
    top, left : (n,) int32
        In pixels.
    """

    pictures: tuple[str, ...]
    sizes: NDArray[np.int64]
    picture: NDArray[np.int32]
    top: NDArray[np.int32]
    left: NDArray[np.int32]


def place_name(picture: str, top: int, left: int) -> str:
    """The name of a row that is a patch: its picture's, with the row and column of its upper left pixel."""
    return f"{picture}:{top},{left}"


def places_of(
    names: NDArray[Any] | None, side: tuple[int, int], sizes: Mapping[str, tuple[int, int]] | None = None
) -> Places | None:
    """The places that names of rows (n,) tell, as `place_name` makes them; None where one does not.

    Parameters
    ----------
    names : (n,) array of str, or None
    side : (h, w)
        Of a patch.
    sizes : mapping, optional
        Height and width of pictures by name.
    """
    if names is None:
        return None
    known: dict[str, int] = {}
    parts = []
    for start in range(0, len(names), _AT_ONCE):
        part = _read(np.array(names[start : start + _AT_ONCE].tolist(), np.str_), known)
        if part is None:
            return None
        parts.append(part)
    if not parts:
        return None
    picture, top, left = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    reached = np.zeros((len(known), 2), np.int64)
    for axis, corner in enumerate((top, left)):
        np.maximum.at(reached[:, axis], picture, corner.astype(np.int64) + side[axis])
    for name, which in known.items():
        reached[which] = np.maximum(reached[which], (sizes or {}).get(name, (0, 0)))
    return Places(tuple(known), reached, picture, top, left)


def _read(
    names: NDArray[np.str_], known: dict[str, int]
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]] | None:
    """Picture, top and left (k,) of some names; pictures that are new become `known`."""
    pictures, _, place = np.strings.rpartition(names, ":")
    tops, _, lefts = np.strings.partition(place, ",")
    if (pictures == "").any() or not all(_are_numbers(part) for part in (tops, lefts)):
        return None
    starts = np.flatnonzero(np.append(True, pictures[1:] != pictures[:-1]))
    which = [known.setdefault(str(pictures[start]), len(known)) for start in starts.tolist()]
    picture = np.repeat(np.array(which, np.int32), np.diff(np.append(starts, len(names))))
    return picture, tops.astype(np.int32), lefts.astype(np.int32)


def _are_numbers(texts: NDArray[np.str_]) -> bool:
    """Whether all are whole numbers of pixels that a picture can have."""
    return bool((np.strings.isdecimal(texts) & (np.strings.str_len(texts) <= _MOST_DIGITS)).all())
