"""What a project holds and where: typed records of datasets, runs, sweeps and so on, over keys and arrays.

    datasets/<id>/            DatasetRecord, with X, y, split, ids, and fitted/ (the recipe as fitted)
    runs/<id>/                RunRecord, with history/, snapshots/<k>/, state/{a,b}/, result/
    sweeps/<id>/              SweepRecord, with table/
    selections/<id>/          SelectionRecord, with rows
    commands/<id>/            one command each, in the order of the ids

A *bundle* is a flat dict of arrays and JSON values, such as a training's state: each array is an array of the
file, the rest is one JSON attribute, and both come back bit for bit.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote

import numpy as np

from workbench.project.arrays import Progress, Stop
from workbench.project.errors import ProjectDamaged
from workbench.project.transaction import Json, Reader, Transaction

Bundle = dict[str, Any]
"""Arrays and JSON values by name."""

_SLOTS = ("a", "b")
_TUPLES = ("shape", "classes", "image_shape", "warnings", "counts", "remarks")
R = TypeVar("R", "DatasetRecord", "RunRecord", "SweepRecord", "SelectionRecord")


@dataclass(frozen=True)
class DatasetRecord:
    """What is known of a dataset besides its rows.

    Attributes
    ----------
    name : str
        The user's.
    source, columns, recipe : JSON
        Where the rows came from, what each column is, and what is to be done to them before training.
    id, created, shape, dtype, data_hash
        Filled in by `add_dataset`: key, time (ISO 8601), shape and dtype of X, hash of its block hashes.
    classes : tuple or None
        Class values; the codes in ``y`` count into it.
    image_shape : tuple of int or None
        Shape of a row as a picture.
    hidden : bool
        Whether its import was undone.
    """

    name: str
    source: Json = field(default_factory=dict)
    columns: Json = field(default_factory=list)
    recipe: Json = field(default_factory=dict)
    classes: tuple[Json, ...] | None = None
    image_shape: tuple[int, ...] | None = None
    warnings: tuple[str, ...] = ()
    note: str = ""
    hidden: bool = False
    id: str = ""
    created: str = ""
    shape: tuple[int, ...] = ()
    dtype: str = ""
    data_hash: str = ""


@dataclass(frozen=True)
class RunRecord:
    """What is known of a run besides its arrays; with the file's data it is enough to repeat it.

    Attributes
    ----------
    name : str
        The user's.
    dataset : str
        Id of the dataset.
    engine : str
        Name in the catalog.
    parameters, metrics, versions, recipe : JSON
        As the engine was given them; as last measured; of the libraries; of the dataset when the run began.
    data_hash : str
        Of the dataset's X.
    status : str
        Such as ``queued``, ``running``, ``finished``.
    seconds : float
        Time spent training.
    error : str
        Why it failed, or "".
    branched_from : JSON
        The run and iteration that it continues, or None.
    hidden : bool
        Whether its start was undone.
    id, created : str
        Filled in by `add_run`.
    """

    name: str
    dataset: str
    engine: str
    parameters: Json = field(default_factory=dict)
    status: str = "queued"
    seconds: float = 0.0
    error: str = ""
    metrics: Json = field(default_factory=dict)
    versions: Json = field(default_factory=dict)
    data_hash: str = ""
    recipe: Json = field(default_factory=dict)
    note: str = ""
    hidden: bool = False
    branched_from: Json = None
    id: str = ""
    created: str = ""


@dataclass(frozen=True)
class SweepRecord:
    """What is known of a search for the right count of prototypes besides its table of criteria.

    Attributes
    ----------
    name, dataset, engine, status, seconds, error, versions, data_hash, recipe, hidden
        As of a `RunRecord`.
    counts : tuple of int
        What is tried, increasing.
    parameters : JSON
        All but the count.
    failures : JSON
        Why a count could not be measured, one sentence by count.
    remarks : tuple of str
        Sentences for people.
    id, created : str
        Filled in by `add_sweep`.
    """

    name: str
    dataset: str
    engine: str
    counts: tuple[int, ...] = ()
    parameters: Json = field(default_factory=dict)
    status: str = "queued"
    seconds: float = 0.0
    error: str = ""
    failures: Json = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    versions: Json = field(default_factory=dict)
    data_hash: str = ""
    recipe: Json = field(default_factory=dict)
    note: str = ""
    hidden: bool = False
    id: str = ""
    created: str = ""


@dataclass(frozen=True)
class SelectionRecord:
    """A named subset of a dataset's rows; `add_selection` fills in id and created."""

    name: str
    dataset: str
    note: str = ""
    hidden: bool = False
    id: str = ""
    created: str = ""


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
    if transaction.exists(f"{run}/result"):
        transaction.delete(f"{run}/result")
    write_bundle(transaction, f"{run}/result", result)


