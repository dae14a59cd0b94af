"""Two stages of k-means, the second inside the cells of the first: the search in them and their training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.base import generator_state
from engines.blocks import block_bounds, map_blocks
from engines.clustering.inside import lloyd_inside, two_generators
from engines.clustering.lloyd import Lloyd, Plan
from engines.clustering.starts import Start, seeder
from engines.distortion import squared_errors
from engines.kernels.exact import Labels, frozen, squared_to_own
from engines.kernels.nearest import Codebook
from engines.rows import RowSource
from engines.training import Learner, Snapshot, State, StopToken

Floats = NDArray[Any]
Doubles = NDArray[np.float64]
Offsets = NDArray[np.int64]

ROWS_AT_ONCE = 2**16
"""Rows are sorted by coarse cell so many at a time, that each cell has some to be searched together."""


class Tree:
    """The two stages, made ready to be searched.

    Parameters
    ----------
    coarse : (C, d)
    prototypes : (M, d)
        Fine ones, cell after cell.
    offsets : (C + 1,) int64
        Where each cell's begin.
    """

    def __init__(self, coarse: Floats, prototypes: Floats, offsets: Offsets) -> None:
        self._coarse, self._prototypes, self._offsets = coarse, prototypes, offsets

    def descended(self, rows: RowSource, n_jobs: int, stop: StopToken | None = None) -> tuple[Labels, Doubles]:
        """Index (n,) of each row's fine prototype, and the squared distance (n,) to it, float64.

        Raises
        ------
        Stopped
            When `stop` is set.
        """
        n, d = rows.shape
        offsets = self._offsets
        prototypes = np.ascontiguousarray(self._prototypes, rows.dtype)
        coarse = Codebook(np.ascontiguousarray(self._coarse, rows.dtype))
        cells = pairwise(offsets)
        fine = [Codebook(prototypes[first:last]) if last - first > 1 else None for first, last in cells]
        leaves, squared = np.empty(n, np.int32), np.empty(n)

        def one(block: Floats, start: int) -> None:
            own = np.empty(len(block), np.int32)
            coarse.label(block, own)
            order = np.argsort(own, kind="stable")
            ends = np.searchsorted(own[order], np.arange(len(fine) + 1))
            for cell in np.unique(own):
                if stop is not None:
                    stop.check()
                inside = order[ends[cell] : ends[cell + 1]]
                codebook, found = fine[cell], np.zeros(len(inside), np.int32)
                if codebook is not None:
                    codebook.label(np.ascontiguousarray(block[inside]), found)
                own[inside] = offsets[cell] + found
            leaves[start : start + len(block)] = own
            squared_to_own(frozen(block), frozen(prototypes), frozen(own), squared[start : start + len(block)])

        bounds = block_bounds(n, d, rows.dtype.itemsize, min_rows=ROWS_AT_ONCE)
        for _ in map_blocks(rows, one, bounds, n_jobs=n_jobs, stop=stop):
            pass
        return leaves, squared


@dataclass(frozen=True)
class Stages:
    """What is asked of the two stages.

    Attributes
    ----------
    coarse : Plan
        Of the coarse codebook, and but for the number of prototypes of each fine one.
    n_fine : int
    least : int
        Rows of positive weight that a cell must have to be refined.
    init : {"k-means++", "random", "pca"}
    """

    coarse: Plan
    n_fine: int
    least: int
    init: Start


@dataclass(frozen=True)
class _Refined:
    """Where the second stage stands: replaced as a whole by each step.

    Attributes
    ----------
    iteration : int
        Steps done in both stages.
    n_done : int
        Cells refined.
    coarse : (C, d)
    prototypes : (M, d)
        Fine ones, cell after cell.
    offsets : (C + 1,) int64
    costs : (C,) float64
        Cost of the rows of each coarse cell.
    cells : (n,) int32
        Coarse cell of each row.
    within : (n,) int32
        Fine prototype of each row, counted from the first of its cell.
    labels : (n,) int32
        The same, counted from the first of all.
    counts : (M,) float64
    rng : dict
        State of the generator of the fine starts.
    """

    iteration: int
    n_done: int
    coarse: Floats
    prototypes: Floats
    offsets: Offsets
    costs: Doubles
    cost: float
    cells: Labels
    within: Labels
    labels: Labels
    counts: Doubles
    rng: Mapping[str, Any]
    validation_error: float | None


class TwoStage(Learner):
    """First every iteration of the coarse codebook is a step, then the whole training of each cell's fine one.

    Fine prototypes take the coarse one's place only where they cost less.
    """

    def __init__(
        self,
        rows: RowSource,
        weights: Doubles | None,
        stages: Stages,
        rng: np.random.Generator,
        held_out: RowSource | None = None,
    ) -> None:
        d, dtype = rows.shape[1], rows.dtype
        self._rows, self._weights, self._stages, self._held_out = rows, weights, stages, held_out
        self._fine_rng = generator_state(rng.spawn(1)[0])
        self._fine_seed = seeder(stages.init, stages.n_fine, d, dtype)
        seed = seeder(stages.init, stages.coarse.n_clusters, d, dtype)
        validate = None if held_out is None else self._coarse_error
        self._lloyd = Lloyd(rows, weights, stages.coarse, seed, rng, validate)
        self._to_refine: NDArray[np.intp]
        self._at: _Refined | None = None

    def start(self, stop: StopToken) -> None:
        self._lloyd.start(stop)
        self._to_refine = self._large_cells()

    def step(self, stop: StopToken) -> None:
        if self._lloyd.finished:
            self._at = self._with_next_cell(stop)
        else:
            self._lloyd.step(stop)
            self._to_refine = self._large_cells()

    @property
    def finished(self) -> bool:
        n_done = 0 if self._at is None else self._at.n_done
        return self._lloyd.finished and n_done == len(self._to_refine)

    def snapshot(self) -> Snapshot:
        at, coarse = self._at, self._lloyd.snapshot()
        names = ("error_per_row", "error_per_component", "validation_error_per_row")
        metrics = {name: coarse.metrics[name] for name in names if name in coarse.metrics}
        if at is None:
            codebook = self._lloyd.fitted()
            metrics |= {"n_prototypes": float(len(codebook["prototypes_"])), "cells_done": 0.0}
            most = None if coarse.n_iterations is None else coarse.n_iterations + self._stages.coarse.n_clusters
            return Snapshot(coarse.iteration, most, coarse.cost, metrics, coarse.message, lambda: _alone(codebook))
        share = at.cost / coarse.cost if coarse.cost else 1.0
        metrics["error_per_row"] *= share
        metrics["error_per_component"] *= share
        metrics |= {"n_prototypes": float(len(at.prototypes)), "cells_done": float(at.n_done)}
        if at.validation_error is not None:
            metrics["validation_error_per_row"] = at.validation_error
        most = at.iteration + len(self._to_refine) - at.n_done
        message = f"refined cell {at.n_done} of {len(self._to_refine)}"
        return Snapshot(at.iteration, most, at.cost, metrics, message, lambda: _arrays(at))

    def state(self) -> State:
        state: State = {"coarse." + name: value for name, value in self._lloyd.state().items()}
        state |= {"fine_rng": dict(self._fine_rng), "refining": self._at is not None}
        if self._at is not None:
            state |= {name: getattr(self._at, name) for name in _KEPT}
        return state

    def load_state(self, state: State) -> None:
        prefix = "coarse."
        self._lloyd.load_state({name[len(prefix) :]: v for name, v in state.items() if name.startswith(prefix)})
        self._to_refine = self._large_cells()
        self._fine_rng = dict(state["fine_rng"])
        if not state["refining"]:
            return
        kept = {name: state[name] for name in _KEPT}
        coarse = self._lloyd.fitted()
        tree = Tree(coarse["prototypes_"], kept["prototypes"], kept["offsets"])
        labels, _ = tree.descended(self._rows, self._stages.coarse.n_jobs)
        cells = coarse["labels_"]
        within = (labels - kept["offsets"][cells]).astype(np.int32)
        self._at = _Refined(coarse=coarse["prototypes_"], cells=cells, within=within, labels=labels, **kept)

    def fitted(self) -> Mapping[str, Any]:
        at = self._at
        if at is None:
            coarse = self._lloyd.fitted()
            arrays = {name + "_": values for name, values in _alone(coarse).items()}
            n_iter = self._lloyd.snapshot().iteration
            return {**arrays, "labels_": coarse["labels_"], "inertia_": coarse["inertia_"], "n_iter_": n_iter}
        arrays = {name + "_": values for name, values in _arrays(at).items()}
        return {**arrays, "labels_": at.labels, "inertia_": at.cost, "n_iter_": at.iteration}

    def _large_cells(self) -> NDArray[np.intp]:
        """The coarse cells that have rows enough to be refined."""
        labels = self._lloyd.fitted()["labels_"]
        stages = self._stages
        counted = labels if self._weights is None else labels[self._weights > 0]
        n_rows = np.bincount(counted, minlength=stages.coarse.n_clusters)
        return np.flatnonzero(n_rows >= stages.least) if stages.n_fine > 1 else np.empty(0, np.intp)

    def _opened(self, stop: StopToken) -> _Refined:
        """The coarse codebook as two stages of which none is refined."""
        coarse = self._lloyd.fitted()
        W, cells = coarse["prototypes_"], coarse["labels_"]
        n, d = self._rows.shape
        squared = np.empty(n)

        def one(block: Floats, start: int) -> None:
            here = slice(start, start + len(block))
            squared_to_own(frozen(block), frozen(W), frozen(cells[here]), squared[here])

        bounds = block_bounds(n, d, self._rows.dtype.itemsize)
        for _ in map_blocks(self._rows, one, bounds, n_jobs=self._stages.coarse.n_jobs, stop=stop):
            pass
        costly = squared if self._weights is None else self._weights * squared
        return _Refined(
            iteration=self._lloyd.snapshot().iteration,
            n_done=0,
            coarse=W,
            prototypes=W,
            offsets=np.arange(len(W) + 1),
            costs=np.bincount(cells, costly, minlength=len(W)).astype(np.float64),
            cost=coarse["inertia_"],
            cells=cells,
            within=np.zeros(n, np.int32),
            labels=cells,
            counts=coarse["counts_"],
            rng=self._fine_rng,
            validation_error=None,
        )

    def _with_next_cell(self, stop: StopToken) -> _Refined:
        """The two stages with one more cell refined."""
        at = self._at or self._opened(stop)
        cell = int(self._to_refine[at.n_done])
        index = np.flatnonzero(at.cells == cell)
        rng, own_rng = two_generators(at.rng)
        plan = replace(self._stages.coarse, n_clusters=self._stages.n_fine)
        fine = lloyd_inside(self._rows, self._weights, index, plan, self._fine_seed, own_rng, stop).fitted()
        step = replace(at, iteration=at.iteration + 1, n_done=at.n_done + 1, rng=generator_state(rng))
        if fine["inertia_"] < at.costs[cell]:
            step = _with_fine(step, cell, index, fine)
        return replace(step, validation_error=self._fine_error(step, stop))

    def _coarse_error(self, prototypes: Floats, stop: StopToken) -> float:
        assert self._held_out is not None
        n_jobs = self._stages.coarse.n_jobs
        return float(np.mean(squared_errors(self._held_out, prototypes, n_jobs=n_jobs, stop=stop)))

    def _fine_error(self, at: _Refined, stop: StopToken) -> float | None:
        if self._held_out is None:
            return None
        tree = Tree(at.coarse, at.prototypes, at.offsets)
        return float(np.mean(tree.descended(self._held_out, self._stages.coarse.n_jobs, stop)[1]))


_KEPT = ("iteration", "n_done", "prototypes", "offsets", "costs", "cost", "counts", "rng", "validation_error")


def _with_fine(at: _Refined, cell: int, index: NDArray[np.intp], fine: Mapping[str, Any]) -> _Refined:
    """These two stages with a fine codebook in the place of the one prototype of `cell`, whose rows are `index`."""
    first, n_more = int(at.offsets[cell]), len(fine["prototypes_"]) - 1
    offsets = at.offsets + n_more * (np.arange(len(at.offsets)) > cell)
    within, costs = at.within.copy(), at.costs.copy()
    within[index] = fine["labels_"]
    costs[cell] = fine["inertia_"]
    return replace(
        at,
        prototypes=np.concatenate([at.prototypes[:first], fine["prototypes_"], at.prototypes[first + 1 :]]),
        counts=np.concatenate([at.counts[:first], fine["counts_"], at.counts[first + 1 :]]),
        offsets=offsets,
        costs=costs,
        cost=min(at.cost, float(np.sum(costs))),  # a sum of other parts may differ in the last digit
        within=within,
        labels=(offsets[at.cells] + within).astype(np.int32),
    )


def _alone(coarse: Mapping[str, Any]) -> Mapping[str, NDArray[Any]]:
    """A coarse codebook as two stages: every prototype is the only fine one of its cell."""
    W = coarse["prototypes_"]
    return {"prototypes": W, "counts": coarse["counts_"], "coarse": W, "offsets": np.arange(len(W) + 1)}


def _arrays(at: _Refined) -> Mapping[str, NDArray[Any]]:
    return {"prototypes": at.prototypes, "counts": at.counts, "coarse": at.coarse, "offsets": at.offsets}
