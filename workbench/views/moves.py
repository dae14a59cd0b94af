"""Rows that one run gives to a prototype and another run not to its partner: where they went, and how to pick them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.views.picking import Pick
from workbench.views.scene import Array, Scene
from workbench.views.scene_rows import Block

Codes = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Move:
    """Rows of one prototype of the first run that are with one of the second run which is not its partner.

    Attributes
    ----------
    source, target : int
        The prototypes of the first and of the second run.
    partner : int
        Of `source` in the second run; -1 for none.
    rows : (k,) int64
        Row numbers, of those that are compared.
    """

    source: int
    target: int
    partner: int
    rows: Codes

    @property
    def words(self) -> str:
        """From where to where."""
        stay = "which has no partner" if self.partner < 0 else f"whose partner is #{self.partner}"
        return f"from #{self.source}, {stay}, to #{self.target}"


def moves_of(rows: Codes, cells: tuple[Codes, Codes], partners: Codes) -> tuple[Move, ...]:
    """The moves, that of the most rows first.

    Parameters
    ----------
    rows : (m,) row numbers
    cells : (m,) and (m,)
        Prototype of each row in the first and in the second run.
    partners : (M,) partner of each prototype of the first run; -1 for none
    """
    moved = np.flatnonzero(partners[cells[0]] != cells[1])
    pairs, which = np.unique(np.column_stack([cells[0][moved], cells[1][moved]]), axis=0, return_inverse=True)
    order = np.argsort(which.ravel(), kind="stable")
    ends = np.searchsorted(which.ravel()[order], np.arange(1, len(pairs)))
    found = [
        Move(source, target, int(partners[source]), rows[moved[mine]])
        for (source, target), mine in zip(pairs.tolist(), np.split(order, ends), strict=False)
    ]
    return tuple(sorted(found, key=lambda move: -len(move.rows)))


@dataclass(frozen=True, eq=False)
class Moved:
    """What a person picks of two runs; where rows were drawn from more, the others that went the same way come along.

    Attributes
    ----------
    moves : tuple of Move
    partners : (M,) int64
        Of each prototype of the first run; -1 for none.
    scenes : (Scene, Scene) or None
        Of both runs; None where all rows are compared.
    """

    moves: tuple[Move, ...]
    partners: Codes
    scenes: tuple[Scene, Scene] | None

    def pick(self, move: Move) -> Pick:
        """The rows of one move."""
        return self._pick(move.rows, lambda one, other: (one == move.source) & (other == move.target))

    def pick_all(self) -> Pick:
        """Every row that moved."""
        rows = np.concatenate([move.rows for move in self.moves]) if self.moves else np.empty(0, np.int64)
        return self._pick(rows, lambda one, other: self.partners[one] != other)

    def pick_second(self, prototype: int, rows: Codes) -> Pick:
        """The rows of a prototype of the second run, of which `rows` are known."""
        return self._pick(rows, lambda one, other: other == prototype)

    def _pick(self, rows: Codes, meant: Callable[[Codes, Codes], NDArray[np.bool_]]) -> Pick:
        known = tuple(np.sort(rows).tolist())
        if self.scenes is None:
            return Pick(rows=known)
        first, second = self.scenes

        def test(block: Block) -> NDArray[np.bool_]:
            one, other = _taken(first, block.X), _taken(second, block.X)
            both = (one >= 0) & (other >= 0)
            both[both] = meant(one[both], other[both])
            return both

        return Pick(rows=known, test=lambda _: test)


def _taken(scene: Scene, X: Array) -> Codes:
    """(k,) prototype of each row; -1 for rows in which something is missing, which are not compared."""
    found = np.full(len(X), -1, np.int64)
    whole = np.isfinite(X).all(axis=1)
    if whole.any():
        found[whole] = scene.nearest_to(X[whole])
    return found
