"""The learner of all gradient LVQ engines: updates on all rows or batches, warm-up, patience, validation; no cost."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedShuffleSplit

from engines.base import generator_from_state, generator_state
from engines.lvq.labels import LabelledRows
from engines.lvq.problem import Evaluation, Problem
from engines.optimize import Arrays, Evaluate, Optimizer, Plan
from engines.rows import ArrayRows
from engines.training import Learner, Snapshot, State, StopToken

STABLE = 0.01
"""Relative fall of the cost in one iteration under which prototypes count as stabilised."""
WINDOW_BYTES, RUN_ROWS = 2**26, 64
"""Rows are shuffled in runs, and singly among the runs that a window holds: a file is read in long enough pieces."""


@dataclass(frozen=True)
class Descent:
    """How the learner goes about it; see the parameters of the engines for what each means.

    Attributes
    ----------
    plan : Plan
        With a rate for `metric`, where there is one, and one for `prototypes`, which is that of all else.
    metric_warmup : int or None
        Iterations before the metric moves; None until the prototypes have stabilised.
    frozen : {"prototypes", "metric"} or None
    pinned : tuple of int
        Prototypes that stay bit for bit at their start: rows of the array `prototypes`.
    accumulate : int
        Batches of an update.
    """

    plan: Plan
    tol: float
    patience: int
    restore_best: bool
    batch_size: int | None
    accumulate: int
    metric_warmup: int | None
    frozen: Literal["prototypes", "metric"] | None
    pinned: tuple[int, ...]
    validation_fraction: float


@dataclass(frozen=True, eq=False)
class Point:
    """A place in the descent, with all that is shown of it."""

    arrays: Arrays
    cost: float
    metrics: Mapping[str, float]
    watched: float
    iteration: int


class GradientLearner(Learner):
    """Descends a `Problem`; one iteration is one optimizer update on all rows, or one epoch of mini-batches.

    Parameters
    ----------
    labels : mapping
        Fitted attributes that the problem does not know: classes and labels of the prototypes.
    """

    def __init__(
        self,
        problem: Problem,
        descent: Descent,
        data: LabelledRows,
        validation: LabelledRows | None,
        labels: Mapping[str, NDArray[Any]],
        rng: np.random.Generator,
    ) -> None:
        self._problem, self._descent, self._labels, self._rng = problem, descent, labels, rng
        self._all_rows = self._data = data
        self._validation = validation
        self._held_out: NDArray[np.int64] | None = None
        self._seen: dict[bytes, Evaluation] = {}
        self._message = ""
        self._finished = False

    # --- the training's side

    def start(self, stop: StopToken) -> None:
        if self._descent.validation_fraction > 0:
            self._hold_out(self._draw_held_out())
        arrays = self._problem.start(self._data, self._rng, stop)
        descent, metric = self._descent, self._problem.metric_names
        self._metric_moves = descent.metric_warmup == 0 or descent.frozen is not None or not metric
        self._set_out(arrays)
        self._point = self._best = self._look(0, stop, math.nan)
        if not math.isfinite(self._point.watched):
            raise ValueError(
                "The cost at the start is not finite: look for NaN or infinity in the rows held out, "
                "and scale values so large that their squared distances overflow."
            )
        self._reference, self._n_waited = self._point.watched, 0
        self._model = self._problem.model(self._point.arrays)

    def step(self, stop: StopToken) -> None:
        put_back, before, seen = self._optimizer.keep(), generator_state(self._rng), self._seen
        try:
            moved, gradient_norm = self._descend(stop)
            point = self._look(self._point.iteration + 1, stop, gradient_norm)
        except BaseException:
            put_back()
            self._rng.bit_generator.state = before
            self._seen = seen
            raise
        self._optimizer.end_iteration()
        self._message = ""
        self._judge(point, moved)
        self._model = self._problem.model(self._point.arrays)

    @property
    def finished(self) -> bool:
        return self._finished

    def snapshot(self) -> Snapshot:
        model, labels, point = self._model, self._labels, self._point

        def make() -> dict[str, NDArray[Any]]:
            arrays = {name[:-1]: values for name, values in {**model, **labels}.items()}
            return {**arrays, **self._problem.shown(model)}

        return Snapshot(
            point.iteration, self._descent.plan.n_iterations, point.cost, point.metrics, self._message, make
        )

    def fitted(self) -> Mapping[str, Any]:
        return {**self._model, **self._labels, "n_iter_": self._point.iteration}

    def state(self) -> State:
        state: State = {
            "rng": generator_state(self._rng),
            "held_out": self._held_out,
            "metric_moves": self._metric_moves,
            "reference": self._reference,
            "n_waited": self._n_waited,
            "finished": self._finished,
            "message": self._message,
        }
        state |= {"problem." + k: v for k, v in self._problem.state().items()}
        state |= {"optimizer." + k: v for k, v in self._optimizer.state().items()}
        for name, point in (("point", self._point), ("best", self._best)):
            state[name] = [point.iteration, point.cost, point.watched, dict(point.metrics)]
            state |= {f"{name}.{k}": v for k, v in point.arrays.items()}
        return state

    def load_state(self, state: State) -> None:
        def under(prefix: str) -> State:
            return {k[len(prefix) :]: v for k, v in state.items() if k.startswith(prefix)}

        try:
            self._rng = generator_from_state(state["rng"])
            if state["held_out"] is not None:
                self._hold_out(np.asarray(state["held_out"]))
            self._problem.load_state(under("problem."))
            points = []
            for name in ("point", "best"):
                iteration, cost, watched, metrics = state[name]
                points.append(Point(under(name + "."), cost, metrics, watched, iteration))
            self._point, self._best = points
            self._metric_moves = state["metric_moves"]
            self._reference, self._n_waited = state["reference"], state["n_waited"]
            self._finished, self._message = state["finished"], state["message"]
            self._problem.check(self._point.arrays)
            self._set_out(self._point.arrays)
            self._optimizer.load_state(under("optimizer."))
        except (KeyError, IndexError, TypeError) as error:
            raise ValueError(f"The state to resume does not fit this engine and these rows ({error}).") from None
        self._model = self._problem.model(self._point.arrays)

    # --- one iteration

    def _descend(self, stop: StopToken) -> tuple[bool, float]:
        """Update once on all rows, or once a batch; whether anything moved, and the mean norm of batch gradients."""
        moving = self._moving()
        if self._descent.batch_size is None:
            moved = self._update(lambda: self._on_all_rows(stop), moving)
            if not moved and self._descent.plan.solver == "lbfgs":
                moved = self._update(lambda: self._on_all_rows(stop), moving)
            return moved, math.nan
        norms = []
        for batches in _in_groups(self._batches(stop), self._descent.accumulate):

            def on_batches(batches: list[LabelledRows] = batches) -> tuple[float, Arrays]:
                found = _mean([self._evaluate(self._arrays(), batch, stop, moving) for batch in batches], batches)
                norms.append(_norm(found.gradient, moving))
                return found.cost, found.gradient

            self._update(on_batches, moving)
        return True, float(np.mean(norms))

    def _update(self, evaluate: Evaluate, moving: frozenset[str]) -> bool:
        """Let the optimizer move the arrays, and put the pinned prototypes back; whether anything moved.

        Their gradient is zero, so that all but the sign of a zero stays by itself.
        """
        pinned = list(self._descent.pinned)
        kept = self._optimizer.arrays["prototypes"][pinned] if pinned else None
        moved = self._optimizer.step(evaluate, moving)
        if kept is not None:
            self._optimizer.arrays["prototypes"][pinned] = kept
        self._normalise()
        return moved

    def _evaluate(self, arrays: Arrays, data: LabelledRows, stop: StopToken, by: frozenset[str]) -> Evaluation:
        """Cost and gradient, which is zero by prototypes that are pinned."""
        found = self._problem.evaluate(arrays, data, stop, by=by)
        if self._descent.pinned and "prototypes" in by:
            found.gradient["prototypes"][list(self._descent.pinned)] = 0
        return found

    def _judge(self, point: Point, moved: bool) -> None:
        """Take the new point in; see whether the metric is to start, and whether to end, and at which point."""
        descent, before = self._descent, self._point
        if not math.isfinite(point.cost):
            self._point = replace(before, iteration=point.iteration)
            self._end("the cost is no longer finite, the last good state is kept: try a lower learning rate")
            return
        self._point = point
        if descent.restore_best and not self._best.watched <= point.watched:
            self._best = point
        if point.watched < self._reference - descent.tol * abs(self._reference):
            self._reference, self._n_waited = point.watched, 0
        else:
            self._n_waited += 1
        if not self._metric_moves:
            fall = before.cost - point.cost
            stable = descent.metric_warmup is None and fall < STABLE * abs(before.cost)
            if stable or not moved or point.iteration == descent.metric_warmup:
                self._metric_moves, self._n_waited = True, 0
                self._message = "the metric starts to learn"
                if descent.plan.solver == "lbfgs":
                    self._optimizer.forget()
        elif not moved:
            self._end("no lower cost is to be found from here")
        elif self._n_waited >= descent.patience:
            self._end(f"no progress in {descent.patience} iterations")
        if point.iteration >= descent.plan.n_iterations and not self._finished:
            self._end("the last iteration is done")

    def _end(self, why: str) -> None:
        self._finished = True
        self._message = why
        best, last = self._best, self._point
        if self._descent.restore_best and best.watched < last.watched:
            self._point = replace(best, iteration=last.iteration)
            self._message = f"{why}; iteration {best.iteration} was the best and is restored"

    # --- places and rows

    def _set_out(self, arrays: Arrays) -> None:
        """Make the optimizer for the arrays that are not frozen; the metric's come last, so the rate shown is W's."""
        metric = self._problem.metric_names
        frozen = {"metric": metric, "prototypes": frozenset(arrays) - metric, None: frozenset()}[self._descent.frozen]
        self._fixed = {name: arrays[name] for name in frozen}
        free = sorted((name for name in arrays if name not in frozen), key=lambda name: name in metric)
        plan = self._descent.plan
        rates = {name: plan.rates["metric" if name in metric else "prototypes"] for name in free}
        self._optimizer = Optimizer({name: arrays[name] for name in free}, replace(plan, rates=rates))

    def _arrays(self) -> dict[str, NDArray[np.float64]]:
        return {**self._fixed, **self._optimizer.arrays}

    def _moving(self) -> frozenset[str]:
        names = frozenset(self._optimizer.arrays)
        return names if self._metric_moves else names - self._problem.metric_names

    def _normalise(self) -> None:
        """Bring the metric back to trace 1; not under L-BFGS, whose curvature is of the arrays as they are."""
        if self._descent.plan.solver != "lbfgs" and self._descent.frozen != "metric":
            self._problem.normalise(self._optimizer.arrays)

    def _on_all_rows(self, stop: StopToken) -> tuple[float, Arrays]:
        """Cost and gradient on all rows at the present arrays; never computed twice in a row at the same ones."""
        arrays, moving = self._arrays(), self._moving()
        key = _key(arrays)
        if key not in self._seen or self._seen[key].gradient.keys() != moving:
            self._seen = {**self._seen, key: self._evaluate(arrays, self._data, stop, moving)}
        return self._seen[key].cost, self._seen[key].gradient

    def _look(self, iteration: int, stop: StopToken, gradient_norm: float) -> Point:
        """Evaluate the arrays that are shown: the optimizer's own, or their moving average."""
        shown = {name: values.copy() for name, values in {**self._fixed, **self._optimizer.averaged}.items()}
        if self._descent.pinned:
            pinned = list(self._descent.pinned)
            shown["prototypes"][pinned] = self._arrays()["prototypes"][pinned]
        if self._descent.batch_size is None and not self._descent.plan.average:
            self._on_all_rows(stop)
            here = self._seen[_key(shown)]
            gradient_norm = _norm(here.gradient, self._moving())
        else:
            here = self._problem.evaluate(shown, self._data, stop, by=())
        present = _key(self._arrays())
        self._seen = {key: found for key, found in self._seen.items() if key == present}
        metrics, watched = {"accuracy": here.accuracy}, here.cost
        if self._validation is not None:
            there = self._problem.evaluate(shown, self._validation, stop, by=())
            metrics |= {"validation_cost": there.cost, "validation_accuracy": there.accuracy}
            watched = there.cost
        if not math.isnan(gradient_norm):
            metrics["gradient_norm"] = gradient_norm
        if self._descent.plan.solver != "lbfgs":
            metrics["learning_rate"] = self._optimizer.rate
        return Point(shown, here.cost, metrics, watched, iteration)

    def _batches(self, stop: StopToken) -> Iterator[LabelledRows]:
        """All rows once, in a new order, in mini-batches."""
        data, size = self._data, self._descent.batch_size or len(self._data)
        n, d = data.rows.shape
        runs = self._rng.permutation(-(-n // RUN_ROWS))
        order = (runs[:, None] * RUN_ROWS + np.arange(RUN_ROWS)).ravel()
        order = order[order < n]
        window = max(1, WINDOW_BYTES // (d * data.rows.dtype.itemsize * size)) * size
        for first in range(0, n, window):
            part = data.part(self._rng.permutation(order[first : first + window]))
            rows = part.rows.read(0, len(part))
            for start in range(0, len(part), size):
                stop.check()
                here = slice(start, start + size)
                yield LabelledRows(ArrayRows(rows[here]), part.codes[here], part.weights[here], part.mean_weight)

    def _draw_held_out(self) -> NDArray[np.int64]:
        codes = self._all_rows.codes
        seed = int(self._rng.integers(2**31))
        split = StratifiedShuffleSplit(1, test_size=self._descent.validation_fraction, random_state=seed)
        kept, held_out = next(split.split(np.zeros((len(codes), 1)), codes))
        if len(np.unique(codes[kept])) < len(np.unique(codes)):
            raise ValueError("validation_fraction leaves a class without rows to learn from: use a smaller one.")
        return np.sort(held_out)

    def _hold_out(self, held_out: NDArray[np.int64]) -> None:
        rest = np.setdiff1d(np.arange(len(self._all_rows)), held_out)
        self._held_out = held_out
        self._validation = self._all_rows.alone(held_out)
        self._data = self._all_rows.alone(rest)


def _in_groups(batches: Iterator[LabelledRows], size: int) -> Iterator[list[LabelledRows]]:
    while group := list(islice(batches, size)):
        yield group


def _mean(found: list[Evaluation], batches: list[LabelledRows]) -> Evaluation:
    """Cost and gradient of several batches, each counted by its rows."""
    if len(found) == 1:
        return found[0]
    shares = np.array([len(batch) for batch in batches]) / sum(len(batch) for batch in batches)

    def mean(values: list[Any]) -> Any:
        return sum(share * value for share, value in zip(shares, values, strict=True))

    gradient = {name: mean([one.gradient[name] for one in found]) for name in found[0].gradient}
    return Evaluation(mean([one.cost for one in found]), mean([one.accuracy for one in found]), gradient)


def _key(arrays: Arrays) -> bytes:
    return b"".join(arrays[name].tobytes() for name in sorted(arrays))


def _norm(gradient: Arrays, moving: frozenset[str]) -> float:
    return math.sqrt(sum(float(np.sum(np.square(gradient[name]))) for name in sorted(moving)))
