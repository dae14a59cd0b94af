"""What the tests of sessions share: data, waiting, comparing models."""

from __future__ import annotations

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
    first, second = dump(one), dump(other)
    return first.keys() == second.keys() and all(
        np.asarray(first[k]).tobytes() == np.asarray(second[k]).tobytes() if k != "fitted.history_" else True
        for k in first
    )


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
