"""All rows of the data as a table: number, label, part, what the run says of each, and every value as imported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qsl, urlencode

import numpy as np
from numpy.typing import NDArray

from workbench.views import canvas
from workbench.views.first_look import NOT_YET
from workbench.views.scene import PARTS, Array, Scene
from workbench.views.theme import Theme
from workbench.views.wording import MISSING, counted, number, one_line, shorten, with_unit

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_COLUMNS = 200
"""So many features are columns; pictures and spectra have more, and other views for them."""
_FIGURE_ROWS, _FIGURE_COLUMNS = 24, 9
_STATES = (*PARTS, "dropped")
"""What the part of a row may be."""


@dataclass(frozen=True)
class Asked:
    """How a person wants the rows: sorted by a column (-1 for none), falling or rising, only those picked."""

    column: int = -1
    falling: bool = False
    only_picked: bool = False

    def __str__(self) -> str:
        told = {"column": self.column, "falling": int(self.falling), "only": int(self.only_picked)}
        return urlencode(told)

    @classmethod
    def parse(cls, text: str) -> Asked:
        """What `str` gave; what is not understood is left as it is."""
        told = dict(parse_qsl(text))
        column = told.get("column", "")
        return cls(int(column) if column.isdecimal() else -1, told.get("falling") == "1", told.get("only") == "1")


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes
    ----------
    kind : {"row", "label", "part", "prototype", "predicted", "feature"}
    title : str
    feature : int
        Number of the feature among the original ones.
    """

    kind: Literal["row", "label", "part", "prototype", "predicted", "feature"]
    title: str
    feature: int = -1
    note: str = ""


@dataclass(frozen=True, eq=False)
class TableData:
    """The rows in the order that was asked for; what stands in them, `texts` reads.

    Attributes
    ----------
    columns : tuple of Column
    order : (n,) int64
        Row numbers.
    asked : Asked
    note : str
    texts_first : tuple of tuple of str
        Of the first rows, for a figure.
    """

    columns: tuple[Column, ...]
    order: NDArray[np.int64]
    asked: Asked
    note: str
    texts_first: tuple[tuple[str, ...], ...]


def applies(scene: Scene) -> bool:
    """Any data have rows."""
    return True


def compute(scene: Scene) -> TableData:
    """The columns of the scene, and the rows as asked for."""
    asked, columns = Asked.parse(scene.asked), _columns(scene)
    order = np.arange(len(scene.every.kept))
    if 0 <= asked.column < len(columns):
        order = _sorted(_keys(scene, columns[asked.column]), asked.falling)
    d = len(scene.original_names)
    note = counted(len(order), "row")
    n_dropped = int(np.count_nonzero(_parts(scene) == len(PARTS)))
    note += f", {n_dropped:,} of them dropped" if n_dropped else ""
    n_sealed = scene.every.n_sealed
    note += f", {n_sealed:,} of them of the test part ({NOT_YET})" if n_sealed else ""
    note += f" · the first {MOST_COLUMNS} of {d:,} features" if d > MOST_COLUMNS else ""
    return TableData(columns, order, asked, note, tuple(texts(scene, columns, order[:_FIGURE_ROWS])))


def texts(scene: Scene, columns: tuple[Column, ...], rows: NDArray[np.int64]) -> list[tuple[str, ...]]:
    """What stands in each column, row by row, of rows (k,) in any order; reads these rows."""
    n_told = sum(column.kind != "feature" for column in columns)
    return [(*line[:n_told], *map(_text, line[n_told:])) for line in cells(scene, columns, rows)]


def cells(scene: Scene, columns: tuple[Column, ...], rows: NDArray[np.int64]) -> list[tuple[Any, ...]]:
    """The same with the values of features as they were imported, in full."""
    numbers, back = np.unique(rows, return_inverse=True)
    told: list[list[Any]] = [_told(scene, column, numbers) for column in columns if column.kind != "feature"]
    raw = scene.every.take_raw(numbers)
    told += [raw[:, column.feature].tolist() for column in columns[len(told) :]]
    return [tuple(column[at] for column in told) for at in back.tolist()]


def _sorted(keys: Array, falling: bool) -> NDArray[np.int64]:
    """Numbers of the rows by rising or falling keys; equal ones as they come, what is missing last."""
    gaps = np.isnan(keys) if keys.dtype.kind == "f" else np.zeros(len(keys), bool)
    ranks = np.unique(keys[~gaps], return_inverse=True)[1]
    signed = np.full(len(keys), np.iinfo(np.int64).max)
    signed[~gaps] = -ranks if falling else ranks
    return np.argsort(signed, kind="stable")


