"""Lloyd's iteration with restarts, as a learner; the scikit-learn face and the starts themselves live elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.base import generator_from_state, generator_state
from engines.blocks import block_bounds, map_blocks
from engines.clustering.cells import Assigner, Cells, Sums
from engines.clustering.prototype_learner import BasePosition, PrototypeLearner, shift_between
from engines.kernels.exact import frozen, squared_to_own
from engines.resuming import check_same_data
from engines.survey import survey
from engines.training import State, StopToken

Floats = NDArray[Any]


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


@dataclass(frozen=True, kw_only=True)
class Position(BasePosition):
    """Where a training stands after a step; steps are counted over all restarts.

    Attributes
    ----------
    found : Cells
        The rows in their cells, from whose sums the next prototypes come.
    restart, rounds : int
        Which restart, and Lloyd iterations in it.
    settled : bool
        Whether this restart is at its end.
    closing : bool
        Whether this is an earlier restart's best, taken up again at the very end.
    """

    found: Cells
    restart: int
    rounds: int = 0
    n_changed: int
    n_reseeded: int = 0
    closing: bool = False

    @property
    def cost(self) -> float:
        """J of exactly these prototypes."""
        return self.found.cost


class Lloyd(PrototypeLearner[Plan, Position]):
    """Lloyd's algorithm from each of several starts.

    Every step is update, then assignment, so a snapshot shows prototypes with their own cost.
    """

    _bounds: list[tuple[int, int]]
    _assigner: Assigner
    _best: Position

    def start(self, stop: StopToken) -> None:
        self._look(stop)
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

    def state(self) -> State:
        state: State = {"shape": list(self._rows.shape), "best_is_here": self._best is self._at}
        for prefix, position in (("", self._at), ("best_", self._best)):
            sums = position.found.sums
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
        self._look(stop)
        self._at = self._remembered(state, "", stop)
        self._best = self._at if state["best_is_here"] else self._remembered(state, "best_", stop)

    def fitted(self) -> Mapping[str, Any]:
        best = self._best
        return {
            "prototypes_": best.prototypes,
            "counts_": best.found.counts,
            "labels_": best.found.labels,
            "inertia_": best.cost,
            "n_iter_": best.rounds,
        }

    @property
    def _n_iterations(self) -> int:
        plan = self._plan
        return plan.n_starts * (plan.max_iter + 1) - (plan.n_starts == 1)

    def _figures(self) -> dict[str, float]:
        at = self._at
        return {
            "shift": at.shift,
            "changed": at.n_changed / self._rows.shape[0],
            "n_empty": at.n_empty,
            "n_reseeded": float(at.n_reseeded),
            "restart": float(at.restart),
        }

    def _look(self, stop: StopToken) -> None:
        plan = self._plan
        self._bounds = block_bounds(*self._rows.shape, self._rows.dtype.itemsize, plan.n_clusters)
        self._sample = survey(self._rows, self._weights, self._bounds, plan.n_jobs, stop)
        self._assigner = Assigner(self._sample, plan.n_clusters, bounded=plan.bounded, stop=stop)

    def _started(self, iteration: int, restart: int, rng_state: Mapping[str, Any], stop: StopToken) -> Position:
        rng = generator_from_state(rng_state)
        prototypes = self._seeded(self._sample, rng, stop)
        found = self._assigner.first(prototypes, stop)
        if not np.isfinite(found.cost):
            raise ValueError("Input X contains values so large that their squared distances overflow: scale them.")
        return Position(
            iteration=iteration,
            restart=restart,
            prototypes=prototypes,
            found=found,
            n_changed=found.n_changed,
            rng=generator_state(rng),
            validation_error=self._validation_error(prototypes, stop),
        )

    def _iterated(self, at: Position, stop: StopToken) -> Position:
        prototypes, n_reseeded = self._updated(at, stop)
        found = self._assigner.next(prototypes, at.found, stop)
        step = replace(at, iteration=at.iteration + 1, rounds=at.rounds + 1)
        if found.cost > at.cost:  # the means, rounded to the data's precision, are no better than what was there
            return replace(step, shift=0.0, n_changed=0, n_reseeded=0, settled=True, message="at rounding precision")
        shift = shift_between(at.prototypes, prototypes)
        still = found.n_changed == 0 and n_reseeded == 0
        settled = still or self._is_small(shift, self._plan.tol)
        message = "converged" if settled else ""
        if step.rounds >= self._plan.max_iter:
            settled = True
        return replace(
            step,
            prototypes=prototypes,
            found=found,
            shift=shift,
            n_changed=found.n_changed,
            n_reseeded=n_reseeded,
            settled=settled,
            message=message,
            validation_error=self._validation_error(prototypes, stop),
        )

    def _updated(self, at: Position, stop: StopToken) -> tuple[Floats, int]:
        """Cell means; the farthest rows in the place of prototypes whose cell is empty."""
        sums = at.found.sums
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
            squared_to_own(frozen(block), frozen(at.prototypes), frozen(at.found.labels[start:end]), squared)
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
        found = self._assigner.first(prototypes, stop, sums)
        check_same_data({"cost": state[prefix + "cost"]}, found.cost, self._sample.mass)
        scalars = {name: state[prefix + name] for name in _SCALARS}
        return Position(prototypes=prototypes, found=found, rng=state["rng"], **scalars)


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
