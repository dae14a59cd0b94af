"""New rows read as those of a dataset were: columns matched by name, encoded alike, to go through the same recipe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.catalog import DataKind
from engines.rows import RowSource
from workbench.data.catalog import importer
from workbench.data.errors import DataError
from workbench.data.finishing import encode, scan_rows
from workbench.data.importing import Paths, existing, guess
from workbench.data.matrices import check_matrices
from workbench.data.plan import Column, Imported, Label, Plan, Table
from workbench.data.provenance import provenance, stamp
from workbench.data.recipe import FittedRecipe
from workbench.data.rows import KeptColumns, KeptRows
from workbench.data.watch import Progress, Stop, Watch

_TEST = 2


@dataclass(frozen=True, eq=False)
class Likeness:
    """What is known of the dataset that new rows shall be like.

    Attributes
    ----------
    plan : Plan
        By which it was imported.
    columns : tuple of Column
        After encoding; the features among them are the columns that the recipe takes.
    recipe : FittedRecipe
    classes : tuple
    kind, image_shape
        As of `Imported`.
    """

    plan: Plan
    columns: tuple[Column, ...]
    recipe: FittedRecipe
    classes: tuple[Label, ...]
    kind: DataKind
    image_shape: tuple[int, ...] | None

    @property
    def sources(self) -> tuple[str, ...]:
        """Columns of a file that the features are made of, in their order."""
        return tuple(dict.fromkeys(c.source or c.name for c in self.columns if c.role == "feature"))


def read_alike(
    like: Likeness,
    path: Paths,
    *,
    importer_name: str | None = None,
    options: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
    stop: Stop | None = None,
) -> Imported:
    """New rows, as a dataset of the same columns, recipe and classes, of which all rows are in the test part.

    Columns are matched by name, in any order. A label or identifier is taken along where the file has it; classes
    that were not learned count as no label. Rows that lack a value which the recipe does not fill are left out, and
    the others are called by their numbers in the file.

    Parameters
    ----------
    like : Likeness
    path, importer_name, options
        As of `guess`.
    progress, stop
        As of `read`.

    Raises
    ------
    DataError
        If a column is missing, or a value is of another kind than it was.
    Cancelled
        When stopped.
    """
    watch = Watch(progress, stop)
    paths = existing(path)
    plan, told = plan_alike(like, path, importer_name, options)
    before = [stamp(p) for p in paths]
    chosen = importer(plan.importer)
    table = chosen.load(plan, chosen.checked(dict(plan.options)), watch.part(0.0, 0.7))
    try:
        imported = _alike(like, plan, table, told, watch.part(0.7, 0.95))
        imported.provenance = provenance(imported, paths, watch.part(0.95, 1.0)) | dict(table.told)
        if [stamp(p) for p in paths] != before:
            raise DataError(f"{paths[0].name} was changed while it was read: read it again.")
        watch(1.0)
    except BaseException:
        table.rows.close()
        raise
    return imported


def plan_alike(
    like: Likeness, path: Paths, importer_name: str | None, options: Mapping[str, Any] | None
) -> tuple[Plan, list[str]]:
    """How a file of new rows is to be read, and what is to be told of its columns."""
    stored = like.plan
    fresh = guess(path, importer_name, options)
    if fresh.importer == stored.importer and not options:
        kept = {name: stored.options[name] for name in importer(stored.importer).row_options if name in stored.options}
        fresh = guess(path, fresh.importer, kept) if kept else fresh
    there = {column.name: column for column in fresh.columns}
    _refuse_missing(fresh, [name for name in like.sources if name not in there], list(there))
    before = {column.name: column for column in stored.columns}
    roles = {c.name: c.role for c in stored.columns if c.role in ("label", "id")} | dict.fromkeys(
        like.sources, "feature"
    )
    columns = tuple(_as_before(column, before.get(column.name), roles.get(column.name)) for column in fresh.columns)
    encodings = {
        name: replace(encoding, format=fresh.encodings[name].format or encoding.format)
        if name in fresh.encodings
        else encoding
        for name, encoding in stored.encodings.items()
    }
    extra = [column.name for column in columns if column.role == "ignore"]
    told = (
        [f'Columns that were not learned from are left out ({len(extra):,}, "{extra[0]}" the first).'] if extra else []
    )
    return replace(fresh, columns=columns, encodings=encodings, recipe=stored.recipe), told


def _as_before(column: Column, before: Column | None, role: str | None) -> Column:
    """A column with the role and type that the one of its name had; others are ignored."""
    if before is None or role is None:
        return replace(column, role="ignore")
    kept = replace(column, role=role, unit=before.unit, note=before.note)
    return replace(kept, type=before.type) if role == "feature" else kept


def _refuse_missing(plan: Plan, missing: Sequence[str], there: Sequence[str]) -> None:
    if missing:
        more = f" and {len(missing) - 1:,} more" if len(missing) > 1 else ""
        shown = ", ".join(there[:8]) + (" …" if len(there) > 8 else "")
        raise DataError(
            f'{plan.name} lacks the column "{missing[0]}"{more}, which was learned from; its columns are {shown}.'
        )


def _alike(like: Likeness, plan: Plan, table: Table, told: list[str], watch: Watch) -> Imported:
    rows, texts = _in_order(like, plan, table)
    n = rows.shape[0]
    warnings = [*table.warnings, *told]
    codes, ids = _known_codes(like, table, warnings), table.ids
    scan = scan_rows(rows, watch.part(0.0, 0.6))
    if like.plan.recipe.missing in ("error", "drop") and scan.rows.any():
        kept = np.flatnonzero(~scan.rows)
        warnings.append(f"Rows left out for a missing value: {n - len(kept):,} of {n:,}.")
        rows, n = KeptRows(rows, kept), len(kept)
        codes = None if codes is None else codes[kept]
        ids = np.array([str(row + 1) for row in kept], np.dtypes.StringDType()) if ids is None else ids[kept]
    if n == 0:
        raise DataError(f"{plan.name} has no complete row.")
    if table.kind == "spd":
        warnings += check_matrices(rows, watch.part(0.6, 0.8))
    features = replace(plan, columns=_features_in_order(like, plan))
    _, made, rows, told_levels = encode(features, texts, rows, np.zeros(n, bool), watch.part(0.8, 1.0))
    rows = _learned_from(like, plan, table, rows, [column.name for column in made])
    return Imported(
        X=rows,
        codes=codes,
        classes=like.classes,
        ids=ids,
        split=np.full(n, _TEST, np.uint8),
        columns=like.columns,
        kind=like.kind,
        image_shape=like.image_shape,
        recipe=like.recipe,
        plan=plan,
        provenance={},
        warnings=tuple(warnings + told_levels),
        _close=table.rows.close,
    )


def _in_order(like: Likeness, plan: Plan, table: Table) -> tuple[RowSource, Mapping[int, tuple[str, ...]]]:
    """The rows with columns in the order of its, and the levels of those of text."""
    there = [column.name for column in plan.columns if column.role == "feature"]
    order = np.array([there.index(name) for name in like.sources], np.intp)
    if np.array_equal(order, np.arange(len(there))):
        return table.rows, table.texts
    place = {int(old): new for new, old in enumerate(order)}
    return KeptColumns(table.rows, order), {place[k]: texts for k, texts in table.texts.items()}


def _features_in_order(like: Likeness, plan: Plan) -> tuple[Column, ...]:
    there = {column.name: column for column in plan.columns}
    return tuple(there[name] for name in like.sources)


def _known_codes(like: Likeness, table: Table, warnings: list[str]) -> NDArray[np.int32] | None:
    """Labels as numbers of its classes, -1 for others."""
    if table.codes is None or not like.classes:
        return None
    known: dict[Any, int] = {str(value): code for code, value in enumerate(like.classes)}
    known |= {value: code for code, value in enumerate(like.classes)}
    places = np.array([known.get(value, known.get(str(value), -1)) for value in table.classes] + [-1], np.int32)
    foreign = [value for value, place in zip(table.classes, places, strict=False) if place < 0]
    if foreign:
        warnings.append(
            f'Classes that were not learned count as no label ({len(foreign):,}, "{foreign[0]}" the first).'
        )
    return places[table.codes]


def _learned_from(like: Likeness, plan: Plan, table: Table, rows: RowSource, names: list[str]) -> RowSource:
    """Of the columns with these names those that the recipe takes: one of a category may have been left out."""
    if table.image_shape != like.image_shape and like.image_shape is not None:
        raise DataError(
            f"{plan.name} holds pictures of {_size(table.image_shape)}, but what was learned from are pictures of "
            f"{_size(like.image_shape)}: give such pictures."
        )
    if tuple(names) == like.recipe.names:
        return rows
    if not set(like.recipe.names) <= set(names):
        raise DataError(f"{plan.name} has other columns than the data that was learned from.")
    return KeptColumns(rows, np.array([names.index(name) for name in like.recipe.names], np.intp))


def _size(shape: tuple[int, ...] | None) -> str:
    return "another kind" if shape is None else " × ".join(map(str, shape))
