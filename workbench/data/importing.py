"""From a path to a guess, a preview and the whole import; how one kind of file is read is its importer's affair."""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import workbench
from engines.rows import RowSource
from workbench.data.catalog import Importer, importer, importers
from workbench.data.columns import MOST_COLUMNS, distinct_names, spread_warning, summarise
from workbench.data.dissimilarities import check_dissimilarities, learned_from, shape_fault, without_columns
from workbench.data.encoded import EncodedRows, Encoder, encoders
from workbench.data.encoding import Encoding, usual
from workbench.data.errors import DataError
from workbench.data.fitting import fit_recipe
from workbench.data.matrices import check_matrices, recipe_faults
from workbench.data.plan import Column, ColumnSummary, Imported, Plan, Preview, Sample, Table
from workbench.data.recipe import Recipe
from workbench.data.rows import KeptColumns, KeptRows, row_blocks
from workbench.data.splitting import split_rows
from workbench.data.text_chunks import read_head
from workbench.data.watch import Progress, Stop, Watch

_HEAD_BYTES = 1 << 14
_PREVIEW_ROWS = 100
_MANY_CLASSES = 1000

Paths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]


def guess(path: Paths, importer_name: str | None = None, options: Mapping[str, Any] | None = None) -> Plan:
    """A plan for importing `path`, all of it correctable.

    Parameters
    ----------
    path : path, or several (of images)
    importer_name : str, optional
        Found out from the file by default.
    options : mapping, optional
        Options of the importer to hold fixed while the rest is found out.

    Raises
    ------
    DataError
        If there is no such file, or no importer can make sense of it.
    """
    paths = _paths(path)
    chosen = importer(importer_name) if importer_name else _recognised(paths)
    sample = _sample(chosen, paths, dict(options or {}))
    return Plan(
        paths=tuple(str(p) for p in paths),
        importer=chosen.name,
        options=sample.options,
        columns=sample.columns,
        recipe=sample.recipe,
        name=_plain_name(paths[0]),
        encodings=sample.encodings,
    )


def correct(plan: Plan, **options: Any) -> Plan:
    """`plan` with some options changed and whatever hangs on them guessed again.

    Roles, units and notes of columns that are still there stay as they were, and so does the name. An option that
    was found out from the file is not found out again; set it to "auto" for that.
    """
    fresh = guess(plan.paths, plan.importer, {**plan.options, **options})
    before = {column.name: column for column in plan.columns}
    if [column.name for column in fresh.columns] == list(before):
        columns = tuple(replace(before[column.name], type=column.type) for column in fresh.columns)
        types = {column.name: column.type for column in fresh.columns}
        kept = {name: e for name, e in plan.encodings.items() if types[name] == before[name].type}
        fresh = replace(fresh, columns=columns, encodings={**fresh.encodings, **kept})
    return replace(fresh, recipe=plan.recipe, name=plan.name)


def preview(plan: Plan) -> Preview:
    """What `plan` would import, seen from the beginning of the file.

    Raises
    ------
    DataError
        As `guess`, and if the columns of the file are not those of the plan.
    """
    chosen = importer(plan.importer)
    sample = _sample(chosen, _paths(plan.paths), dict(plan.options))
    if [column.name for column in sample.columns] != [column.name for column in plan.columns]:
        raise DataError(f"The columns of {plan.name} are not those of the plan: guess or correct the plan again.")
    summaries = tuple(_with_encoding(summary, plan) for summary in summarise(sample, plan.columns))
    warnings = list(sample.warnings)
    if sample.kind == "spd":
        warnings += recipe_faults(plan.recipe)
    elif plan.recipe.dissimilarities:
        n_features = sum(column.role == "feature" for column in plan.columns)
        fault = shape_fault(plan.name, sample.kind, sample.n_rows if sample.exact else n_features, n_features)
        warnings += [fault] if fault else []
    elif plan.recipe.scaling == "none" and (warning := spread_warning(summaries)):
        warnings.append(warning)
    labels = [s for s in summaries if s.column.role == "label"]
    n_seen = len(sample.values[0]) if sample.values else 0
    if labels and n_seen == sample.n_rows and labels[0].n_distinct == 1:
        warnings.append(_one_class(labels[0].column.name))
    rows = () if sample.images is not None else _as_text(sample)
    return Preview(
        summaries, rows, sample.n_rows, sample.exact, n_seen, sample.images, sample.captions, tuple(warnings)
    )


