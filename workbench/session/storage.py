"""The open document's things as records and arrays of the project file, both ways; what they mean is not known here."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from engines import EngineInfo, RowSource
from engines.catalog import DataKind
from workbench.data import Column, FittedRecipe, Imported
from workbench.project import Project, Reader, Staged, Transaction, schema
from workbench.project.records import DatasetRecord, RunRecord, SearchRecord, SelectionRecord, StudyRecord, SweepRecord
from workbench.session.corrections import Correction
from workbench.session.dataset import Dataset
from workbench.session.first_look import FirstLook
from workbench.session.log import Entry
from workbench.session.run import Run
from workbench.session.run_facts import RunFacts
from workbench.session.run_place import RunPlace
from workbench.session.run_storage import status_of, stored_run
from workbench.session.selection import RowMask, Subset
from workbench.session.study import Study
from workbench.session.study_storage import study_of

AnyRecord = TypeVar("AnyRecord", DatasetRecord, RunRecord, StudyRecord, SelectionRecord)


@dataclass(frozen=True)
class Contents:
    """What a project holds, hidden things too."""

    datasets: list[Dataset]
    runs: list[Run]
    studies: list[Study]
    subsets: list[Subset]
    entries: list[Entry]


class Storage:
    """Reads and writes the things of a session; every method waits for the storage thread, so none may run on it."""

    def __init__(self, project: Project) -> None:
        self._project = project

    def load(self, only: Collection[str] | None = None, known: Iterable[Dataset] = ()) -> Contents:
        """Everything there is. Runs that were under way when the program ended are "interrupted".

        With `only`, the things with these ids, and no log; the datasets that they belong to are among them or `known`.
        """

        def wanted(records: Iterable[AnyRecord]) -> list[AnyRecord]:
            return [record for record in records if only is None or record.id in only]

        def work(reader: Reader) -> tuple[Any, ...]:
            records: list[StudyRecord] = [
                *schema.read_studies(reader, SweepRecord),
                *schema.read_studies(reader, SearchRecord),
            ]
            return (
                [(d, schema.read_corrections(reader, d.id)) for d in wanted(schema.read_datasets(reader))],
                [stored_run(reader, record) for record in wanted(schema.read_runs(reader))],
                [(record, schema.read_table(reader, record.id)) for record in wanted(records)],
                [(s, schema.read_selection_rows(reader, s.id)) for s in wanted(schema.read_selections(reader))],
                schema.read_commands(reader) if only is None else [],
            )

        datasets, runs, studies, selections, commands = self._project.read(work).result()
        made = {record.id: self._dataset(record, corrections) for record, corrections in datasets}
        found = {dataset.id: dataset for dataset in known} | made
        return Contents(
            datasets=list(made.values()),
            runs=[run.open(self._project, found[run.record.dataset]) for run in runs],
            studies=[
                study_of(study, found[study.dataset], self._project, status_of(study.status), table)
                for study, table in studies
            ],
            subsets=[Subset(s.id, s.name, s.dataset, RowMask.of(rows), s.hidden) for s, rows in selections],
            entries=[Entry.from_json(command) for command in commands],
        )

    def stage(self, rows: RowSource, *, progress: Callable[[float], None], stop: Callable[[], bool]) -> Staged:
        """Write the rows of a dataset to come, on this thread, while others go on; raises Cancelled."""
        return self._project.stage(rows, progress=progress, stop=stop)

    def add_dataset(
        self, imported: Imported, staged: Staged, name: str, logged: Callable[[str, str, Imported], Entry]
    ) -> tuple[Dataset, Entry]:
        """Keep a dataset and the command that brought it, in one commit."""
        labels = imported.codes is not None
        record = DatasetRecord(
            name=name,
            source=plain_json({"plan": imported.plan.to_json(), "provenance": imported.provenance}),
            columns=[asdict(column) for column in imported.columns],
            recipe=imported.recipe.recipe.to_json(),
            classes=tuple(_scalar(value) for value in imported.classes) if labels else None,
            kind=imported.kind,
            image_shape=imported.image_shape,
            warnings=imported.warnings,
            first_look=None,
        )
        ids = None if imported.ids is None else np.array([str(text) for text in imported.ids.tolist()])
        fitted = imported.recipe.to_state()

        def work(transaction: Transaction) -> tuple[DatasetRecord, Entry]:
            kept = schema.add_dataset(
                transaction, record, staged, codes=imported.codes, split=imported.split, ids=ids, fitted=fitted
            )
            entry = logged(kept.id, name, imported)
            schema.append_command(transaction, entry.to_json())
            return kept, entry

        kept, entry = self._project.transact(work).result()
        return self._dataset(kept), entry

    def add_run(
        self,
        name: str,
        info: EngineInfo,
        parameters: dict[str, Any],
        dataset: Dataset,
        facts: RunFacts,
        logged: Callable[[str], Entry],
    ) -> tuple[Run, Entry]:
        """Keep a run to be made and the command that asked for it, in one commit."""
        record = RunRecord(
            name=name,
            dataset=dataset.id,
            engine=info.name,
            parameters=parameters,
            versions=facts.versions,
            data_hash=facts.data_hash,
            recipe=facts.recipe,
            correction=facts.correction,
            labels_version=facts.labels_version,
            created=facts.created,
        )

        def work(transaction: Transaction) -> tuple[str, Entry]:
            id = schema.add_run(transaction, record).id
            transaction.put(id, {"remarks": list(facts.remarks), "watched": facts.watched})
            entry = logged(id)
            schema.append_command(transaction, entry.to_json())
            return id, entry

        id, entry = self._project.transact(work).result()
        return Run(id, name, info, parameters, dataset, facts, RunPlace(self._project, id), status="queued"), entry

    def add_study(self, record: StudyRecord, dataset: Dataset, logged: Callable[[str], Entry]) -> tuple[Study, Entry]:
        """Keep a sweep or a search to be made and the command that asked for it, in one commit."""

        def work(transaction: Transaction) -> tuple[StudyRecord, Entry]:
            kept = schema.add_study(transaction, record)
            entry = logged(kept.id)
            schema.append_command(transaction, entry.to_json())
            return kept, entry

        kept, entry = self._project.transact(work).result()
        return study_of(kept, dataset, self._project, "queued", {}), entry

    def add_subset(
        self, name: str, dataset: str, rows: RowMask, logged: Callable[[str], Entry]
    ) -> tuple[Subset, Entry]:
        """Keep a named subset and its command, in one commit."""

        def work(transaction: Transaction) -> tuple[str, Entry]:
            id = schema.add_selection(transaction, SelectionRecord(name, dataset), rows.mask).id
            entry = logged(id)
            schema.append_command(transaction, entry.to_json())
            return id, entry

        id, entry = self._project.transact(work).result()
        return Subset(id, name, dataset, rows), entry

    def apply(self, entry: Entry, value: Any, correction: Correction | None = None) -> None:
        """Set what a command sets, log it, and keep a correction that is new, in one commit."""

        def work(transaction: Transaction) -> None:
            if correction is not None:
                target = entry.command.target
                schema.add_correction(transaction, target, correction.number, correction.to_bundle())
            for id in entry.command.targets:
                transaction.put(id, {entry.command.attribute: value})
            schema.append_command(transaction, entry.to_json())

        self._project.transact(work).result()

    def _dataset(self, record: DatasetRecord, corrections: Iterable[Mapping[str, Any]] = ()) -> Dataset:
        return Dataset(
            record.id,
            record.name,
            record.created,
            _DatasetFile(self._project, record.id),
            columns=tuple(Column(**column) for column in record.columns),
            classes=record.classes,
            kind=_kind(record),
            image_shape=record.image_shape,
            plan=record.source["plan"],
            source=record.source["provenance"],
            warnings=record.warnings,
            data_hash=record.data_hash,
            note=record.note,
            hidden=record.hidden,
            made=map(Correction.from_bundle, corrections),
            correction=record.correction,
            first_look=None if record.first_look is None else FirstLook.from_json(record.first_look),
        ).look_up()


@dataclass(frozen=True)
class _DatasetFile:
    """One dataset's arrays."""

    project: Project
    id: str

    def raw(self) -> RowSource:
        rows: RowSource = self.project.rows(f"{self.id}/X")  # type: ignore[assignment]  # of two dimensions
        return rows

    def codes(self) -> NDArray[np.int32]:
        return self.project.array(f"{self.id}/y")

    def split(self) -> NDArray[np.uint8]:
        return self.project.array(f"{self.id}/split")

    def ids(self) -> NDArray[Any] | None:
        key = f"{self.id}/ids"
        return self.project.read(lambda reader: reader.load(key) if reader.exists(key) else None).result()

    def recipe(self) -> FittedRecipe:
        state = self.project.read(lambda reader: schema.read_fitted(reader, self.id)).result()
        assert state is not None
        return FittedRecipe.from_state(state)


def _kind(record: DatasetRecord) -> DataKind:
    """What a row is, also of a file that is older than kinds."""
    return record.kind or ("image" if record.image_shape else "table")  # type: ignore[return-value]


def plain_json(value: Any) -> Any:
    """`value` as it will be when it comes back from the file: lists for tuples."""
    return json.loads(json.dumps(value))


def _scalar(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
