"""Metrics of their own for classes or prototypes: relevances as a table or as pictures, and each matrix alone."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from workbench.desktop.plots.base import coloured
from workbench.desktop.plots.headed import Head
from workbench.desktop.plots.painted import PaintedPlot, Picture
from workbench.desktop.plots.tables import HeatTable, paint_table, paint_tiles
from workbench.views import View
from workbench.views.local_relevance import ALL, LocalRelevanceData, matrix_names
from workbench.views.theme import Theme
from workbench.views.wording import number, shorten


class LocalRelevancePlot(PaintedPlot):
    """A choice of all metrics side by side, or of one matrix."""

    def __init__(self, view: View, parent: QWidget | None = None) -> None:
        self.head = Head("Metric", "Which metrics are shown")
        super().__init__(view, parent, head=self.head)
        self.head.changed.connect(self.stale)
        self._names: tuple[str, ...] = ()
        self._current = ALL

    def prepare(self, data: LocalRelevanceData, theme: Theme) -> Picture:
        named = matrix_names(data)
        self._names = (ALL, *named)
        self._current = self.head.chosen if self.head.chosen in self._names else ALL
        if self._current != ALL:
            return self._matrix(data, named.index(self._current), theme)
        if data.shape is None:
            return self._table(data, theme)
        top = float(data.relevances.max()) or 1.0
        tiles = [
            (coloured(data.picture(k), theme.sequential, 0.0, top)[..., :3], _told(data, k))
            for k in range(len(data.metric_names))
        ]
        return paint_tiles(tiles, data.note, theme, self.surface)

    def draw(self, prepared: Picture) -> None:
        self.head.tell("", self._names, self._current)
        super().draw(prepared)

    def _table(self, data: LocalRelevanceData, theme: Theme) -> Picture:
        table = HeatTable(
            values=data.relevances[:, data.order],
            rows=data.metric_names,
            columns=tuple(data.names[j] for j in data.order),
            table=theme.sequential,
            low=0.0,
            high=float(data.relevances.max()) or 1.0,
            unit="of the relevance",
            words=data.note,
        )
        return paint_table(table, theme, self.surface)

    def _matrix(self, data: LocalRelevanceData, k: int, theme: Theme) -> Picture:
        names = tuple(data.names[j] for j in data.order)
        table = HeatTable(
            values=data.matrices[k][data.order][:, data.order],
            rows=names,
            columns=names,
            table=theme.diverging,
            low=-data.limit,
            high=data.limit,
            unit="in Λ",
            words=f"{_told(data, k)}. {data.note}",
        )
        return paint_table(table, theme, self.surface)


def _told(data: LocalRelevanceData, k: int) -> str:
    return f"{shorten(data.metric_names[k], 30)}: {number(float(data.n_effective[k]), 2)} directions in effect"
