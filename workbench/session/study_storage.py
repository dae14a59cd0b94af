"""Sweeps and searches as records of the project file, both ways; `storage` and the worker say when."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from workbench.project import Project, Transaction, schema
from workbench.project.records import SearchRecord, StudyRecord, SweepRecord
from workbench.session import commands
from workbench.session.checks import find_engine
from workbench.session.commands import Command
from workbench.session.dataset import Dataset
from workbench.session.run_facts import RunFacts, RunStatus
from workbench.session.search import Search, SearchPlan
from workbench.session.space import space_from_json, space_to_json
from workbench.session.study import Study, Table
from workbench.session.sweep import Sweep


@dataclass(frozen=True, eq=False)
class Draft:
    """A sweep or a search to be made, of which only name and id are open.

    Attributes
    ----------
    dataset : Dataset
    record : SweepRecord or SearchRecord
    command : callable
        The command that makes it, from id and name.
    """

    dataset: Dataset
    record: StudyRecord
    command: Callable[[str, str], Command]


def sweep_draft(
    dataset: Dataset, engine: str, counts: tuple[int, ...], parameters: dict[str, Any], facts: RunFacts
) -> Draft:
    """A sweep to be made."""
    record = SweepRecord("", dataset.id, engine, parameters, counts=counts, **_facts_to_record(facts))
    return Draft(
        dataset, record, lambda id, name: commands.adding_sweep(id, name, dataset.id, engine, counts, parameters)
    )


def search_draft(plan: SearchPlan, facts: RunFacts) -> Draft:
    """A search to be made."""
    dataset, engine, space = plan.dataset, plan.engine.name, space_to_json(plan.space)
    common: dict[str, Any] = {"space": space, "scheme": plan.scheme, "folds": plan.folds, "seed": plan.seed}
    record = SearchRecord(
        "", dataset.id, engine, plan.parameters, trials=plan.trials, **common, **_facts_to_record(facts)
    )
    how = common | {"parameters": plan.parameters, "n_trials": plan.n_trials}
    return Draft(dataset, record, lambda id, name: commands.adding_search(id, name, dataset.id, engine, how))


def study_of(record: StudyRecord, dataset: Dataset, project: Project, status: RunStatus, table: Table) -> Study:
    """The study that a record is of, with its `status` and what is measured of it."""
    facts = RunFacts(
        created=record.created,
        seconds=record.seconds,
        error=record.error,
        versions=record.versions,
        data_hash=record.data_hash,
        recipe=record.recipe,
        remarks=record.remarks,
        correction=record.correction,
        labels_version=record.labels_version,
    )
    engine, file = find_engine(record.engine), _StudyFile(project, record.id)
    state: dict[str, Any] = {
        "status": status,
        "table": table,
        "failures": {int(key): text for key, text in record.failures.items()},
        "note": record.note,
        "hidden": record.hidden,
    }
    parameters = dict(record.parameters)
    if isinstance(record, SweepRecord):
        return Sweep(record.id, record.name, engine, record.counts, parameters, dataset, facts, file, **state)
    assert isinstance(record, SearchRecord)
    state |= {"space": space_from_json(record.space), "scheme": record.scheme, "folds": record.folds}
    state["seed"] = record.seed
    return Search(record.id, record.name, engine, record.trials, parameters, dataset, facts, file, **state)


@dataclass(frozen=True)
class _StudyFile:
    """One study's attributes and table."""

    project: Project
    id: str

    def save(self, attributes: Mapping[str, Any], table: Table) -> Future[None]:
        def work(transaction: Transaction) -> None:
            transaction.put(self.id, attributes)
            schema.write_table(transaction, self.id, table)

        return self.project.transact(work)


def _facts_to_record(facts: RunFacts) -> dict[str, Any]:
    return {
        "remarks": facts.remarks,
        "versions": facts.versions,
        "data_hash": facts.data_hash,
        "recipe": facts.recipe,
        "correction": facts.correction,
        "labels_version": facts.labels_version,
        "created": facts.created,
    }