def read(plan: Plan, *, progress: Progress | None = None, stop: Stop | None = None) -> Imported:
    """Carry out `plan`.

    Parameters
    ----------
    plan : Plan
    progress : callable, optional
        Called with the fraction done, 0 to 1.
    stop : callable, optional
        Polled several times in a second; True ends the import and leaves nothing behind.

    Raises
    ------
    DataError
        If the data cannot be imported as planned; one sentence says why.
    Cancelled
        When stopped.
    """
    watch = Watch(progress, stop)
    paths = _paths(plan.paths)
    chosen = importer(plan.importer)
    options = chosen.checked(dict(plan.options))
    _check_roles(plan, chosen, paths)
    before = [_stamp(path) for path in paths]
    table = chosen.load(plan, options, watch.part(0.0, 0.7))
    try:
        imported = _finish(plan, table, watch.part(0.7, 0.95))
        imported.provenance = _provenance(plan, paths, imported, watch.part(0.95, 1.0)) | dict(table.told)
        if [_stamp(path) for path in paths] != before:
            raise DataError(f"{paths[0].name} was changed while it was read: import it again.")
        watch(1.0)
    except BaseException:
        table.rows.close()
        raise
    return imported


def _with_encoding(summary: ColumnSummary, plan: Plan) -> ColumnSummary:
    column = summary.column
    if column.role != "feature":
        return summary
    return replace(summary, encoding=plan.encodings.get(column.name) or usual(column.type, summary.n_distinct))


def _paths(path: Paths) -> list[Path]:
    listed = [path] if isinstance(path, str | os.PathLike) else list(path)
    found = [Path(p).expanduser() for p in listed]
    if not found:
        raise DataError("No file was named.")
    for p in found:
        if not p.exists():
            raise DataError(f"There is no file {p}: check the name.")
        if not os.access(p, os.R_OK):
            raise DataError(f"{p} may not be read by you: change its permissions.")
    return found


def _recognised(paths: list[Path]) -> Importer:
    path = paths[0]
    head = b"" if path.is_dir() else read_head(path, _HEAD_BYTES)[0]
    if not path.is_dir() and path.stat().st_size == 0:
        raise DataError(f"{path.name} is empty: there is nothing to import.")
    for candidate in importers():
        if candidate.recognises(path, head):
            return candidate
    known = ", ".join(suffix for candidate in importers() for suffix in candidate.suffixes)
    raise DataError(f"{path.name} is no kind of file that can be imported here; these are: {known}.")


def _sample(chosen: Importer, paths: list[Path], options: dict[str, Any]) -> Sample:
    return chosen.sample(paths, chosen.checked(options))


def _check_roles(plan: Plan, chosen: Importer, paths: list[Path]) -> None:
    roles = [column.role for column in plan.columns]
    for role in ("label", "id"):
        if roles.count(role) > 1:
            first, second, *_ = (column.name for column in plan.columns if column.role == role)
            raise DataError(f'"{first}" and "{second}" both have the role {role}: give it to one column.')
    if "feature" not in roles:
        sample = _sample(chosen, paths, dict(plan.options))
        if len(roles) == 1 and sample.warnings:
            raise DataError(sample.warnings[0])
        if not any(values.dtype.kind == "f" and np.isfinite(values).any() for values in sample.values):
            raise DataError(f"{paths[0].name} holds no number at all: every value is missing or text.")
        raise DataError(f"No column of {paths[0].name} is a feature: give at least one column of numbers that role.")


@dataclass
class _Scan:
    """What one pass over raw rows finds: rows with gaps, gaps and extremes per column, all finite values only."""

    gaps: NDArray[np.int64]
    infinite: NDArray[np.int64]
    rows: NDArray[np.bool_]
    first: tuple[int, int] | None
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def _finish(plan: Plan, table: Table, watch: Watch) -> Imported:
    """Leave rows out, split, fit the recipe."""
    n, _ = table.rows.shape
    warnings = list(table.warnings)
    if table.kind == "spd" and (faults := recipe_faults(plan.recipe)):
        raise DataError(faults[0])
    scan = _scan(table.rows, watch.part(0.0, 0.2))
    _judge_gaps(plan, scan, n, fillable=table.kind != "spd")
    rows: RowSource = table.rows
    codes, ids = table.codes, table.ids
    if plan.recipe.missing == "drop" and scan.rows.any():
        kept = np.flatnonzero(~scan.rows)
        rows = KeptRows(rows, kept)
        codes, ids = (None if x is None else x[kept] for x in (codes, ids))
        warnings.append(f"Rows left out for a missing value: {n - len(kept):,} of {n:,}.")
        n = len(kept)
    if n < 2:
        raise DataError(f"{plan.name} has {n} complete {'row' if n == 1 else 'rows'}; at least two are needed.")
    if table.kind == "spd":
        warnings += check_matrices(rows, watch.part(0.2, 0.3))
    warnings += _label_warnings(plan, codes, table)
    if plan.recipe.dissimilarities:
        check_dissimilarities(plan.name, table.kind, rows, watch.part(0.2, 0.3))
    else:
        warnings += _column_warnings(plan, scan)
    split, told = _split(plan.recipe, n, codes)
    warnings += [told] if told else []
    kind, columns = table.kind, plan.columns
    if table.texts or _are_encoded(plan):
        found = encoders(plan, rows, table.texts, split == 0, watch.part(0.25, 0.3))
        plan, columns, rows, told_levels = _encoded(plan, found, rows)
        warnings += told_levels
    if plan.recipe.dissimilarities:
        places = learned_from(split, codes)
        kind, columns, rows = "dissimilarity", without_columns(columns, places), KeptColumns(rows, places)
        warnings += [f"Columns of rows that are not trained on left out: {n - len(places):,}."] * (len(places) < n)
    names = tuple(column.name for column in columns if column.role == "feature")
    fitted = fit_recipe(plan.recipe, rows, names, split == 0, watch.part(0.3, 1.0))
    return Imported(
        X=rows,
        codes=codes,
        classes=table.classes,
        ids=ids,
        split=split,
        columns=columns,
        kind=kind,
        image_shape=table.image_shape,
        recipe=fitted,
        plan=plan,
        provenance={},
        warnings=tuple(warnings),
        _close=table.rows.close,
    )


