"""Expectation-maximisation with restarts, as a learner; densities, M-steps and starts live beside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from engines.base import generator_from_state, generator_state
from engines.blocks import block_bounds, map_blocks
from engines.mixture.covariances import Doubles, Floats, Mixture, Statistics, improved, no_statistics
from engines.mixture.density import Density, second_moments, work_per_row
from engines.mixture.missing import Observed, observe, sample_of
from engines.mixture.starts import Start, started
from engines.rows import RowSource
from engines.survey import NO_WEIGHTS
from engines.training import Learner, Snapshot, State, StopToken

Validator = Callable[[Mixture, StopToken], tuple[float, float]]
"""Tells the mean log-likelihood and the mean squared error of a mixture on rows that are not learned from."""


@dataclass(frozen=True)
class Plan:
    """What EM is asked to do.

    Attributes
    ----------
    start : Start
    n_starts : int
        Restarts in all; the highest likelihood is kept.
    max_iter : int
    tol : float
        Gain of log-likelihood a row that counts as none.
    reg_covar : float
    n_jobs : int
        Threads, resolved.
    """

    start: Start
    n_starts: int
    max_iter: int
    tol: float
    reg_covar: float
    n_jobs: int


@dataclass(frozen=True)
class Position:
    """Where a training stands: replaced as a whole by each step.

    Attributes
    ----------
    iteration : int
        Pulls done over all restarts; 0 is the first start.
    restart, rounds : int
        Which restart, and EM iterations in it.
    mixture : Mixture
    found : Statistics
        Of the E-step under exactly this mixture.
    gain : float
        Log-likelihood a row won by the last step.
    settled : bool
        Whether this restart is at its end.
    converged : bool
        Whether it ended by itself.
    closing : bool
        Whether this is an earlier restart's best, taken up again at the very end.
    rng : dict
        State of the random generator after this step.
    validation : pair of float, or None
        Mean log-likelihood and mean squared error of validation rows.
    """

    iteration: int
    restart: int
    rounds: int
    mixture: Mixture
    found: Statistics
    gain: float
    settled: bool
    converged: bool
    closing: bool
    rng: Mapping[str, Any]
    validation: tuple[float, float] | None
    message: str = ""

    @property
    def likelihood(self) -> float:
        return self.found.log_likelihood


class Expectation(Learner):
    """EM from each of several starts.

    Every step is an M-step, then an E-step over all rows, so a snapshot shows a mixture with its own likelihood.
    """

    def __init__(
        self,
        rows: RowSource,
        weights: Doubles | None,
        plan: Plan,
        rng: np.random.Generator,
        validate: Validator | None = None,
    ) -> None:
        n, d = rows.shape
        self._rows, self._weights, self._plan, self._validate = rows, weights, plan, validate
        self._seed = plan.start.seeder(d, rows.dtype)
        self._first_rng = generator_state(rng)
        work = work_per_row(plan.start.kind, plan.start.n_components, d)
        self._bounds = block_bounds(n, d, rows.dtype.itemsize, work)
        self._observed: Observed
        self._nothing: Statistics
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
        if self._at.likelihood > self._best.likelihood or self._at.restart == self._best.restart:
            self._best = self._at

    @property
    def finished(self) -> bool:
        at = self._at
        last = at.settled and at.restart + 1 >= self._plan.n_starts
        return (last and at.likelihood >= self._best.likelihood) or at.closing

    def snapshot(self) -> Snapshot:
        at, plan, mass = self._at, self._plan, self._observed.mass
        error = at.found.squared_error / mass
        metrics = {
            "log_likelihood_per_row": at.likelihood / mass,
            "error_per_row": error,
            "error_per_component": error / self._rows.shape[1],
            "gain": at.gain,
            "smallest_weight": float(at.mixture.weights.min()),
            "restart": float(at.restart),
        }
        if at.validation is not None:
            metrics["validation_log_likelihood_per_row"], metrics["validation_error_per_row"] = at.validation
        most = plan.n_starts * (plan.max_iter + 1) - (plan.n_starts == 1)
        return Snapshot(at.iteration, most, -at.likelihood, metrics, at.message, lambda: _arrays(at))

    def state(self) -> State:
        state: State = {"shape": list(self._rows.shape), "best_is_here": self._best is self._at}
        for prefix, position in (("", self._at), ("best_", self._best)):
            for name, values in position.mixture.arrays().items():
                state[prefix + name] = values
            for name in _SCALARS:
                state[prefix + name] = getattr(position, name)
            state[prefix + "likelihood"] = position.likelihood
            state[prefix + "validation"] = None if position.validation is None else list(position.validation)
        state["rng"] = dict(self._at.rng)
        return state

    def load_state(self, state: State) -> None:
        k, shape = self._plan.start.n_components, self._rows.shape
        means = np.asarray(state["means"])
        if list(state["shape"]) != list(shape) or means.shape != (k, shape[1]):
            raise ValueError(
                f"The state to resume has {means.shape[0]} components for data of shape "
                f"{tuple(state['shape'])}, which does not fit {k} components for data of shape {shape}."
            )
        stop = StopToken()
        self._survey(stop)
        self._at = self._remembered(state, "", stop)
        self._best = self._at if state["best_is_here"] else self._remembered(state, "best_", stop)

    def fitted(self) -> Mapping[str, Any]:
        best = self._best
        return {
            **{name + "_": values for name, values in best.mixture.arrays().items()},
            "counts_": best.found.counts,
            "lower_bound_": best.likelihood / self._observed.mass,
            "converged_": best.converged,
            "n_iter_": best.rounds,
        }

    def _survey(self, stop: StopToken) -> None:
        """A first pass; the tied kind needs second moments of all rows besides, once."""
        plan, n_jobs = self._plan, self._plan.n_jobs
        self._observed = observe(self._rows, self._weights, self._bounds, n_jobs, stop)
        nothing = no_statistics(plan.start.kind, plan.start.n_components, self._rows.shape[1])
        if plan.start.kind == "tied":

            def one(block: Floats, start: int) -> Doubles:
                return second_moments(block, self._own_weights(start, len(block)), self._observed.mean)

            moments = nothing.squares
            for part in map_blocks(self._rows, one, self._bounds, n_jobs=n_jobs, stop=stop):
                moments = moments + part
            nothing = replace(nothing, squares=moments)
        self._nothing = nothing

    def _started(self, iteration: int, restart: int, rng_state: Mapping[str, Any], stop: StopToken) -> Position:
        rng = generator_from_state(rng_state)
        sample = sample_of(self._rows, self._weights, self._observed, self._plan.n_jobs)
        mixture = started(self._plan.start, self._seed, sample, self._rows, rng, stop)
        return Position(
            iteration=iteration,
            restart=restart,
            rounds=0,
            mixture=mixture,
            found=self._expected(mixture, stop),
            gain=float("nan"),
            settled=False,
            converged=False,
            closing=False,
            rng=generator_state(rng),
            validation=self._validate and self._validate(mixture, stop),
        )

    def _iterated(self, at: Position, stop: StopToken) -> Position:
        mixture = improved(at.mixture, at.found, self._plan.reg_covar)
        found = self._expected(mixture, stop)
        gain = (found.log_likelihood - at.likelihood) / self._observed.mass
        step = replace(at, iteration=at.iteration + 1, rounds=at.rounds + 1)
        if gain < 0:  # by rounding, or by reg_covar: what is added to the variances is no part of the likelihood
            return replace(step, gain=0.0, settled=True, converged=True, message="the likelihood rises no more")
        converged = gain <= self._plan.tol
        return replace(
            step,
            mixture=mixture,
            found=found,
            gain=gain,
            settled=converged or step.rounds >= self._plan.max_iter,
            converged=converged,
            message="converged" if converged else "",
            validation=self._validate and self._validate(mixture, stop),
        )

    def _expected(self, mixture: Mixture, stop: StopToken) -> Statistics:
        """The E-step over all rows."""
        density = Density(mixture, self._rows.dtype, self._observed.mean)
        gaps = self._observed.n_missing > 0

        def one(block: Floats, start: int) -> Statistics:
            return density.gather(block, self._own_weights(start, len(block)), gaps, stop)

        found = self._nothing
        for part in map_blocks(self._rows, one, self._bounds, n_jobs=self._plan.n_jobs, stop=stop):
            found = found + part
        return found

    def _own_weights(self, start: int, n: int) -> Doubles:
        return NO_WEIGHTS if self._weights is None else self._weights[start : start + n]

    def _remembered(self, state: State, prefix: str, stop: StopToken) -> Position:
        """The position a state tells of: its statistics follow from its mixture."""
        mixture = Mixture(
            self._plan.start.kind,
            np.asarray(state[prefix + "weights"], np.float64),
            np.ascontiguousarray(state[prefix + "means"], self._rows.dtype),
            np.ascontiguousarray(state[prefix + "covariances"], np.float64),
        )
        found = self._expected(mixture, stop)
        if not np.isclose(
            found.log_likelihood, state[prefix + "likelihood"], rtol=1e-6, atol=1e-9 * self._observed.mass
        ):
            raise ValueError("The state to resume was left by a training on other data.")
        validation = state[prefix + "validation"]
        return Position(
            mixture=mixture,
            found=found,
            rng=state["rng"],
            validation=None if validation is None else (float(validation[0]), float(validation[1])),
            **{name: state[prefix + name] for name in _SCALARS},
        )


_SCALARS = ("iteration", "restart", "rounds", "gain", "settled", "converged", "closing", "message")


def _arrays(at: Position) -> Mapping[str, Floats]:
    return {**at.mixture.arrays(), "prototypes": at.mixture.means, "counts": at.found.counts}
