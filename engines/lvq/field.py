"""Prototypes and a metric laid out for the pass over complete rows that `relative_kernel` makes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.kernels.exact import frozen
from engines.kernels.lanes import aligned, tiled
from engines.kernels.rivals import OUTER_ROWS, lay_out
from engines.kernels.tiles import Layout, layout_of
from engines.lvq.kernels import TRANSFER
from engines.lvq.metric import Prepared, View
from engines.lvq.relative_kernel import DIAGONAL, MATRIX, PLAIN, relative_sums
from engines.lvq.sums import Sums

CHUNK_BYTES = 2**17
"""Of the rows, and what they are made into, that are worked on together: they stay in the second-level cache."""


@dataclass(frozen=True)
class Transfer:
    """φ and what is added to μ before it: see `engines.lvq.kernels.transfer`."""

    name: str
    beta: float
    margin: float

    @property
    def arguments(self) -> tuple[int, float, float]:
        return TRANSFER[self.name], self.beta, self.margin


class Seats:
    """Which prototype stands where in the tiles: the same at every point of a descent.

    Attributes
    ----------
    layout : Layout
        Of the tiles.
    slots : int32 array of shape (G·C,)
        Numbers of the prototypes, -1 for nobody.
    owners : int array of shape (G·C,)
        Their classes, as wide as the numbers of the rows.
    first : int64 array of shape (k + 1,)
        The tiles with which each view begins.
    """

    def __init__(self, views: Sequence[View], labels: NDArray[np.int64], dtype: np.dtype[Any]) -> None:
        self.dtype = dtype
        self.layout = _layout(dtype, max(len(view.which) for view in views))
        tile = self.layout.tile
        self.first = np.cumsum([0, *(-(-len(view.which) // tile) for view in views)])
        self.slots = np.full(self.first[-1] * tile, -1, np.int32)
        for view, start in zip(views, self.first[:-1] * tile, strict=True):
            self.slots[start : start + len(view.which)] = view.which
        self.owners = labels[self.slots].astype(np.int64 if dtype == np.float64 else np.int32)


class Field:
    """Prototypes and metric at one point of a descent."""

    def __init__(self, prepared: Prepared, seats: Seats) -> None:
        views, dtype, layout = prepared.views, seats.dtype, seats.layout
        self._shape, self._seats = prepared.prototypes.shape, seats
        M, d = self._shape
        self._stride = self._image_stride = _rounded(d, 2 * layout.width)
        omega, m = views[0].omega, views[0].image.shape[1]
        self._kind = PLAIN if omega is None else DIAGONAL if omega.ndim == 1 else MATRIX
        self._by_metric = {PLAIN: (0, 1, 1), DIAGONAL: (1, 1, d), MATRIX: (len(views), m, d)}[self._kind]
        roots, maps, map_layout = np.zeros(0, dtype), np.zeros((0, 0, 0, 0), dtype), layout
        if self._kind == DIAGONAL:
            roots = np.asarray(views[0].cast)
        elif self._kind == MATRIX:
            map_layout = _layout(dtype, m)
            maps = np.stack([tiled(np.asarray(view.cast), map_layout.tile) for view in views])
            self._image_stride = _rounded(maps.shape[1] * map_layout.tile, OUTER_ROWS)
        images = np.empty((M, m), dtype)
        for view in views:
            images[view.which] = view.image
        tiles, halves = aligned((int(seats.first[-1]), m, layout.tile), dtype), np.empty(len(seats.slots), dtype)
        lay_out(images, seats.slots, tiles, halves)
        self._arguments = (
            frozen(prepared.origin), self._kind, roots, maps, np.zeros(self._image_stride, dtype), tiles, halves,
            seats.owners, seats.slots, seats.first, images,
        )  # fmt: skip
        self._map_rows = map_layout.rows
        n_images = 0 if self._kind == PLAIN else len(views)
        per_row = (self._stride + n_images * self._image_stride) * dtype.itemsize
        self._chunk = max(40, min(480, CHUNK_BYTES // per_row // 40 * 40))

    def sums(
        self,
        block: NDArray[Any],
        codes: NDArray[np.int64],
        weights: NDArray[np.float64],
        transfer: Transfer,
        *,
        metric: bool,
    ) -> tuple[Sums, int]:
        """What rows (b, d) without gaps add, and how many have no finite distance: then the sums are not whole."""
        rows = self._seats.layout.rows
        moved = _zeros((self._chunk, self._stride), self._seats.dtype)
        images = moved[None]
        if self._kind != PLAIN:
            images = _zeros((max(1, self._by_metric[0]), self._chunk, self._image_stride), self._seats.dtype)
        by_prototype, factors = np.zeros(self._shape), np.zeros(self._shape[0])
        by_metric = np.zeros(self._by_metric if metric else (0, 1, 1))
        kernel: Any = relative_sums
        cost, n_right, n_lost = kernel(
            frozen(block), *self._arguments, frozen(codes), frozen(weights), *transfer.arguments, moved, images,
            np.empty(self._map_rows, np.int64), np.empty(self._map_rows, np.int64),
            np.empty(rows, np.int64), np.empty(rows, self._seats.owners.dtype),
            by_prototype, factors, by_metric, self._seats.layout.width,
        )  # fmt: skip
        by_views = tuple(by_metric[:, 0] if self._kind == DIAGONAL else by_metric)
        found = Sums(cost, n_right, by_prototype, factors, np.zeros(self._shape), by_views)
        return found, n_lost


def _layout(dtype: np.dtype[Any], n_prototypes: int) -> Layout:
    found = layout_of(dtype, n_prototypes)
    assert found is not None  # this processor can multiply and add at once
    return found


def _rounded(number: int, unit: int) -> int:
    return -(-number // unit) * unit


def _zeros(shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    found = aligned(shape, dtype)
    found[...] = 0
    return found
