"""Work that yields to the window: the one place that asks the system for it."""

from __future__ import annotations

import os
import sys
import threading

NICE = 10


def lower_priority() -> None:
    """Make this thread, and those it starts, yield to the interface, where the system knows priorities of threads."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
