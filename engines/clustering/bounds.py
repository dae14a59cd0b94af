"""What rows remember of their distances between Lloyd's iterations, so that few look at prototypes again."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.kernels.bounds import Memory, Rounding, Scratch, Travel, bounded_labels, scratch
from engines.kernels.exact import Labels, frozen
from engines.kernels.nearest import Codebook, Frame, Placed
from engines.kernels.tiles import layout_of

Floats = NDArray[Any]

OVERHEAD = 50
"""What asking a tile costs beside its products: as much as this many columns do."""
SMALL_PRICE = 1.3
"""Where asking costs at most so many times as much a tile as searching all does, it is tried from the start."""


class Bounds:
    """Bounds of n rows under K prototypes that move step by step; labels are those of a full search.

    A row has 1 + ⌈K / C⌉ numbers, C being the prototypes in a tile of the search. Asking single tiles costs more a
    tile than searching all, so most rows of a chunk are searched in full until it has been tried whether asking pays;
    where it does not, it is tried again after twice as many steps.
    """

    def __init__(self, cuts: list[tuple[int, int]], prototypes: Floats, frame: Frame) -> None:
        layout = layout_of(prototypes.dtype, len(prototypes))
        assert layout is not None
        n_prototypes, d = prototypes.shape
        self._layout, self._frame, self._prototypes = layout, frame, prototypes
        self._order = similar_together(prototypes, layout.tile)
        n_tiles = -(-n_prototypes // layout.tile)
        self._tile_of = np.empty(n_prototypes, np.int32)
        self._tile_of[self._order] = np.arange(n_prototypes) // layout.tile
        dtype = prototypes.dtype
        self._memory = {
            start: Memory(np.full(stop - start, -np.inf, dtype), np.full((n_tiles, stop - start), -np.inf, dtype))
            for start, stop in cuts
        }
        self._n_pairs = cuts[-1][1] * n_tiles
        self._both_travelled, self._tiles_travelled = np.zeros(n_prototypes), np.zeros(n_tiles)
        self._price = 1.0 + OVERHEAD / d
        self._rounding: Rounding
        self._travel: Travel
        self._rooms: list[Scratch] = []  # one for each thread that is at work
        self._asked: list[int] = []
        self._n_trials, self._next_wait = 0, 4
        self._several = n_tiles > 1  # a single tile is either asked or not: there is nothing to try
        self._wait = 0 if self._price < SMALL_PRICE else 3

    def follow(self, prototypes: Floats) -> Codebook:
        """Let the prototypes move to `prototypes` (K, d); gives the codebook in which rows are to be labelled now."""
        moves = prototypes.astype(np.float64) - self._prototypes
        steps = np.linalg.norm(moves, axis=1) * self._frame.scale * (1 + 1e-9)
        tile_steps = np.zeros(len(self._tiles_travelled))
        np.maximum.at(tile_steps, self._tile_of, steps)
        others = np.full(len(steps), steps.max())
        others[np.argmax(steps)] = np.partition(steps, -2)[-2] if len(steps) > 1 else 0.0
        self._both_travelled = self._both_travelled + steps + others
        self._tiles_travelled = self._tiles_travelled + tile_steps
        self._prototypes = prototypes
        self._review()
        codebook = Codebook(prototypes, self._frame, self._order)
        tiles, up = codebook.tiles, 1 + 4 * float(np.finfo(prototypes.dtype).eps)
        assert tiles is not None
        self._rounding = Rounding(tiles.far, tiles.reach, tiles.chain, tiles.blur)
        self._travel = Travel(
            (self._both_travelled * up).astype(prototypes.dtype),
            (self._tiles_travelled * up).astype(prototypes.dtype),
        )
        return codebook

    def label(
        self, codebook: Codebook, placed: Placed, labels: Labels, start: int, first: int, last: int
    ) -> NDArray[np.intp]:
        """Renew the labels (b,) of rows `first` to `last` of the block from row `start` on; gives those in doubt."""
        tiles = codebook.tiles
        assert tiles is not None
        doubtful = np.empty(last - first, np.intp)
        try:
            room = self._rooms.pop()
        except IndexError:  # asked, not looked up before: another thread may take the last one in between
            room = scratch(len(tiles.tiles), placed.rows.dtype, self._layout)
        n_doubtful, n_asked = bounded_labels(
            frozen(placed.rows),
            frozen(placed.norms),
            first,
            last,
            tiles.tiles,
            tiles.halves,
            tiles.slots,
            self._tile_of,
            self._rounding,
            self._travel,
            self._memory[start],
            1.0 if self._wait == 0 else self._price,
            labels,
            doubtful,
            room,
        )
        self._rooms.append(room)
        self._asked.append(n_asked)
        return doubtful[:n_doubtful]

    def _review(self) -> None:
        """Decide whether rows ask single tiles in the next pass, by what the last one asked."""
        share = sum(self._asked) / self._n_pairs
        self._asked = []
        if self._wait > 0:
            self._wait -= self._several
            self._n_trials = int(self._wait == 0)
        else:
            self._n_trials += 1
            if self._n_trials > 2 and share * self._price > 1:  # the first pass that asks has nothing to go by
                self._wait = self._next_wait = 2 * self._next_wait


def bytes_of_bounds(n_rows: int, n_prototypes: int, dtype: np.dtype[Any]) -> int:
    """Memory that the bounds of so many rows take."""
    layout = layout_of(dtype, n_prototypes)
    n_tiles = 0 if layout is None else -(-n_prototypes // layout.tile)
    return n_rows * (1 + n_tiles) * dtype.itemsize


def similar_together(prototypes: Floats, tile: int) -> NDArray[np.int32]:
    """An order (K,) of the prototypes in which each `tile` of them that follow one another are near each other.

    The prototypes are halved at the middle of their longest axis, and the halves again.
    """
    centred = prototypes.astype(np.float64) - prototypes.mean(axis=0, dtype=np.float64)

    def ordered(members: NDArray[np.intp]) -> NDArray[np.intp]:
        if len(members) <= tile:
            return members
        own = centred[members] - centred[members].mean(axis=0)
        axis = own[np.argmax(np.einsum("kd,kd->k", own, own))]
        for _ in range(5):  # power iterations: any direction will do, a long one is better
            length = np.linalg.norm(axis)
            if length == 0:
                return members
            axis = own.T @ (own @ (axis / length))
        n_tiles = -(-len(members) // tile)
        middle = (n_tiles + 1) // 2 * tile
        ranked = members[np.argsort(own @ axis, kind="stable")]
        return np.concatenate([ordered(ranked[:middle]), ordered(ranked[middle:])])

    return ordered(np.arange(len(prototypes))).astype(np.int32)
