"""The learner of median LVQ: sweeps of moves from each of several starts; what a move brings is `median_board`'s."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.base import generator_from_state, generator_state
from engines.blocks import block_bounds, map_blocks
from engines.lvq.dissimilarity import Dissimilarity
from engines.lvq.labels import LabelledRows
from engines.lvq.median_board import Board, Field, Ints, agreements, competition
from engines.training import Learner, Snapshot, State, StopToken


@dataclass(frozen=True)
class Plan:
    """What the search is asked to do.

    Attributes
    ----------
    n_starts, max_iter : int
        Starts, and the most sweeps from each.
    pinned : tuple of int
        Numbers of the prototypes that stay where they start.
    """

    n_starts: int
    max_iter: int
    pinned: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Ground:
    """The training rows as the search needs them, made when the first step is asked for.

    Attributes
    ----------
    field : Field
    rows : array of shape (n, d)
        As they were given, but for those of weight 0.
    order : int64 array of shape (n,)
        Which of them is row k of the field.
    numbers : int64 array of shape (n,)
        Number of each of `rows` among all that were given.
    metric : Dissimilarity
    """

    field: Field
    rows: NDArray[Any]
    order: Ints
    numbers: Ints
    metric: Dissimilarity

    def prototypes(self, places: Ints) -> tuple[NDArray[Any], Ints]:
        """The rows (M, d) at these places of the field, and their numbers (M,) among all that were given."""
        chosen = self.order[places]
        return self.rows[chosen], self.numbers[chosen]


@dataclass(frozen=True)
class Position:
    """Where a training stands: replaced as a whole by each step.

    Attributes
    ----------
    iteration : int
        Pulls done over all starts; 0 is the first start.
    restart, rounds : int
        Which start, and sweeps from it.
    board : Board
    n_moved : int
        Prototypes that the last sweep moved.
    settled : bool
        Whether this start is at its end.
    closing : bool
        Whether this is an earlier start's best, taken up again at the very end.
    rng : dict
        State of the random generator after this step.
    metrics : mapping
        Accuracy, and cost and accuracy of the rows that are not learned from.
    """

    iteration: int
    restart: int
    rounds: int
    board: Board
    cost: float
    n_moved: int
    settled: bool
    closing: bool
    rng: Mapping[str, Any]
    metrics: Mapping[str, float]
    message: str = ""


Survey = Callable[[StopToken], Ground]
"""Reads the rows."""
Starter = Callable[[Ground, np.random.Generator, StopToken], Ints]
"""Gives rows (M,) of the field."""


class MedianSearch(Learner):
    """Generalized expectation-maximisation from each of several starts; a step is a sweep over the prototypes.

    Before each move γ is that of the prototypes as they are; the cost never rises.
    """

    def __init__(
        self,
        survey: Survey,
        start: Starter,
        plan: Plan,
        validation: LabelledRows | None,
        classes: NDArray[Any],
        rng: np.random.Generator,
    ) -> None:
        self._survey, self._start, self._plan, self._validation = survey, start, plan, validation
        self._classes = classes
        self._first_rng = generator_state(rng)
        self._ground: Ground
        self._at: Position
        self._best: Position

    def start(self, stop: StopToken) -> None:
        self._ground = self._survey(stop)
        self._at = self._best = self._started(0, 0, self._first_rng, stop)

    def step(self, stop: StopToken) -> None:
        at = self._at
        if not at.settled:
            self._at = self._swept(at, stop)
        elif at.restart + 1 < self._plan.n_starts:
            self._at = self._started(at.iteration + 1, at.restart + 1, at.rng, stop)
        else:
            message = f"kept start {self._best.restart + 1} of {self._plan.n_starts}"
            self._at = replace(self._best, iteration=at.iteration + 1, rng=at.rng, closing=True, message=message)
        if self._at.cost < self._best.cost or self._at.restart == self._best.restart:
            self._best = self._at

    @property
    def finished(self) -> bool:
        at = self._at
        return (at.settled and at.restart + 1 >= self._plan.n_starts and at.cost <= self._best.cost) or at.closing

    def snapshot(self) -> Snapshot:
        at = self._at
        metrics = {**at.metrics, "n_moved": float(at.n_moved), "restart": float(at.restart)}
        n_starts = self._plan.n_starts
        most = n_starts * (self._plan.max_iter + 1) - (n_starts == 1)
        return Snapshot(at.iteration, most, at.cost, metrics, at.message, lambda: _bare(self._model(at)))

    def fitted(self) -> Mapping[str, Any]:
        return {**self._model(self._best), "n_iter_": self._best.rounds}

    def state(self) -> State:
        state: State = {"shape": list(self._ground.rows.shape), "best_is_here": self._best is self._at}
        for prefix, position in (("", self._at), ("best_", self._best)):
            state[prefix + "places"] = position.board.places
            state[prefix + "metrics"] = dict(position.metrics)
            state |= {prefix + name: getattr(position, name) for name in _SCALARS}
        state["rng"] = dict(self._at.rng)
        return state

    def load_state(self, state: State) -> None:
        stop = StopToken()
        self._ground = self._survey(stop)
        shape = self._ground.rows.shape
        if list(state["shape"]) != list(shape):
            raise ValueError(
                f"The state to resume is of rows of shape {tuple(state['shape'])}, but these have the shape {shape}."
            )
        self._at = self._remembered(state, "", stop)
        self._best = self._at if state["best_is_here"] else self._remembered(state, "best_", stop)

    def _started(self, iteration: int, restart: int, rng_state: Mapping[str, Any], stop: StopToken) -> Position:
        rng = generator_from_state(rng_state)
        board = Board(self._ground.field, self._start(self._ground, rng, stop), stop)
        return Position(
            iteration=iteration,
            restart=restart,
            rounds=0,
            board=board,
            cost=board.cost,
            n_moved=0,
            settled=False,
            closing=False,
            rng=generator_state(rng),
            metrics=self._scores(board, stop),
        )

    def _swept(self, at: Position, stop: StopToken) -> Position:
        board = at.board.copy()
        movable = (j for j in range(len(board.places)) if j not in self._plan.pinned)
        n_moved = sum(board.improve(j, stop) for j in movable)
        rounds = at.rounds + 1
        return replace(
            at,
            iteration=at.iteration + 1,
            rounds=rounds,
            board=board,
            cost=board.cost,
            n_moved=n_moved,
            settled=not n_moved or rounds >= self._plan.max_iter,
            metrics=self._scores(board, stop),
            message="" if n_moved else "no move is left that helps",
        )

    def _scores(self, board: Board, stop: StopToken) -> dict[str, float]:
        """Accuracy, and cost and accuracy of the validation rows, where there are any."""
        scores = {"accuracy": board.accuracy}
        held_out, field = self._validation, self._ground.field
        if held_out is None:
            return scores
        metric = self._ground.metric
        points, numbers = self._ground.prototypes(board.places)

        def work(block: NDArray[Any], start: int) -> tuple[float, int]:
            codes = held_out.codes[start : start + len(block)]
            near = competition(metric.between(points, numbers, block), field.labels, codes)[0]
            return float(agreements(near, field.phi).sum()), int(np.count_nonzero(near[0] < near[2]))

        bounds = block_bounds(*held_out.rows.shape, held_out.rows.dtype.itemsize, len(board.places))
        found = list(map_blocks(held_out.rows, work, bounds, n_jobs=field.n_jobs, stop=stop))
        n = len(held_out)
        agreement, n_right = (sum(part[k] for part in found) for k in range(2))
        return {**scores, "validation_cost": 1.0 - agreement / n, "validation_accuracy": n_right / n}

    def _model(self, position: Position) -> dict[str, Any]:
        points, numbers = self._ground.prototypes(position.board.places)
        return {
            "prototypes_": points,
            "prototype_indices_": numbers,
            "prototype_labels_": self._classes[self._ground.field.labels],
            "classes_": self._classes,
            "spread_": self._ground.metric.spread,
        }

    def _remembered(self, state: State, prefix: str, stop: StopToken) -> Position:
        """The position a state tells of: the competition follows from the places."""
        field = self._ground.field
        places = np.asarray(state[prefix + "places"])
        n = len(field.codes)
        fits = places.shape == field.labels.shape and places.dtype.kind in "iu" and np.all((places >= 0) & (places < n))
        if not fits or not np.array_equal(field.codes[places], field.labels):
            raise ValueError(
                f"The state to resume has prototypes that do not fit the classes of these rows: {len(field.labels)} "
                "are needed."
            )
        board = Board(field, places.astype(np.int64), stop)
        if not np.isclose(board.cost, state[prefix + "cost"], rtol=1e-6, atol=1e-9):
            raise ValueError("The state to resume was left by a training on other data.")
        scalars = {name: state[prefix + name] for name in _SCALARS}
        return Position(board=board, rng=state["rng"], metrics=state[prefix + "metrics"], **scalars)


_SCALARS = ("iteration", "restart", "rounds", "cost", "n_moved", "settled", "closing", "message")


def _bare(fitted: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    """Arrays named without the underscore, as a snapshot has them."""
    return {name[:-1]: values for name, values in fitted.items()}
