"""Refits of a metric engine on other rows, or from other seeds, several at a time; `stability` tells what they say."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone, is_classifier

from engines.base import Engine
from engines.blocks import resolve_jobs
from engines.lvq.classifier import PrototypeClassifier
from engines.lvq.labels import check_labels
from engines.lvq.metric import Euclidean, Local, Metric
from engines.lvq.stability import Stability
from engines.rows import is_row_source
from engines.training import Stopped, StopToken, Training

Scheme = Literal["bootstrap", "folds", "seeds"]
SCHEMES: tuple[Scheme, ...] = get_args(Scheme)
LEAST_REFITS = 2
_LOOK_SECONDS = 0.05
"""Between two looks at whether to stop."""


@dataclass(frozen=True)
class Resampling:
    """What changes from refit to refit.

    Attributes
    ----------
    scheme : {"bootstrap", "folds", "seeds"}
        Rows drawn with replacement, as many of each class as there are (Efron 1979); all rows but one of
        `n_refits` parts, dealt by class; or all rows, from other seeds.
    n_refits : int
        At least 2.
    seed : int
        Of the draws; a refit depends on it and on its number alone.

    Raises
    ------
    ValueError
        If there is no such scheme, or the refits are too few.
    """

    scheme: Scheme = "bootstrap"
    n_refits: int = 20
    seed: int = 0

    def __post_init__(self) -> None:
        if self.scheme not in SCHEMES:
            raise ValueError(f"Refits are made by {', '.join(SCHEMES)}, but not by {self.scheme!r}.")
        if self.n_refits < LEAST_REFITS:
            raise ValueError(f"Stability needs at least {LEAST_REFITS} refits, got {self.n_refits}.")

    def weights(self, number: int, labels: NDArray[Any]) -> NDArray[np.float64]:
        """How often each row (n,) is learned from in refit `number`.

        Raises
        ------
        ValueError
            If a class has one row only, which no part could be without.
        """
        if self.scheme == "seeds":
            return np.ones(len(labels))
        classes, codes, counts = np.unique(labels, return_inverse=True, return_counts=True)
        if self.scheme == "bootstrap":
            rng = np.random.default_rng([self.seed, number])
            weights = np.zeros(len(labels))
            for code, count in enumerate(counts.tolist()):
                weights[codes == code] = rng.multinomial(count, np.full(count, 1 / count))
            return weights
        if counts.min() < 2:
            alone = classes.tolist()[int(counts.argmin())]
            raise ValueError(f"Class {alone!r} has one row only, so no part can be left out: use bootstrap or seeds.")
        rng = np.random.default_rng(self.seed)
        order = np.lexsort([rng.random(len(labels)), codes])  # class by class, shuffled within
        part = np.empty(len(labels), np.int64)
        part[order] = np.arange(len(labels)) % self.n_refits
        return np.asarray(part != number, np.float64)


@dataclass(frozen=True, eq=False)
class Refit:
    """What a refit came to.

    Attributes
    ----------
    number : int
    matrix : (d, d)
        Its Λ.
    accuracy : float
        On the rows it was not given; NaN where there are none.
    """

    number: int
    matrix: NDArray[np.float64]
    accuracy: float


def relevance_stability(
    model: Engine,
    X: Any,
    y: Any,
    resampling: Resampling = Resampling(),
    *,
    validation: tuple[Any, Any] | None = None,
    n_jobs: int | None = None,
    stop: StopToken | None = None,
) -> Stability:
    """How stable the metric of a fitted engine is over refits with the same parameters.

    Parameters
    ----------
    model : fitted engine with a learned metric
        The reference; it is not changed.
    X : array-like of shape (n, d), or RowSource
        The rows that it learned from.
    y : array-like of shape (n,), or None for an engine that learns without labels
    resampling : Resampling
    validation : pair (X, y), optional
        As for `Engine.train`.
    n_jobs : int or None
        Refits at a time; None is as many as there are cores. The result is the same.
    stop : StopToken, optional

    Raises
    ------
    ValueError
        If the engine learns no metric, or a refit is not possible.
    Stopped
        When `stop` is set.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from engines import GMLVQ
    >>> from engines.lvq.refits import Resampling, relevance_stability
    >>> X, y = load_iris(return_X_y=True)
    >>> found = relevance_stability(GMLVQ(random_state=0).fit(X, y), X, y, Resampling(n_refits=5))
    >>> found.relevance_bands.shape
    (3, 4)
    """
    found = Stability.of(metric_matrix(model))
    numbers = range(resampling.n_refits)
    for refit in refits(model, X, y, resampling, numbers, validation=validation, n_jobs=n_jobs, stop=stop):
        found = found.and_refit(refit.matrix, refit.accuracy)
    return found


def refits(
    model: Engine,
    X: Any,
    y: Any,
    resampling: Resampling,
    numbers: Iterable[int],
    *,
    validation: tuple[Any, Any] | None = None,
    n_jobs: int | None = None,
    stop: StopToken | None = None,
) -> Iterator[Refit]:
    """The refits with these numbers, in their order; parameters as of `relevance_stability`.

    Each keeps the seed of `model`, or takes that of `resampling` where it has none; by "seeds" each has its own.
    """
    metric_matrix(model)
    n_rows = X.shape[0] if is_row_source(X) else len(X)
    labels = check_labels(y, n_rows, type(model).__name__) if is_classifier(model) else None
    jobs = resolve_jobs(n_jobs)
    crew = _Crew(model, X, n_rows, labels, resampling, validation, alone=jobs == 1)
    waiting: deque[Future[Refit]] = deque()
    todo = iter(numbers)
    with ThreadPoolExecutor(jobs, thread_name_prefix="refits") as pool:
        try:
            for number in todo:
                waiting.append(pool.submit(crew.refit, number))
                if len(waiting) >= jobs:
                    yield _result(waiting.popleft(), stop)
            while waiting:
                yield _result(waiting.popleft(), stop)
        finally:
            crew.stop()


def metric_matrix(model: Engine) -> NDArray[np.float64]:
    """Λ (d, d) of a fitted engine; where prototypes have a metric each, the mean over them.

    Raises
    ------
    ValueError
        If it learns no metric.
    """
    if not isinstance(model, PrototypeClassifier) and hasattr(model, "relevance_matrix_"):
        return np.asarray(model.relevance_matrix_, np.float64)
    metric = getattr(model, "_metric", None)
    if not isinstance(metric, Metric) or isinstance(metric, Euclidean):
        raise ValueError(f"{type(model).__name__} learns no metric, so there are no relevances to be stable.")
    if not isinstance(metric, Local):
        return metric.matrix(0)
    n_prototypes = len(model.prototypes_)
    return np.asarray(sum(metric.matrix(j) for j in range(n_prototypes)) / n_prototypes)


class _Crew:
    """Makes refits on any thread, and ends those under way when it is told to stop."""

    def __init__(
        self,
        model: Engine,
        X: Any,
        n_rows: int,
        labels: NDArray[Any] | None,
        resampling: Resampling,
        validation: tuple[Any, Any] | None,
        *,
        alone: bool,
    ) -> None:
        self._model, self._X, self._labels = model, X, labels
        self._strata = np.zeros(n_rows, np.int64) if labels is None else labels
        self._resampling, self._validation, self._alone = resampling, validation, alone
        self._lock = threading.Lock()
        self._trainings: set[Training] = set()
        self._stopping = False

    def refit(self, number: int) -> Refit:
        weights = self._resampling.weights(number, self._strata)
        engine = clone(self._model).set_params(**self._parameters(number))
        training = engine.train(self._X, self._labels, sample_weight=weights, validation=self._validation)
        with self._lock:
            if self._stopping:
                raise Stopped
            self._trainings.add(training)
        training.run()
        with self._lock:
            self._trainings.discard(training)
            if self._stopping:
                raise Stopped
        left_out = weights == 0
        accuracy = float("nan")
        if left_out.any() and self._labels is not None:
            accuracy = float(np.mean((engine.predict(self._X) == self._labels)[left_out]))
        return Refit(number, metric_matrix(engine), accuracy)

    def stop(self) -> None:
        with self._lock:
            self._stopping = True
            for training in self._trainings:
                training.stop()

    def _parameters(self, number: int) -> dict[str, Any]:
        known = self._model.get_params(deep=False)
        changed: dict[str, Any] = {}
        if "n_jobs" in known and not self._alone:
            changed["n_jobs"] = 1
        if "random_state" in known:
            if self._resampling.scheme == "seeds":
                changed["random_state"] = int(np.random.default_rng([self._resampling.seed, number]).integers(2**31))
            elif not isinstance(known["random_state"], int):
                changed["random_state"] = self._resampling.seed
        return changed


def _result(future: Future[Refit], stop: StopToken | None) -> Refit:
    """What a refit came to, once it has; raises Stopped soon after `stop` is set."""
    while not future.done():
        wait_for([future], timeout=_LOOK_SECONDS)
        if stop is not None:
            stop.check()
    return future.result()
