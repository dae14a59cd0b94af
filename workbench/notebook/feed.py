"""The one background thread of a kernel that makes the frames of all widgets, each when its browser may have one.

What is sent from here reaches the browser also while a cell computes: ipykernel hands messages for the browser to a
thread of its own (`ipykernel.iostream.IOPubThread`), so any thread may send. The browser's answers are read on a
subshell where kernel and page know subshells, and else when the cell is done, see `pressure`.
"""

from __future__ import annotations

import threading
import time
from typing import Protocol

IDLE = 0.1
"""Seconds between two looks at what does not learn: what another program thread picks is seen that soon."""
LIVELY = 0.01
"""Seconds between two looks at a run that learns."""


class Member(Protocol):
    """What the feed serves: a widget."""

    @property
    def awake(self) -> bool:
        """Whether anybody can see it."""
        ...

    def turn(self, now: float) -> float:
        """Do what people asked for, then make and send a frame if one is due and may be sent; must not raise.

        Returns
        -------
        float
            Seconds after which it is worth to have another turn.
        """
        ...


class Feed:
    """Serves its members in turn on one thread, which lives while one of them is awake."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._members: list[Member] = []
        self._thread: threading.Thread | None = None
        self._woken = False

    def join(self, member: Member) -> None:
        """Serve `member` from now on."""
        with self._changed:
            if member not in self._members:
                self._members.append(member)
        self.wake()

    def leave(self, member: Member) -> None:
        """Serve `member` no more; a turn that it has now may still end after this."""
        with self._changed:
            if member in self._members:
                self._members.remove(member)
        self.wake()

    def wake(self) -> None:
        """Have a look at all members at once: somebody asked for something, or can see what nobody saw before."""
        with self._changed:
            self._woken = True
            self._changed.notify_all()
            if self._thread is None and any(member.awake for member in self._members):
                self._thread = threading.Thread(target=self._work, name="vqw-notebook", daemon=True)
                self._thread.start()

    @property
    def resting(self) -> bool:
        """Whether there is nobody to serve, and no thread."""
        with self._changed:
            return self._thread is None

    def _work(self) -> None:
        while True:
            with self._changed:
                self._woken = False
                members = [member for member in self._members if member.awake]
                if not members:
                    self._thread = None
                    return
            pause = min(member.turn(time.monotonic()) for member in members)
            with self._changed:
                if not self._woken:
                    self._changed.wait(pause)


feed = Feed()
"""That of this kernel."""
