"""The panel at the right: a dataset, a new run to set up, a run or a study and how it fares; one page each."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QLabel,
    QProgressBar,
    QPushButton,
    QStackedWidget,
    QWidget,
)

from workbench.desktop import icons
from workbench.desktop.background import Background
from workbench.desktop.first_look import SealedPart
from workbench.desktop.live import Moment
from workbench.desktop.new_run import NewRunPage
from workbench.desktop.pages import Facts, Page, heading, say_status, section
from workbench.session import Dataset, Run, Search, Study, Sweep
from workbench.views import search as search_view
from workbench.views import sweep as sweep_view
from workbench.views.first_look import NOT_YET
from workbench.views.run_words import STATUS, alarm_words, duration, progress_of
from workbench.views.thing_facts import dataset_facts, figure_words, parameter_facts, recipe_facts
from workbench.views.wording import metric_title

MOST_FAILURES = 20
MOST_NOTES = 40


class Inspector(QStackedWidget):
    """Shows one of its pages.

    Attributes
    ----------
    start_wanted : Signal(RunRequest)
    again_wanted : Signal(Run)
        Set up another run with this one's parameters.
    rows_wanted : Signal(Run)
        Pick the rows that the alarm of this run names.
    new_run : NewRunPage
    """

    start_wanted = Signal(object)
    again_wanted = Signal(object)
    rows_wanted = Signal(object)

    def __init__(
        self,
        background: Background,
        new_run: QAction,
        report: QAction,
        show_test: QAction,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setAccessibleName("Inspector")
        self._nothing = QLabel(
            "Choose a dataset or a run in the project panel to see what is known of it.", wordWrap=True
        )
        self._nothing.setProperty("role", "muted")
        self._nothing.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._nothing.setContentsMargins(16, 16, 16, 16)
        self._dataset = DatasetPage(new_run, show_test)
        self.new_run = NewRunPage(background)
        self._run = RunPage(report, show_test)
        self._study = StudyFacts()
        for page in (self._nothing, self._dataset, self.new_run, self._run, self._study):
            self.addWidget(page)
        self.new_run.start_wanted.connect(self.start_wanted)
        self._run.again_wanted.connect(self.again_wanted)
        self._run.rows_wanted.connect(self.rows_wanted)

    @property
    def is_preparing(self) -> bool:
        """Whether a new run is being set up."""
        return self.currentWidget() is self.new_run

    def show_thing(self, thing: Dataset | Run | Study | None) -> None:
        """Show what is known of `thing`."""
        if isinstance(thing, Dataset):
            self._dataset.show_dataset(thing)
            self.setCurrentWidget(self._dataset)
        elif isinstance(thing, Run):
            self._run.show_run(thing)
            self.setCurrentWidget(self._run)
        elif isinstance(thing, Study):
            self._study.show_study(thing)
            self.setCurrentWidget(self._study)
        else:
            self.setCurrentWidget(self._nothing)

    def show_moment(self, moment: Moment) -> None:
        """Bring the figures of a run up to date."""
        self._run.show_moment(moment)

    def refresh(self) -> None:
        """Bring status, progress and what was corrected or looked at up to date."""
        if self.currentWidget() is self._run:
            self._run.refresh()
        elif self.currentWidget() is self._study:
            self._study.refresh()
        elif self.currentWidget() is self._dataset:
            self._dataset.refresh()

    def prepare(self) -> None:
        """Show the page of the new run."""
        self.setCurrentWidget(self.new_run)


class DatasetPage(Page):
    """What is known of a dataset, and the way to a run on it."""

    def __init__(self, new_run: QAction, show_test: QAction) -> None:
        super().__init__("Dataset")
        self._shown: Dataset | None = None
        self.title = heading()
        self.facts = Facts("Facts of the dataset")
        self.recipe = Facts("Recipe")
        self.notes_title, self.notes = section("Notes on columns"), Facts("Notes on columns")
        self.notices = QLabel(wordWrap=True)
        self.notices.setProperty("role", "warning")
        button = QPushButton("New run on this data…")
        button.setProperty("role", "primary")
        button.setAccessibleDescription(new_run.statusTip())
        button.clicked.connect(new_run.trigger)
        self.recipe_title = section("Recipe")
        self.test_part = SealedPart(show_test)
        above = (self.title, self.facts, self.test_part, self.recipe_title, self.recipe)
        for widget in (*above, self.notes_title, self.notes, self.notices, button):
            self.column.addWidget(widget)
        self.column.addStretch()

    def show_dataset(self, dataset: Dataset) -> None:
        self._shown = dataset
        self.refresh()

    def refresh(self) -> None:
        dataset = self._shown
        if dataset is None:
            return
        self.title.setText(dataset.name)
        self.test_part.tell(dataset)
        self.facts.show_pairs(dataset_facts(dataset))
        self.recipe.show_pairs(recipe_facts(dataset))
        noted = list(dataset.notes.items())
        more = [("…", f"and {len(noted) - MOST_NOTES:,} more")] if len(noted) > MOST_NOTES else []
        self.notes.show_pairs([*noted[:MOST_NOTES], *more])
        self.notes_title.setVisible(bool(noted))
        self.notices.setText("\n".join(dataset.warnings[:5]))
        self.notices.setVisible(bool(dataset.warnings))


class RunPage(Page):
    """How a run fares: status, progress, alarm, figures, parameters."""

    again_wanted = Signal(object)
    rows_wanted = Signal(object)

    def __init__(self, report: QAction, show_test: QAction) -> None:
        super().__init__("Run")
        self._run: Run | None = None
        self._iteration = ""
        self.title = heading()
        self.about = QLabel(wordWrap=True)
        self.about.setProperty("role", "muted")
        self.status = QLabel(wordWrap=True)
        self.progress = QProgressBar(textVisible=False, maximum=1000)
        self.progress.setAccessibleName("Progress of the run")
        self.error = QLabel(wordWrap=True)
        self.error.setProperty("role", "bad")
        self.remarks = QLabel(wordWrap=True)
        self.remarks.setProperty("role", "warning")
        self.alarm = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.alarm.setAccessibleName("Why the run was paused")
        self.alarm.setProperty("role", "warning")
        self.show_rows = QPushButton("Show these rows")
        icons.put(self.show_rows, "warning")
        self.show_rows.setAccessibleDescription("Pick the rows that the alarm names, in all views")
        self.show_rows.clicked.connect(self._show_rows)
        self.now = Facts("Figures now")
        self.results_title = section("Results")
        self.results = Facts("Results")
        self.test_part = SealedPart(show_test)
        self.edits_title = section("Edits")
        self.edits = Facts("Edits")
        self.parameters = Facts("Parameters")
        self._report = report
        self.report = QPushButton(report.text())
        self.report.setAccessibleDescription(report.statusTip())
        icons.put(self.report, "file")
        self.report.clicked.connect(report.trigger)
        report.enabledChanged.connect(self.report.setEnabled)
        report.changed.connect(self._name_report)
        again = QPushButton("New run like this…")
        icons.put(again, "train")
        again.clicked.connect(self._again)
        for widget in (self.title, self.about, self.status, self.progress, self.error, self.alarm, self.show_rows):
            self.column.addWidget(widget)
        for widget in (self.remarks, self.now):
            self.column.addWidget(widget)
        self.column.addWidget(self.results_title)
        self.column.addWidget(self.results)
        self.column.addWidget(self.test_part)
        self.column.addWidget(self.edits_title)
        self.column.addWidget(self.edits)
        self.column.addWidget(section("Parameters"))
        self.column.addWidget(self.parameters)
        self.column.addWidget(self.report)
        self.column.addWidget(again)
        self.column.addStretch()

    @Slot()
    def _name_report(self) -> None:
        self.report.setText(self._report.text())

    def show_run(self, run: Run) -> None:
        self._run = run
        self._iteration = ""
        self.now.show_pairs([])
        self.refresh()

    def show_moment(self, moment: Moment) -> None:
        if moment.run is self._run:
            total = moment.snapshot.n_iterations
            of = f" of {total:,} at most" if total else ""
            self._iteration = f"{moment.snapshot.iteration:,}{of}"
            if self._run.active:
                found = {metric_title(name): value for name, value in moment.snapshot.metrics.items()}
                exact = {"iteration": moment.snapshot.iteration, "cost": moment.snapshot.cost} | found
                self.now.show_pairs([("iteration", self._iteration), *moment.latest], exact)
            else:
                self.refresh()

    def refresh(self) -> None:
        run = self._run
        if run is None:
            return
        self.title.setText(run.name)
        self.about.setText(f"{run.engine.title} on {run.dataset.name}")
        self.parameters.show_pairs(parameter_facts(run.parameters))
        self.edits.show_pairs(_edits(run))
        self.edits_title.setVisible(bool(run.editions))
        self._show_status(run)
        progress = progress_of(run)
        self.progress.setVisible(run.active)
        self.progress.setMaximum(0 if run.status == "running" and progress is None else 1000)
        self.progress.setValue(round(1000 * (progress or 0.0)))
        self.show_rows.setVisible(run.alarm is not None and bool(run.alarm.rows))
        texts = ((self.error, run.error), (self.alarm, alarm_words(run)), (self.remarks, "\n".join(run.remarks)))
        for label, text in texts:
            label.setText(text)
            label.setVisible(bool(text))
        results = {metric_title(name): figure_words(name, value) for name, value in run.metrics.items()}
        results |= {metric_title(name): NOT_YET for name in run.withheld}
        self.test_part.tell(run)
        if results and self._iteration:
            results = {"iteration": self._iteration} | results
        exact = {metric_title(name): value for name, value in run.metrics.items()}
        self.results.show_pairs([] if run.active else list(results.items()), exact)
        if not run.active and self.now.isVisibleTo(self):
            self.now.show_pairs([])
        self.results_title.setVisible(self.results.isVisibleTo(self))

    def _show_status(self, run: Run) -> None:
        left = run.seconds_left
        words = STATUS[run.status].capitalize()
        if run.seconds:
            words += f" · {duration(run.seconds)} of learning"
        if run.status == "running" and left is not None:
            words += f", at most {duration(left)} left"
        say_status(self.status, run.status, words)

    @Slot()
    def _again(self) -> None:
        self.again_wanted.emit(self._run)

    @Slot()
    def _show_rows(self) -> None:
        self.rows_wanted.emit(self._run)


class StudyFacts(Page):
    """What a sweep or a search is and how far it has come; what it found is in the centre of the window."""

    def __init__(self) -> None:
        super().__init__("Sweep or search")
        self._study: Study | None = None
        self.title = heading()
        self.about = QLabel(wordWrap=True)
        self.about.setProperty("role", "muted")
        self.status = QLabel(wordWrap=True)
        self.bests_title = section("")
        self.bests = Facts("What is best")
        self.failures_title = section("Not measured")
        self.failures = Facts("Not measured")
        self.parameters = Facts("Parameters")
        for widget in (self.title, self.about, self.status, self.bests_title, self.bests):
            self.column.addWidget(widget)
        for widget in (self.failures_title, self.failures, section("Parameters"), self.parameters):
            self.column.addWidget(widget)
        self.column.addStretch()

    def show_study(self, study: Study) -> None:
        self._study = study
        if isinstance(study, Search):
            how = [("folds", f"{study.folds}"), ("seed", f"{study.seed}")]
            self.bests_title.setText("The best trial")
            self.parameters.show_pairs([*search_view.varied(study), *how, *parameter_facts(study.parameters)])
        elif isinstance(study, Sweep):
            self.bests_title.setText("What each criterion takes")
            varied = (study.engine.count, sweep_view.counts_in_words(study.counts))
            self.parameters.show_pairs([varied, *parameter_facts(study.parameters)])
        self.refresh()

    def refresh(self) -> None:
        study = self._study
        if study is None:
            return
        self.title.setText(study.name)
        self.about.setText(f"{study.engine.title} on {study.dataset.name}")
        noun = "trials" if isinstance(study, Search) else "numbers"
        words = f"{STATUS[study.status].capitalize()} · {len(study.measured):,} of {len(study.keys):,} {noun} measured"
        say_status(self.status, study.status, words + (f" in {duration(study.seconds)}" if study.seconds else ""))
        if isinstance(study, Search):
            self.bests.show_pairs(search_view.bests(study))
        elif isinstance(study, Sweep):
            self.bests.show_pairs(sweep_view.bests(study))
        self.bests_title.setVisible(self.bests.isVisibleTo(self))
        failures = [(f"{key:,}", text) for key, text in sorted(study.failures.items())]
        self.failures.show_pairs(failures[:MOST_FAILURES])
        self.failures_title.setVisible(self.failures.isVisibleTo(self))


def _edits(run: Run) -> list[tuple[str, str]]:
    """What was done to its prototypes, and what that did to the error, as far as it is in force."""
    by_number = {edition.number: edition for edition in run.editions}
    made, number = [], run.edition
    while number in by_number:
        edition = by_number[number]
        made.append((edition.operation.replace("_", " "), edition.sentence))
        number = edition.basis
    return made[::-1]
