"""The error of this room: something that cannot be exported as asked."""

from __future__ import annotations

from workbench.errors import WorkbenchError


class ReportError(WorkbenchError):
    """One sentence on an export: what cannot be written, where, and what to do about it."""
