"""Residual quantization as a learner: Lloyd on the rows, then on what the stages before leave, stage after stage."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.blocks import block_bounds, map_blocks
from engines.clustering.lloyd import Lloyd, Plan
from engines.clustering.starts import Seeder
from engines.codes import Codes
from engines.kernels.books import without_codewords
from engines.kernels.exact import frozen
from engines.quantization.books import Validator
from engines.quantization.coders import coding_bounds
from engines.quantization.columns import MAX_HELD_BYTES
from engines.quantization.joint import most_steps
from engines.quantization.residual_coder import ResidualCoder
from engines.rows import ArrayRows, DerivedRows, RowSource
from engines.training import Learner, Snapshot, State, StopToken

Floats = NDArray[Any]
Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Residuals(DerivedRows):
    """What codes (n, s) of codebooks (s, K, d) leave of another source's rows, computed as it is read."""

    codebooks: Floats
    codes: Codes

    def read(self, start: int, stop: int) -> Floats:
        block = self.source.read(start, stop)
        left = np.empty_like(block)
        without_codewords(frozen(block), frozen(self.codebooks), frozen(self.codes[start:stop]), left)
        return left


@dataclass(frozen=True)
class Encoded:
    """The rows under all stages that are done.

    Attributes
    ----------
    codebooks : (s, K, d)
    codes : (n, s) int32
    counts : (s, K) float64
    cost : float
        Weighted sum of squared errors.
    """

    codebooks: Floats
    codes: Codes
    counts: Array
    cost: float


@dataclass(frozen=True)
class Position:
    """Where a training stands: replaced as a whole by each step.

    Attributes
    ----------
    done : Encoded or None
        The stages before the present one, or all of them when `lloyd` is None; None before any.
    lloyd : Lloyd or None
        The present stage.
    """

    iteration: int
    done: Encoded | None
    lloyd: Lloyd | None
    codebooks: Floats
    counts: Array
    cost: float
    validation_error: float | None


