"""What the tests of sessions share: data, waiting, comparing models."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from engines import dump
from workbench.data import Plan
from workbench.session import Dataset, Run, Session


def write_blobs(path: Path, *, rows: int = 60, classes: int = 3, label: bool = True, seed: int = 0) -> Path:
    """A CSV of `classes` clouds of `rows` rows."""
    rng = np.random.default_rng(seed)
    names = ["a", "b", "c", "d"]
    lines = [",".join([*names, "class"] if label else names)]
    for k in range(classes):
        center = rng.normal(scale=3, size=4)
        for row in center + rng.normal(size=(rows, 4)):
            lines.append(",".join([*(f"{value:.6f}" for value in row), *([f"kind {k}"] if label else [])]))
    path.write_text("\n".join(lines) + "\n")
    return path


def until(condition: Callable[[], object], seconds: float = 120) -> None:
    """Wait until `condition()` is true."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.002)


def same_bits(one: Any, other: Any) -> bool:
    """Whether two fitted engines hold the same numbers, bit for bit."""
    return bits_of(one) == bits_of(other)


def bits_of(model: Any) -> dict[str, bytes]:
    """What a fitted engine holds, but for the history of its training, which a model that is read has too."""
    return {name: np.asarray(value).tobytes() for name, value in dump(model).items() if name != "fitted.history_"}


def paused_after(
    session: Session, dataset: Dataset, steps: int, engine: str, parameters: dict[str, Any], name: str | None = None
) -> Run:
    """A run that took so many steps and is paused."""
    run = session.add_run(dataset, engine, parameters, name=name, paused=True)
    for _ in range(steps):
        run.step()
    until(lambda: run.status in ("paused", "failed") and run.sequence == steps)
    return run


def with_split(plan: Plan, train: float, validation: float, test: float) -> Plan:
    split = replace(plan.recipe.split, train=train, validation=validation, test=test)
    return replace(plan, recipe=replace(plan.recipe, split=split))


def training_data(dataset: Dataset) -> tuple[Any, Any]:
    """Rows and labels of a dataset that has no split."""
    return dataset.rows().read(0, dataset.n_rows), dataset.labels() if dataset.has_labels else None


def trained(session: Session, dataset: Dataset, engine: str, parameters: dict[str, Any]) -> Run:
    """A run that has come to its end."""
    run = session.add_run(dataset, engine, parameters)
    assert run.wait(300) == "finished", run.error
    return run


def fingerprint(run: Run) -> dict[str, Any]:
    """All that a run has learned and says of itself, in bytes."""
    kept = {f"{s.iteration}.{name}": array.tobytes() for s in run.snapshots() for name, array in s.arrays.items()}
    curves = {name: column.tobytes() for name, column in run.history.items()}
    return {
        "kept": kept,
        "model": bits_of(run.model()),
        "curves": curves,
        "facts": json.dumps([run.name, run.status, run.seconds, run.metrics, run.parameters, run.edition]),
    }
