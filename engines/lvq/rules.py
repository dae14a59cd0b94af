"""The online rules of learning vector quantization: which prototypes a row moves, and how; when is the learner's."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from engines.clustering.competitive import Schedule, in_turn
from engines.kernels.abreast import lay_out
from engines.kernels.exact import frozen
from engines.kernels.labelled import show_at_own_rates, show_to_pairs, show_to_rivals, show_to_winners
from engines.kernels.lanes import untiled
from engines.lvq.gaps import HeldRows
from engines.lvq.metric import Comparison, Euclidean
from engines.training import StopToken

Floats = NDArray[Any]

FEW = 48
"""Up to so many prototypes are compared one by one; measured from 2 to 784 features, in both precisions."""


@dataclass(frozen=True, eq=False)
class Piece:
    """Some rows in the order in which they are shown.

    Attributes
    ----------
    rows : (b, d)
    incomplete : bool array of shape (b,)
        Which rows lack values; empty where none does.
    codes : int64 array of shape (b,)
        Class numbers.
    weights : (b,) float64
    alpha : (b,) float64
        The rate α(t) of each row's time; empty where the rule has no schedule.
    """

    rows: Floats
    incomplete: NDArray[np.bool_]
    codes: NDArray[np.int64]
    weights: NDArray[np.float64]
    alpha: NDArray[np.float64]

    def rates(self, share: float = 1.0) -> Floats:
        """How far (b,) each row moves a prototype at `share` of its rate, in the rows' precision: α_w of its weight."""
        alpha = share * self.alpha
        lone = self.weights == 1
        if not np.all(lone):
            alpha = np.where(lone, alpha, in_turn(alpha, self.weights))
        return frozen(alpha.astype(self.rows.dtype))


class Rule(ABC):
    """What a row does to prototypes, as functions of arrays; their stand is the form they have while rows are shown.

    Attributes
    ----------
    schedule : Schedule or None
        α(t); None where prototypes have rates of their own.
    """

    MEMORY: ClassVar[str] = ""
    """Fitted attribute that holds what is remembered of each prototype beside its place, (M,), or "" for nothing."""

    TAKEN: ClassVar[tuple[str, ...]] = ()
    """Fitted attributes that hold what the distance has taken from rows before anything was learned."""

    schedule: Schedule | None

    def prepare(self, prototypes: Floats, origin: NDArray[np.float64], dtype: np.dtype[Any]) -> Comparison:
        """Prototypes (M, d) and the rule's distance, as `Metric.prepare` has them."""
        return Euclidean(prototypes.shape[1]).prepare(prototypes, origin, dtype)

    def of_rows(self, rows: HeldRows, rng: np.random.Generator, stop: StopToken) -> Rule:
        """The rule with what its distance takes from these rows."""
        return self

    def of_taken(self, taken: Mapping[str, Floats]) -> Rule:
        """The rule with what another had taken."""
        return self

    @property
    def taken(self) -> Mapping[str, Floats]:
        """What was taken from rows, by the names of `TAKEN`."""
        return {}

    def learned(self, memory: NDArray[np.float64]) -> Mapping[str, Floats]:
        """Fitted attributes beside the prototypes."""
        return {**self.taken, self.MEMORY: memory} if self.MEMORY else self.taken

    def memory(self, n_prototypes: int) -> NDArray[np.float64]:
        """What is remembered at the start: (M,), or nothing, (0,)."""
        return np.empty(0)

    def rate(self, t: float, memory: NDArray[np.float64]) -> float:
        """The rate at time `t`, to be shown; a mean where there are several."""
        return float(self.schedule.at(t)) if self.schedule else float(memory.mean())

    @abstractmethod
    def begin(
        self,
        prototypes: Floats,
        labels: NDArray[np.int64],
        movable: NDArray[np.bool_],
        memory: NDArray[np.float64],
    ) -> Any:
        """Prototypes (M, d) of classes (M,), of which some may move, ready to be shown rows; nothing is shared."""

    @abstractmethod
    def show(self, piece: Piece, stand: Any) -> int:
        """Let the rows move prototypes, one row after another; how many of them moved any."""

    @abstractmethod
    def end(self, stand: Any) -> tuple[Floats, NDArray[np.float64]]:
        """The prototypes (M, d) and the memory as the rows have left them."""


