"""The centre of the window while a sweep is looked at: what it recommends, why, and all criteria; no session here."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Slot
from PySide6.QtWidgets import QComboBox, QWidget

from workbench.desktop import theme
from workbench.desktop.plots.sweep import SweepChart
from workbench.desktop.study_page import StudyPage
from workbench.session import Sweep
from workbench.views.sweep import SweepData, compute


class SweepPage(StudyPage):
    """One sweep, live."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Sweep", "Recommendation", parent)
        self._picked: int | None = None
        self.train.setAccessibleDescription("Start a run with this number and the parameters of the sweep")
        self.count = QComboBox()
        self.count.setAccessibleName("Number to train with")
        self.count.setToolTip("The number to train with; a click on a panel chooses one too")
        self.chart = SweepChart()
        self._lay_out([self.count], self.chart)
        self.chart.picked.connect(self._pick)
        self.count.currentIndexChanged.connect(self._chosen)

    @property
    def chosen(self) -> int | None:
        value: int | None = self.count.currentData()
        return value

    def _forget(self) -> None:
        self._picked = None

    def _renew(self) -> None:
        sweep = self.study
        assert isinstance(sweep, Sweep)
        data = compute(sweep)
        self._say(data.headline, data.reason, (*data.remarks, *sweep.facts.remarks))
        self._offer(sweep, data)
        self.chart.draw(data, theme.current_plots(), self.chosen)

    def _offer(self, sweep: Sweep, data: SweepData) -> None:
        """The counts to choose from; the recommended one is chosen until a person takes another."""
        wanted = self._picked if self._picked is not None else data.value
        with QSignalBlocker(self.count):
            self.count.clear()
            for count in sweep.counts:
                self.count.addItem(f"{count:,} (recommended)" if count == data.value else f"{count:,}", count)
            self.count.setCurrentIndex(self.count.findData(wanted) if wanted is not None else -1)
        self._show_choice()

    def _show_choice(self) -> None:
        count = self.chosen
        self.train.setText("Train" if count is None else f"Train with {count:,}")
        self.train.setEnabled(count is not None and self.writable)

    @Slot(int)
    def _pick(self, count: int) -> None:
        self.count.setCurrentIndex(self.count.findData(count))

    @Slot()
    def _chosen(self) -> None:
        self._picked = self.chosen
        self._show_choice()
        self.chart.choose(self._picked)
