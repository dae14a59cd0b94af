"""What the log of commands leaves to be told: datasets, runs and studies in force, and what each was made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from workbench.session import Command, CommandLog, Entry

_KNOWN = frozenset(
    {"import", "derive", "run", "sweep", "search", "rename", "delete", "note", "subset", "branch", "edit"}
    | {"relabel", "drop", "threshold", "look"}  # these the dataset and the run know themselves
)


@dataclass(frozen=True)
class Edit:
    """An operation of `engines.surgery` on a run, with its arguments as JSON."""

    operation: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class Branch:
    """Where a run branched off: another run's id, and its iteration."""

    run: str
    iteration: int


@dataclass(frozen=True)
class Origin:
    """What a dataset was made of: another's id, the newest of its corrections, and the derivation as JSON."""

    dataset: str
    correction: int
    derivation: Mapping[str, Any]


@dataclass
class Told:
    """One thing that was made, as the commands in force leave it.

    Attributes
    ----------
    kind : {"dataset", "run", "sweep", "search", "subset"}
        A branch is a run.
    id, name, note : str
    details : dict
        JSON of the command that made it.
    dataset : str
        Id of the dataset it belongs to; its own, of a dataset.
    branch : Branch or None
        Of a run that did not begin anew.
    origin : Origin or None
        Of a dataset that was not imported.
    start : JSON or None
        Of a run that a file gave its start, as of `RunFacts.branched_from`.
    edits : list of Edit
        In order.
    untold : list of str
        Other commands that changed it, in the words of a menu, which are not told again.
    """

    kind: str
    id: str
    name: str
    details: Mapping[str, Any]
    dataset: str
    note: str = ""
    hidden: bool = False
    branch: Branch | None = None
    origin: Origin | None = None
    start: Mapping[str, Any] | None = None
    edits: list[Edit] = field(default_factory=list)
    untold: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Story:
    """What is to be told, in order.

    Attributes
    ----------
    things : tuple of Told
        Those asked for.
    known : dict of str to Told
        All that were ever made and not undone, by id: what those asked for may depend on.
    untold : tuple of str
        Commands that made things of other kinds, in the words of a menu.
    """

    things: tuple[Told, ...]
    known: Mapping[str, Told]
    untold: tuple[str, ...] = ()

    def of_kind(self, kind: str) -> list[Told]:
        return [thing for thing in self.things if thing.kind == kind]


def story(entries: Iterable[Entry], run: str | None = None) -> Story:
    """What the log leaves: all of it, or only what the run with the id `run` needs."""
    known: dict[str, Told] = {}
    untold = []
    for command in CommandLog(entries).told:
        made = _made(command, known)
        if made is not None:
            known[made.id] = made
        changed = known.get(command.target) or known.get(command.details.get("run", ""))
        if changed is not None:
            _change(changed, command)
        elif command.kind not in _KNOWN:
            untold.append(command.text)
    if run is not None:
        wanted = {run, *_lineage(known[run].dataset, known)}
        return Story(tuple(thing for thing in known.values() if thing.id in wanted), known)
    shown = {thing.id for thing in known.values() if not (thing.hidden or known[thing.dataset].hidden)}
    wanted = shown.union(*(_lineage(id, known) for id in shown if known[id].kind == "dataset"))
    return Story(tuple(thing for thing in known.values() if thing.id in wanted), known, tuple(untold))


def _lineage(dataset: str, known: Mapping[str, Told]) -> set[str]:
    """A dataset and those that it was made of, one after the other."""
    origin = known[dataset].origin
    return {dataset} if origin is None else {dataset, *_lineage(origin.dataset, known)}


def _made(command: Command, known: Mapping[str, Told]) -> Told | None:
    """The thing that a command made, if it did."""
    details, id = command.details, command.target
    match command.kind:
        case "import":
            return Told("dataset", id, details["name"], details, id)
        case "derive":
            origin = Origin(details["from"], details["correction"], details["derivation"])
            return Told("dataset", id, details["name"], details, id, origin=origin)
        case "run" | "sweep" | "search" | "subset":
            return Told(command.kind, id, details["name"], details, details["dataset"], start=details.get("start"))
        case "branch":
            return _branched(id, details, known)
        case "edit" if details["branch"] is not None and id not in known:
            return _branched(id, details["branch"], known)
    return None


def _branched(id: str, details: Mapping[str, Any], known: Mapping[str, Told]) -> Told:
    branch = Branch(details["run"], details["iteration"])
    return Told("run", id, details["name"], details, known[branch.run].dataset, branch=branch)


def _change(thing: Told, command: Command) -> None:
    """Let a command in force have its effect."""
    if command.attribute == "name":
        thing.name = command.after
    elif command.attribute == "note":
        thing.note = command.after
    elif command.attribute == "hidden":
        thing.hidden = command.after
    if command.kind == "edit":
        thing.edits.append(Edit(command.details["operation"], command.details["arguments"]))
    elif command.kind not in _KNOWN:
        thing.untold.append(command.text)
