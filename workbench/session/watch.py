"""Signs that a training runs away, and the rows and prototypes behind them; what is done then is the worker's."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from time import perf_counter
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engines import ArrayRows, RowSource, Snapshot
from workbench.session.rows import blocks

Floats = NDArray[np.float64]
Rule = Literal["not finite", "cost", "jump", "far"]

RISE, RISE_STEPS = 5.0, 5
"""A cost so many times its scale over its best, for so many iterations, is a sign."""
JUMP = 100.0
"""So is one step up by so many times the scale."""
FAR = 100.0
"""So is a prototype so many times as far from the middle of the rows as any row."""
EXTREME = 6.0
"""A value so many standard deviations off is extreme."""
MOST_ROWS, MOST_EXTREME = 12, 8
"""Rows that are named: for what they contribute, and for extreme values."""
_ROUNDING = 1e-6
_SAMPLE = 2048
_FREE_SECONDS, _SHARE = 0.05, 0.01
"""Prototypes are looked at in every iteration until that has taken so long, and then more than this of the time."""
_NEW_CHAPTERS = ("restart", "stage", "pretraining")
"""Where one of these figures changes, the cost begins anew."""


@dataclass(frozen=True)
class Alarm:
    """Why a run was paused, or failed.

    Attributes
    ----------
    rule : {"not finite", "cost", "jump", "far"}
    iteration : int
        In which it showed.
    sentence : str
        What happened, and what to do.
    prototypes : tuple of int
        Those concerned.
    rows : tuple of int
        Row numbers of the dataset to look at, the most suspicious first.
    """

    rule: Rule
    iteration: int
    sentence: str
    prototypes: tuple[int, ...] = ()
    rows: tuple[int, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """This as what JSON can hold."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Alarm:
        """What `to_json` gave."""
        return cls(**{**value, "prototypes": tuple(value["prototypes"]), "rows": tuple(value["rows"])})


class Watch:
    """Looks at every snapshot of one training.

    A cost is judged against its scale: its best value, or how far it has come down to it, whichever is greater. That
    costs nothing. Prototypes are judged against the rows, in at most a hundredth of the time that is spent learning.

    Parameters
    ----------
    X : (n, d) array or RowSource
        What is learned from.
    index : (n,) row numbers in the dataset, or None where they are the same
    costs : iterable of float
        Of the iterations before, in a run that goes on.
    classifies : bool
        Whether the cost is of the kind that classifiers have: it may come down to 0, and its scale is at least 1.
        Other costs are of the kind of squared distances, and rows alone can make them jump up to 4 n r², where r is
        the farthest row's distance from the middle: one batch with an outlier is no sign.
    """

    def __init__(
        self, X: Any, index: NDArray[np.int64] | None, costs: Iterable[float] = (), *, classifies: bool = False
    ) -> None:
        self._rows: RowSource = ArrayRows(X) if isinstance(X, np.ndarray) else X
        self._index = index
        self._classifies = classifies
        self._ignored: set[Rule] = set()
        self._good: Floats | None = None  # prototypes of the last snapshot that was looked at and found good
        first = _whole(self._rows.read(0, _SAMPLE))
        self._middle = first.mean(axis=0)
        self._radius = float(np.sqrt(((first - self._middle) ** 2).sum(axis=1).max()))
        self._is_exact = self._rows.shape[0] <= len(first)
        self._start_radius: float | None = None
        self._chapter: tuple[float | None, ...] | None = None
        self._spent = self._learning = 0.0
        self._begin()
        for cost in costs:
            self._follow(cost)

    def ignore(self, rule: Rule) -> None:
        """Take this sign for none from now on."""
        self._ignored.add(rule)

    def look(self, snapshot: Snapshot, seconds: float = math.inf) -> Alarm | None:
        """What is wrong with a snapshot that took `seconds` to learn; None where nothing is."""
        with np.errstate(over="ignore", invalid="ignore"):  # what runs away overflows
            return self._look(snapshot, seconds)

    def _look(self, snapshot: Snapshot, seconds: float) -> Alarm | None:
        self._learning += seconds
        if not math.isfinite(snapshot.cost):
            words = f"the cost became {snapshot.cost} in iteration {snapshot.iteration}"
            return self._alarm("not finite", snapshot, words)
        chapter = tuple(snapshot.metrics.get(name) for name in _NEW_CHAPTERS)
        if chapter != self._chapter:
            if self._chapter is not None:
                self._begin()
            self._chapter = chapter
        found = self._look_at_cost(snapshot)
        if found is None and self._spent <= _FREE_SECONDS + _SHARE * self._learning:
            began = perf_counter()
            found = self._look_at_prototypes(snapshot)
            self._spent += perf_counter() - began
        return found

    def _begin(self) -> None:
        self._n = self._n_over = 0
        self._best, self._worst, self._before, self._fall = math.inf, -math.inf, math.nan, 0.0

    def _look_at_cost(self, snapshot: Snapshot) -> Alarm | None:
        cost, best, before, scale = snapshot.cost, self._best, self._before, self._scale()
        self._n_over = self._n_over + 1 if cost - best > RISE * scale else 0
        jumped = self._n > 0 and cost - before > JUMP * scale and cost > self._highest()
        self._follow(cost)
        if jumped and "jump" not in self._ignored:
            return self._alarm("jump", snapshot, f"the cost jumped from {before:.4g} to {cost:.4g} in one iteration")
        if self._n_over >= RISE_STEPS and "cost" not in self._ignored:
            words = f"the cost rose to {cost:.4g} and stays far above its best of {best:.4g}"
            return self._alarm("cost", snapshot, words)
        return None

    def _follow(self, cost: float) -> None:
        self._n += 1
        self._before = cost
        self._worst = max(self._worst, cost)
        if cost < self._best:
            self._best, self._fall = cost, self._worst - cost

    def _scale(self) -> float:
        """Against which a rise of the cost is judged; never less than rounding may make of it."""
        if not self._n:
            return math.inf
        least = max(float(self._classifies), _ROUNDING * self._reach() ** 2)
        return max(abs(self._best), self._fall, least)

    def _highest(self) -> float:
        """The highest cost that prototypes among the rows can have."""
        if self._classifies:
            return -math.inf
        self._exact_radius()
        return 4 * self._rows.shape[0] * self._reach() ** 2

    def _look_at_prototypes(self, snapshot: Snapshot) -> Alarm | None:
        W = snapshot.arrays.get("prototypes")
        if W is None or "far" in self._ignored or math.prod(np.shape(W)[1:]) != len(self._middle):
            return None
        W = np.asarray(W, float).reshape(len(W), -1)
        away = np.sqrt(((W - self._middle) ** 2).sum(axis=1))
        if self._start_radius is None:  # an engine may begin elsewhere than among the rows
            self._start_radius = float(np.max(away, initial=0.0, where=np.isfinite(away)))
        far = ~(away <= FAR * self._reach())  # also what is no number
        if far.any() and not self._is_exact:
            self._exact_radius()
            far = ~(away <= FAR * self._reach())
        if not far.any():
            self._good = W
            return None
        which = np.flatnonzero(far)[np.argsort(-np.nan_to_num(away[far], nan=np.inf), kind="stable")]
        worst = int(which[0])
        if not np.isfinite(away[worst]):
            words = f"prototype {worst} is no number any more"
        else:
            times = away[worst] / self._reach()
            words = f"prototype {worst} lies {times:,.0f} times as far from the middle of the rows as the farthest row"
        flown = W[worst] if np.isfinite(W[worst]).all() else None
        return self._alarm("far", snapshot, words, tuple(which[:MOST_ROWS].tolist()), flown)

    def _reach(self) -> float:
        """How far from the middle prototypes may be expected; never less than rounding may make of it."""
        rounding = _ROUNDING * float(np.linalg.norm(self._middle))
        return max(self._radius, self._start_radius or 0.0, rounding)

    def _exact_radius(self) -> None:
        """Take the radius over all rows; they are read once, and only when something is suspected."""
        if not self._is_exact:
            squares = (
                float(((_whole(self._rows.read(start, stop)) - self._middle) ** 2).sum(axis=1).max())
                for start, stop in blocks(*self._rows.shape)
            )
            self._radius, self._is_exact = math.sqrt(max(squares)), True

    def _alarm(
        self,
        rule: Rule,
        snapshot: Snapshot,
        words: str,
        prototypes: tuple[int, ...] = (),
        flown: Floats | None = None,
    ) -> Alarm:
        rows = suspects(self._rows, self._good if flown is None else flown[None], nearest_first=flown is not None)
        numbers = rows if self._index is None else self._index[rows]
        advice = "look at the rows that are named, scale the features or choose a smaller learning rate."
        sentence = f"{words[0].upper()}{words[1:]}; {advice}"
        return Alarm(rule, snapshot.iteration, sentence, prototypes, tuple(numbers.tolist()))


