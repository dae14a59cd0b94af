"""The other runs on the same data as light records, for views that compare; their scenes are `scene`'s."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from engines.training import Snapshot
    from workbench.session import Run


OF_DIRECTIONS = frozenset({"SphericalKMeans"})
"""Engines whose errors are those of rows at unit length, and so not to be compared with those of others."""


@dataclass(frozen=True)
class Sibling:
    """Rate and distortion of one run, as far as it has come.

    Attributes
    ----------
    name, engine, title : str
        Of the run; of its engine, for programs and for people.
    bits : int
        That the codes of a row take.
    error : float
        Mean squared error of a component over the training rows, in training units.
    unseen : float
        The same over the rows of the test part, else of the validation part; NaN where there are none.
    """

    name: str
    engine: str
    title: str
    bits: int
    error: float
    unseen: float


def siblings_of(run: Run) -> Callable[[], tuple[Sibling, ...]]:
    """What gives the records of the other listed runs on the dataset of `run` that have a rate and a distortion.

    Nothing is read before it is called; what a finished run has is read once.
    """

    def others() -> tuple[Sibling, ...]:
        found = (sibling_of(other) for other in run.peers())
        return tuple(sibling for sibling in found if sibling is not None)

    return others


def sibling_of(run: Run) -> Sibling | None:
    """The record of `run` at its newest snapshot; None where there is no code or no comparable error yet."""
    latest = run.latest
    if latest is None:
        return None
    bits = _bits_of(run, latest)
    metrics = {**latest.metrics, **({} if run.active else run.metrics)}
    return sibling(run.name, run.engine, bits, metrics, run.dataset.n_features)


def sibling(name: str, engine: Any, bits: int | None, metrics: Mapping[str, float], n_features: int) -> Sibling | None:
    """The record of a run with these `bits` and `metrics`; None where either is missing."""
    error = metrics.get("error_per_component", math.nan)
    if bits is None or not math.isfinite(error) or engine.name in OF_DIRECTIONS:
        return None
    parts = (metrics.get(name, math.nan) for name in ("quantization_error_test", "validation_error_per_row"))
    unseen = next((value / max(1, n_features) for value in parts if math.isfinite(value)), math.nan)
    return Sibling(name, engine.name, engine.title, bits, float(error), float(unseen))


def bits_of_model(model: Any) -> int | None:
    """Bits that `model` spends on a row; None for an engine without codes."""
    bits = getattr(model, "bits_per_row", None)
    return None if bits is None else int(bits)


_known: WeakKeyDictionary[Run, tuple[tuple[int, int], int | None]] = WeakKeyDictionary()
_lock = threading.Lock()


def _bits_of(run: Run, latest: Snapshot) -> int | None:
    """Bits of a row, found once for each iteration that is looked at."""
    moment = (run.edition, latest.iteration)
    with _lock:
        known = _known.get(run)
    if known is None or known[0] != moment:
        model = run.engine.estimator.from_arrays(run.arguments, latest.arrays)
        known = (moment, bits_of_model(model))
        with _lock:
            _known[run] = known
    return known[1]