@dataclass(frozen=True, eq=False)
class Stand:
    """Prototypes in one of the layouts of `engines.kernels.standing`, and what kernels need beside."""

    places: Floats
    starts: Floats
    labels: NDArray[np.int64]
    movable: NDArray[np.bool_]
    distances: Floats
    memory: NDArray[np.float64]


class EuclideanRule(Rule):
    """A rule under the Euclidean distance, exact and in the rows' own precision."""

    def begin(
        self,
        prototypes: Floats,
        labels: NDArray[np.int64],
        movable: NDArray[np.bool_],
        memory: NDArray[np.float64],
    ) -> Stand:
        if len(prototypes) > FEW:
            places, starts = lay_out(prototypes)
        else:
            places, starts = prototypes.copy(), np.zeros(len(prototypes), prototypes.dtype)
        distances = np.empty_like(starts)
        return Stand(places, frozen(starts), frozen(labels), frozen(movable), distances, memory.copy())

    def end(self, stand: Stand) -> tuple[Floats, NDArray[np.float64]]:
        few = stand.places.ndim == 2
        return stand.places if few else untiled(stand.places, len(stand.labels)), stand.memory


@dataclass(frozen=True)
class Winner(EuclideanRule):
    """LVQ1."""

    schedule: Schedule

    def show(self, piece: Piece, stand: Stand) -> int:
        return _told(show_to_winners, piece, stand, piece.rates())


@dataclass(frozen=True)
class Rivals(EuclideanRule):
    """The nearest prototype of the row's class and the nearest of another."""

    schedule: Schedule

    def show(self, piece: Piece, stand: Stand) -> int:
        classes = np.arange(stand.labels.max() + 1)[:, None]
        own, others = (np.full((len(classes), *stand.starts.shape), np.inf, stand.starts.dtype) for _ in range(2))
        for mask, wanted in ((own, classes == stand.labels), (others, classes != stand.labels)):
            mask.reshape(len(classes), -1)[:, : len(stand.labels)][wanted] = 0
        return _told(show_to_rivals, piece, stand, piece.rates(), frozen(own), frozen(others))


@dataclass(frozen=True)
class Pair(EuclideanRule):
    """LVQ2.1; LVQ3 where ε is above 0.

    Attributes
    ----------
    window : float
        w of min(d₁/d₂, d₂/d₁) > (1 − w)/(1 + w), on distances that are not squared.
    epsilon : float
    """

    schedule: Schedule
    window: float
    epsilon: float = 0.0

    def show(self, piece: Piece, stand: Stand) -> int:
        dtype = piece.rows.dtype
        share = dtype.type(((1 - self.window) / (1 + self.window)) ** 2)
        soft = piece.rates(self.epsilon) if self.epsilon > 0 else frozen(np.empty(0, dtype))
        return _told(show_to_pairs, piece, stand, piece.rates(), soft, share)


@dataclass(frozen=True)
class OwnRate(EuclideanRule):
    """OLVQ1: the memory is the prototypes' rates.

    Attributes
    ----------
    initial, most : float
        α_c at the start, and the most that it can be.
    """

    MEMORY: ClassVar[str] = "rates_"

    initial: float
    most: float
    schedule: None = field(default=None, init=False)

    def memory(self, n_prototypes: int) -> NDArray[np.float64]:
        return np.full(n_prototypes, self.initial)

    def show(self, piece: Piece, stand: Stand) -> int:
        return _told(show_at_own_rates, piece, stand, frozen(piece.weights), stand.memory, self.most)


def _told(kernel: Callable[..., int], piece: Piece, stand: Stand, *own: Any) -> int:
    """What the kernel of a rule says of rows, with arguments of its own."""
    rows, incomplete, codes = frozen(piece.rows), frozen(piece.incomplete), frozen(piece.codes)
    prototypes = (stand.places, stand.starts, stand.labels, stand.movable, stand.distances)
    return int(kernel(rows, incomplete, codes, *own, *prototypes))
