"""What there is to know of the units of a map, as one frozen record; it is computed and drawn elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engines.maps.grid import Grid, Topology
from workbench.views.cells import shared
from workbench.views.plane_order import PlaneOrder
from workbench.views.unit_search import UnitSearch, find_units
from workbench.views.wording import counted, distinct, number, shorten

if TYPE_CHECKING:
    from engines.maps.folds import Folds


@dataclass(frozen=True, eq=False)
class SomData:
    """Everything about the units of a map; M = rows * cols units, numbered row by row.

    Attributes
    ----------
    rows, cols : int
    topology : {"rectangular", "hexagonal"}
    toroidal : bool
    u : (M,) float64
        Mean distance of each unit's prototype to those of its neighbours, in training units.
    hits : (M,) float64
        Rows that each unit stands for; of which rows, `counted` says.
    class_counts : (M, C) int64
        Rows of the sample by unit and class; C = 0 without labels.
    folds : Folds
        Rows of the sample whose second-best unit is no neighbour of the best.
    sampled : str
        What the rows of the sample are: "rows" or "rows of the sample".
    planes : (p, M) float64
        Value of each feature at each unit, in original units.
    plane_names, plane_units : tuple of p str
    plane_features : (p,) int64
        Numbers under which the features can be picked; empty where a recipe has made others of them to train on.
    alike : PlaneOrder
        Of the planes to show at a glance; its numbers are places in `planes`.
    n_features : int
        Features there are in all.
    class_names : tuple of C str
    counted, note : str
    """

    rows: int
    cols: int
    topology: Topology
    toroidal: bool
    u: NDArray[np.float64]
    hits: NDArray[np.float64]
    class_counts: NDArray[np.int64]
    folds: Folds
    sampled: str
    planes: NDArray[np.float64]
    plane_names: tuple[str, ...]
    plane_units: tuple[str, ...]
    plane_features: NDArray[np.int64]
    alike: PlaneOrder
    n_features: int
    class_names: tuple[str, ...]
    counted: str
    note: str

    @property
    def grid(self) -> Grid:
        """The grid, with what it has worked out before."""
        return shared(Grid(self.rows, self.cols, self.topology, self.toroidal))

    @property
    def n_units(self) -> int:
        """Units in all."""
        return self.rows * self.cols

    @property
    def has_classes(self) -> bool:
        """Whether any row of the sample has a class."""
        return bool(self.class_counts.any())

    @property
    def present(self) -> tuple[int, ...]:
        """Codes of the classes that some unit has, in order."""
        return tuple(np.flatnonzero(self.class_counts.any(axis=0)).tolist())

    def ends(self, plane: int) -> tuple[float, float]:
        """Lowest and highest value of a plane; what is but the rounding of larger values is 0."""
        low, high = float(self.planes[plane].min()), float(self.planes[plane].max())
        least = 1e-12 * max(abs(low), abs(high))
        return (0.0 if abs(low) < least else low), (0.0 if abs(high) < least else high)

    @property
    def torn(self) -> NDArray[np.float64]:
        """(M,) share of each unit's rows whose second-best unit is no neighbour; NaN for a unit without rows."""
        n_rows = self.folds.n_rows
        return np.where(n_rows > 0, self.folds.n_torn / np.maximum(1, n_rows), np.nan)

    @property
    def topographic_error(self) -> float:
        """The share of all rows of the sample; NaN without rows."""
        n_rows = int(self.folds.n_rows.sum())
        return int(self.folds.n_torn.sum()) / n_rows if n_rows else float("nan")

    def search(self, text: str) -> UnitSearch:
        """Units that fit words such as "petal length high, sepal width low"."""
        return find_units(text, self.planes, distinct(self.plane_names, 10_000), self.plane_units)

    def found(self, fits: NDArray[np.bool_]) -> str:
        """How many units and rows a search has found, in words."""
        n_units, n_rows = int(fits.sum()), float(self.hits[fits].sum())
        of_rows = f"{number(n_rows)} of {number(float(self.hits.sum()))} {self.counted}"
        return f"{n_units:,} of {counted(self.n_units, 'unit')}, {of_rows}"

    def told(self, unit: int) -> str:
        """What a unit is, in words, line by line."""
        row, col = divmod(unit, self.cols)
        lines = [
            f"unit {unit} (row {row}, column {col})",
            f"{number(float(self.u[unit]))} away from its neighbours on average",
            f"{number(float(self.hits[unit]))} {self.counted}",
        ]
        total = int(self.class_counts[unit].sum())
        most = np.argsort(-self.class_counts[unit], kind="stable")[:3] if total else ()
        lines += [
            f"{shorten(self.class_names[code], 30)}: {counted(int(self.class_counts[unit, code]), 'row')}"
            for code in most
            if self.class_counts[unit, code]
        ]
        if self.folds.n_torn[unit]:
            of_rows = f"{self.folds.n_torn[unit]:,} of {self.folds.n_rows[unit]:,} {self.sampled}"
            lines.append(f"{of_rows}: the second-best unit is not beside it")
        return "\n".join(lines)
