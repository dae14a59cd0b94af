"""What is in the open project, shown and hidden: found by name, changed by commands; nothing is stored here."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Literal, TypeVar

from workbench.session.commands import Command
from workbench.session.dataset import Dataset
from workbench.session.errors import SessionError
from workbench.session.run import Run
from workbench.session.search import Search
from workbench.session.selection import Subset
from workbench.session.study import Study
from workbench.session.sweep import Sweep

Thing = Dataset | Run | Study | Subset
AnyThing = TypeVar("AnyThing", Dataset, Run, Sweep, Search, Subset)
Change = Literal["added", "removed", "changed"]


class Document:
    """Datasets, runs, studies and subsets of a project, by id; changed by one thread at a time, read by any.

    A run is shown while neither it nor its dataset is hidden; a study or a subset likewise.
    """

    def __init__(
        self, datasets: Iterable[Dataset], runs: Iterable[Run], studies: Iterable[Study], subsets: Iterable[Subset]
    ) -> None:
        things: list[Thing] = [*datasets, *runs, *studies, *subsets]
        self._all = {thing.id: thing for thing in things}

    @property
    def everything(self) -> Mapping[str, Thing]:
        """All there is, shown and hidden, each after what it was made of or on."""
        return MappingProxyType(self._all)

    @property
    def visible(self) -> Mapping[str, Thing]:
        """What of it is shown."""
        return {id: thing for id, thing in self._all.items() if self._is_shown(thing)}

    @property
    def datasets(self) -> Mapping[str, Dataset]:
        """Those shown, in order of their making."""
        return self.shown(Dataset)

    @property
    def runs(self) -> Mapping[str, Run]:
        """Those shown, in order of their making."""
        return self.shown(Run)

    @property
    def sweeps(self) -> Mapping[str, Sweep]:
        """Those shown, in order of their making."""
        return self.shown(Sweep)

    @property
    def searches(self) -> Mapping[str, Search]:
        """Those shown, in order of their making."""
        return self.shown(Search)

    @property
    def subsets(self) -> Mapping[str, Subset]:
        """Those shown, in order of their making."""
        return self.shown(Subset)

    def like(self, thing: Thing) -> list[Thing]:
        """Those shown of the same kind."""
        return [other for other in self.visible.values() if isinstance(other, type(thing))]

    def work_of(self, target: str) -> list[Run | Study]:
        """The run or study with the id `target`, or those of the dataset with it; hidden ones too."""
        works = [thing for thing in list(self._all.values()) if isinstance(thing, Run | Study)]
        return [work for work in works if target in (work.id, work.dataset.id)]

    def run(self, id: str) -> Run:
        """The run with the id, shown or hidden."""
        run = self._all[id]
        assert isinstance(run, Run)
        return run

    def get(self, id: str) -> Thing:
        """What has the id, shown or hidden."""
        return self._all[id]

    def add(self, thing: Thing) -> None:
        """Take in a new thing."""
        self._all = {**self._all, thing.id: thing}

    def apply(self, command: Command, value: Any) -> list[tuple[Change, Thing]]:
        """Set the command's attribute to `value`; gives what came, went and changed for those who watch."""
        before = self.visible
        for thing in [self._all[id] for id in command.targets]:
            if isinstance(thing, Subset):
                self._all = {**self._all, thing.id: replace(thing, **{command.attribute: value})}
            else:
                setattr(thing, command.attribute, value)
        after = self.visible
        changes: list[tuple[Change, Thing]] = [("removed", before[id]) for id in before if id not in after]
        changes += [("added", after[id]) for id in after if id not in before]
        return changes or [("changed", after[id]) for id in command.targets if id in after]

    def _is_shown(self, thing: Thing) -> bool:
        if isinstance(thing, Run | Study):
            return not (thing.hidden or thing.dataset.hidden)
        if isinstance(thing, Subset):
            return not (thing.hidden or self._all[thing.dataset].hidden)
        return not thing.hidden

    def shown(self, kind: type[AnyThing]) -> Mapping[str, AnyThing]:
        """Those of one kind that are shown, by id, in order of their making."""
        things = self._all
        return MappingProxyType(
            {id: thing for id, thing in things.items() if isinstance(thing, kind) and self._is_shown(thing)}
        )


def find(things: Mapping[str, AnyThing], wanted: str, kind: str) -> AnyThing:
    """The thing with this id, or this name.

    Raises
    ------
    SessionError
        If there is none; lists those there are.
    """
    for id, thing in things.items():
        if wanted in (id, id.rpartition("/")[2], thing.name):
            return thing
    names = [repr(thing.name) for thing in things.values()]
    listed = f"there {'is' if len(names) == 1 else 'are'} {', '.join(names)}" if names else "there is none yet"
    raise SessionError(f"There is no {kind} called {wanted!r} in this project; {listed}.")


def name_for(wanted: str | None, otherwise: str, others: Iterable[Thing], kind: str) -> str:
    """`wanted`, which must be free; where it is None the free name most like `otherwise`."""
    if wanted is None:
        return free_name(otherwise, others)
    require_free(wanted, others, kind)
    return wanted


def free_name(wanted: str, others: Iterable[Thing]) -> str:
    """`wanted`, or with the first number from 2 on that none of the others has."""
    return free_among(wanted, {other.name for other in others})


def free_among(wanted: str, taken: Collection[str]) -> str:
    """`wanted`, or with the first number from 2 on that makes a name which is not taken."""
    if wanted not in taken:
        return wanted
    return next(f"{wanted} {k}" for k in range(2, len(taken) + 3) if f"{wanted} {k}" not in taken)


def require_free(name: str, others: Iterable[Thing], kind: str) -> None:
    """Raise SessionError if the name is empty, or one of the others has it."""
    if not name.strip():
        raise SessionError(f"A {kind} needs a name: type one.")
    if any(other.name == name for other in others):
        raise SessionError(f"There is a {kind} called '{name}' already; choose another name.")


def kind_of(thing: Thing) -> str:
    """What to call it: "dataset", "run", "sweep", "search" or "subset"."""
    return type(thing).__name__.lower()
