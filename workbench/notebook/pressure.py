"""How many frames may be on their way to one browser; knows neither widgets nor what is in a frame."""

from __future__ import annotations

import threading

IN_FLIGHT = 2
"""So many frames may be sent that the browser has not drawn yet."""
PATIENCE = 1.0
"""Seconds after which the newest frame is sent though the last one was not acknowledged."""
SHORTEST = 1 / 30
"""Seconds between two frames at least: more are not seen, and the processor belongs to the training."""


class Pressure:
    """The back-pressure of one widget. Thread-safe: the feed asks and sends, the browser's answers come on any thread.

    Frames are numbered from 1. The browser acknowledges what it has drawn; while it does, no more than `IN_FLIGHT` are
    under way. A browser that is busy or hidden, or a kernel that cannot read its answers, gets one frame each
    `PATIENCE` seconds, so that what is seen is never older than that. Nothing is queued: whoever may send makes the
    frame then, of the newest there is.

    Attributes
    ----------
    n_sent, n_drawn : int
        Number of the newest frame that was sent, and of the newest that was acknowledged.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.n_sent = 0
        self.n_drawn = 0
        self._sent_at = -PATIENCE

    def wait(self, now: float) -> float:
        """Seconds after `now` until a frame may be sent, if nothing is heard meanwhile; 0 for at once."""
        with self._lock:
            least = SHORTEST if self.n_sent - self.n_drawn < IN_FLIGHT else PATIENCE
            return max(0.0, self._sent_at + least - now)

    def send(self, now: float) -> int:
        """Take note of a frame that is sent; gives its number."""
        with self._lock:
            self.n_sent += 1
            self._sent_at = now
            return self.n_sent

    def drawn(self, number: int) -> None:
        """Take note that the browser has drawn this frame, and so has no earlier one to draw."""
        with self._lock:
            self.n_drawn = max(self.n_drawn, min(number, self.n_sent))