def _are_encoded(plan: Plan) -> bool:
    """Whether a feature is no plain number."""
    features = [column for column in plan.columns if column.role == "feature"]
    return any(
        column.type == "date" or plan.encodings.get(column.name, Encoding("number")).kind != "number"
        for column in features
    )


def _encoded(
    plan: Plan, found: Sequence[Encoder], rows: RowSource
) -> tuple[Plan, tuple[Column, ...], RowSource, list[str]]:
    """The plan with all levels found out, the columns and rows after encoding, and what is to be told."""
    if plan.recipe.dissimilarities:
        raise DataError("Dissimilarities are numbers: ignore columns of text or dates, and encode none.")
    made = {encoder.column.name: encoder.columns for encoder in found}
    columns = distinct_names([new for c in plan.columns for new in made.get(c.name, (c,))])
    n_features = sum(column.role == "feature" for column in columns)
    if n_features > MOST_COLUMNS:
        raise DataError(
            f"The encoded columns are {n_features:,}; up to {MOST_COLUMNS:,} can be imported: hash those with many "
            "levels, into fewer columns."
        )
    encodings = {e.column.name: e.encoding for e in found if e.encoding.kind != "number"}
    told = [
        f'Values of column "{e.column.name}" that no training row has ({len(e.unknown):,}, "{e.unknown[0]}" the '
        "first) are none of its levels: all its columns are 0 there."
        for e in found
        if e.unknown
    ]
    shown = [f'"{e.column.name}" ({e.encoding.kind}, {len(e.columns):,})' for e in found if e.column.name in encodings]
    more = f" and {len(shown) - 8:,} more" if len(shown) > 8 else ""
    told.append(f"Columns encoded as numbers (how, and as how many columns): {', '.join(shown[:8])}{more}.")
    return replace(plan, encodings=encodings), columns, EncodedRows(rows, found), told


def _scan(rows: RowSource, watch: Watch) -> _Scan:
    n, d = rows.shape
    scan = _Scan(
        np.zeros(d, np.int64), np.zeros(d, np.int64), np.zeros(n, bool), None, np.full(d, np.inf), np.full(d, -np.inf)
    )
    for start, stop in row_blocks(n, d):
        watch(start / n)
        block = rows.read(start, stop)
        finite = np.isfinite(block)
        if finite.all():
            scan.low = np.minimum(scan.low, block.min(axis=0))
            scan.high = np.maximum(scan.high, block.max(axis=0))
            continue
        absent = ~finite
        scan.gaps += absent.sum(axis=0)
        scan.infinite += np.isinf(block).sum(axis=0)
        scan.rows[start:stop] = absent.any(axis=1)
        if scan.first is None:
            row, column = np.argwhere(absent)[0]
            scan.first = (start + int(row), int(column))
        scan.low = np.minimum(scan.low, np.where(finite, block, np.inf).min(axis=0))
        scan.high = np.maximum(scan.high, np.where(finite, block, -np.inf).max(axis=0))
    return scan