class Stages(Learner):
    """Lloyd's algorithm for one stage after the other; a step is one of the present stage.

    A stage learns from what the best path of the beam over the stages before it leaves of each row. With a beam, the
    last step encodes all rows once more, so that the final cost is that of the codes that `encode` gives.
    """

    def __init__(
        self,
        rows: RowSource,
        weights: NDArray[np.float64] | None,
        n_stages: int,
        beam: int,
        plan: Plan,
        seeds: list[Seeder],
        rng: np.random.Generator,
        validate: Validator | None = None,
    ) -> None:
        self._rows, self._weights, self._n_stages, self._beam = rows, weights, n_stages, beam
        self._plan, self._seeds, self._validate = plan, seeds, validate
        self._rngs = [rng, *rng.spawn(n_stages - 1)]
        self._mass = float(rows.shape[0]) if weights is None else float(weights.sum())
        self._at: Position

    def start(self, stop: StopToken) -> None:
        self._at = self._entered(0, None, stop)

    def step(self, stop: StopToken) -> None:
        at = self._at
        assert at.lloyd is not None
        if not at.lloyd.finished:
            lloyd = copy(at.lloyd)
            lloyd.step(stop)
            self._at = self._reached(at.iteration + 1, at.done, lloyd, stop)
            return
        done = self._encoded(at.codebooks, stop)
        if len(at.codebooks) < self._n_stages:
            self._at = self._entered(at.iteration + 1, done, stop)
        else:
            self._at = self._reached(at.iteration + 1, done, None, stop)

    @property
    def finished(self) -> bool:
        at = self._at
        if at.lloyd is None:
            return True
        last = len(at.codebooks) == self._n_stages and at.lloyd.finished
        return last and (self._beam == 1 or self._n_stages == 1)

    def snapshot(self) -> Snapshot:
        at = self._at
        error = at.cost / self._mass
        inside = {} if at.lloyd is None else at.lloyd.snapshot().metrics
        metrics = {
            "error_per_row": error,
            "error_per_component": error / self._rows.shape[1],
            "stage": float(len(at.codebooks)),
            "shift": inside.get("shift", 0.0),
            "changed": inside.get("changed", 0.0),
            "n_empty": float(np.count_nonzero(at.counts[-1] == 0)),
            "n_reseeded": inside.get("n_reseeded", 0.0),
        }
        if at.validation_error is not None:
            metrics["validation_error_per_row"] = at.validation_error
        most = self._n_stages * (most_steps(self._plan) + 1)
        message = f"stage {len(at.codebooks)} of {self._n_stages}" if at.lloyd else "encoded with the beam"
        arrays = {"codebooks": at.codebooks, "counts": at.counts}
        return Snapshot(at.iteration, most, at.cost, metrics, message, lambda: arrays)

    def state(self) -> State:
        at = self._at
        state: State = {"shape": list(self._rows.shape), "n_stages": self._n_stages, "iteration": at.iteration}
        if at.done is not None:
            state |= {"done": at.done.codebooks, "cost": at.done.cost}
        if at.lloyd is not None:
            state |= {"stage." + name: value for name, value in at.lloyd.state().items()}
        return state

    def load_state(self, state: State) -> None:
        shape = self._rows.shape
        if list(state["shape"]) != list(shape) or state["n_stages"] != self._n_stages:
            raise ValueError(
                f"The state to resume is of {state['n_stages']} stages on data of shape {tuple(state['shape'])}, "
                f"which does not fit {self._n_stages} stages on data of shape {shape}."
            )
        stop = StopToken()
        done, lloyd = None, None
        if "done" in state:
            done = self._encoded(np.asarray(state["done"], self._rows.dtype), stop)
            if not np.isclose(done.cost, state["cost"], rtol=1e-6, atol=1e-12 * self._mass):
                raise ValueError("The state to resume was left by a training on other data.")
        own = {name[len("stage.") :]: value for name, value in state.items() if name.startswith("stage.")}
        if own:
            lloyd = self._lloyd(done, stop)
            lloyd.load_state(own)
        self._at = self._reached(int(state["iteration"]), done, lloyd, stop)

    def fitted(self) -> Mapping[str, Any]:
        at = self._at
        return {"codebooks_": at.codebooks, "counts_": at.counts, "inertia_": at.cost, "n_iter_": at.iteration}

    def _entered(self, iteration: int, done: Encoded | None, stop: StopToken) -> Position:
        lloyd = self._lloyd(done, stop)
        lloyd.start(stop)
        return self._reached(iteration, done, lloyd, stop)

    def _lloyd(self, done: Encoded | None, stop: StopToken) -> Lloyd:
        stage = 0 if done is None else len(done.codebooks)
        rows = self._rows if done is None else self._residuals(done, stop)
        return Lloyd(rows, self._weights, self._plan, self._seeds[stage], self._rngs[stage])

    def _residuals(self, done: Encoded, stop: StopToken) -> RowSource:
        """What the stages that are done leave; in memory where it is not too large."""
        rows = Residuals(self._rows, done.codebooks, done.codes)
        n, d = rows.shape
        if n * d * rows.dtype.itemsize > MAX_HELD_BYTES:
            return rows
        left = np.empty((n, d), rows.dtype)

        def one(block: Floats, start: int) -> None:
            left[start : start + len(block)] = block

        for _ in map_blocks(rows, one, block_bounds(n, d, left.itemsize), n_jobs=self._plan.n_jobs, stop=stop):
            pass
        return ArrayRows(left)

    def _encoded(self, codebooks: Floats, stop: StopToken) -> Encoded:
        """All rows encoded with these stages."""
        coder = ResidualCoder(codebooks, self._beam)
        codes = np.empty((self._rows.shape[0], len(codebooks)), np.int32)
        counts = np.zeros(codebooks.shape[:2])

        def one(block: Floats, start: int) -> float:
            here = slice(start, start + len(block))
            coder.encode(block, codes[here])
            squared = coder.errors(block, codes[here])
            return float(np.sum(squared if self._weights is None else squared * self._weights[here]))

        bounds = coding_bounds(self._rows, coder)
        cost = sum(map_blocks(self._rows, one, bounds, n_jobs=self._plan.n_jobs, stop=stop))
        for stage, own in enumerate(codes.T):
            counts[stage] = np.bincount(own, self._weights, minlength=codebooks.shape[1])
        return Encoded(codebooks, codes, counts, float(cost))

    def _reached(self, iteration: int, done: Encoded | None, lloyd: Lloyd | None, stop: StopToken) -> Position:
        if lloyd is None:
            assert done is not None
            codebooks, counts, cost = done.codebooks, done.counts, done.cost
        else:
            own = lloyd.fitted()
            codebooks, counts, cost = own["prototypes_"][None], own["counts_"][None], float(own["inertia_"])
            if done is not None:
                codebooks = np.concatenate([done.codebooks, codebooks])
                counts = np.concatenate([done.counts, counts])
        score = self._validate
        error = score and score(ResidualCoder(codebooks, self._beam), stop)
        return Position(iteration, done, lloyd, codebooks, counts, cost, error)
