"""The error of this room: something asked of an open project that cannot be done."""

from __future__ import annotations

from workbench.errors import WorkbenchError


class SessionError(WorkbenchError):
    """One sentence on a dataset, a run or a command: what is wrong, where, and what to do about it."""
