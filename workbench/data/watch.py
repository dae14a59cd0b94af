"""How long work tells how far it is and hears that it shall stop; nothing of threads or windows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from workbench.errors import Cancelled

Progress = Callable[[float], None]
Stop = Callable[[], bool]


@dataclass(frozen=True)
class Watch:
    """The share `low` to `high` of a task, which reports progress and raises when asked to stop.

    Attributes
    ----------
    progress : callable, optional
        Called with the fraction done of the whole task, 0 to 1, never decreasing if the work calls it so.
    stop : callable, optional
        Polled at every call; True ends the work with `workbench.errors.Cancelled`.
    """

    progress: Progress | None = None
    stop: Stop | None = None
    low: float = 0.0
    high: float = 1.0

    def __call__(self, fraction: float) -> None:
        """Report that `fraction` of this part is done; raises Cancelled when the task shall stop."""
        self.look()
        if self.progress is not None:
            here = self.low + (self.high - self.low) * min(max(fraction, 0.0), 1.0)
            self.progress(min(here, self.high))  # rounding must not pass the beginning of the next part

    def look(self) -> None:
        """Raise Cancelled when the task shall stop; reports nothing."""
        if self.stop is not None and self.stop():
            raise Cancelled()

    def part(self, low: float, high: float) -> Watch:
        """The watch for the part from `low` to `high` (fractions of this one)."""
        width = self.high - self.low
        return Watch(self.progress, self.stop, self.low + width * low, self.low + width * high)
