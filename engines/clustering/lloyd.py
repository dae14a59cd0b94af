"""Lloyd's iteration with restarts, as a learner; the scikit-learn face and the starts themselves live elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.base import generator_from_state, generator_state
from engines.blocks import block_bounds, map_blocks
from engines.clustering.cells import Assigner, Cells, Sums
from engines.clustering.starts import Seeder
from engines.kernels.exact import frozen, squared_to_own
from engines.rows import RowSource
from engines.survey import Sample, survey
from engines.training import Learner, Snapshot, State, StopToken

Floats = NDArray[Any]

Validator = Callable[[Floats, StopToken], float]
"""Tells the error of prototypes (K, d) on rows that are not learned from."""


@dataclass(frozen=True)
class Plan:
    """What Lloyd is asked to do.

    Attributes
    ----------
    n_clusters, max_iter : int
    n_starts : int
        Restarts in all; the lowest cost is kept.
    tol : float
        Squared shift of all prototypes that counts as none, relative to the mean column variance.
    n_jobs : int
        Threads, resolved.
    bounded : bool or None
        Whether rows remember bounds of their distances, as `Assigner` takes it.
    """

    n_clusters: int
    n_starts: int
    max_iter: int
    tol: float
    n_jobs: int
    bounded: bool | None = None


@dataclass(frozen=True)
class Position:
    """Where a training stands: replaced as a whole by each step.

    Attributes
    ----------
    iteration : int
        Pulls done over all restarts; 0 is the first start.
    restart, rounds : int
        Which restart, and Lloyd iterations in it.
    prototypes : (K, d), in the data's precision
    cells : Cells
        The rows in their cells, from whose sums the next prototypes come.
    settled : bool
        Whether this restart is at its end.
    closing : bool
        Whether this is an earlier restart's best, taken up again at the very end.
    rng : dict
        State of the random generator after this step.
    validation_error : float or None
        Of these prototypes, where there are validation rows.
    """

    iteration: int
    restart: int
    rounds: int
    prototypes: Floats
    cells: Cells
    shift: float
    n_changed: int
    n_reseeded: int
    settled: bool
    closing: bool
    rng: Mapping[str, Any]
    validation_error: float | None
    message: str = ""

    @property
    def cost(self) -> float:
        """J of exactly these prototypes."""
        return self.cells.cost

    @property
    def counts(self) -> NDArray[np.float64]:
        """Weight (K,) of each cell."""
        return self.cells.sums.counts


class Lloyd(Learner):
    """Lloyd's algorithm from each of several starts.

    Every step is update, then assignment, so a snapshot shows prototypes with their own cost.
    """

    def __init__(
        self,
        rows: RowSource,
        weights: NDArray[np.float64] | None,
        plan: Plan,
        seed: Seeder,
        rng: np.random.Generator,
        validate: Validator | None = None,
    ) -> None:
        self._rows, self._weights, self._plan, self._seed, self._validate = rows, weights, plan, seed, validate
        self._first_rng = generator_state(rng)
        n, d = rows.shape
        self._bounds = block_bounds(n, d, rows.dtype.itemsize, plan.n_clusters)
        self._sample: Sample
        self._assigner: Assigner
        self._at: Position
        self._best: Position

    def start(self, stop: StopToken) -> None:
        self._survey(stop)
        self._at = self._best = self._started(0, 0, self._first_rng, stop)

    def step(self, stop: StopToken) -> None:
        at = self._at
        if not at.settled:
            self._at = self._iterated(at, stop)
        elif at.restart + 1 < self._plan.n_starts:
            self._at = self._started(at.iteration + 1, at.restart + 1, at.rng, stop)
        else:
            message = f"kept restart {self._best.restart + 1} of {self._plan.n_starts}"
            self._at = replace(self._best, iteration=at.iteration + 1, rng=at.rng, closing=True, message=message)
        if self._at.cost < self._best.cost or self._at.restart == self._best.restart:
            self._best = self._at

    @property
    def finished(self) -> bool:
        at = self._at
        return (at.settled and at.restart + 1 >= self._plan.n_starts and at.cost <= self._best.cost) or at.closing

    def snapshot(self) -> Snapshot:
        at = self._at
        n, d = self._rows.shape
        error = at.cost / self._sample.mass
        metrics = {
            "error_per_row": error,
            "error_per_component": error / d,
            "shift": at.shift,
            "changed": at.n_changed / n,
            "n_empty": float(np.count_nonzero(at.counts == 0)),
            "n_reseeded": float(at.n_reseeded),
            "restart": float(at.restart),
        }
        if at.validation_error is not None:
            metrics["validation_error_per_row"] = at.validation_error
        plan = self._plan
        most = plan.n_starts * (plan.max_iter + 1) - (plan.n_starts == 1)
        return Snapshot(at.iteration, most, at.cost, metrics, at.message, lambda: _arrays(at))

    def state(self) -> State:
        state: State = {"shape": list(self._rows.shape), "best_is_here": self._best is self._at}
        for prefix, position in (("", self._at), ("best_", self._best)):
            sums = position.cells.sums
            state[prefix + "prototypes"] = position.prototypes
            state.update({prefix + "high": sums.high, prefix + "low": sums.low, prefix + "members": sums.members})
            state[prefix + "cost"] = position.cost
            for name in _SCALARS:
                state[prefix + name] = getattr(position, name)
        state["rng"] = dict(self._at.rng)
        return state

    def load_state(self, state: State) -> None:
        plan, shape = self._plan, self._rows.shape
        prototypes = np.asarray(state["prototypes"])
        if list(state["shape"]) != list(shape) or prototypes.shape != (plan.n_clusters, shape[1]):
            raise ValueError(
                f"The state to resume has {prototypes.shape[0]} prototypes for data of shape "
                f"{tuple(state['shape'])}, which does not fit {plan.n_clusters} prototypes for data of shape {shape}."
            )
        stop = StopToken()
        self._survey(stop)
        self._at = self._remembered(state, "", stop)
        self._best = self._at if state["best_is_here"] else self._remembered(state, "best_", stop)

    def fitted(self) -> Mapping[str, Any]:
        best = self._best
        return {
            "prototypes_": best.prototypes,
            "counts_": best.counts,
            "labels_": best.cells.labels,
            "inertia_": best.cost,
            "n_iter_": best.rounds,
        }

    def _survey(self, stop: StopToken) -> None:
        plan = self._plan
        self._sample = survey(self._rows, self._weights, self._bounds, plan.n_jobs, stop)
        self._assigner = Assigner(self._sample, plan.n_clusters, bounded=plan.bounded, stop=stop)

    def _started(self, iteration: int, restart: int, rng_state: Mapping[str, Any], stop: StopToken) -> Position:
        rng = generator_from_state(rng_state)
        prototypes = np.ascontiguousarray(self._seed(self._sample, rng, stop), self._rows.dtype)
        found = self._assigner.first(prototypes, stop)
        if not np.isfinite(found.cost):
            raise ValueError("Input X contains values so large that their squared distances overflow: scale them.")
        return Position(
            iteration=iteration,
            restart=restart,
            rounds=0,
            prototypes=prototypes,
            cells=found,
            shift=float("nan"),
            n_changed=found.n_changed,
            n_reseeded=0,
            settled=False,
            closing=False,
            rng=generator_state(rng),
            validation_error=self._validate and self._validate(prototypes, stop),
        )

    def _iterated(self, at: Position, stop: StopToken) -> Position:
        prototypes, n_reseeded = self._updated(at, stop)
        found = self._assigner.next(prototypes, at.cells, stop)
        step = replace(at, iteration=at.iteration + 1, rounds=at.rounds + 1)
        if found.cost > at.cost:  # the means, rounded to the data's precision, are no better than what was there
            return replace(step, shift=0.0, n_changed=0, n_reseeded=0, settled=True, message="at rounding precision")
        shift = float(np.sqrt(np.sum(np.square(prototypes.astype(np.float64) - at.prototypes))))
        still = found.n_changed == 0 and n_reseeded == 0
        settled = still or shift**2 <= self._plan.tol * float(np.mean(self._sample.variance))
        message = "converged" if settled else ""
        if step.rounds >= self._plan.max_iter:
            settled = True
        return replace(
            step,
            prototypes=prototypes,
            cells=found,
            shift=shift,
            n_changed=found.n_changed,
            n_reseeded=n_reseeded,
            settled=settled,
            message=message,
            validation_error=self._validate and self._validate(prototypes, stop),
        )

    def _updated(self, at: Position, stop: StopToken) -> tuple[Floats, int]:
        """Cell means; the farthest rows in the place of prototypes whose cell is empty."""
        sums = at.cells.sums
        filled = sums.members > 0
        means = sums.totals / np.where(filled, sums.counts, 1.0)[:, None]
        prototypes: Floats = np.where(filled[:, None], means, at.prototypes).astype(self._rows.dtype)
        empty = np.flatnonzero(~filled)
        if not len(empty):
            return prototypes, 0
        farthest = self._farthest(at, len(empty), stop)
        prototypes[empty[: len(farthest)]] = farthest
        return prototypes, len(farthest)

    def _farthest(self, at: Position, n_wanted: int, stop: StopToken) -> Floats:
        """Up to `n_wanted` different rows (m, d), farthest from their own prototypes first, none at distance 0."""
        weights = self._weights

        def one(block: Floats, start: int) -> tuple[NDArray[np.float64], Floats]:
            end = start + len(block)
            squared = np.empty(len(block))
            squared_to_own(frozen(block), frozen(at.prototypes), frozen(at.cells.labels[start:end]), squared)
            if weights is not None:
                squared[weights[start:end] == 0] = 0.0
            order = np.argsort(-squared, kind="stable")[: 8 * n_wanted + 64]
            return squared[order], block[order]

        parts = list(map_blocks(self._rows, one, self._bounds, n_jobs=self._plan.n_jobs, stop=stop))
        squared = np.concatenate([part[0] for part in parts])
        candidates = np.concatenate([part[1] for part in parts])
        chosen: dict[bytes, Floats] = {}
        for i in np.argsort(-squared, kind="stable"):
            if squared[i] == 0 or len(chosen) == n_wanted:
                break
            chosen.setdefault(candidates[i].tobytes(), candidates[i])
        return np.array(list(chosen.values()), self._rows.dtype).reshape(-1, self._rows.shape[1])

    def _remembered(self, state: State, prefix: str, stop: StopToken) -> Position:
        """The position a state tells of: its labels follow from its prototypes."""
        prototypes = np.ascontiguousarray(state[prefix + "prototypes"], self._rows.dtype)
        sums = Sums(*(np.asarray(state[prefix + name]) for name in ("high", "low", "members")))
        n_prototypes, d = prototypes.shape
        wide = (n_prototypes, d + 1)
        if sums.high.shape != wide or sums.low.shape != wide or sums.members.shape != (n_prototypes,):
            raise ValueError(f"The state to resume has cell sums that do not fit its {n_prototypes} prototypes.")
        cells = self._assigner.first(prototypes, stop, sums)
        if not np.isclose(cells.cost, state[prefix + "cost"], rtol=1e-6, atol=1e-12 * self._sample.mass):
            raise ValueError("The state to resume was left by a training on other data.")
        scalars = {name: state[prefix + name] for name in _SCALARS}
        return Position(prototypes=prototypes, cells=cells, rng=state["rng"], **scalars)


_SCALARS = (
    "iteration",
    "restart",
    "rounds",
    "shift",
    "n_changed",
    "n_reseeded",
    "settled",
    "closing",
    "validation_error",
    "message",
)


def _arrays(at: Position) -> Mapping[str, NDArray[Any]]:
    return {"prototypes": at.prototypes, "counts": at.counts}
