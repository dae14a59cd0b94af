"""The background job that brings things of another project into the open one, in one commit and as one command."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from workbench.project import Project, Transaction, schema
from workbench.project.merging import Freight, parts_of
from workbench.session import commands
from workbench.session.commands import Command
from workbench.session.corrections import Correction
from workbench.session.dataset import Dataset
from workbench.session.document import Document, Thing, free_among, kind_of
from workbench.session.errors import SessionError
from workbench.session.first_look import together
from workbench.session.jobs import Job
from workbench.session.log import CommandLog, Entry, now, tellable
from workbench.session.other_project import (
    OtherProject,
    Same,
    blaming,
    moved_attributes,
    opened,
    what_is_here,
)
from workbench.session.run import Run

_PLURALS = {"dataset": "datasets", "run": "runs", "sweep": "sweeps", "search": "searches", "subset": "subsets"}
_LISTED = 8


@dataclass(frozen=True)
class Merged:
    """What a merge brought.

    Attributes
    ----------
    file : str
        Name of the other project's file.
    things : tuple of Dataset, Run, Study or Subset
        Those that are shown now; none where all that was wanted was here already, and then nothing was changed.
    renamed : dict of str to str
        Names of there that were taken here, by the name here.
    here : tuple of str
        Names here of what was wanted and was here already.
    opened : tuple of str
        Names of datasets whose test part nobody had looked at here, but there.
    """

    file: str
    things: tuple[Thing, ...]
    renamed: Mapping[str, str]
    here: tuple[str, ...]
    opened: tuple[str, ...] = ()

    @property
    def sentences(self) -> tuple[str, ...]:
        """All that for people."""
        if not self.things:
            return (f"All that was wanted of {self.file} is in the project already.",)
        found = [f"{counted_kinds(map(kind_of, self.things))} came from {self.file}."]
        if self.here:
            found.append(f"Here already: {_listed(self.here)}.")
        if self.renamed:
            renamed = [f"{there} is {here}" for here, there in self.renamed.items()]
            found.append(f"Named otherwise here, as the names were taken: {_listed(renamed)}.")
        if self.opened:
            found.append(f"Looked at there, and so shown here too: the test part of {_listed(self.opened)}.")
        return tuple(found)


@dataclass(frozen=True)
class Merging:
    """A merge that is to come.

    Attributes
    ----------
    path : Path
        Of the other project.
    wanted : collection of str or None
        Ids or names of what is to come; None for all of it.
    project, document, log
        Of the session.
    changing : lock
        Held while the document changes.
    admit : callable
        (ids, entry) -> what is shown of it: takes what was written, and the entry of the log, into the document.
    announce : callable
        Tells of what is shown.
    """

    path: Path
    wanted: Collection[str] | None
    project: Project
    document: Document
    log: CommandLog
    changing: AbstractContextManager[Any]
    admit: Callable[[Collection[str], Entry], tuple[Thing, ...]]
    announce: Callable[[tuple[Thing, ...]], None]

    def job(self) -> Job[Merged]:
        """The job, to be queued."""
        return Job(f"Merge of {self.path.name}", "importing", self._work)

    def _work(self, job: Job[Merged]) -> Merged:
        job.report(0.0)
        with opened(self.path, self.project) as other:
            chosen = other.chosen(self.wanted)
            same = what_is_here(other, self.project, self.document, job.cancelled)
            coming = [thing for thing in chosen if thing.id not in same.ids]
            here = tuple(self.document.get(same.ids[thing.id]).name for thing in chosen if thing.id in same.ids)
            if all(thing.hidden for thing in coming):
                return Merged(self.path.name, (), {}, here)
            with blaming(other.project):
                parts = parts_of(other.project, [thing.id for thing in coming], job.cancelled)
            freight = Freight.of(self.project, other.project, parts, job.report)
            try:
                with blaming(other.project):
                    freight.load(job.cancelled)
                with self.changing:
                    sealed = [data for data in self.document.datasets.values() if data.is_sealed]
                    things, names = self._commit(other, coming, same, freight, job.cancelled)
            except BaseException:
                freight.unload()
                raise
        self.announce(things)
        renamed = {names[thing.id]: thing.name for thing in coming if names.get(thing.id, thing.name) != thing.name}
        looked = tuple(data.name for data in sealed if not data.is_sealed)
        return Merged(self.path.name, things, renamed, here, looked)

    def _commit(
        self, other: OtherProject, coming: Sequence[Thing], same: Same, freight: Freight, stop: Callable[[], bool]
    ) -> tuple[tuple[Thing, ...], dict[str, str]]:
        """Write what comes and the command, and take both in; gives what is shown of it, and names by the id there."""
        gone = [id for id in same.ids.values() if id not in self.document.visible]
        if gone:
            raise SessionError(f"'{self.document.get(gone[0]).name}' was deleted in the meantime: merge once more.")
        names = _names(coming, self.document)
        added = list(self._corrections(other, coming, same))

        def work(transaction: Transaction) -> tuple[list[str], Entry, list[Entry]]:
            ids = transaction.ids_for(thing.id for thing in coming)
            moved = replace(same, ids=same.ids | ids)
            changed = {
                part.key: moved_attributes(part.attributes or {}, moved) | {"name": names[part.key]}
                for part in freight.parts
                if part.key in ids
            }
            for dataset, correction in added:
                schema.add_correction(transaction, dataset.id, correction.number, correction.to_bundle())
            with blaming(other.project):
                freight.write(transaction, ids, changed, stop)
            entry = Entry("do", self._command(other, coming, ids, moved, names), now())
            looks = [Entry("do", look, now()) for look in self._looks(other, coming, moved)]
            for look in looks:
                transaction.put(look.command.target, {"first_look": look.command.after})
            for one in (entry, *looks):
                schema.append_command(transaction, one.to_json())
            return list(ids.values()), entry, looks

        ids, entry, looks = self.project.transact(work).result()
        for dataset, correction in added:
            dataset.made.add(correction)
        things = self.admit(ids, entry)
        for look in looks:
            self.document.apply(look.command, look.command.after)
            self.log.append(look)
        return things, names

    def _looks(self, other: OtherProject, coming: Sequence[Thing], moved: Same) -> Iterator[Command]:
        """What becomes of the first looks at datasets that are here already and get runs of there."""
        theirs = {thing.dataset.id for thing in coming if isinstance(thing, Run)} & moved.corrections.keys()
        for id in sorted(theirs):
            here, there = self.document.get(moved.ids[id]), other.document.get(id)
            assert isinstance(here, Dataset)
            assert isinstance(there, Dataset)
            ours, others = (_runs(found) for found in (self.document.work_of(here.id), other.document.work_of(id)))
            look = together(here.first_look, ours, there.first_look, others, moved.ids)
            if here.has_test_part and look is not None and look != here.first_look:
                before = None if here.first_look is None else here.first_look.to_json()
                yield commands.looking_first(here.id, here.name, look.to_json(), before)

    def _corrections(
        self, other: OtherProject, coming: Sequence[Thing], same: Same
    ) -> Iterator[tuple[Dataset, Correction]]:
        """Corrections that datasets of here get since something that comes was made with them; `same` learns of them.

        They are in force nowhere but in what was made with them.
        """
        for id, known in same.corrections.items():
            here, there = self.document.get(same.ids[id]), other.document.get(id)
            assert isinstance(here, Dataset)
            assert isinstance(there, Dataset)
            newest = here.made.n_made
            for number in sorted(other.corrections_used(id, coming)):
                for correction in there.made.chain(number):
                    if correction.number not in known:
                        newest += 1
                        known[correction.number] = newest
                        yield here, replace(correction, number=newest, parent=known[correction.parent])

    def _command(
        self,
        other: OtherProject,
        coming: Sequence[Thing],
        ids: Mapping[str, str],
        moved: Same,
        names: Mapping[str, str],
    ) -> Command:
        """The merge, with what can be told of the making of what comes."""
        told = [
            command.moved(moved.ids, moved.corrections)
            for command in other.told
            if command.target in ids and command.needs <= moved.ids.keys()
        ]
        renamed = [(ids[thing.id], thing.name, names[thing.id]) for thing in coming if names[thing.id] != thing.name]
        told += [commands.renaming(*change) for change in renamed]
        made = {command.target for command in self.log.told if command.makes}
        shown = [ids[thing.id] for thing in coming if not thing.hidden]
        return commands.merging(self.path.name, shown, tellable(told, set(ids.values()), made))


def _runs(works: Iterable[Thing]) -> list[Run]:
    return [work for work in works if isinstance(work, Run)]


def _names(coming: Sequence[Thing], document: Document) -> dict[str, str]:
    """What each thing is called here, by its id: as there, where that is free."""
    names = {thing.id: thing.name for thing in coming}
    shown = [thing for thing in coming if not thing.hidden]
    for kind in {type(thing) for thing in shown}:
        here = {thing.name for thing in document.visible.values() if type(thing) is kind}
        like = [thing for thing in shown if type(thing) is kind]
        taken = here | {thing.name for thing in like}
        for thing in like:
            if thing.name in here:
                names[thing.id] = free_among(thing.name, taken)
                taken.add(names[thing.id])
    return names


def counted_kinds(kinds: Iterable[str]) -> str:
    """What things of these kinds are together: "2 datasets, 1 run and 3 subsets"."""
    return _listed([f"{n:,} {kind if n == 1 else _PLURALS[kind]}" for kind, n in Counter(kinds).items()])


def _listed(words: Sequence[str]) -> str:
    """As "a, b and c", of many only some."""
    shown = [*words[:_LISTED], *([f"{len(words) - _LISTED:,} more"] if len(words) > _LISTED else [])]
    return " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1])))
