"""Calls that may block, made off the interface thread, with the answer brought back to it; knows no projects."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import shiboken6
from PySide6.QtCore import QObject, Signal, Slot

from workbench.desktop import errors
from workbench.errors import Closed

Then = Callable[[Any], object]


@dataclass
class _Ticket:
    owner: QObject
    then: Then | None
    failed: Callable[[Exception], object] | None
    key: str | None
    value: Any = None
    error: Exception | None = field(default=None)


class Background(QObject):
    """Runs callables on a few threads and hands their results to callbacks on the interface thread.

    A result is dropped when its owner is gone, or when a later call with the same owner and key was made:
    stale answers cannot land. So is what was asked of a project that was closed meanwhile.
    """

    _arrived = Signal(object)

    def __init__(self, parent: QObject | None = None, threads: int = 3) -> None:
        super().__init__(parent)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="background")
        self._tickets: dict[int, _Ticket] = {}
        self._newest: dict[tuple[int, str], int] = {}
        self._numbers = itertools.count()
        self._open = True
        self._arrived.connect(self._deliver)

    @property
    def busy(self) -> bool:
        """Whether an answer is still awaited."""
        return bool(self._tickets)

    def call(
        self,
        owner: QObject,
        work: Callable[[], Any],
        then: Then | None = None,
        failed: Callable[[Exception], object] | None = None,
        *,
        key: str | None = None,
    ) -> None:
        """Run `work` on a thread, then `then(result)` or `failed(error)` here; without `failed`, the error dialog."""
        if not self._open:
            return
        number = next(self._numbers)
        self._tickets[number] = _Ticket(owner, then, failed, key)
        if key is not None:
            self._newest[id(owner), key] = number
        self._pool.submit(self._run, number, work)

    def close(self) -> None:
        """Take no more calls, wait for those under way, and drop their answers."""
        self._open = False
        self._tickets.clear()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _run(self, number: int, work: Callable[[], Any]) -> None:
        ticket = self._tickets.get(number)
        if ticket is None or self._stale(number, ticket):
            self._arrived.emit(number)
            return
        try:
            ticket.value = work()
        except Exception as error:
            ticket.error = error
        if self._open:
            self._arrived.emit(number)

    def _stale(self, number: int, ticket: _Ticket) -> bool:
        return ticket.key is not None and self._newest.get((id(ticket.owner), ticket.key)) != number

    @Slot(object)
    def _deliver(self, number: int) -> None:
        ticket = self._tickets.pop(number, None)
        if ticket is None or not shiboken6.isValid(ticket.owner) or self._stale(number, ticket):
            return
        if ticket.key is not None:
            del self._newest[id(ticket.owner), ticket.key]
        if ticket.error is None:
            if ticket.then is not None:
                ticket.then(ticket.value)
        elif isinstance(ticket.error, Closed):
            pass  # who closes a project wants nothing more of it
        elif ticket.failed is not None:
            ticket.failed(ticket.error)
        else:
            errors.report(ticket.error)
