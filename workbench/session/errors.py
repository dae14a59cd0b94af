"""The error of this room: something asked of an open project that cannot be done."""

from __future__ import annotations

from workbench.errors import Closed, WorkbenchError


class SessionError(WorkbenchError):
    """One sentence on a dataset, a run or a command: what is wrong, where, and what to do about it."""


class SessionClosed(SessionError, Closed):
    """The project was closed before what was asked of it began."""
