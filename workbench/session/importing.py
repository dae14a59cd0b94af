"""The background job that brings a file into the project by a plan; the reading itself is `workbench.data`'s."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from workbench.data import Imported, Plan, read
from workbench.errors import Cancelled
from workbench.session import commands
from workbench.session.dataset import Dataset
from workbench.session.jobs import Job
from workbench.session.log import Entry, now
from workbench.session.storage import Storage, plain_json

_READING = 0.6
"""Share of the progress that reading the file is given; storing has the rest."""

Admit = Callable[[str, Callable[[str], tuple[Dataset, Entry]]], Dataset]


@dataclass(frozen=True)
class Importing:
    """One import.

    Attributes
    ----------
    plan : Plan
    name : str
        Wanted for the dataset; a number is added where it is taken.
    storage : Storage
    admit : callable
        Carries out the commit it is given, under the wanted name or a free one like it, together with taking the
        dataset into the open document.
    """

    plan: Plan
    name: str
    storage: Storage
    admit: Admit

    def job(self) -> Job[Dataset]:
        """The job, to be queued."""
        return Job(f"Import of {self.name}", "importing", self._work)

    def _work(self, job: Job[Dataset]) -> Dataset:
        job.report(0.0)
        with read(self.plan, progress=lambda f: job.report(_READING * f), stop=job.cancelled) as imported:
            staged = self.storage.stage(
                imported.X, progress=lambda f: job.report(_READING + (1 - _READING) * f), stop=job.cancelled
            )
            if job.cancelled():
                raise Cancelled
            return self.admit(self.name, lambda name: self.storage.add_dataset(imported, staged, name, _entry))


def _entry(id: str, name: str, imported: Imported) -> Entry:
    return Entry("do", commands.importing(id, name, plain_json(imported.plan.to_json())), now())
