"""What a project holds and where: records and bundles of datasets, runs, sweeps and so on, under keys.

datasets/<id>/            DatasetRecord, with X, y, split, ids, fitted/ (the recipe as fitted), corrections/<k>/
runs/<id>/                RunRecord, with history/, snapshots/<k>/, state/{a,b}/, result/, stability/, a branch start/
runs/<id>/editions/<n>/   EditionRecord, with the same as a branch
sweeps/<id>/              SweepRecord, with table/
searches/<id>/            SearchRecord, with table/
selections/<id>/          SelectionRecord, with rows
commands/<id>/            one command each, in the order of the ids
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields, replace
from datetime import datetime
from typing import Any, TypeVar

import numpy as np

from workbench.project.arrays import Progress, Stop
from workbench.project.bundles import Bundle, read_bundle, rewrite_bundle, write_bundle
from workbench.project.errors import ProjectDamaged, ProjectError
from workbench.project.records import (
    DatasetRecord,
    EditionRecord,
    RunRecord,
    SearchRecord,
    SelectionRecord,
    StudyRecord,
    SweepRecord,
)
from workbench.project.transaction import Json, Reader, Transaction

_SLOTS = ("a", "b")
_TUPLES = ("shape", "classes", "image_shape", "warnings", "counts", "remarks", "trials")
_STUDIES: dict[type[StudyRecord], str] = {SweepRecord: "sweeps", SearchRecord: "searches"}
Record = DatasetRecord | RunRecord | EditionRecord | StudyRecord | SelectionRecord
R = TypeVar("R", bound=Record)
S = TypeVar("S", bound=StudyRecord)


def add_dataset(
    transaction: Transaction,
    record: DatasetRecord,
    X: Any,
    *,
    codes: np.ndarray | None = None,
    split: np.ndarray | None = None,
    ids: np.ndarray | None = None,
    fitted: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
    stop: Stop | None = None,
) -> DatasetRecord:
    """Keep a new dataset.

    Parameters
    ----------
    X : ndarray, rows or Staged, shape (n, d)
        Stage it first if it is large.
    codes : ndarray of shape (n,), optional
        Class codes, kept as ``y``.
    split : ndarray of shape (n,), uint8, optional
        The part each row belongs to.
    ids : ndarray of shape (n,), optional
        Names of the rows.
    fitted : bundle, optional
        The recipe as fitted.
    progress, stop : callable, optional
        As for `Transaction.write`.

    Returns
    -------
    DatasetRecord
        Complete.
    """
    key = transaction.new_id("datasets")
    info = transaction.write(f"{key}/X", X, progress=progress, stop=stop)
    for name, array in (("y", codes), ("split", split), ("ids", ids)):
        if array is not None:
            transaction.write(f"{key}/{name}", array)
    if fitted is not None:
        write_bundle(transaction, f"{key}/fitted", fitted)
    record = replace(
        record,
        id=key,
        created=record.created or _now(),
        shape=info.shape,
        dtype=info.dtype.name,
        data_hash=info.data_hash,
    )
    _put(transaction, record)
    return record


def write_dataset(transaction: Transaction, record: DatasetRecord) -> None:
    """Keep what changed in a dataset's record."""
    _put(transaction, record)


def read_dataset(reader: Reader, key: str) -> DatasetRecord:
    """Give one dataset's record; `ProjectError` if there is none."""
    return _get(DatasetRecord, reader, key)


def read_datasets(reader: Reader) -> list[DatasetRecord]:
    """Give all datasets in the order in which they came, hidden ones too."""
    return [read_dataset(reader, f"datasets/{name}") for name in reader.keys("datasets")]


def read_fitted(reader: Reader, dataset: str) -> Bundle | None:
    """Give the fitted recipe of a dataset, or None."""
    return read_bundle(reader, f"{dataset}/fitted")


def add_correction(transaction: Transaction, dataset: str, number: int, correction: Mapping[str, Any]) -> None:
    """Keep a correction of a dataset's labels or rows; its `number` must be free."""
    write_bundle(transaction, f"{dataset}/corrections/{number:06d}", correction)


def read_corrections(reader: Reader, dataset: str) -> list[Bundle]:
    """Give all corrections of a dataset in the order of their numbers, those that were undone too."""
    key = f"{dataset}/corrections"
    bundles = (read_bundle(reader, f"{key}/{number:06d}") for number in sorted(map(int, reader.keys(key))))
    return [bundle for bundle in bundles if bundle is not None]


