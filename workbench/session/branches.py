"""Runs that begin from a run or a file, and edits, as commands: each is one commit, and changes no other run."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from workbench.project import Project
from workbench.session import branching, commands, editing, loading, run_storage
from workbench.session.document import Document, name_for
from workbench.session.editions import Edition, Start
from workbench.session.errors import SessionError
from workbench.session.events import SessionEvents, tell
from workbench.session.fitting_given import Fit
from workbench.session.log import CommandLog, Entry, now
from workbench.session.run import Run
from workbench.session.run_facts import RunStatus
from workbench.session.worker import new_facts, versions

if TYPE_CHECKING:  # imported where used: it brings the compiler
    from engines.surgery import Effect

_MADE_OF = re.compile(r", (edited|from \d+)( \d+)?$")
"""How names end that were made for branches: a branch of a branch shows only its own."""


@dataclass(frozen=True)
class Branches:
    """Makes runs that begin from something in one session; what takes long is done before anything is held up.

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

    def start_from(self, fit: Fit, name: str | None, *, watched: bool) -> Run:
        """As `Session.start_from`."""
        start = loading.begin(fit)
        about = loading.told(fit, start)
        facts = new_facts(fit.dataset, fit.remarks, watched=watched)
        facts = replace(facts, metrics=dict(start.metrics), branched_from=about)
        kept: RunStatus = "finished" if fit.how == "kept" else "stopped"
        with self.changing:
            if fit.dataset.id not in self.document.datasets:
                raise SessionError(f"Dataset '{fit.dataset.name}' was deleted: take that back first.")
            data = self.document.datasets[fit.dataset.id]
            own_name = name_for(name, loading.name_of(fit), self.document.runs.values(), "run")

            def logged(id: str) -> Entry:
                engine, parameters = fit.info.name, fit.parameters
                command = commands.adding_run(id, own_name, data.id, engine, parameters, about)
                return Entry("do", command, now())

            plan = run_storage.StartPlan(own_name, data, facts, fit.info.name, fit.parameters, start, status=kept)
            run = self._taken_in(replace(plan, threshold=loading.threshold_of(fit, start)), logged)
        self._announce(run)
        return run

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
            begun = engine, parameters, start, parent, iteration, edition
            run = self._taken_in(run_storage.StartPlan(own_name, parent.dataset, facts, *begun), logged)
        self._announce(run)
        return run

    def _taken_in(self, plan: run_storage.StartPlan, logged: Callable[[str], Entry]) -> Run:
        """Keep a new run, and show it; the document is held meanwhile."""
        run, entry = run_storage.add_started(self.project, plan, logged)
        run.fitted = None if plan.start is None else plan.start.model
        self.adopt(run)
        self.document.add(run)
        self.log.append(entry)
        return run

    def _announce(self, run: Run) -> None:
        run.load()
        tell(self.events.run_added, run)
        tell(self.events.history_changed)

    def _require_shown(self, run: Run) -> None:
        if run.id not in self.document.runs:
            raise SessionError(f"Run '{run.name}' or its dataset was deleted: take that back first.")
