"""Carries commands out on the open document: does, undoes and does them again, each in one commit."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from workbench.session.commands import Command
from workbench.session.corrections import Correcting
from workbench.session.document import Document, kind_of
from workbench.session.errors import SessionError
from workbench.session.events import SessionEvents, tell
from workbench.session.log import Action, CommandLog, Entry, now
from workbench.session.selection import Subset
from workbench.session.storage import Storage


@dataclass(frozen=True)
class Carrier:
    """Carries out the commands of one session.

    Attributes
    ----------
    storage, document, log, events
        Of the session.
    changing : lock
        Held while the document changes.
    """

    storage: Storage
    document: Document
    log: CommandLog
    events: SessionEvents
    changing: AbstractContextManager[Any]

    def carry_out(self, action: Action, choose: Callable[[], Command | Correcting | None]) -> None:
        """Do, undo or redo what `choose` gives; to do nothing is no command.

        Raises
        ------
        SessionError
            If there is nothing to undo or redo, or it cannot be now; nothing is changed.
        """
        with self.changing:
            chosen = choose()
            if chosen is None and action == "do":
                return
            if chosen is None:
                raise SessionError(f"There is nothing to {action}.")
            command, correction = (chosen, None) if isinstance(chosen, Command) else (chosen.command, chosen.correction)
            value = command.before if action == "undo" else command.after
            if command.attribute == "in_force":
                self.document.run(command.target).require_rest(f"{action} its edit")
            entry = Entry(action, command, now())
            self.storage.apply(entry, value, correction)
            if isinstance(chosen, Correcting):
                chosen.dataset.made.add(chosen.correction)
            changes = self.document.apply(command, value)
            self.log.append(entry)
        if command.attribute == "in_force":
            self.document.run(command.target).load()  # so that those who draw need not wait for it
        if command.attribute == "hidden" and value:
            for work in (work for id in command.targets for work in self.document.work_of(id)):
                work.stop()
        for change, thing in changes:
            if isinstance(thing, Subset):
                tell(self.events.selection_changed)
            else:
                tell(getattr(self.events, f"{kind_of(thing)}_{change}"), thing)
        tell(self.events.history_changed)
