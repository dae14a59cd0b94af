"""From a path to a guess, a preview and the whole import; how one kind of file is read is its importer's affair."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.data.catalog import Importer, importer, importers
from workbench.data.columns import spread_warning, summarise
from workbench.data.dissimilarities import shape_fault
from workbench.data.encoding import usual
from workbench.data.errors import DataError
from workbench.data.finishing import finish, one_class
from workbench.data.matrices import recipe_faults
from workbench.data.plan import ColumnSummary, Imported, Plan, Preview, Sample
from workbench.data.provenance import provenance, stamp
from workbench.data.text_chunks import read_head
from workbench.data.watch import Progress, Stop, Watch

_HEAD_BYTES = 1 << 14
_PREVIEW_ROWS = 100

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
    paths = existing(path)
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
    sample = _sample(chosen, existing(plan.paths), dict(plan.options))
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
        warnings.append(one_class(labels[0].column.name))
    rows = () if sample.images is not None else _as_text(sample)
    return Preview(
        summaries,
        rows,
        sample.n_rows,
        sample.exact,
        n_seen,
        sample.images,
        sample.captions,
        tuple(warnings),
        sample.offers,
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
    paths = existing(plan.paths)
    chosen = importer(plan.importer)
    options = chosen.checked(dict(plan.options))
    _check_roles(plan, chosen, paths)
    before = [stamp(path) for path in paths]
    table = chosen.load(plan, options, watch.part(0.0, 0.7))
    try:
        imported = finish(plan, table, watch.part(0.7, 0.95))
        imported.provenance = provenance(imported, paths, watch.part(0.95, 1.0)) | dict(table.told)
        if [stamp(path) for path in paths] != before:
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


def existing(path: Paths) -> list[Path]:
    """The paths themselves; raises DataError unless all are there and may be read."""
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
