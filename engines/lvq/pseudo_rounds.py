"""The learner of pseudo-label GLVQ: rounds of clustering and of learning the metric that tells the clusters apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import adjusted_rand_score

from engines.clustering.starts import Start
from engines.distortion import squared_to_labelled
from engines.lvq.gmlvq import GMLVQ
from engines.lvq.learned import Omegas
from engines.lvq.metric import relevance_matrix
from engines.lvq.pseudo_clusters import Cells, Clustering
from engines.rows import RowSource
from engines.training import Learner, Snapshot, State, StopToken

Floats = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Plan:
    """What the rounds are asked to do.

    Attributes
    ----------
    init : str or array of shape (K, d)
        Start of the first clustering, as k-means has it.
    n_starts : int
        k-means starts in the first round, of which the best is kept.
    max_rounds : int
    agreement : float
        Adjusted Rand index of two rounds at which to end.
    metric : Omegas
        The metric to be learned, and where it starts.
    learning : mapping
        Parameters of the GMLVQ of each round, beside its start.
    """

    init: Start
    n_starts: int
    max_rounds: int
    agreement: float
    metric: Omegas
    learning: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Round:
    """One clustering, and the learning of its clusters that goes on.

    Attributes
    ----------
    number : int
    prototypes : (K, d)
        Means of the clusters.
    omega : (m, d)
        Ω that they were found under.
    anchors : (K, d)
        Where the prototypes of the learning start, in scaled features: where those of the round before ended.
    labels : (n,) int32
        The pseudo-labels.
    agreement : float
        Adjusted Rand index with those of the round before; NaN in the first.
    learner : Learner or None
        Of GMLVQ; None where fewer than two clusters have rows.
    """

    number: int
    prototypes: Floats
    omega: Floats
    anchors: Floats
    labels: NDArray[np.int32]
    agreement: float
    learner: Learner | None


@dataclass(frozen=True, eq=False)
class Position:
    """Where a training stands: replaced as a whole by each step.

    Attributes
    ----------
    iteration : int
        Pulls done over all rounds.
    round : Round
    omega : (m, d)
        Ω as it is now.
    cells : Cells
        Of the round's prototypes under it.
    cost : float
        E of the round's learning.
    metrics : mapping of str to float
    """

    iteration: int
    round: Round
    omega: Floats
    cells: Cells
    cost: float
    metrics: Mapping[str, float]
    finished: bool
    message: str = ""


class PseudoRounds(Learner):
    """Clusters Ωx, learns the clusters by GMLVQ step by step, clusters again from where it stands, until it settles."""

    def __init__(
        self,
        survey: Callable[[StopToken], Clustering],
        plan: Plan,
        rng: np.random.Generator,
        held_out: RowSource | None,
    ) -> None:
        self._survey, self._plan, self._rng, self._held_out = survey, plan, rng, held_out
        self._clustering: Clustering
        self._at: Position

    def start(self, stop: StopToken) -> None:
        plan = self._plan
        self._clustering = clustering = self._survey(stop)
        omega = clustering.start_omega(plan.metric, self._rng, stop)
        labels = clustering.found(omega, plan.init, plan.n_starts, self._rng, stop)
        prototypes = clustering.means(labels, None, stop)
        cells = clustering.cells(prototypes, omega, stop)
        anchors = prototypes / clustering.spread
        first = Round(0, prototypes, omega, anchors, cells.labels, float("nan"), None)
        self._at = self._begun(0, self._with_learner(first, cells, stop), cells, stop)

    def step(self, stop: StopToken) -> None:
        learner = self._at.round.learner
        assert learner is not None  # else it had finished
        self._at = self._again(stop) if learner.finished else self._learned(learner, stop)

    @property
    def finished(self) -> bool:
        return self._at.finished

    def snapshot(self) -> Snapshot:
        at = self._at
        most = self._plan.max_rounds * (int(self._plan.learning["max_iter"]) + 1)

        def make() -> dict[str, NDArray[Any]]:
            shown = {"prototypes": at.round.prototypes, "counts": at.cells.counts, "omega": at.omega}
            return {**shown, "relevance_matrix": relevance_matrix(at.omega)}

        return Snapshot(at.iteration, most, at.cost, at.metrics, at.message, make)

    def fitted(self) -> Mapping[str, Any]:
        at = self._at
        return {
            "prototypes_": at.round.prototypes,
            "omega_": at.omega,
            "counts_": at.cells.counts,
            "labels_": at.cells.labels,
            "inertia_": at.cells.inertia,
            "stability_": at.round.agreement,
            "n_rounds_": at.round.number + 1,
            "n_iter_": at.iteration,
        }

    def state(self) -> State:
        at, round_ = self._at, self._at.round
        state: State = {"shape": list(self._clustering.rows.shape), "iteration": at.iteration, "number": round_.number}
        state |= {"prototypes": round_.prototypes, "omega": round_.omega, "anchors": round_.anchors}
        state |= {"agreement": round_.agreement, "cost": at.cost, "inertia": at.cells.inertia, "now": at.omega}
        state |= {"metrics": dict(at.metrics), "finished": at.finished, "message": at.message}
        if round_.learner is not None:
            state |= {"learning." + name: value for name, value in round_.learner.state().items()}
        return state

    def load_state(self, state: State) -> None:
        stop = StopToken()
        self._clustering = self._survey(stop)
        n, d = self._clustering.rows.shape
        m, K = self._plan.metric.rank, self._clustering.n_clusters
        wanted = {"prototypes": (K, d), "anchors": (K, d), "omega": (m, d), "now": (m, d)}
        found = {name: np.ascontiguousarray(state[name], self._clustering.rows.dtype) for name in wanted}
        if list(state["shape"]) != [n, d] or any(found[name].shape != shape for name, shape in wanted.items()):
            raise ValueError(
                f"The state to resume is of {np.shape(state['prototypes'])} prototypes and rows of shape "
                f"{tuple(state['shape'])}, which does not fit {K} prototypes and rows of shape {(n, d)}."
            )
        then = self._clustering.cells(found["prototypes"], found["omega"], stop)
        cells = self._clustering.cells(found["prototypes"], found["now"], stop)
        if not np.isclose(cells.inertia, state["inertia"], rtol=1e-5, atol=1e-9 * self._clustering.weights.sum()):
            raise ValueError("The state to resume was left by a training on other data.")
        round_ = Round(
            int(state["number"]),
            found["prototypes"],
            found["omega"],
            found["anchors"],
            then.labels,
            float(state["agreement"]),
            None,
        )
        learner = self._learner_of(round_, then)
        if learner is not None:
            under = "learning."
            learner.load_state({k[len(under) :]: v for k, v in state.items() if k.startswith(under)})
        self._at = Position(
            int(state["iteration"]),
            replace(round_, learner=learner),
            found["now"],
            cells,
            float(state["cost"]),
            dict(state["metrics"]),
            bool(state["finished"]),
            str(state["message"]),
        )

    # --- one step

    def _learned(self, learner: Learner, stop: StopToken) -> Position:
        """One iteration of the round's learning; the clusters follow the metric."""
        at = self._at
        before = learner.state()
        try:
            learner.step(stop)
            omega = self._clustering.for_rows(learner.fitted()["omega_"])
            cells = self._clustering.cells(at.round.prototypes, omega, stop)
            cost, metrics = self._told(at.round, omega, cells, stop)
        except BaseException:
            learner.load_state(before)
            raise
        last = learner.finished and at.round.number + 1 >= self._plan.max_rounds
        message = "the last round is done" if last else learner.snapshot().message
        return Position(at.iteration + 1, at.round, omega, cells, cost, metrics, last, message)

    def _again(self, stop: StopToken) -> Position:
        """Cluster anew under the metric that was learned, from the means there are; the end, if little changes."""
        at = self._at
        labels = self._clustering.found(at.omega, at.round.prototypes, 1, self._rng, stop)
        prototypes = self._clustering.means(labels, at.round.prototypes, stop)
        cells = self._clustering.cells(prototypes, at.omega, stop)
        agreement = float(adjusted_rand_score(at.round.labels, cells.labels))
        number = at.round.number + 1
        again = Round(number, prototypes, at.omega, self._anchors(at.round), cells.labels, agreement, None)
        begun = self._begun(at.iteration + 1, self._with_learner(again, cells, stop), cells, stop)
        if agreement < self._plan.agreement:
            return begun
        return replace(begun, finished=True, message=f"the clusters of round {number + 1} are those of the one before")

    def _begun(self, iteration: int, round_: Round, cells: Cells, stop: StopToken) -> Position:
        cost, metrics = self._told(round_, round_.omega, cells, stop)
        alone = round_.learner is None
        message = "fewer than two clusters have rows: there is nothing to tell apart" if alone else ""
        return Position(iteration, round_, round_.omega, cells, cost, metrics, alone, message)

    def _told(self, round_: Round, omega: Floats, cells: Cells, stop: StopToken) -> tuple[float, dict[str, float]]:
        """E, and what is told beside it."""
        found = {"round": float(round_.number), "agreement": round_.agreement}
        rows, weights = self._clustering.rows, self._clustering.weights
        errors = squared_to_labelled(rows, round_.prototypes, cells.labels, n_jobs=self._clustering.n_jobs, stop=stop)
        found["error_per_row"] = float(np.average(errors, weights=weights))
        found["error_per_component"] = found["error_per_row"] / rows.shape[1]
        found["n_empty"] = float(np.count_nonzero(cells.counts == 0))
        cost = 0.0
        if round_.learner is not None:
            seen = round_.learner.snapshot()
            cost, found["accuracy"] = seen.cost, seen.metrics["accuracy"]
        if self._held_out is not None:
            errors = self._clustering.errors(self._held_out, round_.prototypes, omega, stop)
            found["validation_error_per_row"] = float(errors.mean())
        return cost, found

    # --- learning

    def _with_learner(self, round_: Round, cells: Cells, stop: StopToken) -> Round:
        learner = self._learner_of(round_, cells)
        if learner is not None:
            learner.start(stop)
        return replace(round_, learner=learner)

    def _learner_of(self, round_: Round, cells: Cells) -> Learner | None:
        """The learner of GMLVQ for the pseudo-labels, from the anchors and Ω of the round."""
        members = np.flatnonzero(cells.counts)
        if len(members) < 2:
            return None
        model = GMLVQ(
            init=round_.anchors[members],
            omega_init=round_.omega * self._clustering.spread.astype(np.float64),
            rank=len(round_.omega),
            metric_warmup=0,
            random_state=0,
            n_jobs=self._clustering.n_jobs,
            **self._plan.learning,
        )
        return model._learner(self._clustering.scaled, round_.labels, self._clustering.given_weights, None)

    def _anchors(self, round_: Round) -> Floats:
        """Where the learning left its prototypes (K, d); those of clusters without rows stay."""
        assert round_.learner is not None
        learned = round_.learner.fitted()
        anchors = round_.anchors.copy()
        anchors[learned["prototype_labels_"]] = learned["prototypes_"]
        return anchors
