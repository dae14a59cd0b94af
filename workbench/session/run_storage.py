"""Runs as records of the project file, both ways, with their branches and editions; each change is one commit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from engines import dump
from workbench.project import Project, Reader, Transaction, schema
from workbench.project.records import EditionRecord, RunRecord
from workbench.session.checks import find_engine
from workbench.session.dataset import Dataset
from workbench.session.editions import Edition, Start
from workbench.session.log import Entry
from workbench.session.run import Run
from workbench.session.run_facts import ACTIVE, RunFacts, RunStatus, Standing
from workbench.session.run_place import LEARNED, RunPlace, loaded_bundle, snapshot_bundle
from workbench.session.timeline import Thinning
from workbench.session.watch import Alarm


@dataclass(frozen=True)
class StoredRun:
    """What is written of one run."""

    record: RunRecord
    about: Mapping[str, Any]
    editions: tuple[EditionRecord, ...]

    def open(self, project: Project, dataset: Dataset) -> Run:
        """The run, as it stands in the edition in force."""
        record, alarm = self.record, self.about.get("alarm")
        facts = RunFacts(
            created=record.created,
            seconds=record.seconds,
            error=record.error,
            metrics=dict(record.metrics),
            versions=record.versions,
            data_hash=record.data_hash,
            recipe=record.recipe,
            remarks=tuple(self.about.get("remarks", ())),
            branched_from=record.branched_from,
            watched=self.about.get("watched", True),
            alarm=None if alarm is None else Alarm.from_json(alarm),
            correction=record.correction,
            labels_version=record.labels_version,
        )
        run = Run(
            record.id,
            record.name,
            find_engine(record.engine),
            dict(record.parameters),
            dataset,
            facts,
            RunPlace(project, record.id),
            status=status_of(record.status),
            note=record.note,
            hidden=record.hidden,
            threshold=record.threshold,
        )
        for edition in self.editions:
            run.add_edition(_edition(edition), _standing(edition, facts, project))
        run.in_force = record.in_force
        return run


def stored_run(reader: Reader, record: RunRecord) -> StoredRun:
    """What is written of the run with this record."""
    return StoredRun(record, reader.get(record.id), tuple(schema.read_editions(reader, record.id)))


@dataclass(frozen=True)
class StartPlan:
    """A run to be made that begins from something.

    Attributes
    ----------
    name : str
    dataset : Dataset
    facts : RunFacts
    engine : str
        By name; of a branch another one than its parent's where a map goes on without its grid.
    parameters : dict
        JSON.
    start : Start or None
        What it begins with; None goes on from the training state that the parent has stored.
    parent : Run or None
        What it is a branch of.
    iteration : int
        Of the snapshot that a branch begins from, which the parent's timeline keeps from now on.
    edition : Edition or None
        For a branch that is made by an edit: it begins with this one in force, and the start is that of the edition.
    status : {"stopped", "finished"}
        Whether it can be trained.
    threshold : dict or None
        JSON.
    """

    name: str
    dataset: Dataset
    facts: RunFacts
    engine: str
    parameters: dict[str, Any]
    start: Start | None
    parent: Run | None = None
    iteration: int = 0
    edition: Edition | None = None
    status: RunStatus = "stopped"
    threshold: Mapping[str, Any] | None = None


def add_started(project: Project, plan: StartPlan, logged: Callable[[str], Entry]) -> tuple[Run, Entry]:
    """Keep a run that begins from something and the command that made it, in one commit."""
    facts, source = plan.facts, None if plan.parent is None else plan.parent.file.key
    record = RunRecord(
        name=plan.name,
        dataset=plan.dataset.id,
        engine=plan.engine,
        parameters=plan.parameters,
        status=plan.status,
        metrics=facts.metrics,
        versions=facts.versions,
        data_hash=facts.data_hash,
        recipe=facts.recipe,
        branched_from=facts.branched_from,
        in_force=plan.edition.number if plan.edition else 0,
        correction=facts.correction,
        labels_version=facts.labels_version,
        threshold=plan.threshold,
        created=facts.created,
    )

    def work(transaction: Transaction) -> tuple[StoredRun, Entry]:
        kept = schema.add_run(transaction, record)
        about = {"remarks": list(facts.remarks), "watched": facts.watched}
        transaction.put(kept.id, about)
        editions = []
        if plan.start is None:
            assert source is not None
            _copy_training(transaction, source, kept.id, plan.iteration)
        elif plan.edition is None:
            _write_start(transaction, kept.id, plan.start)
            if plan.parent is None:
                given = loaded_bundle(dump(plan.start.model), plan.start.state)
                schema.write_loaded(transaction, kept.id, given)
        else:
            editions.append(_write_edition(transaction, kept.id, plan.edition, plan.start))
        if source is not None:
            _keep_snapshot(transaction, source, plan.iteration)
        entry = logged(kept.id)
        schema.append_command(transaction, entry.to_json())
        return StoredRun(kept, about, tuple(editions)), entry

    stored, entry = project.transact(work).result()
    return stored.open(project, plan.dataset), entry


def add_edition(project: Project, run: Run, edition: Edition, start: Start, entry: Entry) -> None:
    """Keep another edition of a branch, in force from now on, and the command that made it, in one commit."""

    def work(transaction: Transaction) -> EditionRecord:
        record = _write_edition(transaction, run.id, edition, start)
        transaction.put(run.id, {"in_force": edition.number})
        schema.append_command(transaction, entry.to_json())
        return record

    record = project.transact(work).result()
    run.add_edition(edition, _standing(record, run.facts, project))
    run.in_force = edition.number


def status_of(stored: str) -> RunStatus:
    """What is said to go on in a file that is only now opened was interrupted."""
    return "interrupted" if stored in ACTIVE else stored  # type: ignore[return-value]


def _standing(record: EditionRecord, facts: RunFacts, project: Project) -> Standing:
    own = replace(facts, seconds=record.seconds, error=record.error, metrics=dict(record.metrics), alarm=None)
    return Standing(RunPlace(project, record.id), dict(record.parameters), own, status_of(record.status))


def _edition(record: EditionRecord) -> Edition:
    return Edition(
        int(record.id.rpartition("/")[2]),
        record.basis,
        record.operation,
        record.arguments,
        record.measure,
        record.before,
        record.after,
        record.n_before,
        record.n_after,
        record.sentence,
    )


def _write_edition(transaction: Transaction, run: str, edition: Edition, start: Start) -> EditionRecord:
    about: dict[str, Any] = asdict(edition)
    key = schema.edition_key(run, about.pop("number"))
    record = EditionRecord(**about, parameters=start.parameters, status="stopped", metrics=dict(start.metrics), id=key)
    schema.add_edition(transaction, record)
    _write_start(transaction, key, start)
    return record


def _write_start(transaction: Transaction, place: str, start: Start) -> None:
    """Keep what there is to see of a start as if its training had been stopped there, after the first pull if anew."""
    snapshot, curves = start.snapshot, start.curves
    if curves is None:
        first = {"iteration": snapshot.iteration, "cost": snapshot.cost, **snapshot.metrics}
        curves = {name: np.array([float(value)]) for name, value in first.items()}
    schema.write_start(transaction, place, start.arrays)
    schema.write_history(transaction, place, curves)
    schema.write_snapshot(transaction, place, snapshot.iteration, snapshot_bundle(snapshot))
    if start.state is not None:
        schema.write_state(transaction, place, {k: v for k, v in start.state.items() if k != "history"})
        about = {"timeline": Thinning(first=snapshot.iteration).to_json(), LEARNED: len(curves["iteration"])}
        transaction.put(place, about)
    schema.write_result(transaction, place, dump(start.model))


def _copy_training(transaction: Transaction, source: str, target: str, iteration: int) -> None:
    """Let `target` stand where the training `source` stands: state, curves, newest snapshot and result."""
    state = schema.read_state(transaction, source)
    snapshot = schema.read_snapshot(transaction, source, iteration)
    assert state is not None
    assert snapshot is not None
    schema.write_state(transaction, target, state)
    schema.write_history(transaction, target, schema.read_history(transaction, source))
    schema.write_snapshot(transaction, target, iteration, snapshot)
    learned = transaction.get(source).get(LEARNED)
    transaction.put(target, {"timeline": Thinning(first=iteration).to_json(), LEARNED: learned})
    result = schema.read_result(transaction, source)
    if result is not None:
        schema.write_result(transaction, target, result)


def _keep_snapshot(transaction: Transaction, place: str, iteration: int) -> None:
    """Let the timeline at `place` keep the snapshot of an iteration, however it is thinned."""
    stored: Mapping[str, Any] | None = transaction.get(place).get("timeline")
    thinning = Thinning.from_json(stored) if stored else Thinning()
    thinning.branched = sorted({*thinning.branched, iteration})
    transaction.put(place, {"timeline": thinning.to_json()})
