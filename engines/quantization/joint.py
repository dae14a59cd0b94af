"""Lloyd's iteration in all subspaces at once, as a learner; the faces of the engines that use it live elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.clustering.lloyd import Lloyd, Plan
from engines.clustering.starts import Seeder
from engines.quantization.books import Validator
from engines.quantization.coders import ProductCoder
from engines.quantization.columns import subspaces
from engines.rows import RowSource
from engines.training import Learner, Snapshot, State, StopToken

Floats = NDArray[Any]


@dataclass(frozen=True)
class Position:
    """Where a training stands: replaced as a whole by each step.

    Attributes
    ----------
    parts : tuple of Lloyd
        One for each subspace, never stepped once it is in here.
    codebooks : (K, d), in the data's precision
        The best of each subspace so far, side by side.
    counts : (n_subspaces, K) float64
    cost : float
        Of these codebooks.
    validation_error : float or None
    """

    iteration: int
    parts: tuple[Lloyd, ...]
    codebooks: Floats
    counts: NDArray[np.float64]
    cost: float
    validation_error: float | None


def most_steps(plan: Plan) -> int:
    """Steps at most, from all starts together, and one that takes the best up again."""
    return plan.n_starts * (plan.max_iter + 1) - (plan.n_starts == 1)


def refuse_other_subspaces(state: State, shape: tuple[int, int], n_subspaces: int) -> None:
    """Raise ValueError where a state is of rows of another shape, or of another number of subspaces."""
    if list(state["shape"]) != list(shape) or state["n_subspaces"] != n_subspaces:
        raise ValueError(
            f"The state to resume is of {state['n_subspaces']} subspaces of data of shape {tuple(state['shape'])}, "
            f"which does not fit {n_subspaces} subspaces of data of shape {shape}."
        )


class JointLloyd(Learner):
    """Lloyd's algorithm, with its restarts, in each subspace; a step is one of all subspaces that are not at their end.

    Snapshots show the best codebook of each subspace so far, so the cost never rises.
    """

    def __init__(
        self,
        rows: RowSource,
        weights: NDArray[np.float64] | None,
        splits: NDArray[np.int64],
        plan: Plan,
        seeds: list[Seeder],
        rng: np.random.Generator,
        validate: Validator | None = None,
    ) -> None:
        self._rows, self._weights, self._splits = rows, weights, splits
        self._plan, self._seeds, self._validate = plan, seeds, validate
        self._rngs = [rng, *rng.spawn(len(seeds) - 1)]
        self._mass = float(rows.shape[0]) if weights is None else float(weights.sum())
        self._at: Position

    def start(self, stop: StopToken) -> None:
        parts = self._lloyds(stop)
        for part in parts:
            part.start(stop)
        self._at = self._reached(0, parts, stop)

    def step(self, stop: StopToken) -> None:
        parts = [copy(part) for part in self._at.parts]
        for part in parts:
            if not part.finished:
                part.step(stop)
        self._at = self._reached(self._at.iteration + 1, parts, stop)

    @property
    def finished(self) -> bool:
        return all(part.finished for part in self._at.parts)

    def snapshot(self) -> Snapshot:
        at = self._at
        inside = [part.snapshot() for part in at.parts]
        error = at.cost / self._mass
        metrics = {
            "error_per_row": error,
            "error_per_component": error / self._rows.shape[1],
            "shift": float(np.sqrt(sum(one.metrics["shift"] ** 2 for one in inside))),
            "changed": float(np.mean([one.metrics["changed"] for one in inside])),
            "n_empty": float(np.count_nonzero(at.counts == 0)),
            "n_reseeded": float(sum(one.metrics["n_reseeded"] for one in inside)),
            "n_settled": float(sum(part.finished for part in at.parts)),
        }
        if at.validation_error is not None:
            metrics["validation_error_per_row"] = at.validation_error
        arrays = {"codebooks": at.codebooks, "counts": at.counts, "splits": self._splits}
        return Snapshot(
            at.iteration, most_steps(self._plan), at.cost, metrics, "converged" if self.finished else "", lambda: arrays
        )

    def state(self) -> State:
        state: State = {
            "shape": list(self._rows.shape),
            "n_subspaces": len(self._seeds),
            "iteration": self._at.iteration,
        }
        for s, part in enumerate(self._at.parts):
            state.update({f"subspace{s}.{name}": value for name, value in part.state().items()})
        return state

    def load_state(self, state: State) -> None:
        refuse_other_subspaces(state, self._rows.shape, len(self._seeds))
        stop = StopToken()
        parts = self._lloyds(stop)
        for s, part in enumerate(parts):
            prefix = f"subspace{s}."
            part.load_state({name[len(prefix) :]: value for name, value in state.items() if name.startswith(prefix)})
        self._at = self._reached(int(state["iteration"]), parts, stop)

    def fitted(self) -> Mapping[str, Any]:
        at = self._at
        return {
            "codebooks_": at.codebooks,
            "counts_": at.counts,
            "splits_": self._splits,
            "inertia_": at.cost,
            "n_iter_": at.iteration,
        }

    def _lloyds(self, stop: StopToken) -> list[Lloyd]:
        sources = subspaces(self._rows, self._splits, self._plan.n_jobs, stop)
        return [
            Lloyd(source, self._weights, self._plan, seed, rng)
            for source, seed, rng in zip(sources, self._seeds, self._rngs, strict=True)
        ]

    def _reached(self, iteration: int, parts: list[Lloyd], stop: StopToken) -> Position:
        best = [part.fitted() for part in parts]
        codebooks = np.hstack([one["prototypes_"] for one in best])
        score = self._validate
        return Position(
            iteration=iteration,
            parts=tuple(parts),
            codebooks=codebooks,
            counts=np.array([one["counts_"] for one in best]),
            cost=float(sum(one["inertia_"] for one in best)),
            validation_error=score and score(ProductCoder(codebooks, self._splits), stop),
        )
