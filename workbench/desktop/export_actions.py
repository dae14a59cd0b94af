"""What the actions of the export menu mean just now: a run, several, a view in front, a study, or the project."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject

from workbench.desktop.exporting import Exporter
from workbench.desktop.live import Live
from workbench.desktop.plots.comparison import ComparisonPlot
from workbench.desktop.project_tree import ProjectTree
from workbench.desktop.view_area import ViewArea, ViewPane
from workbench.reports import EXPORTS, Export
from workbench.reports.view_pages import PAGED
from workbench.session import Run, Session, Study


class ExportActions(QObject):
    """Finds what is to be exported, and has the exporter ask where to.

    Parameters
    ----------
    exporter : Exporter
    tree, views, live
        What is selected and what is shown.
    session, study : callable
        Give the open session, and the study that is shown; None where there is none.
    """

    def __init__(
        self,
        exporter: Exporter,
        tree: ProjectTree,
        views: ViewArea,
        live: Live,
        session: Callable[[], Session | None],
        study: Callable[[], Study | None],
    ) -> None:
        super().__init__(exporter)
        self._exporter = exporter
        self._tree = tree
        self._views = views
        self._live = live
        self._session = session
        self._study = study

    def handlers(self) -> dict[str, Callable[[], object]]:
        """What the actions do."""
        made: dict[str, Callable[[], object]] = {f"export_{kind.name}": partial(self.run, kind) for kind in EXPORTS}
        return made | {
            "export_page": lambda: self.page(),
            "export_pair": lambda: self.pair(),
            "export_script": self.script,
        }

    @property
    def facts(self) -> frozenset[str]:
        """What is true of what is shown, in the words of the table of actions."""
        pane = self._views.front
        truths = {
            "page": self._study() is not None or self.has_page(pane),
            "pair": self._beside(pane) is not None,
        }
        return frozenset(name for name, true in truths.items() if true)

    @property
    def report_words(self) -> str:
        """What the action of the report is called: it may be of several runs."""
        several = len(self._tree.chosen_runs)
        return f"Report of {several} runs…" if several > 1 else "Report…"

    def run(self, kind: Export) -> None:
        """The run that is shown; of several that are selected, one report."""
        session, runs = self._session(), self._tree.chosen_runs
        if session is None:
            return
        if kind.name == "report" and len(runs) > 1:
            self._exporter.choose_together(session, runs)
        elif self._live.run is not None:
            self._exporter.choose(kind, session, self._live.run)

    def page(self, pane: ViewPane | None = None) -> None:
        """The page of the study that is shown, else of `pane`, or of the view in front."""
        study, pane = self._study(), pane or self._views.front
        if study is not None:
            self._exporter.choose_study(study)
        elif pane is not None and self.has_page(pane):
            run, scene = self._live.run, self._live.scene
            assert run is not None
            assert scene is not None
            self._exporter.choose_view(pane.view, run, scene.asking(pane.plot.asked))

    def pair(self, pane: ViewPane | None = None) -> None:
        """One report of the run that is shown and the one that `pane`, or the view in front, lays beside it."""
        session, run, name = self._session(), self._live.run, self._beside(pane or self._views.front)
        if session is not None and run is not None and name is not None:
            self._exporter.choose_together(session, [run, session.run(name)])

    def script(self) -> None:
        """The selected run, else the whole project, as Python."""
        session, selected = self._session(), self._tree.selected
        if session is not None:
            self._exporter.choose_script(session, selected if isinstance(selected, Run) else None)

    def has_page(self, pane: ViewPane | None) -> bool:
        """Whether `pane` shows something that leaves as a page of its own."""
        return pane is not None and pane.view.name in PAGED and self._shows(pane)

    def _beside(self, pane: ViewPane | None) -> str | None:
        """The name of the run that `pane` lays beside the one that is shown."""
        if pane is None or not isinstance(pane.plot, ComparisonPlot) or not self._shows(pane):
            return None
        return pane.plot.other or None

    def _shows(self, pane: ViewPane) -> bool:
        return self._live.run is not None and self._live.scene is not None and not pane.message
