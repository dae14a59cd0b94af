"""The codebook as a table, JSON, NPZ and HDF5: in original units, and in training units where a file can hold both."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import polars as pl
from numpy.typing import NDArray

import workbench
from workbench.data.dialect import unique_names
from workbench.reports.cells import plain_number
from workbench.reports.learned import Trained, Watch
from workbench.reports.tables import FORMS as TABLES
from workbench.reports.tables import write_table
from workbench.session import Session, Threshold
from workbench.views.bits import numbers_of
from workbench.views.wording import with_unit

FORMS = ("csv", "json", "npz", "h5", *TABLES[1:])
"""The usual table first."""


@dataclass(frozen=True, eq=False)
class Codebook:
    """What a codebook file holds.

    Attributes
    ----------
    keys : tuple of str
        What tells the prototypes apart: "prototype", or "book" and "word", or "prototype" with "row" and "column" of
        the grid of a map, or "code", a number in which the first bit counts 1, the second 2, the third 4 ...
    places : (M, k) int64
        These of each.
    original : (M, d) float
        Prototypes in original units; a word of a book as the row it makes in company of the other books' means.
    training : (M, d') float
        The same as the engine uses them, after the recipe.
    labels : (M,) class values, or None
    counts : (M,) int64
        Training rows that each stands for.
    names, units : tuple of d str
    training_names : tuple of d' str
    metric : (m, d') float or None
        Ω of the learned distance ‖Ω(x − w)‖ in training units.
    further : dict of str to array
        What else makes the model whole, in training units: covariances and weights of a mixture; books, their columns
        and rotation; the rows and columns of a grid.
    about : dict
        JSON: run, engine, parameters, dataset, hashes.
    """

    keys: tuple[str, ...]
    places: NDArray[np.int64]
    original: NDArray[Any]
    training: NDArray[Any]
    labels: NDArray[Any] | None
    counts: NDArray[np.int64]
    names: tuple[str, ...]
    units: tuple[str, ...]
    training_names: tuple[str, ...]
    metric: NDArray[Any] | None
    further: dict[str, NDArray[Any]]
    about: dict[str, Any]


def write_codebook(session: Session, run: Trained, path: Path, form: str, watch: Watch) -> None:
    """Write the codebook of `run` to `path` in one of `FORMS`."""
    book = codebook(run, watch)
    if form in TABLES:
        write_table([_table(book)], path, form)
    elif form == "h5":
        # HDF5 is touched by one thread of the process only: the one that keeps the project.
        session.project.read(lambda _: _write_h5(book, path)).result()
    else:
        {"json": _write_json, "npz": _write_npz}[form](book, path)


def codebook(run: Trained, watch: Watch) -> Codebook:
    """The codebook of a run; counts come from one pass over all rows, those of words from training."""
    keys, places = _places(run)
    return Codebook(
        keys=keys,
        places=places,
        original=run.original,
        training=run.prototypes,
        labels=run.labels,
        counts=run.words.counts if run.has_books else _counts(run, watch),
        names=run.data.raw_names,
        units=run.data.raw_units,
        training_names=run.data.feature_names,
        metric=getattr(run.model, "omega_", None),
        further=_further(run),
        about=about(run),
    )


def _counts(run: Trained, watch: Watch) -> NDArray[np.int64]:
    """(M,) training rows of each prototype."""
    counts = np.zeros(len(run.prototypes), np.int64)
    split = run.split
    for block in run.blocks(watch):
        winners = numbers_of(block.codes) if run.has_bits and block.codes is not None else block.winners
        mine = winners[split[block.start : block.start + len(winners)] == 0]
        counts += np.bincount(mine, minlength=len(counts))
    return counts


def _places(run: Trained) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    if run.has_books:
        return ("book", "word"), np.column_stack([run.words.book, run.words.number])
    number = np.arange(len(run.prototypes))
    if run.has_bits:
        return ("code",), number[:, None]
    grid = getattr(run.model, "grid", None)
    if grid is None:
        return ("prototype",), number[:, None]
    return ("prototype", "row", "column"), np.column_stack([number, *np.divmod(number, grid.cols)])


def _further(run: Trained) -> dict[str, NDArray[Any]]:
    """Fitted arrays beside the prototypes, by name; the networks of an engine of bits leave with the model."""
    if run.has_bits:
        return {}
    known = {"prototypes_", "prototype_labels_", "classes_", "omega_", "counts_", "means_"}
    found = {
        name[:-1]: np.asarray(getattr(run.model, name))
        for name in run.model.FITTED
        if name not in known and isinstance(getattr(run.model, name, None), np.ndarray)
    }
    grid = getattr(run.model, "grid", None)
    return found if grid is None else found | {"grid": np.array([grid.rows, grid.cols])}


def about(run: Trained) -> dict[str, Any]:
    """JSON that says where a model comes from."""
    facts, threshold = run.run.facts, run.run.threshold
    return {
        "program": f"VQ Workbench {workbench.__version__}",
        "run": run.run.name,
        "run_id": run.run.id,
        "engine": run.run.engine.name,
        "parameters": run.run.parameters,
        "dataset": run.data.name,
        "data_hash": facts.data_hash,
        "labels_version": facts.labels_version,
        "created": facts.created,
        "recipe": dict(facts.recipe),
        "versions": dict(facts.versions),
        "reject": None if threshold is None else _rejecting(threshold),
    }


def _rejecting(threshold: Threshold) -> dict[str, Any]:
    """JSON that says which rows the model shall not decide."""
    return {
        "certainty": "(D_minus - D_plus) / (D_minus + D_plus)",
        "threshold": threshold.value,
        "chosen_on": threshold.part,
        "meaning": f"Rows whose certainty is below {threshold.value!r} are to be rejected. D_plus is the squared "
        "distance of a row to the nearest prototype, D_minus that to the nearest prototype of any other class.",
    }


def _table(book: Codebook) -> pl.DataFrame:
    """One line a prototype: number, label, training rows, then the features with their units in the heading."""
    weights = book.further.get("weights")
    labels = [None] * len(book.original) if book.labels is None else [str(label) for label in book.labels.tolist()]
    columns = [(key, pl.Series(book.places[:, k])) for k, key in enumerate(book.keys)]
    columns += [("label", pl.Series(labels, dtype=pl.String)), ("training rows", pl.Series(book.counts))]
    columns += [] if weights is None else [("weight", pl.Series(weights))]
    features = [with_unit(name, unit) for name, unit in zip(book.names, book.units, strict=True)]
    columns += [(name, pl.Series(values)) for name, values in zip(features, book.original.T, strict=True)]
    names = unique_names([name for name, _ in columns])
    return pl.DataFrame([series.alias(name) for name, (_, series) in zip(names, columns, strict=True)])


def _write_json(book: Codebook, path: Path) -> None:
    labels = [None] * len(book.original) if book.labels is None else book.labels.tolist()
    features = [{"name": name, "unit": unit} for name, unit in zip(book.names, book.units, strict=True)]
    prototypes = [
        {
            **dict(zip(book.keys, book.places[k].tolist(), strict=True)),
            "label": labels[k],
            "training_rows": int(book.counts[k]),
            "values": [plain_number(v) for v in book.original[k]],
            "training_values": [plain_number(v) for v in book.training[k]],
        }
        for k in range(len(book.original))
    ]
    whole = {
        "about": book.about,
        "features": features,
        "training_features": list(book.training_names),
        "prototypes": prototypes,
        "omega": None if book.metric is None else _plain(book.metric),
        "further": {name: _plain(values) for name, values in book.further.items()},
    }
    path.write_text(json.dumps(whole, indent=1, ensure_ascii=False, allow_nan=False), encoding="utf-8")


def _plain(values: NDArray[Any]) -> Any:
    """An array as nested lists of what JSON can hold."""
    if values.ndim == 0:
        return plain_number(values[()])
    return [_plain(row) if values.ndim > 1 else plain_number(row) for row in values]


def _arrays(book: Codebook) -> dict[str, NDArray[Any]]:
    """Arrays without Python objects in them; texts as fixed-width unicode."""
    arrays: dict[str, NDArray[Any]] = {
        "prototypes": book.original,
        "prototypes_training_units": book.training,
        "training_rows": book.counts,
        "feature_names": np.array(book.names, dtype=np.str_),
        "units": np.array(book.units, dtype=np.str_),
        "training_feature_names": np.array(book.training_names, dtype=np.str_),
    }
    if book.keys != ("prototype",):
        arrays |= {key: book.places[:, k] for k, key in enumerate(book.keys)}
    arrays |= book.further
    if book.labels is not None:
        labels = book.labels
        arrays["prototype_labels"] = labels.astype(np.str_) if labels.dtype.kind == "O" else labels
    if book.metric is not None:
        arrays["omega"] = np.asarray(book.metric)
    return arrays


def _write_npz(book: Codebook, path: Path) -> None:
    arrays = _arrays(book) | {"about": np.array(json.dumps(book.about, ensure_ascii=False))}
    with path.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def _write_h5(book: Codebook, path: Path) -> None:
    with h5py.File(path, "w", libver=("v108", "v108")) as file:
        file.attrs["about"] = json.dumps(book.about, ensure_ascii=False)
        for name, values in _arrays(book).items():
            if values.dtype.kind == "U":
                file.create_dataset(name, data=values.tolist(), dtype=h5py.string_dtype())
            else:
                file.create_dataset(name, data=values)
