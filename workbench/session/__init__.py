"""The open document, for every face: datasets, runs, sweeps, searches, selection, commands, and the queue of work."""

from workbench.session.commands import Command
from workbench.session.dataset import Dataset
from workbench.session.editions import Edition
from workbench.session.errors import SessionError
from workbench.session.estimates import Estimate
from workbench.session.events import SessionEvents
from workbench.session.fitting_given import Fit, starters
from workbench.session.given import Given, look_into
from workbench.session.jobs import Job, JobQueue
from workbench.session.log import CommandLog, Entry
from workbench.session.merging import Merged
from workbench.session.model_file import ModelFile, read_model, save_model
from workbench.session.other_project import Offer
from workbench.session.run import Run
from workbench.session.sampling import DataSample
from workbench.session.search import Search, SearchPlan
from workbench.session.selection import RowMask, Selection, Subset, combine
from workbench.session.session import Session
from workbench.session.space import Range, parse_space
from workbench.session.study import Study
from workbench.session.sweep import Sweep, parse_counts
from workbench.session.threshold import Threshold
from workbench.session.unstored import (
    count_derived,
    derive,
    drop,
    keep,
    measure_counts,
    read_dataset,
    read_new,
    relabel,
)
from workbench.session.watch import Alarm

__all__ = [
    "Alarm",
    "Command",
    "CommandLog",
    "DataSample",
    "Dataset",
    "Edition",
    "Entry",
    "Estimate",
    "Fit",
    "Given",
    "Job",
    "JobQueue",
    "Merged",
    "ModelFile",
    "Offer",
    "Range",
    "RowMask",
    "Run",
    "Search",
    "SearchPlan",
    "Selection",
    "Session",
    "SessionError",
    "SessionEvents",
    "Study",
    "Subset",
    "Sweep",
    "Threshold",
    "combine",
    "count_derived",
    "derive",
    "drop",
    "keep",
    "look_into",
    "measure_counts",
    "parse_counts",
    "parse_space",
    "read_dataset",
    "read_model",
    "read_new",
    "relabel",
    "save_model",
    "starters",
]
