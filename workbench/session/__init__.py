"""The open document, for every face: datasets, runs, selection, commands that can be undone, and the queue of work."""

from workbench.session.commands import Command
from workbench.session.dataset import DataSample, Dataset
from workbench.session.errors import SessionError
from workbench.session.estimates import Estimate
from workbench.session.events import SessionEvents
from workbench.session.jobs import Job, JobQueue
from workbench.session.log import Entry
from workbench.session.run import Run
from workbench.session.selection import RowMask, Selection, Subset, combine
from workbench.session.session import Session

__all__ = [
    "Command",
    "DataSample",
    "Dataset",
    "Entry",
    "Estimate",
    "Job",
    "JobQueue",
    "RowMask",
    "Run",
    "Selection",
    "Session",
    "SessionError",
    "SessionEvents",
    "Subset",
    "combine",
]
