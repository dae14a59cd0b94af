"""The log of commands: what was done, undone and redone, in order, and what that leaves to undo; nothing is applied."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from workbench.session.commands import Command

Action = Literal["do", "undo", "redo"]


@dataclass(frozen=True)
class Entry:
    """One line of the log.

    Attributes
    ----------
    action : {"do", "undo", "redo"}
    command : Command
    time : str
        ISO 8601, local time with its offset.
    """

    action: Action
    command: Command
    time: str

    def to_json(self) -> dict[str, Any]:
        """This entry as what JSON can hold."""
        return {"action": self.action, "command": self.command.to_json(), "time": self.time}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Entry:
        """The entry that `to_json` gave."""
        return cls(value["action"], Command.from_json(value["command"]), value["time"])


class CommandLog:
    """Entries in order, and the two stacks that they leave; a new command clears what could be redone.

    A command that lasts is in the log like any other, but neither taken back nor in the way of what can be redone.

    Attributes
    ----------
    entries : list of Entry
    """

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self.entries: list[Entry] = []
        self._done: list[Command] = []
        self._undone: list[Command] = []
        for entry in entries:
            self.append(entry)

    @property
    def done(self) -> tuple[Command, ...]:
        """The commands in force, in order: those that were done and not undone."""
        return tuple(self._done)

    @property
    def told(self) -> tuple[Command, ...]:
        """The same, with what a merge brought in its place: what is to be done to make all that there is."""
        return tuple(one for command in self._done for one in command.told)

    @property
    def undoable(self) -> Command | None:
        """The command that `undo` would take back."""
        return next((command for command in reversed(self._done) if not command.lasts), None)

    @property
    def redoable(self) -> Command | None:
        """The command that `redo` would do again."""
        return self._undone[-1] if self._undone else None

    def append(self, entry: Entry) -> None:
        """Add what was carried out; for undo and redo it must be the command on top."""
        if entry.action == "do":
            self._done.append(entry.command)
            if not entry.command.lasts:
                self._undone.clear()
        elif entry.action == "undo":
            last = max(k for k, command in enumerate(self._done) if not command.lasts)
            self._undone.append(self._done.pop(last))
        else:
            self._done.append(self._undone.pop())
        self.entries.append(entry)


def present(entries: Iterable[Entry], there: Collection[str]) -> list[Entry]:
    """The entries, merges among them cut down to what is there and told: of a salvaged project, that may be less."""
    made: set[str] = set()
    found = []
    for entry in entries:
        command = entry.command
        if command.kind == "merge":
            about = {
                "things": [id for id in command.targets if id in there],
                "commands": [one.to_json() for one in tellable(command.told, there, made)],
            }
            command = replace(command, details={**command.details, **about})
        made |= {one.target for one in command.told if one.makes}
        found.append(replace(entry, command=command))
    return found


def tellable(commands: Iterable[Command], there: Collection[str], made: Collection[str]) -> list[Command]:
    """Those about things that are there and whose making is told, by one of them or, for those in `made`, before."""
    known, found = set(made), []
    for command in commands:
        if command.target in there and (command.needs <= known if command.makes else command.target in known):
            found.append(command)
            known |= {command.target} if command.makes else set()
    return found


def coherent(entries: Sequence[Mapping[str, Any]], hidden: Mapping[str, bool]) -> list[bool]:
    """Which entries, as JSON, can stay in a log of which others are lost, with some of what they are about.

    Those that stay can be undone and told: nothing in them is about a thing that is not there, or about one whose
    making is lost, and they leave each thing as shown or hidden as it is. A merge stays if anything of it is left; see
    `present`.

    Parameters
    ----------
    entries : sequence of JSON
        In order.
    hidden : dict of str to bool
        Whether it is hidden, of each thing there is, by id.
    """
    read = [Entry.from_json(value) for value in entries]
    there = dict(hidden)
    while True:
        stay = _stay(read, there)
        log = CommandLog(entry for entry, stays in zip(read, stay, strict=True) if stays)
        done = [command for command in log.done if command.attribute == "hidden"]
        told = {id: command.after for command in done for id in command.targets if id in there}
        wrong = [id for id, after in told.items() if after != there[id]]
        if not wrong:
            return stay
        for id in wrong:
            del there[id]


def _stay(entries: Sequence[Entry], there: Collection[str]) -> list[bool]:
    """Which entries are about what is there, in an order in which they can be done, undone and redone."""
    log, made, stay = CommandLog(), set[str](), []
    for entry in entries:
        command = entry.command
        stays = any(id in there for id in command.targets)
        if entry.action != "do":
            stays = stays and _is_same(command, log.undoable if entry.action == "undo" else log.redoable)
        elif command.makes:
            stays = stays and command.needs <= made
        if stays:
            log.append(entry)
            made |= {one.target for one in tellable(command.told, there, made) if one.makes}
        stay.append(stays)
    return stay


def _is_same(command: Command, other: Command | None) -> bool:
    """Whether two commands are one; of a merge, also where one of them is cut down, since what it brought came once."""
    if other is None or command.kind != "merge":
        return command == other
    return (other.kind, other.target) == (command.kind, command.target)


def now() -> str:
    """The time as ISO 8601 with its offset, to the second."""
    return datetime.now().astimezone().isoformat(timespec="seconds")
