"""How the width of a map's neighbourhood and its learning rate go from their start to their end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Course = Literal["linear", "exponential", "hyperbolic"]


@dataclass(frozen=True)
class Schedule:
    """A value for each epoch: `start` in the first, `end` from epoch number `n_epochs` − 1 on.

    With s the share of the way: linear start + (end − start)s; exponential start (end/start)^s; hyperbolic
    start / (1 + (start/end − 1)s).
    """

    start: float
    end: float
    course: Course
    n_epochs: int

    def at(self, epoch: int) -> float:
        """The value in epoch `epoch`, counted from 0."""
        share = min(1.0, epoch / (self.n_epochs - 1)) if self.n_epochs > 1 else float(epoch > 0)
        if share in (0.0, 1.0) or self.start == self.end:
            return self.end if share else self.start
        if self.course == "linear":
            return self.start + (self.end - self.start) * share
        if self.course == "exponential":
            return self.start * float((self.end / self.start) ** share)
        return self.start / (1 + (self.start / self.end - 1) * share)

    def settled(self, epoch: int) -> bool:
        """Whether the value stays what it is in this epoch."""
        return self.start == self.end or epoch >= self.n_epochs - (self.n_epochs > 1)
