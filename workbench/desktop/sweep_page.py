"""The centre of the window while a sweep is looked at: what it recommends, why, and all criteria; no session here."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from workbench.desktop import icons, theme
from workbench.desktop.plots.sweep import SweepChart
from workbench.desktop.wording import duration
from workbench.session import Sweep
from workbench.views.sweep import SweepData, compute


class SweepPage(QWidget):
    """One sweep, live.

    Attributes
    ----------
    train_wanted : Signal(Sweep, int)
        Start the run with this count.
    stop_wanted, resume_wanted : Signal
    save_wanted : Signal(Sweep)
        Write the page to a file.
    sweep : Sweep or None
        The one shown.
    """

    train_wanted = Signal(object, int)
    stop_wanted = Signal()
    resume_wanted = Signal()
    save_wanted = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName("Sweep")
        self.sweep: Sweep | None = None
        self._shown: object = None
        self._data: SweepData | None = None
        self._picked: int | None = None
        self._writable = True
        self.headline = QLabel(wordWrap=True)
        self.headline.setProperty("role", "figure")
        self.headline.setAccessibleName("Recommendation")
        self.reason = QLabel(wordWrap=True)
        self.reason.setAccessibleName("Reason")
        self.reason.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.remarks = QLabel(wordWrap=True)
        self.remarks.setProperty("role", "muted")
        self.remarks.setAccessibleName("Remarks")
        self.count = QComboBox()
        self.count.setAccessibleName("Number to train with")
        self.count.setToolTip("The number to train with; a click on a panel chooses one too")
        self.train = QPushButton("Train")
        self.train.setProperty("role", "primary")
        self.train.setAccessibleDescription("Start a run with this number and the parameters of the sweep")
        icons.put(self.train, "play", "on_accent")
        self.save = QPushButton("Save page…")
        self.save.setAccessibleDescription("Write this page as a web page or a picture")
        icons.put(self.save, "export")
        self.bar = QProgressBar(textVisible=False, maximum=1000)
        self.bar.setAccessibleName("Progress of the sweep")
        self.status = QLabel()
        self.status.setProperty("role", "muted")
        self.end = QPushButton("Stop")
        self.chart = SweepChart()
        self._lay_out()
        self.chart.picked.connect(self._pick)
        self.count.currentIndexChanged.connect(self._chosen)
        self.train.clicked.connect(self._train)
        self.end.clicked.connect(self._end)
        self.save.clicked.connect(self._save)

    def show_sweep(self, sweep: Sweep | None, *, writable: bool = True) -> None:
        """Show `sweep`; runs can be started from it if the project is `writable`."""
        self.sweep = sweep
        self._writable = writable
        self._shown = self._picked = self._data = None
        self.refresh()

    def refresh(self) -> None:
        """Bring everything up to date; costs next to nothing where nothing has changed."""
        sweep = self.sweep
        if sweep is None:
            return
        self._show_status(sweep)
        key = (sweep.id, sweep.name, sweep.sequence, sweep.status, theme.current().name)
        if key == self._shown:
            return
        self._shown = key
        data = self._data = compute(sweep)
        self.headline.setText(data.headline)
        self.reason.setText(data.reason)
        said = [*data.remarks, *sweep.facts.remarks, *([sweep.error] if sweep.error else [])]
        self.remarks.setText("\n".join(said[:6]))
        self.remarks.setVisible(bool(said))
        self._offer(sweep, data)
        self.chart.draw(data, theme.current_plots(), self.chosen)

    @property
    def chosen(self) -> int | None:
        """The number that would be trained with."""
        value: int | None = self.count.currentData()
        return value

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self.headline, 1)
        for widget in (self.count, self.train, self.save):
            top.addWidget(widget, 0, Qt.AlignmentFlag.AlignTop)
        work = QHBoxLayout()
        work.setSpacing(10)
        work.addWidget(self.bar, 1)
        work.addWidget(self.status)
        work.addWidget(self.end)
        self._work = QWidget()
        self._work.setLayout(work)
        work.setContentsMargins(0, 0, 0, 0)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 8)
        layout.setSpacing(8)
        layout.addLayout(top)
        for widget in (self.reason, self.remarks, self._work):
            widget.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
            layout.addWidget(widget)
        layout.addWidget(self.chart, 1)

    def _show_status(self, sweep: Sweep) -> None:
        self._work.setVisible(sweep.active or (sweep.resumable and self._writable))
        self.bar.setVisible(sweep.active)
        self.bar.setValue(round(1000 * sweep.progress))
        left = sweep.seconds_left
        words = {"queued": "waits for its turn", "running": "measuring"}.get(sweep.status, sweep.status)
        self.status.setText(words + (f", about {duration(left)} left" if left is not None else ""))
        self.end.setText("Stop" if sweep.active else "Go on")
        self.end.setAccessibleDescription("End here and keep what is measured" if sweep.active else "Measure the rest")

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
        self.train.setEnabled(count is not None and self._writable)

    @Slot(int)
    def _pick(self, count: int) -> None:
        self.count.setCurrentIndex(self.count.findData(count))

    @Slot()
    def _chosen(self) -> None:
        self._picked = self.chosen
        self._show_choice()
        self.chart.choose(self._picked)

    @Slot()
    def _train(self) -> None:
        if self.sweep is not None and self.chosen is not None:
            self.train_wanted.emit(self.sweep, self.chosen)

    @Slot()
    def _end(self) -> None:
        if self.sweep is not None:
            (self.stop_wanted if self.sweep.active else self.resume_wanted).emit()

    @Slot()
    def _save(self) -> None:
        if self.sweep is not None:
            self.save_wanted.emit(self.sweep)
