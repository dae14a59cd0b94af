"""Changes that can be undone: one record for all of them, and the makers of each kind; carrying out is `log`'s."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Kind = Literal[
    "import",
    "derive",
    "run",
    "sweep",
    "search",
    "rename",
    "delete",
    "note",
    "subset",
    "branch",
    "edit",
    "relabel",
    "drop",
    "threshold",
    "look",
    "merge",
]
_IDS = ("dataset", "from", "run")
"""Entries of the details that are ids of things."""
MOST_LOGGED = 10_000
"""Row numbers that the log holds; more of them are kept with the correction alone."""


@dataclass(frozen=True)
class Command:
    """One change of one attribute of one thing in the project: doing sets `after`, undoing sets `before`.

    Attributes
    ----------
    kind : str
        One of `Kind`.
    text : str
        What a menu says after "Undo ", e.g. "import of iris".
    target : str
        Id of a dataset, run, sweep, search or subset; of a merge, of the first that it brought, see `targets`.
    attribute : {"name", "note", "hidden", "in_force", "correction", "threshold", "first_look"}
    before, after : JSON value
    details : dict
        JSON: what a script needs to do the same again (plan of an import, engine and parameters of work).
    """

    kind: Kind
    text: str
    target: str
    attribute: Literal["name", "note", "hidden", "in_force", "correction", "threshold", "first_look"]
    before: Any
    after: Any
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def makes(self) -> bool:
        """Whether doing it brought its target into the project."""
        return self.attribute == "hidden" and self.before is True

    @property
    def lasts(self) -> bool:
        """Whether nothing takes it back: what was seen cannot be unseen."""
        return self.kind == "look"

    @property
    def targets(self) -> tuple[str, ...]:
        """Ids of all things that it changes: many of a merge, else one."""
        return tuple(self.details["things"]) if self.kind == "merge" else (self.target,)

    @property
    def told(self) -> tuple[Command, ...]:
        """What is to be done to make its targets: itself, or for a merge the commands of the other project."""
        if self.kind != "merge":
            return (self,)
        return tuple(Command.from_json(command) for command in self.details["commands"])

    @property
    def needs(self) -> frozenset[str]:
        """Ids of what its target was made of or on."""
        found = (self.details.get(name) for name in _IDS)
        return frozenset(id for id in found if id is not None and id != self.target)

    def moved(self, ids: Mapping[str, str], corrections: Mapping[str, Mapping[int, int]]) -> Command:
        """The same of things that have other ids, and corrections of datasets that have other numbers.

        Parameters
        ----------
        ids : dict of str to str
            New ones by old ones: of its target, and of all that it needs.
        corrections : dict
            For the old id of a dataset, new numbers by old ones; where there are none, they stay.
        """
        details, after = _moved(self.details, ids), self.after
        if details.get("branch") is not None:
            details["branch"] = _moved(details["branch"], ids)
        if self.kind == "derive":
            numbers = corrections.get(self.details["from"], {})
            details["correction"] = numbers.get(details["correction"], details["correction"])
        if self.kind == "look":
            after = moved_look(after, ids)
        return replace(self, target=ids[self.target], after=after, details=details)

    def to_json(self) -> dict[str, Any]:
        """This command as what JSON can hold."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Command:
        """The command that `to_json` gave."""
        return cls(**value)


def importing(target: str, name: str, plan: Mapping[str, Any]) -> Command:
    """A dataset `target` came into the project."""
    return Command("import", f"import of {name}", target, "hidden", True, False, {"name": name, "plan": dict(plan)})


def deriving(target: str, name: str, dataset: str, correction: int, derivation: Mapping[str, Any]) -> Command:
    """A dataset `target` was made of `dataset`, with the corrections up to the one with this number."""
    details = {"name": name, "from": dataset, "correction": correction, "derivation": dict(derivation)}
    return Command("derive", f"making of {name}", target, "hidden", True, False, details)


def adding_run(
    target: str,
    name: str,
    dataset: str,
    engine: str,
    parameters: Mapping[str, Any],
    start: Mapping[str, Any] | None = None,
) -> Command:
    """A run `target` was started; `start` says from which file, where that is so."""
    details = {"name": name, "dataset": dataset, "engine": engine, "parameters": dict(parameters)}
    details |= {} if start is None else {"start": dict(start)}
    return Command("run", f"run {name}", target, "hidden", True, False, details)


def adding_sweep(
    target: str, name: str, dataset: str, engine: str, counts: Sequence[int], parameters: Mapping[str, Any]
) -> Command:
    """A sweep `target` was started."""
    details = {
        "name": name,
        "dataset": dataset,
        "engine": engine,
        "counts": list(counts),
        "parameters": dict(parameters),
    }
    return Command("sweep", f"sweep {name}", target, "hidden", True, False, details)


