"""A dataset made from another: rows chosen, drawn or added, columns left out, another recipe; nothing of projects."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engines.rows import RowSource
from workbench.data.alike import Likeness, read_alike
from workbench.data.errors import DataError
from workbench.data.finishing import finish
from workbench.data.plan import ROLES, Column, Imported, Table
from workbench.data.recipe import Recipe
from workbench.data.rows import KeptColumns, KeptRows, row_blocks
from workbench.data.watch import Watch

PARTS = ("train", "validation", "test")
_SPOKEN = ("row", "part", "label", "id")
"""What a condition can name beside the columns."""


@dataclass(frozen=True)
class Derivation:
    """What is done, in the order of these attributes; JSON both ways.

    Attributes
    ----------
    append : tuple of str
        Files whose rows come after those that there are; as `read_alike` reads them.
    rows : tuple of (int, int), or None
        Of those rows, the ones from each first number up to before the second, counted from 0; None: all.
    where : str
        Of those, the ones for which this holds: a condition in SQL over the columns, and "row" (from 1), "part" (train,
        validation or test), "label" and "id".
    sample : int
        Of those, so many drawn at random; 0 for all.
    seed : int
        Of the drawing.
    roles : dict of str to str
        By the name of a feature: "ignore", or "label". By the name of the label: "ignore".
    recipe : Recipe or None
        With the split; None for that of the dataset, fitted anew.
    """

    append: tuple[str, ...] = ()
    rows: tuple[tuple[int, int], ...] | None = None
    where: str = ""
    sample: int = 0
    seed: int = 0
    roles: Mapping[str, str] = field(default_factory=dict)
    recipe: Recipe | None = None

    def to_json(self) -> dict[str, Any]:
        """This derivation as what JSON can hold."""
        told = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        rows = None if self.rows is None else [list(pair) for pair in self.rows]
        recipe = None if self.recipe is None else self.recipe.to_json()
        return {**told, "append": list(self.append), "rows": rows, "roles": dict(self.roles), "recipe": recipe}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Derivation:
        """The derivation that `to_json` gave."""
        told = dict(value)
        rows, recipe = told["rows"], told["recipe"]
        told["append"] = tuple(told["append"])
        told["rows"] = None if rows is None else tuple((int(first), int(last)) for first, last in rows)
        told["recipe"] = None if recipe is None else Recipe.from_json(recipe)
        return cls(**told)


def ranges_of(rows: NDArray[np.int64]) -> tuple[tuple[int, int], ...]:
    """Increasing row numbers as ranges, for `Derivation.rows`."""
    if not len(rows):
        return ()
    cuts = np.flatnonzero(np.diff(rows) != 1) + 1
    return tuple((int(run[0]), int(run[-1]) + 1) for run in np.split(rows, cuts))


@dataclass(frozen=True, eq=False)
class Parent:
    """The dataset that another is made from, as it is corrected.

    Attributes
    ----------
    like : Likeness
    name : str
    raw : RowSource of (n, d)
    kept : (n,) bool
        Rows that are not dropped.
    codes : (n,) int32 or None
    ids : (n,) array of texts, or None
    split : (n,) uint8
    provenance : dict
    """

    like: Likeness
    name: str
    raw: RowSource
    kept: NDArray[np.bool_]
    codes: NDArray[np.int32] | None
    ids: NDArray[Any] | None
    split: NDArray[np.uint8]
    provenance: Mapping[str, Any]


def derive(parent: Parent, derivation: Derivation, watch: Watch | None = None) -> Imported:
    """The dataset that comes of it; reading it reads the rows of `parent` where they lie.

    Raises
    ------
    DataError
        If a condition, role or file cannot be used, or too few rows are left.
    Cancelled
        When stopped.
    """
    watch = watch or Watch()
    if parent.like.kind == "dissimilarity":
        raise DataError(
            "Dissimilarities belong to the rows they were made of: import the matrix of the rows that you want."
        )
    with ExitStack() as stack:
        added = [stack.enter_context(_added(parent, path, watch)) for path in derivation.append]
        rows = _together(parent, added)
        chosen = _chosen(parent, derivation, rows, watch.part(0.3, 0.5))
        columns, label = _columns(parent, derivation, rows.labels is not None)
        codes, classes = _labels(parent, rows, chosen, label, columns)
        places = np.array([k for k, c in enumerate(parent_features(parent)) if c.name in columns], np.intp)
        values: RowSource = rows.values if len(chosen) == rows.values.shape[0] else KeptRows(rows.values, chosen)
        whole = len(places) == rows.values.shape[1]
        values = values if whole else KeptColumns(values, places)
        recipe = derivation.recipe or parent.like.plan.recipe
        kept = tuple(_with_role(c, columns, label) for c in parent.like.columns)
        plan = replace(parent.like.plan, columns=kept, encodings={}, recipe=recipe, name=parent.name)
        table = Table(
            _Closing(values, stack.pop_all().close),
            codes,
            classes,
            None if rows.ids is None else rows.ids[chosen],
            parent.like.kind if whole or parent.like.kind != "image" else "table",
            parent.like.image_shape if whole else None,
            tuple(warning for imported in added for warning in imported.warnings),
        )
        try:
            imported = finish(plan, table, watch.part(0.5, 1.0))
        except BaseException:
            table.rows.close()
            raise
    sources = {column.source or column.name for column in kept if column.role == "feature"}
    told = tuple(_with_role(column, sources, label) for column in parent.like.plan.columns)
    imported.plan = replace(parent.like.plan, columns=told, recipe=recipe)  # new rows are read by it
    imported.provenance = _origin(parent, derivation, added, imported)
    return imported


def count(parent: Parent, derivation: Derivation, watch: Watch | None = None) -> int:
    """How many rows of `parent` itself would be left, added files aside; errors as of `derive`."""
    return len(_chosen(parent, derivation, _together(parent, []), watch or Watch()))


def _origin(parent: Parent, derivation: Derivation, added: Sequence[Imported], imported: Imported) -> dict[str, Any]:
    files = [*parent.provenance.get("files", ()), *(file for i in added for file in i.provenance["files"])]
    return {
        **parent.provenance,
        "derived": {"from": parent.name, **derivation.to_json()},
        "files": files,
        "changed": list(imported.warnings),
        "rows": imported.n_rows,
    }


@dataclass(frozen=True, eq=False)
class _Rows:
    """Rows of the parent and of added files, one after the other."""

    values: RowSource
    kept: NDArray[np.bool_]
    labels: NDArray[np.int32] | None
    ids: NDArray[Any] | None
    split: NDArray[np.uint8]


def parent_features(parent: Parent) -> tuple[Column, ...]:
    """The columns that the values of a parent have."""
    return tuple(column for column in parent.like.columns if column.role == "feature")


def _added(parent: Parent, path: str, watch: Watch) -> Imported:
    return read_alike(parent.like, path, stop=watch.stop)


def _together(parent: Parent, added: Sequence[Imported]) -> _Rows:
    n_new = [imported.n_rows for imported in added]
    values: RowSource = parent.raw
    if added:
        values = StackedRows((parent.raw, *(imported.X for imported in added)))
    codes = parent.codes
    if codes is not None:
        none = [np.full(n, -1, np.int32) for n in n_new]
        codes = np.concatenate([codes, *(n if i.codes is None else i.codes for i, n in zip(added, none, strict=True))])
    ids = parent.ids
    if ids is not None:
        texts = np.dtypes.StringDType()
        unnamed = [np.full(n, "", texts) for n in n_new]
        more = [u if i.ids is None else i.ids for i, u in zip(added, unnamed, strict=True)]
        ids = np.concatenate([ids.astype(texts), *more])
    return _Rows(
        values,
        np.concatenate([parent.kept, np.ones(sum(n_new), bool)]),
        codes,
        ids,
        np.concatenate([parent.split, *(imported.split for imported in added)]),
    )


def _chosen(parent: Parent, derivation: Derivation, rows: _Rows, watch: Watch) -> NDArray[np.int64]:
    """Numbers of the rows that are left, increasing."""
    mask = rows.kept.copy()
    if derivation.rows is not None:
        wanted = np.zeros(len(mask), bool)
        for first, last in derivation.rows:
            wanted[first:last] = True
        mask &= wanted
    if derivation.where.strip():
        mask &= _holds(parent, derivation.where, rows, watch)
    chosen = np.flatnonzero(mask)
    if derivation.sample < 0:
        raise DataError(f"A sample has at least one row, not {derivation.sample:,}.")
    if 0 < derivation.sample < len(chosen):
        drawn = np.random.default_rng(derivation.seed).choice(len(chosen), derivation.sample, replace=False)
        chosen = chosen[np.sort(drawn)]
    if len(chosen) < 2:
        raise DataError(
            f"Of {parent.name} {len(chosen)} row{'' if len(chosen) == 1 else 's'} would be left: two are needed."
        )
    return chosen


def _holds(parent: Parent, where: str, rows: _Rows, watch: Watch) -> NDArray[np.bool_]:
    """(n,) whether the condition holds for each row; where it cannot be told, it does not."""
    names = [column.name for column in parent_features(parent)]
    spoken = [name for name in _SPOKEN if name not in names]
    labels = np.array([*map(str, parent.like.classes), None], object)
    found = np.zeros(len(rows.kept), bool)
    try:
        condition = pl.sql_expr(where)
        for start, stop in row_blocks(*rows.values.shape):
            watch(start / len(found))
            block = pl.DataFrame(rows.values.read(start, stop), schema=names).fill_nan(None)
            codes = np.full(stop - start, -1) if rows.labels is None else rows.labels[start:stop]
            ids = [""] * (stop - start) if rows.ids is None else [str(name) for name in rows.ids[start:stop].tolist()]
            told: dict[str, Any] = {
                "row": np.arange(start + 1, stop + 1),
                "part": [PARTS[part] for part in rows.split[start:stop].tolist()],
                "label": pl.Series(labels[codes].tolist(), dtype=pl.String),
                "id": pl.Series(ids, dtype=pl.String),
            }
            block = block.with_columns(pl.Series(name, told[name]) for name in spoken)
            answer = block.select(condition.alias("holds")).to_series()
            if answer.dtype != pl.Boolean or len(answer) != stop - start:
                raise DataError(f'"{where}" is no condition, which is true or false for each row.')
            found[start:stop] = answer.fill_null(False).to_numpy()
    except pl.exceptions.PolarsError as error:
        said = str(error).strip().splitlines()[0].rstrip(".")
        raise DataError(f'The condition "{where}" is not understood: {said[:200]}.') from error
    return found


def _columns(parent: Parent, derivation: Derivation, labelled: bool) -> tuple[set[str], str | None]:
    """Names of the features that stay, and of the label: a feature, the label of now, or None."""
    features = [column.name for column in parent_features(parent)]
    label = next((column.name for column in parent.like.columns if column.role == "label"), None) if labelled else None
    kept, now = set(features), label
    for name, role in derivation.roles.items():
        if role not in ROLES or role == "id":
            raise DataError(f'A column can become a feature, the label, or be ignored, but not "{role}".')
        if name == label and role != "label":
            now = None if now == label else now
        elif name in kept and role == "label":
            now = name
            kept.discard(name)
        elif name in kept and role == "ignore":
            kept.discard(name)
        elif name not in features and name != label:
            raise DataError(f'{parent.name} keeps no column "{name}": import its file again to use it.')
    if not kept:
        raise DataError("No feature would be left: keep at least one column.")
    return kept, now


def _with_role(column: Column, kept: Iterable[str], label: str | None) -> Column:
    if column.role == "label" and column.name != label:
        return replace(column, role="ignore")
    if column.role == "feature" and column.name not in kept:
        return replace(column, role="label" if column.name == label else "ignore")
    return column


def _labels(
    parent: Parent, rows: _Rows, chosen: NDArray[np.int64], label: str | None, kept: Iterable[str]
) -> tuple[NDArray[np.int32] | None, tuple[Any, ...]]:
    """Codes of the chosen rows and their classes, without those that none of them has."""
    if label is None:
        return None, ()
    features = [column.name for column in parent_features(parent)]
    if label not in features:
        assert rows.labels is not None
        codes = rows.labels[chosen]
        present = np.unique(codes[codes >= 0])
        places = np.full(len(parent.like.classes) + 1, -1, np.int32)
        places[present] = np.arange(len(present))
        return places[codes], tuple(parent.like.classes[k] for k in present)
    column = KeptColumns(KeptRows(rows.values, chosen), np.array([features.index(label)]))
    values = np.concatenate([column.read(a, b)[:, 0] for a, b in row_blocks(len(chosen), 1)]).astype(np.float64)
    known = np.isfinite(values)
    found, inverse = np.unique(values[known], return_inverse=True)
    codes = np.full(len(values), -1, np.int32)
    codes[known] = inverse
    whole = bool(np.all(found == np.round(found)))
    return codes, tuple(int(value) if whole else float(value) for value in found)


class StackedRows:
    """The rows of several sources, one after the other, as a `RowSource`."""

    def __init__(self, sources: Sequence[RowSource]) -> None:
        self._sources = tuple(sources)
        self._ends = np.cumsum([0, *(source.shape[0] for source in sources)])
        self._dtype = np.result_type(*(np.dtype(source.dtype) for source in sources))

    @property
    def shape(self) -> tuple[int, int]:
        return int(self._ends[-1]), self._sources[0].shape[1]

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._dtype

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Rows `start` to `stop` (cut at the end) as a new C-contiguous array."""
        start, stop, _ = slice(start, stop).indices(self.shape[0])
        parts = [
            source.read(max(start, first) - first, min(stop, end) - first)
            for source, first, end in zip(self._sources, self._ends, self._ends[1:], strict=False)
            if start < end and stop > first
        ]
        return np.concatenate(parts, dtype=self._dtype) if parts else np.empty((0, self.shape[1]), self._dtype)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return self.read(0, self.shape[0]).astype(dtype or self.dtype, copy=False)


@dataclass(frozen=True, eq=False)
class _Closing:
    """Rows that free what is behind them."""

    source: RowSource
    close: Callable[[], None]

    @property
    def shape(self) -> tuple[int, int]:
        return self.source.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(self.source.dtype)

    def read(self, start: int, stop: int) -> NDArray[Any]:
        return self.source.read(start, stop)
