"""The background job that brings a dataset into the project, read from a file or made from another one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from workbench.data import Derivation, Imported, Plan, read
from workbench.errors import Cancelled
from workbench.session import commands
from workbench.session.dataset import Dataset
from workbench.session.jobs import Job
from workbench.session.log import Entry, now
from workbench.session.storage import Storage, plain_json
from workbench.session.unstored import derived

_READING = 0.6
"""Share of the progress that reading is given; storing has the rest."""

Admit = Callable[[str, Callable[[str], tuple[Dataset, Entry]]], Dataset]
Progress = Callable[[float], None]


@dataclass(frozen=True)
class Importing:
    """One dataset that is to come.

    Attributes
    ----------
    title : str
        Of the job, for people.
    name : str
        Wanted for the dataset; a number is added where it is taken.
    make : callable
        (progress, stop) -> what is to be stored.
    entry : callable
        (id, name, what was made) -> the entry of the log.
    storage : Storage
    admit : callable
        Carries out the commit it is given, under the wanted name or a free one like it, together with taking the
        dataset into the open document.
    """

    title: str
    name: str
    make: Callable[[Progress, Callable[[], bool]], Imported]
    entry: Callable[[str, str, Imported], Entry]
    storage: Storage
    admit: Admit

    def job(self) -> Job[Dataset]:
        """The job, to be queued."""
        return Job(self.title, "importing", self._work)

    def _work(self, job: Job[Dataset]) -> Dataset:
        job.report(0.0)
        with self.make(lambda f: job.report(_READING * f), job.cancelled) as imported:
            staged = self.storage.stage(
                imported.X, progress=lambda f: job.report(_READING + (1 - _READING) * f), stop=job.cancelled
            )
            if job.cancelled():
                raise Cancelled
            return self.admit(self.name, lambda name: self.storage.add_dataset(imported, staged, name, self.entry))


def from_file(plan: Plan, name: str, storage: Storage, admit: Admit) -> Importing:
    """The import by `plan`."""

    def entry(id: str, name: str, imported: Imported) -> Entry:
        return Entry("do", commands.importing(id, name, plain_json(imported.plan.to_json())), now())

    def make(progress: Progress, stop: Callable[[], bool]) -> Imported:
        return read(plan, progress=progress, stop=stop)

    return Importing(f"Import of {name}", name, make, entry, storage, admit)


def from_dataset(dataset: Dataset, derivation: Derivation, name: str, storage: Storage, admit: Admit) -> Importing:
    """The dataset that `derivation` makes of `dataset`, as it is corrected now."""
    given = dataset.as_of(dataset.correction)

    def entry(id: str, name: str, imported: Imported) -> Entry:
        told = plain_json(derivation.to_json())
        return Entry("do", commands.deriving(id, name, given.id, given.correction, told), now())

    return Importing(f"Making of {name}", name, partial(derived, given, derivation), entry, storage, admit)
