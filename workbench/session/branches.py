"""Branches and edits as commands on the open document: each is one commit, and changes no run but the one it makes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from workbench.project import Project
from workbench.session import branching, commands, editing, run_storage
from workbench.session.document import Document, name_for
from workbench.session.editions import Edition, Start
from workbench.session.errors import SessionError
from workbench.session.events import SessionEvents, tell
from workbench.session.log import CommandLog, Entry, now
from workbench.session.run import Run
from workbench.session.worker import versions

if TYPE_CHECKING:  # imported where used: it brings the compiler
    from engines.surgery import Effect

_MADE_OF = re.compile(r", (edited|from \d+)( \d+)?$")
"""How names end that were made for branches: a branch of a branch shows only its own."""


@dataclass(frozen=True)
class Branches:
    """Makes branches and editions of the runs of one session; what takes long is done before anything is held up.

    Attributes
    ----------
    project, document, log, events
        Of the session.
    changing : lock
        Held while the document changes.
    adopt : callable
        Connects a new run to the session.
    """

    project: Project
    document: Document
    log: CommandLog
    events: SessionEvents
    changing: AbstractContextManager[Any]
    adopt: Callable[[Run], None]

    def branch(self, run: Run, iteration: int | None, name: str | None) -> Run:
        """As `Session.branch`."""
        self._require_shown(run)
        start, begins_at = branching.begin(run, iteration)
        return self._add(run, begins_at, start, name, None)

    def edit(self, run: Run, operation: str, arguments: Mapping[str, Any]) -> Run:
        """As `Session.edit`."""
        self._require_shown(run)
        run.require_rest("edit it")
        seen = run.edition, run.sequence
        begins_at = None if run.untrained else branching.recorded(run, None)[0].iteration
        edit = editing.carry_out(run, operation, arguments)
        start = branching.start(run, edit.after)
        if begins_at is not None:
            return self._add(run, begins_at, start, None, edit)
        edition = edit.edition(max((e.number for e in run.editions), default=0) + 1, run.edition)
        details = run.id, operation, edit.arguments, (edition.basis, edition.number), None
        entry = Entry("do", commands.editing(run.id, edit.text, *details), now())
        with self.changing:
            run.require_rest("edit it")
            if (run.edition, run.sequence) != seen:
                raise SessionError(f"Run '{run.name}' has changed in the meantime: look at it, and edit it again.")
            run_storage.add_edition(self.project, run, edition, start, entry)
            run.fitted = edit.after
            self.log.append(entry)
        run.load()
        tell(self.events.run_changed, run)
        tell(self.events.history_changed)
        return run

    def preview(self, run: Run, operation: str, arguments: Mapping[str, Any]) -> Effect:
        """As `Session.preview`."""
        run.require_rest("edit it")
        return editing.carry_out(run, operation, arguments).effect

    def _add(
        self, parent: Run, iteration: int, start: Start | None, name: str | None, edit: editing.Edit | None
    ) -> Run:
        """Keep a branch of `parent`, as it began or with a first edition."""
        edition: Edition | None = None if edit is None else edit.edition(1, 0)
        parameters = parent.parameters if start is None else start.parameters
        engine = parent.engine.name if start is None else type(start.model).__name__
        with self.changing:
            self._require_shown(parent)
            otherwise = f"{_MADE_OF.sub('', parent.name)}, {f'from {iteration}' if edit is None else 'edited'}"
            own_name = name_for(name, otherwise, self.document.runs.values(), "run")
            details = commands.branch_details(own_name, parent.id, iteration, engine, parameters)

            def logged(id: str) -> Entry:
                if edit is None:
                    return Entry("do", commands.branching(id, details), now())
                command = commands.editing(id, edit.text, parent.id, edit.operation, edit.arguments, (0, 1), details)
                return Entry("do", command, now())

            facts = replace(
                parent.facts,
                alarm=None,
                created=now(),
                versions=dict(versions()),
                seconds=0.0,
                error="",
                metrics=dict(parent.facts.metrics if start is None else start.metrics),
                branched_from={"run": parent.id, "iteration": iteration},
            )
            plan = run_storage.BranchPlan(own_name, parent, iteration, facts, engine, parameters, start, edition)
            run, entry = run_storage.add_branch(self.project, plan, logged)
            run.fitted = None if start is None else start.model
            self.adopt(run)
            self.document.add(run)
            self.log.append(entry)
        run.load()
        tell(self.events.run_added, run)
        tell(self.events.history_changed)
        return run

    def _require_shown(self, run: Run) -> None:
        if run.id not in self.document.runs:
            raise SessionError(f"Run '{run.name}' or its dataset was deleted: take that back first.")
