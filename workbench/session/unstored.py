"""Datasets, their corrections and sweeps outside any project, for scripts: the same bits as in one; nothing is kept."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines import RowSource
from workbench.data import Derivation, FittedRecipe, Imported, Likeness, Paths, Plan, read, read_alike
from workbench.data.deriving import Parent, count
from workbench.data.deriving import derive as derive_rows
from workbench.data.watch import Watch
from workbench.session import checks
from workbench.session.corrections import Correcting, Rows, dropping, relabelling
from workbench.session.dataset import Dataset
from workbench.session.jobs import Job
from workbench.session.log import now
from workbench.session.study import Table
from workbench.session.sweep import Sweep, check_counts
from workbench.session.worker import new_facts


def read_dataset(plan: Plan, *, name: str | None = None) -> Dataset:
    """The dataset that importing by `plan` brings into a project, without a project.

    Its rows lie in a temporary file that lives as long as the dataset.

    Raises
    ------
    DataError
        If the data cannot be read as planned; one sentence says why.
    """
    return _dataset(read(plan), name or plan.name)


def read_new(
    dataset: Dataset,
    path: Paths,
    *,
    importer: str | None = None,
    options: Mapping[str, Any] | None = None,
    progress: Callable[[float], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> Dataset:
    """New rows as they must be for a run on `dataset`: the same columns, by name, and its recipe as it was fitted.

    It is a dataset without a project, all of it in the test part.

    Parameters
    ----------
    path
        Of a file, a folder or several files.
    importer, options
        Kind of file and its options, where the guess is wrong.
    progress, stop : callable, optional
        Called with the fraction done; asked whether to give up.

    Raises
    ------
    DataError
        If the file cannot be read, or is not like the dataset; one sentence says why.
    Cancelled
        If `stop` said so.
    """
    imported = read_alike(
        likeness(dataset), path, importer_name=importer, options=options, progress=progress, stop=stop
    )
    return _dataset(imported, imported.plan.name)


def derive(dataset: Dataset, derivation: Derivation, *, name: str | None = None) -> Dataset:
    """The dataset that `Session.derive` brings into a project, without a project.

    Raises
    ------
    DataError
        If it cannot be made; one sentence says why.
    """
    return _dataset(derived(dataset, derivation), name or dataset.name)


def derived(
    dataset: Dataset,
    derivation: Derivation,
    progress: Callable[[float], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> Imported:
    """What `derivation` makes of `dataset` as it is corrected, to be stored or kept."""
    return derive_rows(_parent(dataset), derivation, Watch(progress, stop))


def count_derived(dataset: Dataset, derivation: Derivation, stop: Callable[[], bool] | None = None) -> int:
    """How many rows of `dataset` a derivation would leave; raises DataError where it cannot be made."""
    return count(_parent(dataset), derivation, Watch(stop=stop))


def _parent(dataset: Dataset) -> Parent:
    kept = np.ones(dataset.n_rows, bool)
    kept[dataset.dropped.rows] = False
    split = np.asarray(dataset.split)
    about = likeness(dataset), dataset.name, dataset.raw, kept, dataset.codes, dataset.ids, split, dataset.source
    return Parent(*about)


def likeness(dataset: Dataset) -> Likeness:
    """What new rows need to be like those of `dataset`."""
    return Likeness(
        Plan.from_json(dataset.plan),
        dataset.columns,
        dataset.recipe,
        dataset.classes,
        dataset.kind,
        dataset.image_shape,
    )


def _dataset(imported: Imported, name: str) -> Dataset:
    classes = tuple(value.item() if isinstance(value, np.generic) else value for value in imported.classes)
    rows = _ReadRows(imported)
    dataset = Dataset(
        "",
        name or "data",
        now(),
        rows,
        columns=imported.columns,
        classes=classes if imported.codes is not None else None,
        kind=imported.kind,
        image_shape=imported.image_shape,
        plan=imported.plan.to_json(),
        source=imported.provenance,
        warnings=imported.warnings,
        data_hash="",
    )
    weakref.finalize(rows, imported.close)  # which all corrected ones share
    return dataset


def relabel(dataset: Dataset, rows: Rows, value: Any) -> Dataset:
    """The dataset as `Session.relabel` leaves it; the one that is given stays as it is.

    Raises
    ------
    SessionError
        As `Session.relabel` does.
    """
    return _corrected(dataset, relabelling(dataset, rows, value))


def drop(dataset: Dataset, rows: Rows) -> Dataset:
    """The dataset as `Session.drop` leaves it, in the same way; raises SessionError as that does."""
    return _corrected(dataset, dropping(dataset, rows, True))


def keep(dataset: Dataset, rows: Rows) -> Dataset:
    """The dataset as `Session.keep` leaves it, in the same way; raises SessionError as that does."""
    return _corrected(dataset, dropping(dataset, rows, False))


def _corrected(dataset: Dataset, wanted: Correcting | None) -> Dataset:
    if wanted is None:
        return dataset
    dataset.made.add(wanted.correction)
    return dataset.as_of(wanted.correction.number)


def measure_counts(
    dataset: Dataset, engine: str, counts: Iterable[int], parameters: Mapping[str, Any] | None = None
) -> Sweep:
    """The sweep that `Session.add_sweep` queues, measured before this returns and kept nowhere.

    Raises
    ------
    SessionError
        As `Session.add_sweep` does, and if no count could be measured.
    """
    from workbench.session.sweeping import Sweeper  # only here: criteria take a while to import

    info = checks.find_engine(engine)
    wanted = check_counts(info, dataset, counts)
    values = checks.complete_parameters(info, parameters or {}, dataset) | {info.count: wanted[-1]}
    facts = new_facts(dataset, checks.check_run(dataset, info, values))
    del values[info.count]
    name = f"{info.name} sweep on {dataset.name}"
    sweep = Sweep("", name, info, wanted, values, dataset, facts, _KeptNowhere(), status="queued")
    return Sweeper(sweep)(Job(name, "training", lambda _: sweep))


@dataclass(frozen=True)
class _ReadRows:
    """What was read, in place of a project's file."""

    imported: Imported

    def raw(self) -> RowSource:
        return self.imported.X

    def codes(self) -> NDArray[np.int32]:
        assert self.imported.codes is not None
        return self.imported.codes

    def split(self) -> NDArray[np.uint8]:
        return self.imported.split

    def ids(self) -> NDArray[Any] | None:
        return self.imported.ids

    def recipe(self) -> FittedRecipe:
        return self.imported.recipe


class _KeptNowhere:
    """In place of a sweep's file."""

    def save(self, attributes: Mapping[str, Any], table: Table) -> Future[None]:
        """Keep nothing, at once."""
        done: Future[None] = Future()
        done.set_result(None)
        return done
