"""Which snapshots of a run are worth keeping: first, last, best, branched and a thinned rest; not where they lie."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

MOST_SNAPSHOTS = 64
MOST_BYTES = 500_000_000


@dataclass
class Thinning:
    """Keeps iterations at a stride that doubles whenever there are too many, so they stay evenly spread.

    What is kept depends on the iterations offered alone, so a resumed run keeps the same ones as an uninterrupted one.

    Attributes
    ----------
    first : int or None
        The first iteration offered.
    stride : int
        A power of two; iterations that it divides are kept.
    kept : list of int
        Increasing, without first and best.
    best : int or None
        Iteration of the lowest score.
    best_score : float
    branched : list of int
        Increasing; where branches began.
    """

    first: int | None = None
    stride: int = 1
    kept: list[int] = field(default_factory=list)
    best: int | None = None
    best_score: float = math.inf
    branched: list[int] = field(default_factory=list)

    def offer(self, iteration: int, score: float, n_bytes: int) -> tuple[bool, list[int]]:
        """Whether to keep `iteration`, and which others to drop now.

        Parameters
        ----------
        iteration : int
            Greater than all before.
        score : float
            Lower is better.
        n_bytes : int
            Of this snapshot's arrays, which bounds how many there can be.
        """
        before = self.wanted()
        if self.first is None:
            self.first = iteration
        if score < self.best_score:
            self.best, self.best_score = iteration, score
        if iteration % self.stride == 0:
            self.kept.append(iteration)
        most = max(2, min(MOST_SNAPSHOTS, MOST_BYTES // max(1, n_bytes) - 3))
        while len(self.kept) > most:
            self.stride *= 2
            self.kept = [k for k in self.kept if k % self.stride == 0]
        after = self.wanted()
        return iteration in after, sorted(before - after)

    def rewind(self, iteration: int) -> None:
        """Forget what was offered after `iteration`: a training goes on from there; -1 for one that starts anew."""
        self.kept = [k for k in self.kept if k <= iteration]
        if self.first is not None and self.first > iteration:
            self.first = None
        if self.best is not None and self.best > iteration:
            self.best, self.best_score = None, math.inf

    def wanted(self) -> set[int]:
        """The iterations to keep, besides the last one."""
        return {*self.kept, *self.branched, *(k for k in (self.first, self.best) if k is not None)}

    def to_json(self) -> dict[str, Any]:
        """This as what JSON can hold."""
        return asdict(self) | {"best_score": self.best_score if math.isfinite(self.best_score) else None}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Thinning:
        """What `to_json` gave."""
        return cls(**{**value, "best_score": math.inf if value["best_score"] is None else value["best_score"]})
