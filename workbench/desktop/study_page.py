"""What the pages of a sweep and of a search share: headline, reason, progress, stop and go on; no session here."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from workbench.desktop import icons, theme
from workbench.session import Study
from workbench.views.run_words import duration

MOST_REMARKS = 6


class StudyPage(QWidget):
    """One study, live. A subclass says what is below the words (`_lay_out`) and brings it up to date (`_renew`).

    Attributes
    ----------
    train_wanted : Signal(Study, int)
        Start the run with this key.
    stop_wanted, resume_wanted : Signal
    save_wanted : Signal(Study)
        Write the page to a file.
    study : Study or None
        The one shown.
    """

    train_wanted = Signal(object, int)
    stop_wanted = Signal()
    resume_wanted = Signal()
    save_wanted = Signal(object)

    def __init__(self, name: str, headline: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName(name)
        self.study: Study | None = None
        self.writable = True
        self._shown: object = None
        self.headline = QLabel(wordWrap=True)
        self.headline.setProperty("role", "figure")
        self.headline.setAccessibleName(headline)
        self.reason = QLabel(wordWrap=True)
        self.reason.setAccessibleName("Reason")
        self.reason.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.remarks = QLabel(wordWrap=True)
        self.remarks.setProperty("role", "muted")
        self.remarks.setAccessibleName("Remarks")
        self.train = QPushButton("Train")
        self.train.setProperty("role", "primary")
        icons.put(self.train, "play", "on_accent")
        self.save = QPushButton("Save page…")
        self.save.setAccessibleDescription("Write this page as a web page, a PDF or a picture")
        icons.put(self.save, "export")
        self.bar = QProgressBar(textVisible=False, maximum=1000)
        self.bar.setAccessibleName(f"Progress of the {name.lower()}")
        self.status = QLabel()
        self.status.setProperty("role", "muted")
        self.end = QPushButton("Stop")
        self.train.clicked.connect(self._train)
        self.end.clicked.connect(self._end)
        self.save.clicked.connect(self._save)

    @property
    def chosen(self) -> int | None:
        """The key that would be trained with."""
        raise NotImplementedError

    def show_study(self, study: Study | None, *, writable: bool = True) -> None:
        """Show `study`; runs can be started from it if the project is `writable`."""
        self.study = study
        self.writable = writable
        self._shown = None
        self._forget()
        self.refresh()

    def refresh(self) -> None:
        """Bring everything up to date; costs next to nothing where nothing has changed."""
        study = self.study
        if study is None:
            return
        self._show_status(study)
        key = (study.id, study.name, study.sequence, study.status, theme.current().name)
        if key != self._shown:
            self._shown = key
            self._renew()

    def _forget(self) -> None:
        """Let go of what was chosen in the study shown before."""
        raise NotImplementedError

    def _renew(self) -> None:
        """Show what has changed."""
        raise NotImplementedError

    def _say(self, headline: str, reason: str, remarks: tuple[str, ...]) -> None:
        """Show the words at the top."""
        self.headline.setText(headline)
        self.reason.setText(reason)
        error = [self.study.error] if self.study is not None and self.study.error else []
        said = [*remarks, *error]
        self.remarks.setText("\n".join(said[:MOST_REMARKS]))
        self.remarks.setVisible(bool(said))

    def _lay_out(self, beside: list[QWidget], below: QWidget) -> None:
        """Put widgets before the buttons at the top, and one below the words."""
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self.headline, 1)
        for widget in (*beside, self.train, self.save):
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
        layout.addWidget(below, 1)

    def _show_status(self, study: Study) -> None:
        self._work.setVisible(study.active or (study.resumable and self.writable))
        self.bar.setVisible(study.active)
        self.bar.setValue(round(1000 * study.progress))
        left = study.seconds_left
        words = {"queued": "waits for its turn", "running": "measuring"}.get(study.status, study.status)
        self.status.setText(words + (f", about {duration(left)} left" if left is not None else ""))
        self.end.setText("Stop" if study.active else "Go on")
        self.end.setAccessibleDescription("End here and keep what is measured" if study.active else "Measure the rest")

    @Slot()
    def _train(self) -> None:
        if self.study is not None and self.chosen is not None:
            self.train_wanted.emit(self.study, self.chosen)

    @Slot()
    def _end(self) -> None:
        if self.study is not None:
            (self.stop_wanted if self.study.active else self.resume_wanted).emit()

    @Slot()
    def _save(self) -> None:
        if self.study is not None:
            self.save_wanted.emit(self.study)
