"""Where the project file keeps one run, or one edition of it; what is kept there means nothing here."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines import Snapshot, State
from workbench.project import Project, Reader, Transaction, schema
from workbench.session.recorder import CommitTimer, RunSave
from workbench.session.timeline import Thinning

_ARRAY, _MODEL, _STATE = "array.", "model.", "state."
LEARNED = "n_learned"
"""Entries that the curves had when the state was kept."""
_ABOUT_SNAPSHOT = ("iteration", "n_iterations", "cost", "metrics", "message")


@dataclass(frozen=True)
class RunPlace:
    """The arrays of one run or edition. A state leaves its history out, which the curves of the same commit hold."""

    project: Project
    key: str

    def save(self, save: RunSave, timer: CommitTimer) -> Future[None]:
        def work(transaction: Transaction) -> None:
            timer.begin()
            transaction.put(self.key, save.attributes)
            if save.curves is not None:
                schema.write_history(transaction, self.key, save.curves)
            if save.state is not None:
                transaction.put(self.key, {LEARNED: len(next(iter((save.curves or {}).values()), ()))})
                schema.write_state(transaction, self.key, {k: v for k, v in save.state.items() if k != "history"})
                schema.delete_result(transaction, self.key)  # this state has gone beyond it
            schema.delete_snapshots(transaction, self.key, save.drop)
            for iteration, snapshot in save.keep.items():
                schema.write_snapshot(transaction, self.key, iteration, snapshot_bundle(snapshot))
            if save.result is not None:
                schema.write_result(transaction, self.key, save.result)

        future = self.project.transact(work)
        future.add_done_callback(lambda _: timer.end())
        return future

    def state(self) -> State | None:
        def work(reader: Reader) -> State | None:
            state = schema.read_state(reader, self.key)
            if state is None:
                return None
            history = schema.read_history(reader, self.key)
            n = reader.get(self.key).get(LEARNED)  # curves may have been kept that went on without a state
            return {**state, "history": {name: column[:n].tolist() for name, column in history.items()}}

        return self.project.read(work).result()

    def start(self) -> dict[str, NDArray[Any]]:
        return self.project.read(lambda reader: schema.read_start(reader, self.key)).result()

    def loaded(self) -> tuple[State, State | None] | None:
        bundle = self.project.read(lambda reader: schema.read_loaded(reader, self.key)).result()
        if bundle is None:
            return None
        model, state = (
            {name.removeprefix(prefix): value for name, value in bundle.items() if name.startswith(prefix)}
            for prefix in (_MODEL, _STATE)
        )
        return model, state or None

    def result(self) -> State | None:
        return self.project.read(lambda reader: schema.read_result(reader, self.key)).result()

    def save_stability(self, bundle: Mapping[str, Any]) -> Future[None]:
        return self.project.transact(lambda transaction: schema.write_stability(transaction, self.key, bundle))

    def stability(self) -> State | None:
        return self.project.read(lambda reader: schema.read_stability(reader, self.key)).result()

    def curves(self) -> dict[str, NDArray[np.float64]]:
        return self.project.read(lambda reader: schema.read_history(reader, self.key)).result()

    def timeline(self) -> tuple[Thinning, tuple[Snapshot, ...]]:
        def work(reader: Reader) -> tuple[Thinning, list[dict[str, Any]]]:
            thinning = reader.get(self.key).get("timeline")
            numbers = schema.read_snapshots(reader, self.key)
            found = [reader.get(f"{self.key}/snapshots/{number:09d}")["values"] for number in numbers]
            return Thinning.from_json(thinning) if thinning else Thinning(), found

        thinning, found = self.project.read(work).result()
        return thinning, tuple(self._snapshot(about) for about in found)

    def _snapshot(self, about: dict[str, Any]) -> Snapshot:
        """A snapshot whose arrays are read when they are asked for."""

        def arrays() -> dict[str, NDArray[Any]]:
            iteration = about["iteration"]
            bundle = self.project.read(lambda reader: schema.read_snapshot(reader, self.key, iteration)).result()
            return {k.removeprefix(_ARRAY): v for k, v in (bundle or {}).items() if k.startswith(_ARRAY)}

        return Snapshot(**{name: about[name] for name in _ABOUT_SNAPSHOT}, make_arrays=arrays)


def loaded_bundle(model: State, state: State | None) -> dict[str, Any]:
    """What a file gave a run, as its project keeps it whatever becomes of the run."""
    kept = {_MODEL + name: value for name, value in model.items()}
    return kept | {_STATE + name: value for name, value in (state or {}).items()}


def snapshot_bundle(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "iteration": snapshot.iteration,
        "n_iterations": snapshot.n_iterations,
        "cost": float(snapshot.cost),
        "metrics": {name: float(value) for name, value in snapshot.metrics.items()},
        "message": snapshot.message,
        **{_ARRAY + name: np.asarray(array) for name, array in snapshot.arrays.items()},
    }