def suspects(rows: RowSource, prototypes: Floats | None, *, nearest_first: bool = False) -> NDArray[np.int64]:
    """Numbers of the rows that are likely behind a divergence; reads all rows twice.

    They are the rows farthest from the nearest of `prototypes` (M, d), which contribute most to a quantizer's cost;
    with `nearest_first` the nearest ones; without prototypes those farthest from the mean. After them come rows with
    values more than `EXTREME` standard deviations from the mean of their feature.
    """
    n, d = rows.shape
    parts = blocks(n, d)
    sums, squares = np.zeros(d), np.zeros(d)
    shift = _whole(rows.read(0, 1))[0]
    for start, stop in parts:
        block = _whole(rows.read(start, stop)) - shift
        sums += block.sum(axis=0)
        squares += (block**2).sum(axis=0)
    mean = shift + sums / n
    deviation = np.sqrt(np.maximum(squares / n - (sums / n) ** 2, 0.0))
    W = mean[None] if prototypes is None or not np.isfinite(prototypes).all() else prototypes
    scores, extremes = np.empty(n), np.empty(n)
    for start, stop in parts:
        block = _whole(rows.read(start, stop))
        scores[start:stop] = _least_squares(block, W)
        off = np.abs(block - mean)
        extremes[start:stop] = np.divide(off, deviation, out=np.zeros_like(off), where=deviation > 0).max(axis=1)
    first = np.argsort(scores if nearest_first else -scores, kind="stable")[:MOST_ROWS]
    odd = np.argsort(-extremes, kind="stable")[:MOST_EXTREME]
    return np.array(list(dict.fromkeys([*first.tolist(), *odd[extremes[odd] > EXTREME].tolist()])), np.int64)


def _least_squares(block: Floats, W: Floats) -> Floats:
    """(n,) squared distance of each row to the nearest of `W`."""
    squares = (block**2).sum(axis=1)[:, None] - 2 * block @ W.T + (W**2).sum(axis=1)
    return np.asarray(squares.min(axis=1))


def _whole(block: NDArray[Any]) -> Floats:
    """A block in float64, what is missing replaced by the mean of its column there."""
    made = np.asarray(block, np.float64)
    gaps = ~np.isfinite(made)
    if not gaps.any():
        return made
    means = np.where(gaps, 0.0, made).sum(axis=0) / np.maximum((~gaps).sum(axis=0), 1)
    return np.where(gaps, means, made)
