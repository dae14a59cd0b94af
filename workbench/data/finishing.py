"""From the rows that an importer gives to a dataset: gaps, labels, encoded columns, parts, the fitted recipe."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engines.rows import RowSource
from workbench.data.columns import MOST_COLUMNS, distinct_names
from workbench.data.dissimilarities import check_dissimilarities, learned_from, without_columns
from workbench.data.encoded import EncodedRows, encoders
from workbench.data.encoding import Encoding
from workbench.data.errors import DataError
from workbench.data.fitting import fit_recipe
from workbench.data.matrices import check_matrices, recipe_faults
from workbench.data.plan import Column, Imported, Plan, Table
from workbench.data.recipe import Recipe
from workbench.data.rows import KeptColumns, KeptRows, row_blocks
from workbench.data.splitting import split_rows
from workbench.data.watch import Watch

_MANY_CLASSES = 1000
FEW_ROWS = 5
"""Classes with fewer training rows are told."""
FEW_TESTED = 50
"""Validation and test parts with fewer rows are told."""


@dataclass
class Scan:
    """What one pass over raw rows finds: rows with gaps, gaps and extremes per column, all finite values only."""

    gaps: NDArray[np.int64]
    infinite: NDArray[np.int64]
    rows: NDArray[np.bool_]
    first: tuple[int, int] | None
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def finish(plan: Plan, table: Table, watch: Watch) -> Imported:
    """Leave rows out, split, encode, fit the recipe; raises DataError where that cannot be done as planned."""
    n, _ = table.rows.shape
    warnings = list(table.warnings)
    if table.kind == "spd" and (faults := recipe_faults(plan.recipe)):
        raise DataError(faults[0])
    scan = scan_rows(table.rows, watch.part(0.0, 0.2))
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
    warnings += _few_warnings(plan, codes, table, split)
    kind = table.kind
    plan, columns, rows, told_levels = encode(plan, table.texts, rows, split == 0, watch.part(0.25, 0.3))
    warnings += [*told_levels, *_encoded_words(plan, columns)]
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


def encode(
    plan: Plan, texts: Mapping[int, tuple[str, ...]], rows: RowSource, training: NDArray[np.bool_], watch: Watch
) -> tuple[Plan, tuple[Column, ...], RowSource, list[str]]:
    """The plan with all levels found out, the columns and rows after encoding, and what is to be told.

    Parameters
    ----------
    texts, rows, training
        As of `encoders`.
    """
    if not texts and not _are_encoded(plan):
        return plan, plan.columns, rows, []
    found = encoders(plan, rows, texts, training, watch)
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
    return replace(plan, encodings=encodings), columns, EncodedRows(rows, found), told


def _encoded_words(plan: Plan, columns: Sequence[Column]) -> list[str]:
    """The sentence on columns that became others."""
    counts = Counter(column.source for column in columns)
    shown = [f'"{name}" ({e.kind}, {counts[name]:,})' for name, e in plan.encodings.items() if counts[name]]
    if not shown:
        return []
    more = f" and {len(shown) - 8:,} more" if len(shown) > 8 else ""
    return [f"Columns encoded as numbers (how, and as how many columns): {', '.join(shown[:8])}{more}."]


def scan_rows(rows: RowSource, watch: Watch) -> Scan:
    n, d = rows.shape
    scan = Scan(
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


def _judge_gaps(plan: Plan, scan: Scan, n: int, *, fillable: bool) -> None:
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
        found.append(one_class(name))
    elif len(table.classes) > _MANY_CLASSES:
        found.append(
            f'The label column "{name}" holds {len(table.classes):,} different labels: it may be an identifier.'
        )
    return found


def _few_warnings(plan: Plan, codes: NDArray[np.int32] | None, table: Table, split: NDArray[np.uint8]) -> list[str]:
    """What is to be said of classes and parts with so few rows that figures on them mean little."""
    found = []
    if codes is not None and 1 < len(table.classes) <= _MANY_CLASSES:
        name = next(column.name for column in plan.columns if column.role == "label")
        counts = np.bincount(codes[(split == 0) & (codes >= 0)], minlength=len(table.classes))
        few = np.flatnonzero(counts < FEW_ROWS)
        if len(few):
            found.append(
                f'Classes of "{name}" with fewer than {FEW_ROWS} training rows: {len(few):,}, '
                f'"{table.classes[few[0]]}" the first ({counts[few[0]]:,}); little can be learned of them.'
            )
    for part, title in ((1, "validation"), (2, "test")):
        n = int((split == part).sum())
        if 0 < n < FEW_TESTED:
            found.append(
                f"The {title} part has {n:,} rows: a share that is measured there is uncertain by up to "
                f"{0.98 / np.sqrt(n):.0%}."  # half the 95 % interval of a share of one half
            )
    return found


def one_class(name: str) -> str:
    return f'All rows carry the same label in "{name}": engines that learn from labels need two classes or more.'


def _column_warnings(plan: Plan, scan: Scan) -> list[str]:
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
