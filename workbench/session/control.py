"""What people ask of a running training: go, pause, one step, stop; the training itself is the worker's."""

from __future__ import annotations

import threading
from enum import Enum, auto

from engines import Training


class Turn(Enum):
    """What the worker may do next."""

    PULL = auto()
    WAIT = auto()
    STOP = auto()


class Control:
    """The gate before every pull. All methods may be called from any thread and return at once.

    Attributes
    ----------
    paused : bool
        Whether a pause was asked for; it takes hold before the next pull.
    stopping : bool
        Whether a stop was asked for; a step under way is given up within 100 ms.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._training: Training | None = None
        self._steps = 0
        self.paused = False
        self.stopping = False

    def pause(self) -> None:
        with self._changed:
            self.paused = True
            self._steps = 0

    def resume(self) -> None:
        with self._changed:
            self.paused = False
            self._changed.notify_all()

    def step(self) -> None:
        """Allow one pull, and pause after it."""
        with self._changed:
            self.paused = True
            self._steps += 1
            self._changed.notify_all()

    def stop(self) -> None:
        with self._changed:
            self.stopping = True
            if self._training is not None:
                self._training.stop()
            self._changed.notify_all()

    def attach(self, training: Training) -> None:
        """Let `stop` reach into the steps of `training`, also when it was asked before."""
        with self._changed:
            self._training = training
            if self.stopping:
                training.stop()

    def detach(self) -> None:
        """Let go of the training, and of all that it holds."""
        with self._changed:
            self._training = None

    def turn(self) -> Turn:
        """What to do now; takes one step off those allowed."""
        if not self.paused and not self.stopping:
            return Turn.PULL
        with self._changed:
            if self.stopping:
                return Turn.STOP
            if self.paused and self._steps == 0:
                return Turn.WAIT
            self._steps = max(0, self._steps - 1)
            return Turn.PULL

    def wait(self) -> None:
        """Sleep until `turn` gives something else than WAIT."""
        with self._changed:
            self._changed.wait_for(lambda: self.stopping or not self.paused or self._steps > 0)
