"""How fast a training goes, and how long the rest of it may take; nothing is known of what it does."""

from __future__ import annotations

from collections import deque
from statistics import median

_RECENT_STEPS = 31


class StepClock:
    """Times of the recent steps, and what they say of the rest."""

    def __init__(self) -> None:
        self._recent: deque[float] = deque(maxlen=_RECENT_STEPS)

    def add(self, seconds: float) -> None:
        """A step took so long."""
        self._recent.append(seconds)

    def left(self, iteration: int, n_iterations: int | None) -> float | None:
        """Median of the recent step times × steps left; None while nothing can be said."""
        recent = tuple(self._recent)
        if n_iterations is None or not recent:
            return None
        return median(recent) * max(0, n_iterations - iteration)