def add_run(transaction: Transaction, record: RunRecord) -> RunRecord:
    """Keep a new run and give its record with id and time."""
    record = replace(record, id=transaction.new_id("runs"), created=record.created or _now())
    _put(transaction, record)
    return record


def write_run(transaction: Transaction, record: RunRecord) -> None:
    """Keep what changed in a run's record."""
    _put(transaction, record)


def read_run(reader: Reader, key: str) -> RunRecord:
    """Give one run's record; `ProjectError` if there is none."""
    return _get(RunRecord, reader, key)


def read_runs(reader: Reader) -> list[RunRecord]:
    """Give all runs in the order in which they were added, hidden ones too."""
    return [read_run(reader, f"runs/{name}") for name in reader.keys("runs")]


def edition_key(run: str, number: int) -> str:
    """Where an edition of a run lies; what is written and read by `run` below may be given this key as well."""
    return f"{run}/editions/{number:06d}"


def add_edition(transaction: Transaction, record: EditionRecord) -> None:
    """Keep a new edition of a run at its key, which must be free."""
    if transaction.exists(record.id):
        raise ProjectError(f"'{record.id}' is there already, and editions are never overwritten.")
    _put(transaction, record)


def read_editions(reader: Reader, run: str) -> list[EditionRecord]:
    """Give the editions of a run in the order of their numbers."""
    return [_get(EditionRecord, reader, f"{run}/editions/{name}") for name in reader.keys(f"{run}/editions")]


def write_start(transaction: Transaction, run: str, arrays: Mapping[str, np.ndarray]) -> None:
    """Keep the arrays that the training of a branch starts from."""
    write_bundle(transaction, f"{run}/start", arrays)


def read_start(reader: Reader, run: str) -> dict[str, np.ndarray]:
    """Give the arrays that the training of a branch starts from; none for other runs."""
    return read_bundle(reader, f"{run}/start") or {}


def write_loaded(transaction: Transaction, run: str, bundle: Mapping[str, Any]) -> None:
    """Keep what a run was given by a file: the model that it began with, and the state of its training."""
    write_bundle(transaction, f"{run}/loaded", bundle)


def read_loaded(reader: Reader, run: str) -> Bundle | None:
    """Give what a run was given by a file; None for other runs."""
    return read_bundle(reader, f"{run}/loaded")


def write_state(transaction: Transaction, run: str, state: Mapping[str, Any]) -> None:
    """Keep the newest state of a training, in the slot of the older of the two before."""
    numbers = {slot: _slot_number(transaction, run, slot) for slot in _SLOTS}
    slot = min(_SLOTS, key=lambda s: numbers[s])
    key = f"{run}/state/{slot}"
    rewrite_bundle(transaction, key, state)
    transaction.put(key, {"number": max(numbers.values()) + 1})


def read_state(reader: Reader, run: str) -> Bundle | None:
    """Give the newest state that is whole, or None if none was kept.

    Raises
    ------
    ProjectDamaged
        If both slots are damaged.
    """
    damage = None
    for slot in sorted(_SLOTS, key=lambda s: -_slot_number(reader, run, s)):
        try:
            state = read_bundle(reader, f"{run}/state/{slot}")
        except ProjectDamaged as error:
            damage = error
            continue
        if state is not None:
            return state
    if damage is not None:
        raise damage
    return None


def write_history(transaction: Transaction, run: str, history: Mapping[str, np.ndarray]) -> None:
    """Replace a run's curves: arrays of shape (n_steps,) by name."""
    rewrite_bundle(transaction, f"{run}/history", history)


def read_history(reader: Reader, run: str) -> dict[str, np.ndarray]:
    """Give a run's curves; none if none were kept."""
    return read_bundle(reader, f"{run}/history") or {}


def write_snapshot(transaction: Transaction, run: str, number: int, snapshot: Mapping[str, Any]) -> None:
    """Add a snapshot to a run's timeline; its `number` must be free."""
    write_bundle(transaction, _snapshot_key(run, number), snapshot)


def read_snapshot(reader: Reader, run: str, number: int) -> Bundle | None:
    """Give one snapshot, or None."""
    return read_bundle(reader, _snapshot_key(run, number))


def read_snapshots(reader: Reader, run: str) -> list[int]:
    """List the numbers of a run's snapshots, ascending."""
    return sorted(int(name) for name in reader.keys(f"{run}/snapshots"))


