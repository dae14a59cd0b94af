"""What a run will need, told before it starts; nothing is measured here."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from engines import EngineInfo
from workbench.session.checks import n_prototypes_of
from workbench.session.dataset import Dataset
from workbench.session.rows import HELD_BYTES
from workbench.session.run import Run
from workbench.session.search import SearchPlan

_PER_ROW = 24  # bytes: assignment, distance and label of each row
_CODEBOOKS = 8  # copies of the prototypes in sums, snapshots, the state and the recorder
_TELLING = ("max_iter", "covariance_type", "localization", "rotation_init", "omega_init")
_MATRICES = 6  # copies of a (d, d) matrix: e.g. omega, relevance matrix, gradient, two of the optimizer, snapshot


@dataclass(frozen=True)
class Estimate:
    """What a run is going to take.

    Attributes
    ----------
    memory_bytes : int
        Data, their packed copy, codebook and state; the most at one time, about.
    seconds : float or None
        From earlier runs of the same engine on the same dataset; None without one.
    warnings : tuple of str
        One sentence each.
    """

    memory_bytes: int
    seconds: float | None
    warnings: tuple[str, ...] = ()


def estimate(
    dataset: Dataset, info: EngineInfo, parameters: Mapping[str, Any], remarks: Sequence[str], earlier: Iterable[Run]
) -> Estimate:
    """What a run would take, with a warning where memory is short.

    Parameters
    ----------
    remarks : sequence of str
        Sentences to hand on as warnings.
    earlier : iterable of Run
        From which to tell the time, if one of them learned the same way.
    """
    rows = dataset.rows("train", labelled=info.supervised)
    n_rows, n_features = rows.shape
    n_prototypes = n_prototypes_of(parameters, len(dataset.classes)) or 0
    held = n_rows * n_features * rows.dtype.itemsize <= HELD_BYTES
    matrices = n_matrices_of(parameters, n_prototypes, len(dataset.classes))
    needed = memory_bytes(n_rows, n_features, rows.dtype.itemsize, n_prototypes, matrices=matrices, held=held)
    if "dissimilarity" in info.data_kinds and dataset.kind != "dissimilarity":
        needed += _bytes_of_pairs(n_rows, rows.dtype.itemsize)
    warnings = list(remarks)
    free = available_memory()
    if free is not None and needed > free:
        warnings.append(
            f"About {shown_bytes(needed)} of memory are needed and {shown_bytes(free)} are free: "
            "use fewer rows, features or prototypes, or close other programs."
        )
    return Estimate(needed, _seconds_like(earlier, dataset, info, parameters, n_prototypes), tuple(warnings))


def estimate_search(plan: SearchPlan, earlier: Iterable[Run]) -> Estimate:
    """What a search would take: the memory of its largest trial, and the time of all of them on every fold."""
    dataset, info, runs = plan.dataset, plan.engine, list(earlier)
    of_each: dict[str, Estimate] = {}
    seconds: float | None = 0.0
    for trial in plan.trials:
        parameters = {**plan.parameters, **trial}
        n_prototypes = n_prototypes_of(parameters, len(dataset.classes))
        alike = repr((n_prototypes, [parameters.get(name) for name in _TELLING]))  # what an estimate depends on
        if alike not in of_each:
            of_each[alike] = estimate(dataset, info, parameters, (), runs)
        one = of_each[alike].seconds
        seconds = None if seconds is None or one is None else seconds + one * (plan.folds - 1)
    most = max(of_each.values(), key=lambda one: one.memory_bytes)
    return Estimate(most.memory_bytes, seconds, (*plan.remarks, *most.warnings))


def _seconds_like(
    earlier: Iterable[Run], dataset: Dataset, info: EngineInfo, parameters: Mapping[str, Any], n_prototypes: int
) -> float | None:
    """Seconds an iteration and prototype of earlier runs × as many as are to be expected.

    Iterations are as many as the earlier run took where it ended before its last one, else as there can be now.
    """
    most = parameters.get("max_iter")
    if not isinstance(most, int):
        return None
    seconds = []
    for run in earlier:
        if run.engine.name == info.name and run.dataset is dataset and run.seconds > 0 and not run.active:
            iterations = run.history.get("iteration")
            then = n_prototypes_of(run.parameters, len(dataset.classes)) or 0
            if iterations is not None and len(iterations):
                settled = run.status == "finished" and iterations[-1] < run.parameters["max_iter"]
                expected = min(most, len(iterations)) if settled else most
                seconds.append(run.seconds / (len(iterations) * max(1, then)) * max(1, n_prototypes) * expected)
    return median(seconds) if seconds else None


def _bytes_of_pairs(n_rows: int, itemsize: int) -> int:
    """Of the dissimilarities of all pairs of rows, where they are kept."""
    from engines.lvq.dissimilarity import HELD_BYTES as KEPT_BYTES  # brings the compiler, which the start does not need

    needed = n_rows**2 * itemsize
    return needed if needed <= KEPT_BYTES else 0


def n_matrices_of(parameters: Mapping[str, Any], n_prototypes: int, n_classes: int) -> int:
    """How many (d, d) matrices the engine learns: a metric, a rotation, or the covariances of components."""
    match parameters:
        case {"covariance_type": "full", "n_components": int(k)}:
            return k
        case {"covariance_type": kind}:
            return 1 if kind == "tied" else 0
        case {"localization": of}:
            return n_classes if of == "class" else n_prototypes
        case {"rotation_init": _} | {"omega_init": _}:
            return 1
    return 0


def memory_bytes(n_rows: int, n_features: int, itemsize: int, n_prototypes: int, *, matrices: int, held: bool) -> int:
    """Bytes that a training takes at one time, about.

    Parameters
    ----------
    n_rows, n_features, n_prototypes : int
    itemsize : int
        Bytes of a number of the training rows.
    matrices : int
        (d, d) matrices that the engine learns.
    held : bool
        Whether the training rows are held in memory, or read from the file as they are needed.
    """
    data = n_rows * n_features * itemsize
    codebook = n_prototypes * n_features * 8
    return (
        (2 * data if held else 0)
        + n_rows * _PER_ROW
        + _CODEBOOKS * codebook
        + _MATRICES * matrices * n_features * n_features * 8
    )


def available_memory() -> int | None:
    """Bytes that this process can still take before the system runs short; None where it is not told."""
    figures = []
    try:
        figures.append(os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                figures = [int(line.split()[1]) * 1024]
    except (AttributeError, OSError, ValueError):
        pass
    try:
        group = Path("/sys/fs/cgroup")
        limit = (group / "memory.max").read_text().strip()
        if limit != "max":
            figures.append(max(0, int(limit) - int((group / "memory.current").read_text())))
    except (OSError, ValueError):
        pass
    return min(figures) if figures else None


def shown_bytes(n: int) -> str:
    """`n` bytes for people, e.g. "1.5 GB"."""
    size = float(n)
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} GB"
