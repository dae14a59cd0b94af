"""Optimized product quantization as a learner: Lloyd in all subspaces first, then rotation and codebooks in turn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.blocks import block_bounds
from engines.clustering.lloyd import Plan
from engines.clustering.starts import Seeder
from engines.quantization.books import Validator
from engines.quantization.cells import Cells, rotated_cells
from engines.quantization.coders import Coder, ProductCoder, RotatedCoder
from engines.quantization.columns import edges_of
from engines.quantization.joint import JointLloyd, most_steps, refuse_other_subspaces
from engines.quantization.rotation import Rotated, RotationStart, best_rotation, cell_means, first_rotation
from engines.rows import RowSource
from engines.survey import Sample, survey
from engines.training import Learner, Snapshot, State, StopToken

Floats = NDArray[Any]
Array = NDArray[np.float64]


REACH = 2.0
"""An alternation first goes this many times as far as the best rotation for the present cells, which halves the number
of alternations; where that raises the cost, it goes just there."""


@dataclass(frozen=True)
class Turns:
    """How the rotation starts and when it ends.

    Attributes
    ----------
    start : {"pca", "identity"}
    most : int
        Alternations at most.
    tol : float
        Share of the cost that an alternation must gain for another one to follow.
    """

    start: RotationStart
    most: int
    tol: float


@dataclass(frozen=True)
class Position:
    """Where the alternation stands: replaced as a whole by each step.

    Attributes
    ----------
    rounds : int
        Alternations done.
    rotation : (d, d) float64
    codebooks : (K, d), in the data's precision
    cells : Cells
        Of exactly these.
    turned : float
        Frobenius norm of the rotation's last change.
    """

    rounds: int
    rotation: Array
    codebooks: Floats
    cells: Cells
    turned: float
    n_reseeded: int
    settled: bool
    validation_error: float | None
    message: str = ""


_SCALARS = ("rounds", "turned", "n_reseeded", "settled", "validation_error", "message")


class Alternation(Learner):
    """Rotation and codebooks in turn, from codebooks that Lloyd found under the first rotation.

    A step is one of `JointLloyd` until that is finished, and then one alternation: the best rotation for the cells,
    their means as codewords, the rows assigned anew. The cost never rises.
    """

    def __init__(
        self,
        rows: RowSource,
        weights: NDArray[np.float64] | None,
        splits: NDArray[np.int64],
        plan: Plan,
        turns: Turns,
        seeds: list[Seeder],
        rng: np.random.Generator,
        validate: Validator | None = None,
    ) -> None:
        self._rows, self._weights, self._splits, self._plan, self._turns = rows, weights, splits, plan, turns
        self._seeds, self._rng, self._validate = seeds, rng, validate
        n, d = rows.shape
        self._bounds = block_bounds(n, d, rows.dtype.itemsize, plan.n_clusters)
        self._iteration = 0
        self._sample: Sample
        self._first: Array
        self._joint: JointLloyd
        self._at: Position | None = None

    def start(self, stop: StopToken) -> None:
        self._prepare(stop)
        self._joint.start(stop)

    def step(self, stop: StopToken) -> None:
        if self._at is None and not self._joint.finished:
            self._joint.step(stop)
        else:
            self._at = self._alternated(self._at or self._begun(stop), stop)
        self._iteration += 1

    @property
    def finished(self) -> bool:
        return self._at is not None and self._at.settled

    def snapshot(self) -> Snapshot:
        at, most = self._at, most_steps(self._plan) + self._turns.most
        fitted = self.fitted()
        arrays = {name: fitted[name + "_"] for name in ("codebooks", "counts", "splits", "mean", "rotation")}
        if at is None:
            joint = self._joint.snapshot()
            return Snapshot(self._iteration, most, joint.cost, joint.metrics, "", lambda: arrays)
        error = at.cells.cost / self._sample.mass
        metrics = {
            "error_per_row": error,
            "error_per_component": error / self._rows.shape[1],
            "turned": at.turned,
            "changed": at.cells.n_changed / at.cells.labels.size,
            "n_empty": float(np.count_nonzero(at.cells.counts == 0)),
            "n_reseeded": float(at.n_reseeded),
        }
        if at.validation_error is not None:
            metrics["validation_error_per_row"] = at.validation_error
        return Snapshot(self._iteration, most, at.cells.cost, metrics, at.message, lambda: arrays)

    def state(self) -> State:
        at = self._at
        state: State = {"shape": list(self._rows.shape), "n_subspaces": len(self._seeds), "iteration": self._iteration}
        if at is None:
            return state | {"start." + name: value for name, value in self._joint.state().items()}
        state |= {"rotation": at.rotation, "codebooks": at.codebooks}
        state |= {"cost": at.cells.cost, "n_changed": at.cells.n_changed}
        return state | {name: getattr(at, name) for name in _SCALARS}

    def load_state(self, state: State) -> None:
        refuse_other_subspaces(state, self._rows.shape, len(self._seeds))
        stop = StopToken()
        self._prepare(stop)
        self._iteration = int(state["iteration"])
        if "rotation" not in state:
            self._joint.load_state({k[len("start.") :]: v for k, v in state.items() if k.startswith("start.")})
            return
        rotation = np.asarray(state["rotation"], np.float64)
        codebooks = np.asarray(state["codebooks"], self._rows.dtype)
        cells = rotated_cells(self._sample, self._coder(rotation, codebooks), None, stop)
        if not np.isclose(cells.cost, state["cost"], rtol=1e-6, atol=1e-12 * self._sample.mass):
            raise ValueError("The state to resume was left by a training on other data.")
        cells = replace(cells, n_changed=state["n_changed"])
        self._at = Position(
            rotation=rotation, codebooks=codebooks, cells=cells, **{name: state[name] for name in _SCALARS}
        )

    def fitted(self) -> Mapping[str, Any]:
        at, dtype = self._at, self._rows.dtype
        if at is None:
            joint = self._joint.fitted()
            return {**joint, "mean_": self._first_mean, "rotation_": self._first.astype(dtype)}
        return {
            "codebooks_": at.codebooks,
            "counts_": at.cells.counts,
            "splits_": self._splits,
            "mean_": self._mean,
            "rotation_": at.rotation.astype(dtype),
            "inertia_": at.cells.cost,
            "n_iter_": self._iteration,
        }

    def _prepare(self, stop: StopToken) -> None:
        """The first rotation, and Lloyd in the subspaces that it gives."""
        rows, plan, dtype = self._rows, self._plan, self._rows.dtype
        self._sample = survey(rows, self._weights, self._bounds, plan.n_jobs, stop)
        self._first = first_rotation(self._turns.start, self._sample, self._splits, stop)
        self._mean = self._sample.mean.astype(dtype)
        # without a rotation nothing is taken off either, so that all is to the bit as without
        self._first_mean = np.zeros_like(self._mean) if self._turns.start == "identity" else self._mean
        if self._turns.start != "identity":
            rows = Rotated(rows, self._first_mean, self._first.astype(dtype))
        validate = self._validate and self._validate_first
        self._joint = JointLloyd(rows, self._weights, self._splits, plan, self._seeds, self._rng, validate)

    def _validate_first(self, coder: Coder, stop: StopToken) -> float:
        """The validation error of codebooks under the first rotation."""
        assert isinstance(coder, ProductCoder)
        assert self._validate is not None
        rotation = self._first.astype(self._rows.dtype)
        return self._validate(RotatedCoder(coder.codebooks, self._splits, self._first_mean, rotation), stop)

    def _begun(self, stop: StopToken) -> Position:
        """The end of the first stage as a position: its cells, with sums of rows that are not rotated."""
        moved = (self._mean - self._first_mean).astype(np.float64) @ self._first
        codebooks = (self._joint.fitted()["codebooks_"] - moved).astype(self._rows.dtype)
        cells = rotated_cells(self._sample, self._coder(self._first, codebooks), None, stop)
        return Position(0, self._first, codebooks, cells, 0.0, 0, False, None)

    def _alternated(self, at: Position, stop: StopToken) -> Position:
        found = self._turned(at, REACH, stop)
        if found.cells.cost > at.cells.cost:
            found = self._turned(at, 1.0, stop)
        if found.cells.cost > at.cells.cost:  # rounded to the rows' precision, no better than what was there
            cells = replace(at.cells, n_changed=0)
            found = replace(at, cells=cells, turned=0.0, n_reseeded=0, message="at rounding precision")
            return replace(found, rounds=at.rounds + 1, settled=True)
        converged = at.cells.cost - found.cells.cost <= self._turns.tol * at.cells.cost
        score = self._validate
        return replace(
            found,
            settled=converged or found.rounds >= self._turns.most,
            validation_error=score and score(self._coder(found.rotation, found.codebooks), stop),
            message="converged" if converged else "",
        )

    def _turned(self, at: Position, reach: float, stop: StopToken) -> Position:
        """After one alternation, without regard to whether the cost fell."""
        rotation = best_rotation(at.cells.sums, at.cells.counts, at.rotation, self._splits, reach)
        codebooks, n_reseeded = self._means(at.cells, rotation)
        cells = rotated_cells(self._sample, self._coder(rotation, codebooks), at.cells.labels, stop)
        turned = float(np.sqrt(np.sum(np.square(rotation - at.rotation))))
        return Position(at.rounds + 1, rotation, codebooks, cells, turned, n_reseeded, False, None)

    def _means(self, cells: Cells, rotation: Array) -> tuple[Floats, int]:
        """Codewords (K, d) as means of their cells; far rows in the place of those whose cell is empty."""
        codebooks = np.empty((cells.counts.shape[1], len(rotation)), self._rows.dtype)
        n_reseeded = 0
        for s, columns in enumerate(edges_of(self._splits)):
            codebooks[:, columns] = cell_means(cells.sums[s], cells.counts[s], rotation[:, columns])
            empty = np.flatnonzero(cells.counts[s] == 0)
            spare = cells.spare[s][: len(empty)]
            codebooks[empty[: len(spare)], columns] = spare @ rotation[:, columns]
            n_reseeded += len(spare)
        return codebooks, n_reseeded

    def _coder(self, rotation: Array, codebooks: Floats) -> RotatedCoder:
        return RotatedCoder(codebooks, self._splits, self._mean, rotation.astype(self._rows.dtype))
