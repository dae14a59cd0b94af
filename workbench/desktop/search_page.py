"""The centre of the window while a search is looked at: its trials as plots and as a table; no session here."""

from __future__ import annotations

from functools import partial
from itertools import combinations

from PySide6.QtCore import QItemSelectionModel, QSignalBlocker, Qt, Slot
from PySide6.QtWidgets import QAbstractItemView, QComboBox, QHeaderView, QSplitter, QTableView, QWidget

from workbench.desktop import theme
from workbench.desktop.background import Background
from workbench.desktop.plots.search import SearchChart
from workbench.desktop.search_table import FIRST_ORDER, TrialTable
from workbench.desktop.study_page import StudyPage
from workbench.session import Search
from workbench.views.search import SearchData, compute


class SearchPage(StudyPage):
    """One search, live: trials come in while it goes on.

    Attributes
    ----------
    data : SearchData or None
        What is shown.
    """

    def __init__(self, background: Background, parent: QWidget | None = None) -> None:
        super().__init__("Search", "Best trial", parent)
        self._background = background
        self._picked: int | None = None
        self._quiet = False
        self.data: SearchData | None = None
        self.train.setAccessibleDescription("Start a run with the parameters of this trial, on all training rows")
        self.pair = QComboBox()
        self.pair.setAccessibleName("Parameters of the heat map")
        self.pair.setToolTip("The two parameters of the heat map")
        self.chart = SearchChart()
        self.table = TrialTable(self)
        self.view = QTableView(alternatingRowColors=True, sortingEnabled=True, wordWrap=False)
        self.view.setModel(self.table)
        self.view.setAccessibleName("Trials")
        self.view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.view.setTabKeyNavigation(False)
        self.view.verticalHeader().hide()
        self.view.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 8)
        self.view.horizontalHeader().setSortIndicator(FIRST_ORDER, Qt.SortOrder.AscendingOrder)
        self.view.horizontalHeader().setSortIndicatorClearable(True)
        self.view.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        parts = QSplitter(Qt.Orientation.Vertical)
        parts.setChildrenCollapsible(False)
        parts.addWidget(self.chart)
        parts.addWidget(self.view)
        parts.setStretchFactor(0, 3)
        parts.setStretchFactor(1, 2)
        self._lay_out([self.pair], parts)
        self.chart.picked.connect(self._pick)
        self.pair.currentIndexChanged.connect(self._renew)
        self.table.layoutChanged.connect(self._show_choice)
        self.view.selectionModel().currentRowChanged.connect(self._row_chosen)

    @property
    def chosen(self) -> int | None:
        """The trial that was picked, or the best one."""
        if self._picked is not None or self.data is None:
            return self._picked
        return self.data.best

    def _forget(self) -> None:
        self._picked = self.data = None
        self.table.show_trials(None, {})
        several = []
        if isinstance(self.study, Search):
            trials = self.study.trials
            several = [name for name in self.study.space if any(trial[name] != trials[0][name] for trial in trials)]
        with QSignalBlocker(self.pair):
            self.pair.clear()
            for one, other in combinations(several, 2):
                self.pair.addItem(f"{one} × {other}", (one, other))
        self.pair.setVisible(self.pair.count() > 1)

    @Slot()
    def _renew(self) -> None:
        search, pair = self.study, self.pair.currentData()
        if isinstance(search, Search):
            self._background.call(self, partial(compute, search, pair), partial(self._draw, search), key="compute")

    def _draw(self, search: Search, data: SearchData) -> None:
        if search is not self.study:
            return
        first = self.data is None
        self.data = data
        self._say(data.headline, data.reason, data.remarks)
        place = self.view.verticalScrollBar().value()
        self.table.show_trials(data, search.failures)
        if first:
            self.view.resizeColumnsToContents()
        self._show_choice()
        self.view.verticalScrollBar().setValue(place)
        self.chart.draw(data, theme.current_plots(), self.chosen)

    @Slot()
    def _show_choice(self) -> None:
        trial = self.chosen
        self.train.setText("Train" if trial is None else f"Train trial {trial}")
        self.train.setEnabled(trial is not None and self.writable)
        if trial in self.table.order:
            row = self.table.index(self.table.order.index(trial), 0)
            flags = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
            self._quiet = True
            self.view.selectionModel().setCurrentIndex(row, flags)
            self._quiet = False

    @Slot(int)
    def _pick(self, trial: int) -> None:
        self._picked = trial
        self._show_choice()
        self.view.scrollTo(self.view.currentIndex())
        self.chart.choose(trial)

    @Slot()
    def _row_chosen(self) -> None:
        row = self.view.currentIndex().row()
        if not self._quiet and 0 <= row < len(self.table.order):
            self._picked = self.table.order[row]
            self._show_choice()
            self.chart.choose(self._picked)