def read_result(reader: Reader, run: str) -> Bundle | None:
    """Give what a run came to, or None."""
    return read_bundle(reader, f"{run}/result")


def add_sweep(transaction: Transaction, record: SweepRecord) -> SweepRecord:
    """Keep a new sweep and give its record with id and time."""
    record = replace(record, id=transaction.new_id("sweeps"), created=record.created or _now())
    _put(transaction, record)
    return record


def read_sweeps(reader: Reader) -> list[SweepRecord]:
    """Give all sweeps in the order in which they were added, hidden ones too."""
    return [_get(SweepRecord, reader, f"sweeps/{name}") for name in reader.keys("sweeps")]


def write_table(transaction: Transaction, sweep: str, table: Mapping[str, np.ndarray]) -> None:
    """Replace a sweep's table: arrays of shape (n_counts,) by name."""
    rewrite_bundle(transaction, f"{sweep}/table", table)


def read_table(reader: Reader, sweep: str) -> dict[str, np.ndarray]:
    """Give a sweep's table; none if none was kept."""
    return read_bundle(reader, f"{sweep}/table") or {}


def add_selection(transaction: Transaction, record: SelectionRecord, rows: np.ndarray) -> SelectionRecord:
    """Keep a named subset; `rows` is a mask of shape (n,), bool, stored as packed bits."""
    record = replace(record, id=transaction.new_id("selections"), created=record.created or _now())
    _put(transaction, record)
    transaction.put(record.id, {"n_rows": len(rows)})
    transaction.write(f"{record.id}/rows", np.packbits(np.asarray(rows, dtype=bool)))
    return record


def write_selection(transaction: Transaction, record: SelectionRecord) -> None:
    """Keep what changed in a selection's record."""
    _put(transaction, record)


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


def write_bundle(transaction: Transaction, key: str, bundle: Mapping[str, Any]) -> None:
    """Keep a bundle under a free key, as write-once arrays."""
    for name, array in _put_bundle(transaction, key, bundle).items():
        transaction.write(name, array)


def rewrite_bundle(transaction: Transaction, key: str, bundle: Mapping[str, Any]) -> None:
    """Keep a bundle in place of an earlier one; arrays of the same shape and dtype keep their places."""
    written = _put_bundle(transaction, key, bundle)
    for name in transaction.keys(key):
        if f"{key}/{name}" not in written:
            transaction.delete(f"{key}/{name}")
    for name, array in written.items():
        transaction.rewrite(name, array)


def read_bundle(reader: Reader, key: str) -> Bundle | None:
    """Give a bundle as it was written, names in the same order; None if nothing is there.

    Raises
    ------
    ProjectDamaged
        If an array is not as it was written.
    """
    if not reader.exists(key):
        return None
    attributes = reader.get(key)
    values = attributes["values"]
    return {
        name: values[name] if name in values else reader.load(f"{key}/{_link_name(name)}")
        for name in attributes["names"]
    }


def _put_bundle(transaction: Transaction, key: str, bundle: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Keep names and JSON values of a bundle; give its arrays by key."""
    arrays = {name: np.asarray(v) for name, v in bundle.items() if isinstance(v, np.ndarray | np.generic)}
    values = {name: value for name, value in bundle.items() if name not in arrays}
    transaction.put(key, {"names": list(bundle), "values": values})
    return {f"{key}/{_link_name(name)}": array for name, array in arrays.items()}


def _link_name(name: str) -> str:
    """Give a name that HDF5 takes as one link: no slash, not empty, not dots alone."""
    safe = quote(name, safe=" []()+=,;:@&$!*'", errors="surrogatepass")
    return safe if safe.strip(".") else "%" + safe


def _snapshot_key(run: str, number: int) -> str:
    return f"{run}/snapshots/{number:09d}"


def _slot_number(reader: Reader, run: str, slot: str) -> int:
    key = f"{run}/state/{slot}"
    try:
        return int(reader.get(key).get("number", 0)) if reader.exists(key) else 0
    except ProjectDamaged:
        return 0


def _put(transaction: Transaction, record: DatasetRecord | RunRecord | SweepRecord | SelectionRecord) -> None:
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
