"""A project in a cell: its data and runs, forms to import and to train, and the views of what is shown, in tabs."""

from __future__ import annotations

import base64
import html
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import traitlets

from workbench.data import Recipe
from workbench.errors import WorkbenchError
from workbench.notebook import board
from workbench.notebook.errands import Errands
from workbench.notebook.feed import feed
from workbench.notebook.import_form import ImportForm
from workbench.notebook.kept_files import plan_of_rows
from workbench.notebook.live import LiveWidget, error_words
from workbench.notebook.obeying import obey
from workbench.notebook.opened import hold, let_go
from workbench.notebook.panes import Panes
from workbench.notebook.parcel import Drawing
from workbench.notebook.run_form import RunForm
from workbench.notebook.scripts import module, style
from workbench.notebook.stills import sentence
from workbench.session import Dataset, Job, Run, Session, Study
from workbench.views.theme import theme as theme_called

REST = 0.1
"""Seconds between two frames, unless a person did something."""
NOTHING = "Import data, or choose a dataset or a run at the left."
Page = Literal["view", "import", "run"]


class Workbench(LiveWidget):
    """A project: import data, set up and watch runs, look at what they learned, undo and redo.

    What is done here is in the project, can be undone there, and is seen by other widgets on it and in the window.
    Work goes on in the background. The cell can be run again, also after the kernel was restarted: it opens the same
    project, and within one kernel the same session.

    Attributes
    ----------
    session : Session
    shown : Dataset, Run, Study or None
        What is looked at.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     bench = Workbench(f"{folder}/iris.vqw")
    ...     data = bench.add([[5.1, 3.5], [6.2, 2.9], [5.0, 3.4]], ["setosa", "virginica", "setosa"], name="iris")
    ...     data = data.result()
    ...     bench.show(data)
    ...     print(bench, data.classes)
    ...     bench.close()
    Workbench(iris.vqw) ('setosa', 'virginica')
    """

    _esm = module("runbar", "fields", "importing", "setup", "desk")
    _css = style("desk")
    height = traitlets.Int(420, min=80, max=4000).tag(sync=True)

    def __init__(
        self,
        project: Path | str | Session,
        *,
        theme: Literal["auto", "light", "dark"] = "auto",
        height: int = 420,
        width: int | None = None,
    ) -> None:
        """Open a project, or make it where there is none; an open session is taken as it is.

        Raises
        ------
        ProjectError
            If the file can be neither read nor made, or another program has it open.
        """
        self.session: Session = project if isinstance(project, Session) else hold(project, self)
        self._is_held = not isinstance(project, Session)
        self._errands = Errands(feed.wake)
        self._importing = ImportForm(self.session.path, self._errands, self._changed)
        self._setting_up = RunForm(self.session, self._errands, self._changed)
        self._panes = Panes(lambda: {"height": self.height, "theme": self.theme})
        self._page: Page = "view" if self.session.datasets else "import"
        self._said: tuple[str, str] = (self.session.notice, "muted")
        self._begun: list[Job[Dataset]] = []
        self._news, self._rests_until = True, 0.0
        self._facts: dict[str, Any] = {}
        name = self.session.path.name
        words = {"title": "Workbench", "summary": f"The project {self.session.path}", "name": name}
        super().__init__(words, theme=theme, height=height, width=width)
        things = board.things_of(self.session)
        self.shown: board.Shown | None = things[-1] if things else None

    def __repr__(self) -> str:
        return f"Workbench({self.session.path.name})"

    def show(self, thing: board.Shown | str, view: str | None = None) -> None:
        """Look at a dataset, a run, a sweep or a search, or what has this name; and, if given, at this view of it.

        Raises
        ------
        SessionError
            If there is nothing of this name.
        """
        if isinstance(thing, str):
            by_name = {known.name: known for known in board.things_of(self.session)}
            thing = by_name[thing] if thing in by_name else self.session.run(thing)
        self.shown, self._page = thing, "view"
        if view is not None:
            self._panes.wanted = view
        self._changed()

    def add(
        self,
        X: Any,
        y: Any = None,
        *,
        name: str = "data",
        feature_names: Sequence[str] | None = None,
        recipe: Recipe | None = None,
    ) -> Job[Dataset]:
        """Import rows of Python in the background, as a command: arrays, images, or a data frame.

        They are written into a file in a folder beside the project, which names it as their source.

        Parameters
        ----------
        X : array-like of shape (n, d), images (n, h, w) or (n, h, w, 3), or a data frame
        y : array-like of shape (n,) or name of a column of the frame, optional
            Labels.
        name : str
        feature_names : sequence of d str, optional
        recipe : Recipe, optional
            What is done to the rows, and how they are split.

        Returns
        -------
        Job
            `result()` waits for it, and gives the Dataset.

        Raises
        ------
        WorkbenchError
            If the rows cannot be imported; one sentence says why.
        """
        plan = plan_of_rows(self.session.path, X, y, name, feature_names)
        job = self.session.import_data(plan if recipe is None else replace(plan, recipe=recipe), name=name)
        self._begun.append(job)
        return job

    def close(self) -> None:
        """Show nothing any more; the project is closed too, unless it was given open or is to be seen elsewhere."""
        if not self._closed:
            super().close()
            self._panes.clear()
            self._errands.close()
            if self._is_held:
                let_go(self.session, self)

    def do(self, told: Mapping[str, Any]) -> None:
        if isinstance(self.shown, Run | Study):
            obey(self.shown, str(told.get("what")))
            self._changed()

    def answer(self, told: Mapping[str, Any], buffers: Sequence[Any]) -> None:
        self._said = ("", "muted")
        self._changed()
        match told.get("kind"):
            case "select":
                self._select(str(told["id"]))
            case "tab":
                self._panes.wanted = str(told["name"])
            case "page":
                self._turn_to(str(told["page"]))
            case "import":
                self._importing.answer(told, buffers)
            case "accept":
                self._import()
            case "cancel":
                for job in self.session.imports[int(told["number"]) :][:1]:
                    job.cancel()
            case "setup":
                self._setting_up.answer(told)
            case "start":
                self._start()
            case kind:
                self._command(str(kind), told)

    def _command(self, kind: str, told: Mapping[str, Any]) -> None:
        """Change something in the project: it waits for the disk, and so goes on beside."""
        session, thing = self.session, self.shown
        commands: dict[str, Callable[[], object]] = {"undo": session.undo, "redo": session.redo}
        if thing is not None:
            dataset = thing if isinstance(thing, Dataset) else thing.dataset
            name = str(told.get("name", ""))
            commands |= {
                "rename": lambda: session.rename(thing, name),
                "delete": lambda: session.delete(thing),
                "show_test": lambda: session.show_test_part(dataset),
            }
        if kind in commands:
            self._errands.call(kind, commands[kind], lambda _: self._changed(), self._fail)

    def _select(self, id: str) -> None:
        self.shown = next((thing for thing in board.things_of(self.session) if thing.id == id), None)
        self._page = "view"

    def _turn_to(self, page: str) -> None:
        """Show the views, the form to import, or that of a run, which begins with what is shown."""
        if page == "run":
            like = self.shown if isinstance(self.shown, Run) else None
            shown = (
                self.shown if isinstance(self.shown, Dataset) else None if self.shown is None else self.shown.dataset
            )
            dataset = shown or next(iter(self.session.datasets.values()), None)
            if dataset is None:
                self._said = ("Import data first: a run learns from a dataset.", "bad")
                return
            if like is not None:
                seedless = {name: value for name, value in like.parameters.items() if name != "random_state"}
                self._setting_up.begin(dataset, like.engine.name, seedless)
            else:
                self._setting_up.begin(dataset)
            self._page = "run"
        else:
            self._page = "import" if page == "import" else "view"

    def _import(self) -> None:
        plan = self._importing.plan
        if plan is not None:
            self._begun.append(self.session.import_data(plan))
            self._importing.clear()
            self._page = "view"

    def _start(self) -> None:
        wanted, session = self._setting_up.wanted(), self.session

        def begun(run: Run) -> None:
            self._panes.wanted = "curves"
            self.shown, self._page = run, "view"
            self._changed()

        if wanted is not None:
            about = wanted.dataset, wanted.engine, wanted.parameters
            self._errands.call("start", lambda: session.add_run(*about, name=wanted.name), begun, self._refuse_start)

    def _refuse_start(self, error: Exception) -> None:
        self._setting_up.refuse(error)

    def _fail(self, error: Exception) -> None:
        if not isinstance(error, WorkbenchError):
            raise error
        self._said = (error_words(error), "bad")
        self._changed()

    def _changed(self) -> None:
        self._news = True
        feed.wake()

    def _wanted(self) -> Any:
        self._errands.deliver()
        now = time.monotonic()
        if self._sent is not None and not self._news and now < self._rests_until:
            return self._sent
        self._news, self._rests_until = False, now + REST
        self._look_after_jobs()
        things = board.things_of(self.session)
        if self.shown is not None and all(thing.id != self.shown.id for thing in things):
            self.shown = things[-1] if things else None
        self._facts = self._told()
        sheet = self._importing.sheet if self._page == "import" else None
        return json.dumps(self._facts), None if sheet is None else id(sheet)

    def _look_after_jobs(self) -> None:
        """Show the dataset that an import has brought, or say why it brought none."""
        for job in [job for job in self._begun if job.done()]:
            self._begun.remove(job)
            if job.status == "done":
                self.shown, self._page = job.result(), "view"
            elif job.status == "failed":
                self._said = (job.error, "bad")

    def _told(self) -> dict[str, Any]:
        session, thing = self.session, self.shown
        pane = self._panes.pane(thing) if self._page == "view" else None
        return {
            "project": session.path.name,
            "things": board.listed(session),
            "selected": "" if thing is None else thing.id,
            "history": board.history_of(session),
            "jobs": board.jobs_of(session),
            "page": self._page,
            "head": board.head_of(thing),
            "bar": board.bar_of(thing),
            "details": board.details_of(thing),
            "notices": board.notices_of(thing),
            "test": board.sealed_part(thing),
            "tabs": [list(tab) for tab in self._panes.tabs(thing)],
            "tab": self._panes.front(thing),
            "pane": "" if pane is None else f"anywidget:{pane.model_id}",
            "said": list(self._said),
            "nothing": NOTHING,
            "import": self._importing.facts() if self._page == "import" else {},
            "setup": self._setting_up.facts() if self._page == "run" else {},
        }

    def _drawn(self, wanted: Any) -> Drawing:
        sheet = self._importing.sheet if self._page == "import" else None
        return Drawing({"say": "", **self._facts}, {} if sheet is None else {"sheet": sheet})

    def failed(self, words: str) -> Drawing:
        return Drawing({"say": "", **self._facts, "said": [words, "bad"]})

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """The live widget; for all that cannot run it, what is shown as a picture, and a table of all there is."""
        made = super()._repr_mimebundle_(**options)
        if made is None:
            return None
        look: Literal["light", "dark"] = "dark" if self.theme == "dark" else "light"
        picture = self._panes.picture(self.shown, look) or sentence(NOTHING, theme_called(look))
        self._still = picture
        encoded = base64.b64encode(picture).decode("ascii")
        alternative = html.escape(self._panes.words(self.shown) or NOTHING)
        image = f'<img style="max-width: 760px" alt="{alternative}" src="data:image/png;base64,{encoded}">'
        words = board.in_words(self.session)
        made[0].update({"text/plain": words, "text/html": board.in_html(self.session) + image, "image/png": encoded})
        bundle: tuple[dict[str, Any], dict[str, Any]] = made
        return bundle