def adding_search(target: str, name: str, dataset: str, engine: str, how: Mapping[str, Any]) -> Command:
    """A search `target` was started; `how` are the further arguments of `Session.add_search`, as JSON."""
    details = {"name": name, "dataset": dataset, "engine": engine, **how}
    return Command("search", f"search {name}", target, "hidden", True, False, details)


def branching(target: str, branch: Mapping[str, Any]) -> Command:
    """A branch `target` was made; `branch` is what `branch_details` gave."""
    return Command("branch", f"branch {branch['name']}", target, "hidden", True, False, dict(branch))


def branch_details(name: str, run: str, iteration: int, engine: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """What a script needs to make the branch of `run` again; parameters that are arrays come from the model there."""
    return {"name": name, "run": run, "iteration": iteration, "engine": engine, "parameters": dict(parameters)}


def editing(
    target: str,
    text: str,
    run: str,
    operation: str,
    arguments: Mapping[str, Any],
    editions: tuple[int, int],
    branch: Mapping[str, Any] | None,
) -> Command:
    """An edition of `target` was made, which is `run` itself or a `branch` of it that this made too.

    `editions` are the numbers of the edition that was edited and of the new one.
    """
    details = {
        "run": run,
        "operation": operation,
        "arguments": dict(arguments),
        "edition": editions[1],
        "branch": None if branch is None else dict(branch),
    }
    if branch is not None:
        return Command("edit", text, target, "hidden", True, False, details)
    return Command("edit", text, target, "in_force", *editions, details)


def merging(file: str, things: Sequence[str], made: Sequence[Command]) -> Command:
    """Things of another project came into this one, those with the ids `things` to be shown.

    `made` are the commands in force that made them and all that came with them there, with the ids of here. They are
    told again by a script, and undone together.
    """
    details = {"file": file, "things": list(things), "commands": [command.to_json() for command in made]}
    return Command("merge", f"merge of {file}", things[0], "hidden", True, False, details)


def renaming(target: str, old: str, new: str) -> Command:
    return Command("rename", f"renaming of {old} to {new}", target, "name", old, new)


def deleting(target: str, name: str) -> Command:
    """Hide a dataset, run, sweep, search or subset; it stays in the file, so that this can be undone at any time."""
    return Command("delete", f"deletion of {name}", target, "hidden", False, True)


def noting(target: str, name: str, old: str, new: str) -> Command:
    return Command("note", f"note on {name}", target, "note", old, new)


def choosing_threshold(
    target: str, name: str, before: Mapping[str, Any] | None, after: dict[str, Any] | None
) -> Command:
    """A threshold to reject rows by was chosen for the run `target`, or taken away."""
    text = f"threshold of {name}" if after else f"removal of the threshold of {name}"
    return Command("threshold", text, target, "threshold", before, after, {"run": target, **(after or {})})


def looking_first(target: str, name: str, look: Mapping[str, Any], before: Mapping[str, Any] | None = None) -> Command:
    """The test part of the dataset `target` is shown from now on; `look` says since when, and how its runs stood."""
    text = f"first look at the test part of {name}"
    return Command("look", text, target, "first_look", before, dict(look), {"dataset": target})


def moved_look(look: Mapping[str, Any], ids: Mapping[str, str]) -> dict[str, Any]:
    """A first look, as JSON, where runs have other ids; those that have none here stay counted."""
    return {**look, "runs": {ids.get(id, f"elsewhere/{id}"): then for id, then in look.get("runs", {}).items()}}


def naming_subset(target: str, name: str, dataset: str, n_rows: int) -> Command:
    """A subset `target` of `n_rows` rows got a name."""
    details = {"name": name, "dataset": dataset, "n_rows": n_rows}
    return Command("subset", f"subset {name}", target, "hidden", True, False, details)


def correcting(
    target: str,
    name: str,
    kind: Literal["relabel", "drop"],
    rows: NDArray[np.int64],
    before: int,
    after: int,
    details: Mapping[str, Any],
) -> Command:
    """Rows of the dataset `target` got another label, were dropped, or are kept again.

    Up to `MOST_LOGGED` numbers of rows are in the details as "rows"; more are in the correction alone, whose number is
    there as "correction", with "n_rows".
    """
    counted = f"{len(rows):,} row{'' if len(rows) == 1 else 's'} of {name}"
    if kind == "relabel":
        value = details["value"]
        text = f"relabelling of {counted} as {'unlabelled' if value is None else value}"
    else:
        text = f"{'dropping' if details['dropped'] else 'keeping'} of {counted}"
    where = {"rows": rows.tolist()} if len(rows) <= MOST_LOGGED else {"n_rows": len(rows), "correction": after}
    return Command(kind, text, target, "correction", before, after, {"dataset": target, **where, **details})


def _moved(details: Mapping[str, Any], ids: Mapping[str, str]) -> dict[str, Any]:
    return {name: ids[value] if name in _IDS and value is not None else value for name, value in details.items()}
