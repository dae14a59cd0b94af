"""Learning vector quantization epoch by epoch, one row after another, as a learner; what a row does is a `Rule`'s."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import astuple, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.base import generator_from_state, generator_state
from engines.clustering.prototype_learner import shift_between
from engines.lvq.epochs import Field, Roster, Score, epoch, placed, score, survey_field
from engines.lvq.gaps import HeldRows, hold
from engines.lvq.labels import LabelledRows
from engines.lvq.rules import Rule
from engines.resuming import check_same_data, resumed_prototypes
from engines.training import Learner, Snapshot, State, StopToken

Floats = NDArray[Any]

_PLAIN = ("iteration", "prototypes", "memory", "shift", "moved")


@dataclass(frozen=True, eq=False)
class Plan:
    """What is asked of the learner; see the parameters of the engines for what each means."""

    roster: Roster
    init: str | NDArray[Any]
    max_iter: int
    tol: float
    patience: int
    restore_best: bool
    n_jobs: int


@dataclass(frozen=True, eq=False)
class Position:
    """Where a training stands: replaced as a whole by each epoch.

    Attributes
    ----------
    prototypes : (M, d), in the data's precision
    memory : (M,) or (0,) float64
        What the rule remembers of each prototype.
    shift : float
        Euclidean, of all prototypes over the last epoch.
    moved : float
        Share of the rows shown in the last epoch that moved a prototype.
    """

    iteration: int
    prototypes: Floats
    memory: NDArray[np.float64]
    score: Score
    validation: Score | None
    shift: float = math.nan
    moved: float = math.nan

    @property
    def merit(self) -> tuple[float, float]:
        """What makes it better than another: accuracy by weight, and at equal accuracy a lower cost."""
        watched = self.validation or self.score
        return watched.weighted_accuracy, -watched.cost


class SequentialLearner(Learner):
    """Each step is an epoch: every row of positive weight once, in an order of its own, then a score."""

    def __init__(
        self,
        rule: Rule,
        plan: Plan,
        data: LabelledRows,
        validation: LabelledRows | None,
        rng: np.random.Generator,
    ) -> None:
        self._rule, self._plan, self._data, self._validation = rule, plan, data, validation
        self._first_rng = generator_state(rng)
        self._rows: HeldRows
        self._field: Field
        self._at: Position
        self._best: Position
        self._rng: Mapping[str, Any]
        self._n_waited = 0
        self._finished = False
        self._message = ""

    # --- the training's side

    def start(self, stop: StopToken) -> None:
        self._look(stop)
        plan, rng = self._plan, generator_from_state(self._first_rng)
        prototypes = placed(plan.init, plan.roster, self._rows, self._field, rng)
        self._field = self._field.with_start(prototypes)
        self._rule = self._rule.of_rows(self._rows, rng, stop)
        position = Position(0, prototypes, self._rule.memory(len(prototypes)), *self._scores(prototypes, stop))
        if not math.isfinite(position.merit[1]):
            raise ValueError("Input X contains values so large that their squared distances overflow: scale them.")
        self._at = self._best = position
        self._rng = generator_state(rng)

    def step(self, stop: StopToken) -> None:
        at, plan, rule = self._at, self._plan, self._rule
        rng = generator_from_state(self._rng)
        prototypes, memory, moved = epoch(
            rule, plan.roster, self._rows, rng, at.prototypes, at.memory, at.iteration, stop
        )
        if self._field.lost(prototypes):
            self._at = replace(at, iteration=at.iteration + 1)
            self._end("diverged: prototypes leave the data, and the epoch before is kept; try a lower rate")
            return
        shift = shift_between(at.prototypes, prototypes)
        scores = self._scores(prototypes, stop)
        self._rng = generator_state(rng)
        self._judge(Position(at.iteration + 1, prototypes, memory, *scores, shift, moved))

    @property
    def finished(self) -> bool:
        return self._finished

    def snapshot(self) -> Snapshot:
        at, rule, roster = self._at, self._rule, self._plan.roster
        metrics = {
            "accuracy": at.score.accuracy,
            "shift": at.shift,
            "moved": at.moved,
            "rate": rule.rate(at.iteration, at.memory),
        }
        if at.validation is not None:
            metrics |= {"validation_cost": at.validation.cost, "validation_accuracy": at.validation.accuracy}

        def make() -> Mapping[str, Floats]:
            return {name[:-1]: values for name, values in _model(at, rule, roster).items()}

        return Snapshot(at.iteration, self._plan.max_iter, at.score.cost, metrics, self._message, make)

    def fitted(self) -> Mapping[str, Any]:
        return {**_model(self._at, self._rule, self._plan.roster), "n_iter_": self._at.iteration}

    def state(self) -> State:
        state: State = {
            "rng": dict(self._rng),
            "reach": self._field.reach,
            "n_waited": self._n_waited,
            "finished": self._finished,
            "message": self._message,
            "shape": list(self._data.rows.shape),
            **_kept(self._at),
        }
        state |= {f"best.{name}": value for name, value in _kept(self._best).items()}
        return state | {f"taken.{name}": values for name, values in self._rule.taken.items()}

    def load_state(self, state: State) -> None:
        stop, roster = StopToken(), self._plan.roster
        prototypes = resumed_prototypes(state, self._data.rows, roster.size)
        self._rule = self._rule.of_taken({name: state[f"taken.{name}"] for name in self._rule.TAKEN})
        self._look(stop)
        self._field = replace(self._field, reach=state["reach"])
        self._at, self._best = (_position(part, self._rule, roster.size) for part in (state, _under("best.", state)))
        check_same_data({"cost": self._at.score.cost}, self._scores(prototypes, stop)[0].cost, 1.0)
        self._rng, self._n_waited = state["rng"], state["n_waited"]
        self._finished, self._message = state["finished"], state["message"]

    # --- one epoch

    def _judge(self, at: Position) -> None:
        """Take the new position in, and see whether to end."""
        plan = self._plan
        self._n_waited = 0 if at.merit[0] > self._best.merit[0] else self._n_waited + 1
        if at.merit > self._best.merit:
            self._best = at
        self._at = at
        if at.moved == 0:
            self._end("no row moves a prototype any more")
        elif at.shift**2 <= plan.tol * self._field.found.spread**2:
            self._end("the prototypes hardly move any more")
        elif self._n_waited >= plan.patience:
            self._end(f"no better accuracy in {plan.patience} epochs")
        elif at.iteration >= plan.max_iter:
            self._end("the last epoch is done")

    def _end(self, why: str) -> None:
        self._finished = True
        self._message = why
        best, last = self._best, self._at
        if self._plan.restore_best and best.merit > last.merit:
            self._at = replace(best, iteration=last.iteration)
            self._message = f"{why}; epoch {best.iteration} was the best and is restored"

    def _look(self, stop: StopToken) -> None:
        self._rows = hold(self._data, stop)
        self._field = survey_field(self._rows, len(self._plan.roster.counts), n_jobs=self._plan.n_jobs, stop=stop)

    def _scores(self, prototypes: Floats, stop: StopToken) -> tuple[Score, Score | None]:
        codes, rule = self._plan.roster.codes, self._rule

        def of(data: LabelledRows) -> Score:
            mean, n_jobs = self._field.found.mean, self._plan.n_jobs
            return score(data, prototypes, codes, rule, mean, n_jobs=n_jobs, stop=stop)

        return of(self._rows.data), None if self._validation is None else of(self._validation)


def _model(at: Position, rule: Rule, roster: Roster) -> dict[str, Floats]:
    return {"prototypes_": at.prototypes, **roster.labels, **rule.learned(at.memory)}


def _kept(at: Position) -> State:
    scores = {"score": list(astuple(at.score)), "validation": at.validation and list(astuple(at.validation))}
    return {**{name: getattr(at, name) for name in _PLAIN}, **scores}


def _position(state: State, rule: Rule, n_prototypes: int) -> Position:
    """What `_kept` gave; raises ValueError where the memory is not that of so many prototypes."""
    plain = {name: state[name] for name in _PLAIN}
    if np.shape(plain["memory"]) != rule.memory(n_prototypes).shape:
        raise ValueError(f"The state to resume remembers nothing of {n_prototypes} prototypes.")
    validation = state["validation"] and Score(*state["validation"])
    return Position(score=Score(*state["score"]), validation=validation, **plain)


def _under(prefix: str, state: State) -> State:
    return {name[len(prefix) :]: value for name, value in state.items() if name.startswith(prefix)}
