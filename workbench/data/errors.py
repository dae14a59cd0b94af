"""The error of this room: a file, a column or a recipe that cannot be used as asked."""

from __future__ import annotations

from workbench.errors import WorkbenchError


class DataError(WorkbenchError):
    """One sentence on a file or a recipe: what is wrong, where, and what to do about it."""
