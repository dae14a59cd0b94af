"""LBG: a codebook that doubles by splitting its cells, with Lloyd's iteration at each size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClusterMixin

from engines.base import check_sample_weight
from engines.blocks import resolve_jobs
from engines.clustering.lloyd import Lloyd, Plan
from engines.clustering.prototype_learner import Validator
from engines.clustering.splitting import Cuts, cuts
from engines.clustering.starts import Seeder, check_enough_rows
from engines.euclidean import EuclideanCodebook
from engines.parameters import Param
from engines.rows import RowSource
from engines.training import Learner, Snapshot, State, StopToken

Floats = NDArray[Any]
FROM_LLOYD = ("error_per_row", "error_per_component", "shift", "changed", "n_empty", "n_reseeded")


class LBG(ClusterMixin, EuclideanCodebook):  # type: ignore[misc]
    """A codebook grown from the mean of all rows by splitting, with Lloyd's iteration at each size; no chance in it.

    Every prototype w becomes two, w ± ε·std, where std holds the standard deviation of each column over the rows of
    its cell; then Lloyd runs on all rows until the cost falls by no more than the share `tol` in an iteration, and
    so on until there are `n_clusters`. Where fewer than all cells are to be split, those of the highest distortion
    are. A cell that becomes empty is put on the row farthest from its prototype.

    Three choices are ours. Each component of std bears the sign of that column's covariance with the column of
    largest deviation, as w ± ε·std itself would not divide a cell that extends across it. A step counts a split
    together with the first Lloyd iteration after it, as w ± ε·std alone may cost more than w. And where a split so
    made costs more than the codebook before it (ε too large, or too small for the rows' precision), the halves of
    the cells on either side of their means take its place, which never cost more. So the cost never rises.

    A cell of equal rows is not split: where there are too few different rows, the codebook stays smaller than
    `n_clusters`. float32 and float64 rows are computed in their own precision; the result has the same bits for any
    `n_jobs`, in memory or read from a `RowSource`.

    Parameters
    ----------
    n_clusters : int
        Prototypes K to arrive at; no power of two is needed.
    epsilon : float
        Distance of new prototypes from the one that was split, in standard deviations of the cell's columns.
    max_iter : int
        Most iterations at each size.
    tol : float
        Relative fall of the cost in an iteration that is too small to go on with this size.
    n_jobs : int or None
        Threads; None is all cores, -1 too.

    Attributes
    ----------
    prototypes_, cluster_centers_ : ndarray of shape (M, d)
        M is `n_clusters`, or less after a stop or with few different rows.
    counts_ : ndarray of shape (M,)
        Weight of the rows of each prototype.
    labels_ : ndarray of shape (n,), int32
    inertia_ : float
        J = Σₙ ‖xₙ − w_{s(n)}‖², weighted.
    n_iter_ : int
        Iterations over all sizes.
    history_ : dict of str to ndarray
        One entry per step: `iteration`, `cost` (J), `error_per_row` (J over the weight of all rows),
        `error_per_component` (that over d), `n_prototypes`, `shift`, `changed`, `n_empty`, `n_reseeded` as in
        k-means; `validation_error_per_row` where validation rows were given.

    References
    ----------
    Linde, Buzo & Gray, "An algorithm for vector quantizer design", 1980.

    Examples
    --------
    >>> import numpy as np
    >>> from engines import LBG
    >>> X = np.array([[1.0, 2.0], [1.0, 4.0], [10.0, 2.0], [10.0, 4.0]])
    >>> model = LBG(n_clusters=2).fit(X)
    >>> model.prototypes_.tolist(), model.inertia_
    ([[10.0, 3.0], [1.0, 3.0]], 4.0)
    """

    inertia_: float
    n_iter_: int

    def __init__(
        self,
        n_clusters: Annotated[int, Param("number of prototypes", low=1)] = 8,
        *,
        epsilon: Annotated[
            float, Param("distance of the halves of a split, in standard deviations of the cell", low=0, open_low=True)
        ] = 0.01,
        max_iter: Annotated[int, Param("most iterations at each size of the codebook", low=1)] = 100,
        tol: Annotated[float, Param("relative fall of the cost at which the codebook is split", low=0)] = 1e-3,
        n_jobs: Annotated[int | None, Param("threads; none is all cores", advanced=True)] = None,
    ) -> None:
        self.n_clusters = n_clusters
        self.epsilon = epsilon
        self.max_iter = max_iter
        self.tol = tol
        self.n_jobs = n_jobs

    def _learner(self, X: Any, y: Any, sample_weight: Any, validation: tuple[Any, Any] | None) -> Learner:
        rows, _ = self._training_rows(X)
        validate = None if validation is None else self._validation_error(validation)
        weights = check_sample_weight(sample_weight, rows.shape[0])
        check_enough_rows(rows.shape[0], weights, self.n_clusters, "n_clusters")
        plan = Growth(
            n_clusters=self.n_clusters,
            epsilon=float(self.epsilon),
            max_iter=self.max_iter,
            tol=float(self.tol),
            n_jobs=resolve_jobs(self.n_jobs),
        )
        return Splitting(rows, weights, plan, validate)


@dataclass(frozen=True)
class Growth:
    """What the splitting is asked to do; the attributes are LBG's parameters, `n_jobs` resolved."""

    n_clusters: int
    epsilon: float
    max_iter: int
    tol: float
    n_jobs: int


@dataclass(frozen=True)
class _Position:
    """Where the growth stands: replaced as a whole by each step.

    Attributes
    ----------
    iteration : int
        Steps done.
    rounds : int
        Steps done at this size.
    settled : bool
        Whether the codebook is ready to be split.
    closed : bool
        Whether a split was tried in vain.
    """

    iteration: int
    rounds: int
    settled: bool
    closed: bool
    message: str


class Splitting(Learner):
    """Lloyd at sizes 1, 2, 4, ..., each started from the split of the one before."""

    def __init__(
        self, rows: RowSource, weights: NDArray[np.float64] | None, plan: Growth, validate: Validator | None = None
    ) -> None:
        self._rows, self._weights, self._plan, self._validate = rows, weights, plan, validate
        self._lloyd: Lloyd
        self._at: _Position

    def start(self, stop: StopToken) -> None:
        lloyd = self._lloyd_from(1, lambda sample, rng, stop: sample.mean[None])
        lloyd.start(stop)
        self._lloyd, self._at = lloyd, _Position(0, 0, True, False, "")

    def step(self, stop: StopToken) -> None:
        if self._at.settled:
            self._split(stop)
            return
        before = self._cost
        self._lloyd.step(stop)
        self._at = replace(
            self._at,
            iteration=self._at.iteration + 1,
            rounds=self._at.rounds + 1,
            settled=self._is_settled(self._lloyd, before),
            message="",
        )

    @property
    def finished(self) -> bool:
        return self._at.closed or (self._at.settled and (self._n_prototypes >= self._plan.n_clusters or not self._cost))

    def snapshot(self) -> Snapshot:
        at, seen = self._at, self._lloyd.snapshot()
        metrics = {"n_prototypes": float(self._n_prototypes)}
        metrics.update((name, seen.metrics[name]) for name in FROM_LLOYD)
        if "validation_error_per_row" in seen.metrics:
            metrics["validation_error_per_row"] = seen.metrics["validation_error_per_row"]
        return Snapshot(at.iteration, self._most(), seen.cost, metrics, at.message, seen.make_arrays)

    def state(self) -> State:
        return {**vars(self._at), **{"lloyd." + name: value for name, value in self._lloyd.state().items()}}

    def load_state(self, state: State) -> None:
        inner = {name[len("lloyd.") :]: value for name, value in state.items() if name.startswith("lloyd.")}
        n_prototypes = len(inner["prototypes"])
        if n_prototypes > self._plan.n_clusters:
            raise ValueError(
                f"The state to resume has {n_prototypes} prototypes, more than n_clusters={self._plan.n_clusters}."
            )
        self._lloyd = self._lloyd_from(n_prototypes, lambda sample, rng, stop: inner["prototypes"])
        self._lloyd.load_state(inner)
        self._at = _Position(*(state[name] for name in _Position.__dataclass_fields__))

    def fitted(self) -> Mapping[str, Any]:
        return {**self._lloyd.fitted(), "n_iter_": self._at.iteration}

    def _split(self, stop: StopToken) -> None:
        """The codebook with as many cells split as there is room for, after one iteration; or none any more."""
        plan, fitted = self._plan, self._lloyd.fitted()
        found = cuts(self._rows, self._weights, fitted["prototypes_"], fitted["labels_"], n_jobs=plan.n_jobs, stop=stop)
        filled = fitted["counts_"] > 0
        n_filled = int(np.count_nonzero(filled))
        order = np.argsort(-np.where(found.possible, found.distortions, -1.0), kind="stable")
        chosen = order[: min(n_filled, plan.n_clusters - n_filled, int(np.count_nonzero(found.possible)))]
        split = np.zeros(len(filled), bool)
        split[chosen] = True
        grown = self._grown(found, split, filled, stop) if len(chosen) else None
        at = replace(self._at, iteration=self._at.iteration + 1)
        if grown is None:
            self._at = replace(at, closed=True, message="no cell can be split any more")
            return
        size = n_filled + len(chosen)
        self._at = replace(
            at, rounds=1, settled=self._is_settled(grown, self._cost), message=f"split to {size} prototypes"
        )
        self._lloyd = grown

    def _grown(self, found: Cuts, split: NDArray[np.bool_], filled: NDArray[np.bool_], stop: StopToken) -> Lloyd | None:
        """Lloyd begun with split cells, at a cost not above the present one; None if there is no such start."""
        offset = self._plan.epsilon * found.directions[split]
        kept = found.means[filled & ~split]
        start = np.concatenate([found.means[split] + offset, kept, found.means[split] - offset])
        lloyd = self._lloyd_from(len(start), lambda sample, rng, stop: start)
        lloyd.start(stop)
        if not lloyd.finished:
            lloyd.step(stop)
        if lloyd.snapshot().cost <= self._cost:
            return lloyd
        halves = np.concatenate([found.halves[split, 0], kept, found.halves[split, 1]])
        lloyd = self._lloyd_from(len(halves), lambda sample, rng, stop: halves)
        lloyd.start(stop)
        return lloyd if lloyd.snapshot().cost <= self._cost else None

    def _is_settled(self, lloyd: Lloyd, before: float) -> bool:
        seen = lloyd.snapshot()
        return lloyd.finished or (seen.metrics["n_empty"] == 0 and before - seen.cost <= self._plan.tol * before)

    def _lloyd_from(self, n_prototypes: int, seed: Seeder) -> Lloyd:
        plan = self._plan
        inner = Plan(n_prototypes, n_starts=1, max_iter=plan.max_iter, tol=0.0, n_jobs=plan.n_jobs)
        return Lloyd(self._rows, self._weights, inner, seed, np.random.default_rng(0), self._validate)

    @property
    def _cost(self) -> float:
        return self._lloyd.snapshot().cost

    @property
    def _n_prototypes(self) -> int:
        return len(self._lloyd.fitted()["prototypes_"])

    def _most(self) -> int:
        """The most steps there can be if every cell can be split when its turn comes."""
        if self.finished:
            return self._at.iteration
        at, plan = self._at, self._plan
        n_sizes = int(np.ceil(np.log2(plan.n_clusters / self._n_prototypes)))
        here = 0 if at.settled else plan.max_iter + 1 - at.rounds
        return at.iteration + here + n_sizes * (plan.max_iter + 1) + 1
