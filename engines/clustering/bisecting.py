"""Bisecting k-means as a learner: the costliest cell is split in two until there are enough; no face of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engines.base import generator_state
from engines.blocks import block_bounds, map_blocks
from engines.clustering.inside import lloyd_inside, two_generators
from engines.clustering.lloyd import Plan
from engines.clustering.prototype_learner import Validator
from engines.clustering.starts import seeder
from engines.kernels.exact import Labels, frozen, nearest, squared_to_own
from engines.kernels.nearest import Codebook
from engines.kernels.vectors import squared_distance
from engines.rows import RowSource
from engines.survey import Sample, survey
from engines.training import Learner, Snapshot, State, StopToken

Floats = NDArray[Any]
Doubles = NDArray[np.float64]

MARGIN = 1 + 1e-6
"""Squared distances that differ by less are compared one by one: more than their rounding in float32."""


@dataclass(frozen=True)
class _Position:
    """Where the splitting stands: replaced as a whole by each step.

    Attributes
    ----------
    iteration : int
        Splits done.
    prototypes : (M, d), in the data's precision
    labels : (n,) int32
        Of the nearest prototype.
    squared : (n,) float64
        Squared distance of each row to its prototype.
    costs, counts : (M,) float64
        Weighted sum of these in each cell, and the cell's weight.
    rng : dict
        State of the random generator after this step.
    n_inner : int
        Iterations of Lloyd inside the cell that was split.
    closed : bool
        Whether a split was tried in vain.
    """

    iteration: int
    prototypes: Floats
    labels: Labels
    squared: Doubles
    costs: Doubles
    counts: Doubles
    cost: float
    rng: Mapping[str, Any]
    n_inner: int
    n_changed: int
    closed: bool
    validation_error: float | None
    message: str = ""


class Bisecting(Learner):
    """Splits the cell of greatest cost in two by Lloyd's iteration inside it, from one prototype to K.

    Every step is one split. After it each row belongs to the nearest of all prototypes, so cells are those that
    `predict` gives, and a row near a border may leave its cell; the other prototypes stay. The cost never rises:
    rows of the split cell lie no farther, in sum, from its two means than from what they had, and every other row
    may keep its prototype. Rows too near to their prototype for a new one to be nearer (by the triangle inequality)
    are passed over. A split takes the place of a prototype whose cell has become empty, if there is one. Where there
    are too few different rows, fewer than K prototypes are left.

    Parameters
    ----------
    rows : RowSource of shape (n, d)
    weights : (n,) float64 or None
    plan : Plan
        `n_clusters` prototypes in all; the rest is for each split.
    init : {"k-means++", "random", "pca"}
        Start of each split.
    rng : Generator
    validate : callable, optional
        Tells the error of prototypes on rows that are not learned from.

    References
    ----------
    Steinbach, Karypis & Kumar, "A comparison of document clustering techniques", 2000.
    """

    def __init__(
        self,
        rows: RowSource,
        weights: Doubles | None,
        plan: Plan,
        init: Literal["k-means++", "random", "pca"],
        rng: np.random.Generator,
        validate: Validator | None = None,
    ) -> None:
        n, d = rows.shape
        self._rows, self._weights, self._plan, self._validate = rows, weights, plan, validate
        self._first_rng = generator_state(rng)
        self._seed = seeder(init, 2, d, rows.dtype)
        self._bounds = block_bounds(n, d, rows.dtype.itemsize, plan.n_clusters)
        self._sample: Sample
        self._at: _Position

    def start(self, stop: StopToken) -> None:
        self._sample = survey(self._rows, self._weights, self._bounds, self._plan.n_jobs, stop)
        mean = np.ascontiguousarray(self._sample.mean[None], self._rows.dtype)
        at = self._placed(mean, self._first_rng, stop)
        if not np.isfinite(at.cost):
            raise ValueError("Input X contains values so large that their squared distances overflow: scale them.")
        self._at = replace(at, validation_error=self._validate and self._validate(mean, stop))

    def step(self, stop: StopToken) -> None:
        at = self._at
        rng, own_rng = two_generators(at.rng)
        cell = int(np.argmax(at.costs))
        inside = at.labels == cell if self._weights is None else (at.labels == cell) & (self._weights > 0)
        halves, n_inner = self._halves(np.flatnonzero(inside), own_rng, stop)
        empty = np.flatnonzero(at.counts == 0)
        other = int(empty[0]) if len(empty) else len(at.prototypes)
        grown = at.prototypes if len(empty) else np.concatenate([at.prototypes, halves[1:]])
        prototypes = grown.copy()
        prototypes[[cell, other]] = halves
        labels, squared, n_changed = self._retaken(at, prototypes, cell, other, stop)
        costs, counts = self._sums(labels, squared, len(prototypes))
        cost = self._cost(squared)
        step = replace(at, iteration=at.iteration + 1, rng=generator_state(rng), n_inner=n_inner)
        if cost > at.cost or (cost == at.cost and len(empty)):
            self._at = replace(step, n_changed=0, closed=True, message="at rounding precision")
            return
        self._at = replace(
            step,
            prototypes=prototypes,
            labels=labels,
            squared=squared,
            costs=costs,
            counts=counts,
            cost=cost,
            n_changed=n_changed,
            validation_error=self._validate and self._validate(prototypes, stop),
            message=f"split prototype {cell}",
        )

    @property
    def finished(self) -> bool:
        at = self._at
        return at.closed or at.cost == 0 or int(np.count_nonzero(at.counts)) >= self._plan.n_clusters

    def snapshot(self) -> Snapshot:
        at = self._at
        n, d = self._rows.shape
        n_filled = int(np.count_nonzero(at.counts))
        error = at.cost / self._sample.mass
        metrics = {
            "error_per_row": error,
            "error_per_component": error / d,
            "n_prototypes": float(len(at.prototypes)),
            "changed": at.n_changed / n,
            "n_empty": float(len(at.prototypes) - n_filled),
            "inner_iterations": float(at.n_inner),
        }
        if at.validation_error is not None:
            metrics["validation_error_per_row"] = at.validation_error
        most = at.iteration if self.finished else at.iteration + self._plan.n_clusters - n_filled
        return Snapshot(
            at.iteration,
            most,
            at.cost,
            metrics,
            at.message,
            lambda: {"prototypes": at.prototypes, "counts": at.counts},
        )

    def state(self) -> State:
        at = self._at
        return {"shape": list(self._rows.shape), "prototypes": at.prototypes, "rng": dict(at.rng)} | {
            name: getattr(at, name) for name in _SCALARS
        }

    def load_state(self, state: State) -> None:
        prototypes, shape = np.asarray(state["prototypes"]), self._rows.shape
        if list(state["shape"]) != list(shape) or len(prototypes) > self._plan.n_clusters:
            raise ValueError(
                f"The state to resume has {len(prototypes)} prototypes for data of shape {tuple(state['shape'])}, "
                f"which does not fit {self._plan.n_clusters} prototypes for data of shape {shape}."
            )
        stop = StopToken()
        self._sample = survey(self._rows, self._weights, self._bounds, self._plan.n_jobs, stop)
        at = self._placed(np.ascontiguousarray(prototypes, self._rows.dtype), state["rng"], stop)
        if at.cost != state["cost"]:
            raise ValueError("The state to resume was left by a training on other data.")
        self._at = replace(at, **{name: state[name] for name in _SCALARS})

    def fitted(self) -> Mapping[str, Any]:
        at = self._at
        return {
            "prototypes_": at.prototypes,
            "counts_": at.counts,
            "labels_": at.labels,
            "inertia_": at.cost,
            "n_iter_": at.iteration,
        }

    def _halves(self, index: NDArray[np.intp], rng: np.random.Generator, stop: StopToken) -> tuple[Floats, int]:
        """Two prototypes (2, d) for the rows `index` of a cell, and how many iterations found them."""
        if len(index) == 1:
            row = self._rows.read(int(index[0]), int(index[0]) + 1)
            return np.concatenate([row, row]), 0
        inner = replace(self._plan, n_clusters=2)
        found = lloyd_inside(self._rows, self._weights, index, inner, self._seed, rng, stop).fitted()
        return found["prototypes_"], int(found["n_iter_"])

    def _retaken(
        self, at: _Position, prototypes: Floats, cell: int, other: int, stop: StopToken
    ) -> tuple[Labels, Doubles, int]:
        """Labels and squared distances of all rows, now that prototypes `cell` and `other` are new."""
        labels, squared = at.labels.copy(), at.squared.copy()
        W = frozen(prototypes)
        doubles = prototypes.astype(np.float64)
        gaps = frozen(np.minimum(*(((doubles - doubles[k]) ** 2).sum(axis=1) for k in (cell, other))) / (4 * MARGIN))

        def one(block: Floats, start: int) -> int:
            here = slice(start, start + len(block))
            return int(_retake(frozen(block), W, cell, other, gaps, labels[here], squared[here]))

        changed = map_blocks(self._rows, one, self._bounds, n_jobs=self._plan.n_jobs, stop=stop)
        return labels, squared, sum(changed)

    def _placed(self, prototypes: Floats, rng_state: Mapping[str, Any], stop: StopToken) -> _Position:
        """All rows at their nearest prototype, looked for from the beginning."""
        n = self._rows.shape[0]
        labels, squared = np.empty(n, np.int32), np.empty(n)
        codebook = Codebook(prototypes)

        def one(block: Floats, start: int) -> None:
            here = slice(start, start + len(block))
            codebook.label(block, labels[here])
            squared_to_own(frozen(block), frozen(prototypes), frozen(labels[here]), squared[here])

        for _ in map_blocks(self._rows, one, self._bounds, n_jobs=self._plan.n_jobs, stop=stop):
            pass
        costs, counts = self._sums(labels, squared, len(prototypes))
        cost = self._cost(squared)
        return _Position(0, prototypes, labels, squared, costs, counts, cost, dict(rng_state), 0, 0, False, None)

    def _sums(self, labels: Labels, squared: Doubles, n_cells: int) -> tuple[Doubles, Doubles]:
        """Cost and weight of each cell."""
        weights = self._weights
        costs = np.bincount(labels, squared if weights is None else weights * squared, minlength=n_cells).astype(
            np.float64
        )
        return costs, np.bincount(labels, weights, minlength=n_cells).astype(np.float64)

    def _cost(self, squared: Doubles) -> float:
        return float(np.sum(squared if self._weights is None else self._weights * squared))


_SCALARS = ("iteration", "cost", "n_inner", "n_changed", "closed", "validation_error", "message")


@njit(cache=True, nogil=True)
def _retake(X, W, cell, other, gaps, labels, squared):  # type: ignore[no-untyped-def]
    """Move rows to prototypes `cell` or `other` of W (M, d) where these, being new, are the nearest.

    `labels` (b,) and `squared` (b,) are of the prototypes before, of which `cell` and `other` are gone; a row keeps
    any other prototype unheard where its squared distance is below that one's `gaps` (M,). Returns how many labels
    changed. Distances are compared as everywhere: rounded to X's precision, of equal ones the lowest index.
    """
    d = X.shape[1]
    rounded = np.empty(3, X.dtype)
    n_changed = 0
    low, high = min(cell, other), max(cell, other)
    for i in range(X.shape[0]):
        own = labels[i]
        orphan = own in (cell, other)
        if not orphan and squared[i] < gaps[own]:
            continue
        to_low = squared_distance(X, i * d, W, low * d, d)
        to_high = squared_distance(X, i * d, W, high * d, d)
        rounded[0], rounded[1], rounded[2] = np.sqrt(to_low), np.sqrt(to_high), np.sqrt(squared[i])
        closer = 0 if rounded[0] <= rounded[1] else 1
        winner, closest = (low, to_low) if closer == 0 else (high, to_high)
        if rounded[closer] >= rounded[2]:
            if orphan:
                winner = nearest(X, i, W, rounded)
                closest = squared_distance(X, i * d, W, winner * d, d)
            elif rounded[closer] > rounded[2] or winner > own:
                continue
        n_changed += winner != own
        labels[i], squared[i] = winner, closest
    return n_changed
