"""The granular distance as fitted arrays, and the rule that learns by it; the estimator lives in `granular`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from engines.clustering.competitive import Schedule
from engines.kernels.exact import frozen
from engines.kernels.granules import granulate, show_granules, squared_granular_distances
from engines.lvq.gaps import HeldRows
from engines.lvq.metric import observed
from engines.lvq.rules import Piece, Rule
from engines.training import StopToken

Floats = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Granulation:
    """What granules are made of, and how they are compared.

    Attributes
    ----------
    references : (r, d)
        Sorted by columns, NaN last.
    radii : (d,)
        Values that differ by no more are near.
    relative : bool
        Whether a difference counts in relation to the two granules, not to all references.
    """

    references: Floats
    radii: Floats
    relative: bool

    def prepare(self, prototypes: Floats, origin: NDArray[np.float64], dtype: np.dtype[Any]) -> Granulated:
        """Prototypes (M, d), ready to be compared with blocks of `dtype`; no origin is needed."""
        return Granulated(self.arrays(dtype), frozen(np.ascontiguousarray(prototypes, dtype)), self.relative)

    def arrays(self, dtype: np.dtype[Any]) -> tuple[Floats, NDArray[np.int64], Floats]:
        """References (r, d), the number of values of each feature (d,) and the radii (d,), for kernels."""
        counts = np.count_nonzero(~np.isnan(self.references), axis=0)
        references, radii = (np.ascontiguousarray(values, dtype) for values in (self.references, self.radii))
        return frozen(references), frozen(counts), frozen(radii)


@dataclass(frozen=True, eq=False)
class Granulated:
    """Prototypes (M, d) and a granulation, ready to be compared with blocks of one float type."""

    arrays: tuple[Floats, NDArray[np.int64], Floats]
    prototypes: Floats
    relative: bool

    @property
    def work(self) -> int:
        """Multiply-adds per number of a row, about."""
        return 4 * len(self.prototypes) + 64

    def distances(self, block: Floats) -> Floats:
        """Squared distances (M, b) of the rows of a (b, d) block; raises ValueError if a row has no value at all."""
        observed(~np.isnan(block))
        D = np.empty((len(self.prototypes), len(block)), block.dtype)
        references, counts, radii = self.arrays
        squared_granular_distances(frozen(block), self.prototypes, references, counts, radii, self.relative, D)
        return D


@dataclass(frozen=True, eq=False)
class GranularStand:
    """Prototypes (M, d) and their granules while rows are shown."""

    prototypes: Floats
    lower: NDArray[np.int32]
    upper: NDArray[np.int32]
    labels: NDArray[np.int64]
    movable: NDArray[np.bool_]
    distances: NDArray[np.float64]
    memory: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class GranularWinner(Rule):
    """LVQ1 by the granular distance.

    Attributes
    ----------
    delta : float
        Radius in standard deviations of the references.
    n_references : int
        The most that there are.
    cooperation : float
        Share of the winner's rate at which its first neighbour moves.
    granulation : Granulation or None
        None before rows were looked at.
    """

    TAKEN: ClassVar[tuple[str, ...]] = ("references_", "radii_")

    schedule: Schedule
    delta: float
    relative: bool
    cooperation: float
    n_references: int
    granulation: Granulation | None = field(default=None)

    def of_rows(self, rows: HeldRows, rng: np.random.Generator, stop: StopToken) -> Rule:
        index = np.flatnonzero(rows.data.weights)
        if len(index) > self.n_references:
            index = np.sort(rng.choice(index, self.n_references, replace=False))
        references = np.sort(rows.array[index], axis=0)
        seen = ~np.isnan(references)
        n_seen = np.maximum(np.count_nonzero(seen, axis=0), 1)
        values = np.where(seen, references, 0).astype(np.float64)
        gaps = np.where(seen, values - values.sum(axis=0) / n_seen, 0)
        radii = self.delta * np.sqrt(np.square(gaps).sum(axis=0) / n_seen)
        return replace(self, granulation=Granulation(references, radii.astype(references.dtype), self.relative))

    def of_taken(self, taken: Mapping[str, Floats]) -> Rule:
        return replace(self, granulation=Granulation(taken["references_"], taken["radii_"], self.relative))

    @property
    def taken(self) -> Mapping[str, Floats]:
        return {"references_": self._granulation.references, "radii_": self._granulation.radii}

    def prepare(self, prototypes: Floats, origin: NDArray[np.float64], dtype: np.dtype[Any]) -> Granulated:
        return self._granulation.prepare(prototypes, origin, dtype)

    def begin(
        self,
        prototypes: Floats,
        labels: NDArray[np.int64],
        movable: NDArray[np.bool_],
        memory: NDArray[np.float64],
    ) -> GranularStand:
        lower, upper = np.empty(prototypes.shape, np.int32), np.empty(prototypes.shape, np.int32)
        granulate(frozen(prototypes), *self._granulation.arrays(prototypes.dtype), lower, upper)
        scratch = np.empty(len(prototypes))
        return GranularStand(prototypes.copy(), lower, upper, frozen(labels), frozen(movable), scratch, memory)

    def show(self, piece: Piece, stand: GranularStand) -> int:
        rows, codes, rates = frozen(piece.rows), frozen(piece.codes), piece.rates()
        granulation, granules = self._granulation.arrays(rows.dtype), (stand.lower, stand.upper)
        kernel: Any = show_granules
        return int(
            kernel(
                rows,
                codes,
                rates,
                self.cooperation,
                self.relative,
                granulation,
                stand.prototypes,
                granules,
                stand.labels,
                stand.movable,
                stand.distances,
            )
        )

    def end(self, stand: GranularStand) -> tuple[Floats, NDArray[np.float64]]:
        return stand.prototypes, stand.memory

    @property
    def _granulation(self) -> Granulation:
        assert self.granulation is not None
        return self.granulation
