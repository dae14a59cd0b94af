"""One case of the LVQ benchmark as a library's own process sees it: told on standard input, timed, answered in JSON.

It runs in the environments of peers, whose NumPy and scikit-learn may be years old; it knows none of the libraries.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

SECONDS, SLOW = 1.0, 0.1
"""Rounds of a work go on until so many seconds are spent; a library whose evaluation takes longer is not trained."""


@dataclass(frozen=True)
class Case:
    """What is to be learned.

    Attributes
    ----------
    engine : {"GLVQ", "GMLVQ", "MedianLVQ"}
    X, y : arrays of shape (n, d) and (n,)
        y counts from 0.
    start, labels : arrays of shape (M, d) and (M,)
        Prototypes to start from: rows, as many of each class, those of the first class first.
    short, long : int
        Updates of the two trainings whose difference is timed, at least 2; where `short` is 0, one training is, once.
    """

    engine: str
    X: np.ndarray
    y: np.ndarray
    start: np.ndarray
    labels: np.ndarray
    short: int
    long: int

    @property
    def per_class(self) -> int:
        return len(self.labels) // (int(self.labels.max()) + 1)


Train = Callable[[int], "tuple[int, np.ndarray]"]
"""A training of so many updates; gives the evaluations of the cost that it took, and the prototypes (M, d)."""


@dataclass(frozen=True)
class Library:
    """What a library can do with a case.

    Attributes
    ----------
    evaluate : callable or None
        Cost per row at the start; the gradient is computed too.
    trainings : mapping of str to Train
        By the optimizer's name.
    """

    version: str
    evaluate: Callable[[], float] | None = None
    trainings: Mapping[str, Train] = field(default_factory=dict)


def answer(make: Callable[[Case], Library]) -> None:
    """Read a case, time what `make` gives for it, and print figures as one line of JSON."""
    warnings.simplefilter("ignore")
    asked = json.load(sys.stdin)
    with np.load(asked["arrays"]) as arrays:
        case = Case(asked["engine"], *(arrays[k] for k in ("X", "y", "start", "labels")), asked["short"], asked["long"])
    library = make(case)
    found: dict[str, object] = {"version": library.version, "trainings": {}}
    if library.evaluate is not None:
        cost = library.evaluate()
        found |= {"cost": cost, "evaluation": _seconds(library.evaluate)}
    if found.get("evaluation", 0) < SLOW:
        found["trainings"] = {name: _trained(case, train) for name, train in library.trainings.items()}
    print(json.dumps(found), flush=True)


def _trained(case: Case, train: Train) -> dict[str, object]:
    if case.short == 0:
        train(1)  # unmeasured: code may be compiled
        began = time.perf_counter()
        n_long, prototypes = train(case.long)
        seconds, n_short = [0.0, time.perf_counter() - began], 0
    else:
        n_short, _ = train(case.short)
        n_long, prototypes = train(case.long)
        seconds = [_seconds(lambda: train(case.short)), _seconds(lambda: train(case.long))]
    mu = _relative_distance(case, prototypes)
    return {"evaluations": [n_short, n_long], "seconds": seconds, "mu": mu}


def _seconds(work: Callable[[], object]) -> float:
    """The least of several rounds."""
    times: list[float] = []
    while not times or (sum(times) < SECONDS and len(times) < 100):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return min(times)


def _relative_distance(case: Case, prototypes: np.ndarray) -> float:
    """The mean of μ over all rows, in the Euclidean metric."""
    X, W = (np.asarray(points, dtype=float) for points in (case.X, prototypes))
    D = np.stack([np.sum((X - w) ** 2, axis=1) for w in W], axis=1)
    same = case.y[:, None] == case.labels
    plus, minus = (np.where(mask, D, np.inf).min(axis=1) for mask in (same, ~same))
    return float(np.mean((plus - minus) / (plus + minus)))