def delete_snapshots(transaction: Transaction, run: str, numbers: Iterable[int]) -> None:
    """Take snapshots out of a run's timeline."""
    for number in numbers:
        transaction.delete(_snapshot_key(run, number))


def write_result(transaction: Transaction, run: str, result: Mapping[str, Any]) -> None:
    """Keep what a run came to, in place of an earlier result."""
    delete_result(transaction, run)
    write_bundle(transaction, f"{run}/result", result)


def delete_result(transaction: Transaction, run: str) -> None:
    """Take away what a run came to, if anything."""
    if transaction.exists(f"{run}/result"):
        transaction.delete(f"{run}/result")


def read_result(reader: Reader, run: str) -> Bundle | None:
    """Give what a run came to, or None."""
    return read_bundle(reader, f"{run}/result")


def write_stability(transaction: Transaction, run: str, measured: Mapping[str, Any]) -> None:
    """Replace what was measured of the stability of a run."""
    rewrite_bundle(transaction, f"{run}/stability", measured)


def read_stability(reader: Reader, run: str) -> Bundle | None:
    """Give what was measured of the stability of a run, or None."""
    return read_bundle(reader, f"{run}/stability")


def add_study(transaction: Transaction, record: S) -> S:
    """Keep a new sweep or search and give its record with id and time."""
    key = transaction.new_id(_STUDIES[type(record)])
    record = replace(record, id=key, created=record.created or _now())
    _put(transaction, record)
    return record


def read_studies(reader: Reader, kind: type[S]) -> list[S]:
    """Give all sweeps, or all searches, in the order in which they were added, hidden ones too."""
    place = _STUDIES[kind]
    return [_get(kind, reader, f"{place}/{name}") for name in reader.keys(place)]


def write_table(transaction: Transaction, study: str, table: Mapping[str, np.ndarray]) -> None:
    """Replace a study's table: arrays by name, whose first axis is that of its trainings."""
    rewrite_bundle(transaction, f"{study}/table", table)


def read_table(reader: Reader, study: str) -> dict[str, np.ndarray]:
    """Give a study's table; none if none was kept."""
    return read_bundle(reader, f"{study}/table") or {}


def add_selection(transaction: Transaction, record: SelectionRecord, rows: np.ndarray) -> SelectionRecord:
    """Keep a named subset; `rows` is a mask of shape (n,), bool, stored as packed bits."""
    record = replace(record, id=transaction.new_id("selections"), created=record.created or _now())
    _put(transaction, record)
    transaction.put(record.id, {"n_rows": len(rows)})
    transaction.write(f"{record.id}/rows", np.packbits(np.asarray(rows, dtype=bool)))
    return record


def read_selections(reader: Reader) -> list[SelectionRecord]:
    """Give all selections in the order in which they were named, hidden ones too."""
    return [_get(SelectionRecord, reader, f"selections/{name}") for name in reader.keys("selections")]


def read_selection_rows(reader: Reader, key: str) -> np.ndarray:
    """Give a selection's mask, shape (n,), bool."""
    n_rows = reader.get(key)["n_rows"]
    return np.unpackbits(reader.load(f"{key}/rows"), count=n_rows).astype(bool)


def append_command(transaction: Transaction, command: Mapping[str, Json]) -> str:
    """Add a command to the log and give its id."""
    key = transaction.new_id("commands")
    transaction.put(key, command)
    return key


def read_commands(reader: Reader) -> list[dict[str, Json]]:
    """Give the log, oldest first."""
    return [reader.get(f"commands/{name}") for name in reader.keys("commands")]


def _snapshot_key(run: str, number: int) -> str:
    return f"{run}/snapshots/{number:09d}"


def _slot_number(reader: Reader, run: str, slot: str) -> int:
    key = f"{run}/state/{slot}"
    try:
        return int(reader.get(key).get("number", 0)) if reader.exists(key) else 0
    except ProjectDamaged:
        return 0


def _put(transaction: Transaction, record: Record) -> None:
    attributes = asdict(record)
    transaction.put(attributes.pop("id"), attributes)


def _get(kind: type[R], reader: Reader, key: str) -> R:
    known = {f.name for f in fields(kind)}
    attributes = {name: value for name, value in reader.get(key).items() if name in known}
    for name in _TUPLES:
        if isinstance(attributes.get(name), list):
            attributes[name] = tuple(attributes[name])
    return kind(id=key, **attributes)


def _now() -> str:
    return datetime.now().astimezone().isoformat(timespec="seconds")