def _judge_gaps(plan: Plan, scan: _Scan, n: int, *, fillable: bool) -> None:
    names = [column.name for column in plan.columns if column.role == "feature"]
    if n and scan.gaps.min() == n:
        raise DataError(f"{plan.name} holds no number at all: every value is missing.")
    if plan.recipe.missing == "error" and scan.first is not None:
        row, column = scan.first
        n_columns = np.count_nonzero(scan.gaps)
        others = f" and {n_columns - 1:,} more" if n_columns > 1 else ""
        what = "is infinite" if scan.infinite[column] else "is missing"
        filling = "fill gaps with the mean or median, or to " if fillable else ""
        raise DataError(
            f'A value {what} in column "{names[column]}"{others} (row {row + 1:,} first, {int(scan.rows.sum()):,} of '
            f"{n:,} rows in all): choose to {filling}leave those rows out."
        )
    if plan.recipe.missing == "drop" and n and scan.rows.all():
        worst = names[int(np.argmax(scan.gaps))]
        raise DataError(
            f'Every row has a missing value, most of them in column "{worst}": ignore that column, or fill gaps '
            "with the mean or median."
        )


def _label_warnings(plan: Plan, codes: NDArray[np.int32] | None, table: Table) -> list[str]:
    if codes is None:
        return []
    name = next(column.name for column in plan.columns if column.role == "label")
    found = []
    unlabelled = int((codes < 0).sum())
    if unlabelled == len(codes):
        raise DataError(f'The label column "{name}" is empty: give it the role ignore.')
    if unlabelled:
        found.append(f'Rows without a label in "{name}": {unlabelled:,}.')
    if len(table.classes) == 1:
        found.append(_one_class(name))
    elif len(table.classes) > _MANY_CLASSES:
        found.append(
            f'The label column "{name}" holds {len(table.classes):,} different labels: it may be an identifier.'
        )
    return found


def _one_class(name: str) -> str:
    return f'All rows carry the same label in "{name}": engines that learn from labels need two classes or more.'


def _column_warnings(plan: Plan, scan: _Scan) -> list[str]:
    names = [column.name for column in plan.columns if column.role == "feature"]
    found = []
    constant = np.flatnonzero(scan.low == scan.high)
    if len(constant) and not any(column.type == "pixel" for column in plan.columns):
        found.append(
            f'Feature columns that never change ({len(constant):,}, "{names[constant[0]]}" the first) tell nothing.'
        )
    filled = int(scan.gaps.sum())
    if filled and plan.recipe.missing in ("mean", "median"):
        found.append(f"Missing values filled with the {plan.recipe.missing} of their column: {filled:,}.")
    if filled and plan.recipe.missing == "keep":
        found.append(f"Missing values that stay missing, which most engines refuse: {filled:,}.")
    return found


def _split(recipe: Recipe, n: int, codes: NDArray[np.int32] | None) -> tuple[NDArray[np.uint8], str]:
    split = recipe.split
    fractions = (split.train, split.validation, split.test)
    return split_rows(n, fractions, split.seed, codes if split.stratify else None)


def _provenance(plan: Plan, paths: list[Path], imported: Imported, watch: Watch) -> dict[str, Any]:
    parts = [watch.part(k / len(paths), (k + 1) / len(paths)) for k in range(len(paths))]
    return {
        "files": [_fingerprint(path, part) for path, part in zip(paths, parts, strict=True)],
        "plan": plan.to_json(),
        "changed": list(imported.warnings),
        "rows": imported.X.shape[0],
        "versions": dict(_versions()),
    }


@cache
def _versions() -> tuple[tuple[str, str], ...]:
    ours = (("vq-workbench", workbench.__version__), ("python", platform.python_version()))
    return ours + tuple((name, version(name)) for name in ("numpy", "polars", "pillow"))


def _fingerprint(path: Path, watch: Watch) -> dict[str, Any]:
    """Path, size and hash of a file or, of a folder, those of all its files in the order of their names."""
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    digest, done = hashlib.blake2b(digest_size=32), 0
    size = sum(file.stat().st_size for file in files)
    for file in files:
        with file.open("rb") as opened:
            while piece := opened.read(1 << 22):
                watch(done / max(1, size))
                digest.update(piece)
                done += len(piece)
    return {"path": str(path.resolve()), "size": size, "blake2b": digest.hexdigest()}


def _stamp(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def _plain_name(path: Path) -> str:
    name = path.resolve().name
    for suffix in (".gz", *(suffix for candidate in importers() for suffix in candidate.suffixes)):
        if name.lower().endswith(suffix) and len(name) > len(suffix):
            name = name[: -len(suffix)]
    return name


def _as_text(sample: Sample) -> tuple[tuple[str, ...], ...]:
    n = min(_PREVIEW_ROWS, len(sample.values[0]) if sample.values else 0)
    columns = [_cells(values[:n]) for values in sample.values]
    return tuple(zip(*columns, strict=True))


def _cells(values: NDArray[Any]) -> list[str]:
    if values.dtype.kind != "f":
        return [str(value) for value in values]
    return ["" if value != value else f"{value:.10g}" for value in values.tolist()]
