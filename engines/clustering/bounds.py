"""What rows remember of their distances between Lloyd's iterations, so that few look at prototypes again."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.kernels.bounds import CHUNK, bounded_labels
from engines.kernels.exact import Labels, frozen
from engines.kernels.nearest import Codebook, Frame, Placed
from engines.kernels.tiles import layout_of

Floats = NDArray[Any]


class Bounds:
    """Bounds of n rows under K prototypes that move step by step; labels are those of a full search.

    A row has 2 + ⌈K / C⌉ numbers, C being the prototypes in a tile of the search.
    """

    def __init__(self, n_rows: int, prototypes: Floats, frame: Frame) -> None:
        layout = layout_of(prototypes.dtype)
        assert layout is not None
        n_prototypes, tile = len(prototypes), layout.tile
        self._frame = frame
        self._order = similar_together(prototypes, tile)
        n_tiles = -(-n_prototypes // tile)
        self._tile_of = np.empty(n_prototypes, np.int32)
        self._tile_of[self._order] = np.arange(n_prototypes) // tile
        self._upper = np.full(n_rows, np.inf, prototypes.dtype)
        self._lowest = np.full(n_rows, -np.inf, prototypes.dtype)
        self._lower = np.full((n_rows, n_tiles), -np.inf, prototypes.dtype)
        self._travelled = np.zeros(n_prototypes)
        self._tile_travelled = np.zeros(n_tiles)
        self._farthest = 0.0
        self._prototypes = prototypes

    def follow(self, prototypes: Floats) -> Codebook:
        """Let the prototypes move to `prototypes` (K, d); gives the codebook in which rows are to be labelled now."""
        moves = prototypes.astype(np.float64) - self._prototypes
        steps = np.linalg.norm(moves, axis=1) * self._frame.scale * (1 + 1e-9)
        tile_steps = np.zeros(len(self._tile_travelled))
        np.maximum.at(tile_steps, self._tile_of, steps)
        self._travelled = self._travelled + steps
        self._tile_travelled = self._tile_travelled + tile_steps
        self._farthest += float(steps.max())
        self._prototypes = prototypes
        return Codebook(prototypes, self._frame, self._order)

    def label(self, codebook: Codebook, placed: Placed, labels: Labels, start: int) -> NDArray[np.intp]:
        """Renew the labels (b,) of rows from number `start` on; gives those in doubt, counted from there."""
        tiles = codebook.tiles
        assert tiles is not None
        rows, n_tiles, dtype = placed.rows, len(tiles.tiles), placed.rows.dtype
        here = slice(start, start + len(labels))
        doubtful = np.empty(len(labels), np.intp)
        room = CHUNK + tiles.layout.rows
        n_doubtful, _ = bounded_labels(
            frozen(rows),
            frozen(placed.norms),
            tiles.tiles,
            tiles.halves,
            tiles.slots,
            self._tile_of,
            tiles.far,
            tiles.reach,
            tiles.chain,
            tiles.blur,
            float(np.finfo(dtype).eps),
            self._travelled,
            self._tile_travelled,
            self._farthest,
            labels,
            self._upper[here],
            self._lowest[here],
            self._lower[here],
            doubtful,
            np.empty(tiles.layout.rows, np.int64),
            np.empty(room, dtype),
            np.empty(room, dtype),
            np.empty(room, np.int32),
            np.empty(CHUNK, np.int64),
            np.empty(CHUNK),
            np.empty(CHUNK),
            np.empty(CHUNK),
            np.empty(CHUNK, np.int32),
            np.empty(CHUNK, np.int32),
            np.empty(CHUNK),
            np.empty((n_tiles, CHUNK), np.int32),
            np.empty(n_tiles, np.int64),
        )
        return doubtful[:n_doubtful]


def bytes_of_bounds(n_rows: int, n_prototypes: int, dtype: np.dtype[Any]) -> int:
    """Memory that the bounds of so many rows take."""
    layout = layout_of(dtype)
    n_tiles = 0 if layout is None else -(-n_prototypes // layout.tile)
    return n_rows * (2 + n_tiles) * dtype.itemsize


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
