"""How strongly units of a map learn with the winner, by their distance on the grid, and sums under that strength."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from engines.maps.grid import Grid

Kind = Literal["gaussian", "bubble", "mexican_hat"]
Doubles = NDArray[np.float64]

LEAST_SHARE = 1e-250
"""A unit to whose neighbourhood less than this share of all weight belongs is given no new place: digits run out."""


@dataclass(frozen=True)
class Neighbourhood:
    """Strength h of the bond between units at distance r on the grid, of width σ.

    gaussian: exp(−r²/2σ²); bubble: 1 up to r = σ, then 0; mexican_hat: (1 − r²/σ²) exp(−r²/2σ²), negative beyond σ.
    With σ = 0 the winner stands alone: h is 1 at r = 0 and else 0.
    """

    kind: Kind
    sigma: float
    grid: Grid

    @property
    def table(self) -> Doubles:
        """h by offset on the grid, laid out as `Grid.offsets`."""
        return self.strength(self.grid.offsets)

    def strength(self, r: Doubles) -> Doubles:
        """h at distances r on the grid, of any shape."""
        if self.sigma == 0:
            return np.where(r == 0, 1.0, 0.0)
        if self.kind == "bubble":
            return np.where(r <= self.sigma * (1 + 1e-12), 1.0, 0.0)  # r of a hexagonal grid is rounded
        squares = (r / self.sigma) ** 2
        bell = np.exp(-squares / 2)
        strength: Doubles = bell if self.kind == "gaussian" else (1 - squares) * bell
        return strength

    def placed(
        self, prototypes: NDArray[Any], sums: Doubles, counts: Doubles, origin: Doubles | float = 0.0
    ) -> NDArray[Any]:
        """Prototypes (M, d) after one batch step from these, by cells' weights (M,) and sums (M, d) of w(x − origin).

        w_k = Σ h x / Σ h over all rows. Where h can be negative, w_k moves by Σ h (x − w_k) / Σ |h| instead, which is
        the same for h ≥ 0, and only while rows pull it at least twice as much as they push it, Σ h ≥ Σ |h| / 3: so
        it never ends up more than three times as far from the origin as some row, where Σ h x / Σ h can be anywhere.
        A unit in whose neighbourhood there are no rows stays.
        """
        spread = self._sum(np.column_stack([sums, counts]))
        pulls, mass = spread[:, :-1], spread[:, -1]
        moved = mass > LEAST_SHARE * counts.sum()
        if self.kind == "mexican_hat":
            size = self._strips(np.abs(self.table), counts[:, None])[:, 0]
            moved &= mass >= size / 3
        safe = np.where(moved, mass, 1.0)[:, None]
        means = pulls / safe + origin
        if self.kind == "mexican_hat":
            share = safe / np.where(moved, size, 1.0)[:, None]
            means = prototypes + share * (means - prototypes)
        placed: NDArray[Any] = np.where(moved[:, None], means, prototypes).astype(prototypes.dtype)
        return placed

    def _sum(self, values: Doubles) -> Doubles:
        """Σ_l h_kl values_l for every unit k: (M, e) from (M, e)."""
        return self._separately(values) if self.kind == "gaussian" else self._strips(self.table, values)

    def _strips(self, table: Doubles, values: Doubles) -> Doubles:
        """The sum with any table, for one row of units after the other."""
        rows, cols = self.grid.rows, self.grid.cols
        found = np.empty_like(values)
        for row in range(rows):
            lines = table[row % len(table), rows - 1 - row : 2 * rows - 1 - row]
            strip = sliding_window_view(lines, cols, axis=1)[:, ::-1].transpose(1, 0, 2)
            found[row * cols : (row + 1) * cols] = strip.reshape(cols, -1) @ values
        return found

    def _separately(self, values: Doubles) -> Doubles:
        """The sum with a Gaussian, which is the product of one across and one down."""
        grid, parities = self.grid, self.grid.n_parities
        x, y = grid.positions.reshape(grid.rows, grid.cols, 2).transpose(2, 0, 1)
        layers = values.reshape(grid.rows, grid.cols, -1)
        down = self.strength(grid.shorter(np.abs(y[:, None, 0] - y[None, :, 0]), 1))
        found = np.empty_like(layers)
        for parity in range(parities):
            rows = np.arange(grid.rows) % parities if parities == 2 else np.zeros(1, np.intp)
            target, sources = x[min(parity, grid.rows - 1)], x[: min(parities, grid.rows)]
            across = self.strength(grid.shorter(np.abs(target[None, :, None] - sources[:, None, :]), 0))
            smoothed = np.matmul(across[rows], layers)
            found[parity::parities] = np.tensordot(down[parity::parities], smoothed, 1)
        return found.reshape(values.shape)