def _columns(scene: Scene) -> tuple[Column, ...]:
    """What is known of each row, then its values."""
    made = [Column("row", "row")]
    if scene.every.codes is not None:
        made.append(Column("label", "label"))
    if len(np.unique(_parts(scene))) > 1:
        made.append(Column("part", "part"))
    if scene.has_prototypes:
        made.append(Column("prototype", "prototype"))
        if scene.engine.supervised and scene.every.codes is not None:
            made.append(Column("predicted", "predicted"))
    notes = scene.feature_notes or ("",) * len(scene.original_names)
    names = list(zip(scene.original_names, scene.units, notes, strict=True))[:MOST_COLUMNS]
    made += [
        Column("feature", with_unit(shorten(name, 40), unit), j, note) for j, (name, unit, note) in enumerate(names)
    ]
    return tuple(made)


def _told(scene: Scene, column: Column, rows: NDArray[np.int64]) -> list[str]:
    """What is known of rows with increasing numbers (k,)."""
    if column.kind == "row":
        return [f"{row + 1}" for row in rows.tolist()]
    if column.kind == "prototype":
        return [str(k) if k >= 0 else MISSING for k in _found(scene, scene.nearest_to, rows).tolist()]
    names = _STATES if column.kind == "part" else scene.class_names
    if column.kind == "predicted":
        codes: Array = _found(scene, scene.predict, rows)
    else:
        codes = (_parts(scene) if column.kind == "part" else np.asarray(scene.every.codes))[rows]
    return [one_line(names[code]) if code >= 0 else MISSING for code in codes.tolist()]


def _found(scene: Scene, find: Callable[[Array], Array], rows: NDArray[np.int64]) -> Array:
    """(k,) what `find` finds of rows with increasing numbers; -1 of dropped ones."""
    return np.where(scene.every.kept[rows], find(scene.every.take(rows)), -1)


def _parts(scene: Scene) -> Array:
    """(n,) what part each row is of, as in `_STATES`."""
    every = scene.every
    known = every.kept | (every.split == PARTS.index("test")) if every.n_sealed else every.kept
    return np.where(known, every.split, len(PARTS)).astype(np.int64)


def _keys(scene: Scene, column: Column) -> Array:
    """(n,) what all rows are sorted by; reads them where it must."""
    if column.kind == "feature":
        raw = scene.every.raw
        n, step = raw.shape[0], max(1, 2_000_000 // max(1, raw.shape[1]))
        blocks = [raw.read(start, min(start + step, n))[:, column.feature] for start in range(0, n, step)]
        return np.concatenate(blocks).astype(np.float64) if blocks else np.empty(0)
    if column.kind in ("prototype", "predicted"):
        return scene.every_winner if column.kind == "prototype" else scene.every_prediction
    if column.kind == "row":
        return np.arange(len(scene.every.kept))
    return _parts(scene) if column.kind == "part" else np.asarray(scene.every.codes)


def _text(value: Any) -> str:
    return str(value) if isinstance(value, int) else number(value, 6)


def figure(data: TableData, theme: Theme) -> Figure:
    """The first rows and columns."""
    from matplotlib.transforms import Bbox

    columns = data.columns[: canvas.across(theme, min(_FIGURE_COLUMNS, len(data.columns)), 0.85)]
    wide = canvas.room(theme, 1.0 + 1.15 * len(columns))
    letters = int(72 * wide / len(columns) / (0.6 * 8))
    lines = [
        [canvas.plain(shorten(text, min(14, letters))) for text in told[: len(columns)]] for told in data.texts_first
    ]
    made = canvas.new_figure(theme, wide, 0.9 + 0.22 * (len(lines) + 1))
    axes = made.subplots()
    canvas.dress(axes, theme, frame=False)
    axes.set_axis_off()
    if lines:
        titles = [canvas.plain(shorten(column.title, min(16, letters))) for column in columns]
        drawn = axes.table(lines, colLabels=titles, bbox=Bbox.unit())
        drawn.auto_set_font_size(False)
        drawn.set_fontsize(8)
        for (line, _), cell in drawn.get_celld().items():
            cell.set_edgecolor(theme.grid)
            cell.set_facecolor(theme.background if line == 0 else theme.surface)
            cell.get_text().set_color(theme.text)
    told = data.note + (f"; the first {len(lines)} are shown" if len(lines) < len(data.order) else "")
    made.supxlabel(canvas.plain(told), fontsize=8, color=theme.muted)
    return made
