"""A small project file to be damaged, and the law for its damaged copies: other content never comes unannounced."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from workbench.errors import WorkbenchError
from workbench.project import Project, ProjectDamaged, Reader, Transaction, schema
from workbench.project.disk import Disk
from workbench.project.records import DatasetRecord, RunRecord, SelectionRecord
from workbench.project.rewriting import walk
from workbench.project.store import Store
from workbench.project.userblock import USERBLOCK_SIZE, UserBlock

SECONDS = 10
"""Within which a project must be read whole, or refused."""

Content = dict[str, str]
"""Hash of each array and group, by key."""


def make_project(folder: Path) -> Path:
    """A project with something of each kind, the same bytes each time; beside it, what it holds."""
    path = folder / "mutant.vqw"
    store = Store.create(Disk(), path, UserBlock(b"as any other one", 0, USERBLOCK_SIZE))
    for work in (_data, _learned, _told):
        store.transact(work, set())
    path.with_suffix(".json").write_text(json.dumps(store.read(_content)))
    store.close()
    return path


def opened_as_written(path: Path) -> None:
    """Opens a project and reads all of it, in a process of its own; raises WorkbenchError where damage is told.

    Raises
    ------
    AssertionError
        If the process crashes or takes too long, or content is given that was not written.
    """
    reply = _child.ask(path)
    if "refused" in reply:
        raise ProjectDamaged(reply["refused"])
    written, found = json.loads(path.with_suffix(".json").read_text()), reply["content"]
    assert found.items() <= written.items(), sorted(found.items() - written.items())
    if reply["damages"]:
        raise ProjectDamaged(reply["damages"][0])
    assert found == written, sorted(written.keys() - found.keys())


def _data(transaction: Transaction) -> None:
    X = np.random.default_rng(0).normal(size=(120, 9)).astype(np.float32)
    record = DatasetRecord("trees", columns=[{"name": f"c{k}"} for k in range(9)], classes=("a", "b"), created="2026")
    codes, names = np.arange(120, dtype=np.int32) % 2, np.array([f"tree {k}" for k in range(120)])
    fitted = {"mean": X.mean(axis=0), "kind": "standard"}
    data = schema.add_dataset(transaction, record, X, codes=codes, ids=names, fitted=fitted)
    schema.add_correction(transaction, data.id, 1, {"number": 1, "parent": 0, "rows": np.array([3, 4]), "to": 1})
    schema.add_selection(transaction, SelectionRecord("odd", data.id, created="2026"), np.arange(120) % 2 == 1)


def _learned(transaction: Transaction) -> None:
    rng = np.random.default_rng(1)
    record = RunRecord("run", "datasets/d_000001", "KMeans", {"n_clusters": 3}, "finished", created="2026")
    run = schema.add_run(transaction, record).id
    schema.write_history(transaction, run, {"iteration": np.arange(9.0), "cost": rng.random(9)})
    for step in (0, 4, 8):
        schema.write_snapshot(transaction, run, step, {"iteration": step, "array.centers": rng.random((3, 9))})
    for step in (4, 8):
        schema.write_state(transaction, run, {"centers": rng.random((3, 9)), "step": step})
    schema.write_result(transaction, run, {"centers": rng.random((3, 9))})


def _told(transaction: Transaction) -> None:
    """Commands, one of them longer than HDF5 takes a checksum of."""
    for length in (10, 300, 9_000):
        schema.append_command(transaction, {"action": "do", "columns": [f"c{k}" for k in range(length)]})


def _content(reader: Reader) -> Content:
    return {key: _hash(reader, key) for key in walk(reader)} | {"counters": repr(sorted(reader.counters().items()))}


def _hash(reader: Reader, key: str) -> str:
    if reader.is_array(key):
        array = reader.load(key)
        written = f"{array.dtype.str} {array.shape}".encode() + array.tobytes()
    else:
        written = json.dumps(reader.get(key), sort_keys=True).encode()
    return hashlib.blake2b(written, digest_size=16).hexdigest()


def _read(path: Path) -> dict[str, Any]:
    """What the program gives of a project: a refusal, or what can be read and what is told to be damaged."""
    try:
        with Project.open(path, read_only=True) as project:
            damages = project.verify()
            content = project.read(_readable if damages else _content).result()
            return {"content": content, "damages": damages}
    except WorkbenchError as error:
        return {"refused": str(error)}


def _readable(reader: Reader, key: str = "") -> Content:
    """As `_content`, of what is whole."""
    found: Content = {}
    try:
        if key:
            found[key] = _hash(reader, key)
        children = [] if key and reader.is_array(key) else reader.keys(key)
    except WorkbenchError:
        return found
    for child in children:
        found |= _readable(reader, f"{key}/{child}" if key else child)
    return found


def _serve(questions: Connection) -> None:
    while True:
        try:
            path = questions.recv()
        except EOFError:
            return
        questions.send(_read(path))


class _Child:
    """The process that reads one project after the other; another one follows one that crashed or took too long."""

    def __init__(self) -> None:
        self._running: tuple[Any, Connection] | None = None

    def ask(self, path: Path) -> dict[str, Any]:
        """What `_read` gives; raises AssertionError where it gives nothing in time."""
        _, questions = self._running or self._start(path)
        questions.send(path)
        try:
            if questions.poll(SECONDS):
                return questions.recv()
        except EOFError:
            self._end()
            raise AssertionError("the process that read it crashed") from None
        self._end()
        raise AssertionError(f"reading took more than {SECONDS} seconds")

    def _start(self, path: Path) -> tuple[Any, Connection]:
        ours, theirs = multiprocessing.Pipe()
        process = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs,), daemon=True)
        process.start()
        theirs.close()
        self._running = process, ours
        ours.send(path.with_name("none"))
        ours.recv()  # from here on it takes no time to begin
        return self._running

    def _end(self) -> None:
        assert self._running is not None
        process, questions = self._running
        self._running = None
        process.kill()
        process.join()
        questions.close()


_child = _Child()
