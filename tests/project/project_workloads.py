"""Small pieces of a working day with a project, step by step, each with the content it must leave."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from workbench.errors import WorkbenchError
from workbench.project import Project, Reader, Transaction, merging, rewriting, schema
from workbench.project.disk import Disk
from workbench.project.records import DatasetRecord, RunRecord
from workbench.project.store import Store
from workbench.project.userblock import USERBLOCK_SIZE, UserBlock

NAME, OTHER = "p.vqw", "other.project"  # whose ending tells it from copies of the first
DATASET, RUN = "datasets/d_000001", "runs/r_000001"


class Desk:
    """A project being worked on; `project` is None before it is created and while it is closed."""

    def __init__(self, folder: Path, disk: Disk) -> None:
        self.path = folder / NAME
        self.disk = disk
        self.project: Project | None = None

    def opened(self) -> Project:
        if self.project is None:
            self.project = Project.open(self.path, disk=self.disk)
        return self.project

    def close(self) -> None:
        if self.project is not None:
            self.project.close()
            self.project = None


Step = Callable[[Desk], object]


@dataclass(frozen=True)
class Workload:
    """Steps that are each acknowledged when they return; `before` makes the folder in which they begin."""

    name: str
    steps: tuple[Step, ...]
    before: Callable[[Path, Disk], None] | None = None


def content(reader: Reader) -> str:
    """Give a hash of everything a user could see in a project."""
    digest = hashlib.blake2b(json.dumps(reader.counters(), sort_keys=True).encode())
    for key in rewriting.walk(reader):
        digest.update(key.encode() + b"\0")
        if reader.is_array(key):
            array = reader.load(key)
            digest.update(f"{array.dtype.str}{array.shape}".encode() + array.tobytes())
        else:
            digest.update(json.dumps(reader.get(key), sort_keys=True).encode())
    return digest.hexdigest()


def table(n: int, d: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)


def _transact(work: Callable[[Transaction], object]) -> Step:
    return lambda desk: desk.opened().transact(work).result()


def _create(desk: Desk) -> None:
    desk.project = Project.create(desk.path, disk=desk.disk)


def _close(desk: Desk) -> None:
    desk.opened()
    desk.close()


def _import(n: int = 300, seed: int = 0) -> Step:
    def work(transaction: Transaction) -> None:
        record = DatasetRecord(f"table {seed}", classes=("a", "b"), created="2026")
        schema.add_dataset(
            transaction,
            record,
            table(n, 9, seed),
            codes=np.arange(n, dtype=np.int32) % 2,
            ids=np.array([f"row {i}" for i in range(n)]),
            fitted={"mean": np.arange(9.0), "kind": "none"},
        )

    return _transact(work)


def _add_run(transaction: Transaction) -> None:
    schema.add_run(transaction, RunRecord("run", DATASET, "KMeans", {"k": 3}, created="2026"))


def _train(step: int) -> Step:
    def work(transaction: Transaction) -> None:
        state = {"W": table(40, 9, step), "rng": {"state": 2**100 + step}, "step": np.int64(step)}
        schema.write_state(transaction, RUN, state)
        schema.write_history(transaction, RUN, {"cost": np.arange(float(step + 1))})
        schema.write_snapshot(transaction, RUN, step, {"W": table(10, 9, step), "message": f"step {step}"})
        schema.delete_snapshots(transaction, RUN, [n for n in schema.read_snapshots(transaction, RUN) if n < step - 1])

    return _transact(work)


def _finish(transaction: Transaction) -> None:
    schema.write_result(transaction, RUN, {"prototypes_": table(40, 9, 7), "labels": np.arange(40)})
    schema.write_run(transaction, RunRecord("run", DATASET, "KMeans", status="finished", id=RUN, created="2026"))


def _delete(key: str) -> Step:
    return _transact(lambda transaction: transaction.delete(key))


def _note(text: str) -> Step:
    return _transact(lambda transaction: transaction.put(DATASET, {"note": text}))


def _command(transaction: Transaction) -> None:
    schema.append_command(transaction, {"do": "rename", "to": "ü" * 40})


def _take_back(desk: Desk) -> None:
    """A change that fails of its own, after it wrote a good deal."""

    def work(transaction: Transaction) -> None:
        transaction.delete(RUN)
        transaction.write("datasets/d_000001/extra", table(500, 9))
        raise ArithmeticError

    try:
        desk.opened().transact(work).result()
    except ArithmeticError:
        return
    raise AssertionError("the change should have failed")


def _look(desk: Desk) -> None:
    """Map an array, so that its place must be kept when it is deleted."""
    desk.opened().array(f"{DATASET}/X")


def _stage(desk: Desk) -> None:
    """Import a larger array beside small changes, which fall between its blocks."""
    project = desk.opened()
    rows = _InBlocks(table(2500, 9, 5))
    staged = project.stage(rows, progress=lambda done: project.read(lambda reader: reader.keys()).result())
    project.transact(lambda t: schema.add_dataset(t, DatasetRecord("staged", created="2026"), staged)).result()


def _give_up_staging(desk: Desk) -> None:
    answers = iter((False, True))
    try:
        desk.opened().stage(table(300, 9), stop=lambda: next(answers))
    except WorkbenchError:
        return


class _InBlocks:
    """Rows of an array, read as a source is."""

    def __init__(self, array: np.ndarray) -> None:
        self.array = array
        self.shape, self.dtype = array.shape, array.dtype

    def read(self, start: int, stop: int) -> np.ndarray:
        return self.array[start:stop]


def _save_as(desk: Desk) -> None:
    desk.opened().save_as(desk.path.with_name("copy.vqw"), overwrite=True)


def _compact(desk: Desk) -> None:
    desk.opened().compact()


def prepared(folder: Path, disk: Disk) -> None:
    """Make a project with a dataset, a run that was trained, and some gaps."""
    desk = Desk(folder, disk)
    try:
        for step in (_create, _import(200), _import(150, 1), _transact(_add_run), _train(1), _train(2)):
            step(desk)
        _delete("datasets/d_000002")(desk)
    finally:
        desk.close()


def with_another(folder: Path, disk: Disk) -> None:
    """Make such a project, and another one to be merged into it."""
    prepared(folder, disk)
    (folder / NAME).rename(folder / OTHER)
    desk = Desk(folder, disk)
    try:
        for step in (_create, _import(60, 8)):
            step(desk)
    finally:
        desk.close()


def _merge(desk: Desk) -> None:
    """Bring all things of the other project, some of their arrays ahead of the transaction."""
    project, keys = desk.opened(), [DATASET, RUN]
    with Project.open(desk.path.with_name(OTHER), read_only=True, disk=desk.disk) as other:
        freight = merging.Freight.of(project, other, merging.parts_of(other, keys))

        def work(transaction: Transaction) -> None:
            ids = transaction.ids_for(keys)
            freight.write(transaction, ids, {RUN: {"dataset": ids[DATASET]}})
            schema.append_command(transaction, {"merged": list(ids.values())})

        try:
            freight.load()
            project.transact(work).result()
        except WorkbenchError:
            freight.unload()
            raise


def old_version(folder: Path, disk: Disk) -> None:
    """Make a project of schema version 0, as a program before the first might have written it."""
    store = Store.create(disk, folder / NAME, UserBlock(b"0" * 16, 0, USERBLOCK_SIZE, schema=0, least_reader=0))
    try:
        store.transact(lambda t: (t.put("tables/t1", {"title": "old"}), t.write("tables/t1/X", table(300, 9))), set())
    finally:
        store.close()


def from_version_0(transaction: Transaction) -> None:
    """Migrate what `old_version` makes."""
    X = transaction.load("tables/t1/X")
    record = DatasetRecord(transaction.get("tables/t1")["title"], created="2026")
    schema.add_dataset(transaction, record, X)
    transaction.delete("tables")


def _open(desk: Desk) -> None:
    desk.opened()


WORKLOADS = (
    Workload("create and import", (_create, _import(), _note("first"), _close, _import(40, 1), _close)),
    Workload("train", (_train(3), _train(4), _train(5), _transact(_finish), _transact(_command), _close), prepared),
    Workload(
        "edit",
        (_note("x" * 3000), _note("y"), _take_back, _transact(_command), _delete(RUN), _import(80, 3), _close),
        prepared,
    ),
    Workload(
        "delete", (_look, _delete(DATASET), _import(260, 2), _delete(RUN), _close, _import(20, 4), _close), prepared
    ),
    Workload("stage", (_stage, _give_up_staging, _note("after"), _close), prepared),
    Workload("compact", (_compact, _note("after"), _compact, _close), prepared),
    Workload("merge", (_merge, _note("after"), _close), with_another),
    Workload("save as", (_save_as, _note("after"), _close), prepared),
    Workload("migrate", (_open, _import(30, 6), _close), old_version),
)
