"""Work that yields to the window: the one place that asks the system for it."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
NICE = 10


def at_low_priority(work: Callable[[Callable[[], bool]], T], stop: Callable[[], bool] | None = None) -> T:
    """Do work on a thread that yields, and wait for it; it is handed what tells whether to give up.

    That is where `stop` says so, and where the waiting is interrupted.
    """
    interrupted = threading.Event()
    with ThreadPoolExecutor(1, "vqw-yielding", lower_priority) as pool:
        future = pool.submit(work, lambda: interrupted.is_set() or (stop is not None and stop()))
        try:
            return future.result()
        except BaseException:
            interrupted.set()
            raise


def lower_priority() -> None:
    """Make this thread, and those it starts, yield to the interface, where the system knows priorities of threads."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
