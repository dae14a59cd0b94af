"""The base of every error that a user is meant to read; each room derives its own from it."""


class WorkbenchError(Exception):
    """Something a user can understand and act on; ``str(error)`` is one sentence: what, where, what to do."""


class Cancelled(WorkbenchError):
    """The user asked a running task to stop, and nothing of it remains."""

    def __init__(self, message: str = "Stopped as asked; nothing was changed.") -> None:
        super().__init__(message)


class Closed(WorkbenchError):
    """Something was asked of a project that was closed before."""
