"""Another project, open for reading: what it offers to be merged, what each thing needs, and what is here already."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from workbench.errors import Cancelled
from workbench.project import Project, ProjectDamaged, open_project
from workbench.project.merging import parts_of
from workbench.session.commands import Command, moved_look
from workbench.session.dataset import Dataset
from workbench.session.document import Document, Thing, kind_of
from workbench.session.errors import SessionError
from workbench.session.log import CommandLog, present
from workbench.session.run import Run
from workbench.session.selection import Subset
from workbench.session.storage import Storage
from workbench.session.study import Study

About = Mapping[str, Mapping[str, Any]]
"""The attributes of things, by id."""

_ROWS = ("kind", "columns", "classes", "image_shape", "recipe", "shape", "dtype", "data_hash")
"""What datasets have in common that are the same; beside it their arrays."""
_SUBSET = ("name", "dataset", "note", "n_rows")
"""What subsets have in common that are the same; beside it their rows."""
_ASIDE = ("name", "hidden", "timeline")
"""In what runs and studies may differ and be the same."""


@dataclass(frozen=True)
class Offer:
    """A thing of another project that can be merged into the open one.

    Attributes
    ----------
    id : str
        There.
    kind : {"dataset", "run", "sweep", "search", "subset"}
    name : str
    about : str
        A few words on what it is.
    dataset : str
        Id of the dataset it belongs to; its own, of a dataset.
    needs : frozenset of str
        Ids of the things that come with it, as it was made of or on them.
    here : str or None
        Name of what is the same in the open project, so that it need not come.
    """

    id: str
    kind: str
    name: str
    about: str
    dataset: str
    needs: frozenset[str]
    here: str | None


@dataclass(frozen=True)
class Same:
    """What of another project is in the open one.

    Attributes
    ----------
    ids : dict of str to str
        Ids here, by those there.
    corrections : dict
        By the id there of each such dataset: numbers here of those of its corrections that are here, by those there.
    """

    ids: dict[str, str]
    corrections: dict[str, dict[int, int]]


@dataclass(frozen=True)
class OtherProject:
    """A project that is open for reading.

    Attributes
    ----------
    project : Project
    document : Document
    told : tuple of Command
        Those in force.
    needs : dict of str to set of str
        By the id of each thing, ids of those that it was made of or on, hidden ones too; not of those that are lost.
    """

    project: Project
    document: Document
    told: tuple[Command, ...]
    needs: Mapping[str, set[str]]

    @classmethod
    def read(cls, project: Project) -> OtherProject:
        """What an open project holds."""
        contents = Storage(project).load()
        document = Document(contents.datasets, contents.runs, contents.studies, contents.subsets)
        told = CommandLog(present(contents.entries, document.everything)).told
        needs = {id: {dataset_of(thing)} for id, thing in document.everything.items()}
        for command in told:
            if command.makes and command.target in needs:
                needs[command.target] |= command.needs
        for run in contents.runs:
            if run.facts.parent is not None:
                needs[run.id].add(run.facts.parent)
        return cls(project, document, told, {id: (found & needs.keys()) - {id} for id, found in needs.items()})

    @property
    def shown(self) -> list[Thing]:
        """What people see of it."""
        return list(self.document.visible.values())

    def with_needs(self, ids: Iterable[str]) -> list[Thing]:
        """Things and all that they need, each after what it needs."""
        found: set[str] = set()
        ahead = list(ids)
        while ahead:
            id = ahead.pop()
            if id not in found:
                found.add(id)
                ahead += self.needs[id]
        return [thing for id, thing in self.document.everything.items() if id in found]

    def chosen(self, wanted: Collection[str] | None) -> list[Thing]:
        """What is shown and has one of the ids or names that are wanted, None for all, with all that it needs.

        Raises
        ------
        SessionError
            If there is no such thing, or nothing at all.
        """
        shown, file = self.shown, self.project.address.name
        if not shown:
            raise SessionError(f"There is nothing to merge in '{file}': it holds no dataset.")
        if wanted is None:
            return self.with_needs(thing.id for thing in shown)
        known = [(thing, {thing.id, thing.id.rpartition("/")[2], thing.name}) for thing in shown]
        found = {name: [thing for thing, names in known if name in names] for name in wanted}
        for name, things in found.items():
            if not things:
                listed = ", ".join(f"'{thing.name}'" for thing in shown)
                raise SessionError(f"There is nothing called '{name}' in '{file}'; there is {listed}.")
        return self.with_needs(thing.id for things in found.values() for thing in things)

    def corrections_used(self, dataset: str, things: Iterable[Thing]) -> set[int]:
        """Numbers of the corrections of a dataset with which some of the things were made."""
        ids = {thing.id for thing in things}
        made = {command.target: command for command in self.told if command.kind == "derive"}
        found = {made[id].details["correction"] for id in ids & made.keys() if made[id].details["from"] == dataset}
        works = [thing for thing in things if isinstance(thing, Run | Study) and thing.dataset.id == dataset]
        return found | {work.facts.correction for work in works}

    def offers(self, same: Same, here: Document) -> list[Offer]:
        """What can be merged."""
        return [self._offer(thing, same, here) for thing in self.shown]

    def _offer(self, thing: Thing, same: Same, here: Document) -> Offer:
        needs = frozenset(other.id for other in self.with_needs([thing.id]) if other.id != thing.id)
        there = here.get(same.ids[thing.id]).name if thing.id in same.ids else None
        return Offer(thing.id, kind_of(thing), thing.name, _words(thing), dataset_of(thing), needs, there)


@contextmanager
def opened(path: Path | str, own: Project) -> Iterator[OtherProject]:
    """The project at `path`, while the block lasts.

    Raises
    ------
    SessionError
        If it is the project `own`.
    ProjectError
        If it cannot be opened or read; one sentence says why.
    """
    path = Path(path).absolute()
    if any(path.exists() and mine.exists() and path.samefile(mine) for mine in (own.path, own.address)):
        raise SessionError(f"'{path.name}' is this project itself: choose another one to merge into it.")
    with open_project(path, read_only=True) as project:
        with blaming(project):
            other = OtherProject.read(project)
        yield other


@contextmanager
def blaming(project: Project) -> Iterator[None]:
    """Let damage that is found meanwhile be that of the other project, and say what to do about it."""
    try:
        yield
    except ProjectDamaged as error:
        why = str(error).partition(";")[0]
        raise ProjectDamaged(
            f"Nothing was merged, as '{project.address.name}' is damaged ({why}); "
            "salvage it, then merge what that gives."
        ) from error


def what_is_here(
    other: OtherProject, project: Project, here: Document, stop: Callable[[], bool] = lambda: False
) -> Same:
    """What of another project is shown here with the same content: not what was deleted, or taken back.

    Raises
    ------
    Cancelled
        If `stop` said so.
    """
    same = Same({}, {})
    with blaming(other.project):
        theirs = _about(other.project, other.document.everything)
    like: dict[Any, list[str]] = {}
    ours = {id: _facts(about) for id, about in _about(project, here.visible).items()}
    for id, facts in ours.items():
        like.setdefault(_key(facts), []).append(id)
    for thing in other.with_needs(shown.id for shown in other.shown):
        if stop():
            raise Cancelled
        facts = _facts({**theirs[thing.id], **moved_attributes(theirs[thing.id], same)})
        for id in like.get(_key(facts), ()):
            if id in same.ids.values() or ours[id] != facts:
                continue
            with blaming(other.project):
                content = _content(other.project, thing.id)
            if content == _content(project, id):
                same.ids[thing.id] = id
                found = here.get(id)
                if isinstance(thing, Dataset) and isinstance(found, Dataset):
                    same.corrections[thing.id] = _same_corrections(thing, found)
                break
    return same


def moved_attributes(attributes: Mapping[str, Any], same: Same) -> dict[str, Any]:
    """What changes in the attributes of a thing where others have the ids and numbers of here.

    A run that it branched off from and that is lost is told as "".
    """
    if "dataset" not in attributes:
        look = attributes.get("first_look")
        return {"first_look": moved_look(look, same.ids)} if look else {}
    dataset = attributes["dataset"]
    changed: dict[str, Any] = {"dataset": same.ids.get(dataset)}
    if "correction" in attributes:
        numbers, number = same.corrections.get(dataset), attributes["correction"]
        changed["correction"] = number if numbers is None or number == 0 else numbers.get(number)
    begun = attributes.get("branched_from")
    if begun is not None and "run" in begun:
        changed["branched_from"] = {**begun, "run": same.ids.get(begun["run"], "")}
    return changed


def dataset_of(thing: Thing) -> str:
    """Id of the dataset that a thing belongs to; its own, of a dataset."""
    if isinstance(thing, Dataset):
        return thing.id
    return thing.dataset if isinstance(thing, Subset) else thing.dataset.id


def _words(thing: Thing) -> str:
    if isinstance(thing, Dataset):
        return f"{thing.n_rows:,} × {len(thing.raw_names):,}"
    if isinstance(thing, Subset):
        return f"{len(thing.rows):,} rows"
    return f"{thing.engine.name}, {thing.status}"


def _about(project: Project, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    return project.read(lambda reader: {id: reader.get(id) for id in ids}).result()


def _facts(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """What of attributes is the same of the same things."""
    if "dataset" not in attributes:
        return {name: attributes.get(name) for name in _ROWS}
    if "n_rows" in attributes:
        return {name: attributes.get(name) for name in _SUBSET}
    return {name: value for name, value in attributes.items() if name not in _ASIDE}


def _key(facts: Mapping[str, Any]) -> tuple[Any, ...]:
    """What of facts tells most things apart at once."""
    return tuple(facts.get(name) for name in ("data_hash", "created", "dataset", "n_rows"))


def _content(project: Project, id: str) -> dict[str, Any]:
    """All that lies under a thing, by its place there; of a dataset, without its corrections."""
    parts = {part.key.removeprefix(f"{id}/"): part.content for part in parts_of(project, [id])}
    del parts[id]
    return {place: content for place, content in parts.items() if place.split("/")[0] != "corrections"}


def _same_corrections(theirs: Dataset, ours: Dataset) -> dict[int, int]:
    """Numbers of here, by those of there, of the corrections that are the same and follow the same ones."""
    known = {(c.parent, c.kind, c.to, c.rows.tobytes()): c.number for c in ours.made.all}
    found = {0: 0}
    for made in theirs.made.all:
        key = (found.get(made.parent), made.kind, made.to, np.asarray(made.rows, np.int64).tobytes())
        if key in known:
            found[made.number] = known[key]
    return found
