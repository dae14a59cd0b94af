"""What codebooks share that go on learning from further rows: `partial_fit`; how they learn is their own affair."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from engines.assignment import assigned
from engines.base import check_sample_weight, generator
from engines.blocks import block_bounds, resolve_jobs
from engines.clustering.starts import Start, check_enough_rows, seeder
from engines.euclidean import EuclideanCodebook
from engines.parameters import RandomState, check_all
from engines.survey import Sample, survey
from engines.training import StopToken

Floats = NDArray[Any]


class StreamingCodebook(EuclideanCodebook):
    """A Euclidean codebook that keeps, for each prototype, the weight of all rows it has learned from: `wins_`."""

    FITTED: ClassVar[tuple[str, ...]] = ("prototypes_", "counts_", "wins_")
    COUNT: ClassVar[str]
    """Name of the parameter that counts the prototypes."""

    init: Start
    random_state: RandomState
    wins_: NDArray[np.float64]
    inertia_: float
    n_iter_: int

    def partial_fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Learn from these rows once, in their order, going on from what is there.

        The first call places the prototypes by `init` among its rows, which must be as many at least. Afterwards
        `labels_`, `counts_` and `inertia_` tell of the rows of this call; `n_iter_` counts calls and epochs.

        Parameters
        ----------
        X : array-like of shape (n, d), or RowSource
        y : ignored
        sample_weight : array-like of shape (n,), optional

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a parameter, the rows or the weights are unfit, or the first rows are fewer than the prototypes.
        """
        check_all(self)
        first = not self.__sklearn_is_fitted__()
        rows = self._training_rows(X)[0] if first else self._new_rows(X)
        n, d = rows.shape
        weights = check_sample_weight(sample_weight, n)
        stop, n_jobs = StopToken(), resolve_jobs(self.n_jobs)
        sample = survey(rows, weights, block_bounds(n, d, rows.dtype.itemsize), n_jobs, stop)
        if first:
            n_prototypes = getattr(self, self.COUNT)
            check_enough_rows(n, weights, n_prototypes, self.COUNT)
            seed = seeder(self.init, n_prototypes, d, rows.dtype)
            prototypes = np.ascontiguousarray(seed(sample, generator(self.random_state), stop), rows.dtype)
            wins = np.zeros(n_prototypes)
        else:
            prototypes, wins = np.ascontiguousarray(self.prototypes_, rows.dtype), self.wins_
        epochs = 0 if first else getattr(self, "n_iter_", 0)
        prototypes, wins = self._learned(sample, prototypes, wins, epochs, stop)
        found = assigned(rows, weights, prototypes, n_jobs=n_jobs, stop=stop)
        self.adopt(
            {
                "prototypes_": prototypes,
                "counts_": found.counts,
                "wins_": wins,
                "labels_": found.labels,
                "inertia_": found.cost,
                "n_iter_": epochs + 1,
            }
        )
        return self

    @abstractmethod
    def _learned(
        self, sample: Sample, prototypes: Floats, wins: NDArray[np.float64], epochs: int, stop: StopToken
    ) -> tuple[Floats, NDArray[np.float64]]:
        """New prototypes and wins after these rows, in their order; `epochs` lie behind."""
