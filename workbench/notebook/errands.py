"""Calls that may take a while, made on threads beside the feed's, with the answer brought back to it."""

from __future__ import annotations

import queue
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from workbench.errors import Closed

Failed = Callable[[Exception], object]


class Errands:
    """Of one widget. `call` and `deliver` are for the feed's thread, on which all answers arrive.

    Of calls with one key only the answer of the newest arrives: nobody waits for that of the others.
    """

    def __init__(self, arrived: Callable[[], None]) -> None:
        """Tell `arrived`, on any thread, that there is something to deliver."""
        self._arrived = arrived
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="vqw-errand")
        self._done: queue.SimpleQueue[tuple[str, int, Callable[[], object]]] = queue.SimpleQueue()
        self._newest: dict[str, int] = {}
        self._n_calls = 0

    def call(self, key: str, work: Callable[[], Any], then: Callable[[Any], object], failed: Failed) -> None:
        """Do `work` on another thread, then `then(result)` or `failed(error)` on this one."""
        self._n_calls += 1
        number = self._newest[key] = self._n_calls
        self._pool.submit(self._run, key, number, work, then, failed)

    def deliver(self) -> None:
        """Bring all answers that have come."""
        while not self._done.empty():
            key, number, bring = self._done.get()
            if self._newest.get(key) == number:
                del self._newest[key]
                bring()

    def awaits(self, key: str) -> bool:
        """Whether an answer is still to come."""
        return key in self._newest

    def forget(self, key: str) -> None:
        """Wait no more for an answer."""
        self._newest.pop(key, None)

    def close(self) -> None:
        """Take no more calls, and drop the answers of those under way."""
        self._newest.clear()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _run(
        self, key: str, number: int, work: Callable[[], Any], then: Callable[[Any], object], failed: Failed
    ) -> None:
        try:
            result = work()
            self._done.put((key, number, lambda: then(result)))
        except Closed:
            return  # who closes a project wants nothing more of it
        except Exception as error:
            reason = error
            self._done.put((key, number, lambda: failed(reason)))
        self._arrived()
