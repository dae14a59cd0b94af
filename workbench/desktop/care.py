"""Care of the project file in the window: verify, compact, and what is asked after damage or an interruption."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QDialog, QFileDialog, QMainWindow

from workbench.desktop.background import Background
from workbench.desktop.open_project import OpenProject
from workbench.desktop.projects import PROJECTS, Projects
from workbench.desktop.recovery import DamagedDialog, Fate, InterruptedDialog, how_far
from workbench.desktop.task_dialog import Outcome, Progress, Stop, TaskDialog
from workbench.project.rewriting import backups
from workbench.session import Run, Session, Study
from workbench.session.estimates import shown_bytes
from workbench.session.salvage import salvage

SALVAGE = "Salvage what can be read…"


class Care(QObject):
    """Opens the dialogs about the project file, one of each at a time.

    Attributes
    ----------
    task : TaskDialog or None
    damaged : DamagedDialog or None
    interrupted : InterruptedDialog or None
        Each while it is open.
    opened : Signal(QDialog)
    """

    opened = Signal(object)

    def __init__(self, window: QMainWindow, background: Background, projects: Projects) -> None:
        super().__init__(window)
        self.task: TaskDialog | None = None
        self.damaged: DamagedDialog | None = None
        self.interrupted: InterruptedDialog | None = None
        self._window = window
        self._background = background
        self._projects = projects
        projects.entered.connect(self._entered)
        projects.leaving.connect(self.close)
        projects.damaged.connect(self._look_for_backups)

    def handlers(self) -> dict[str, Callable[[], object]]:
        """What the actions do."""
        return {"verify": self.verify, "compact": self.compact}

    @Slot()
    def close(self) -> None:
        """Stop the task and close what would outlive the project or the window."""
        if self.task is not None:
            self.task.abandon()
        for dialog in (self.damaged, self.interrupted):
            if dialog is not None:
                dialog.reject()

    # the project that is open

    def verify(self) -> None:
        """Read every byte of the project and tell what is damaged."""
        if self._projects.current is not None:
            session = self._projects.current.session
            words = f"Reading {session.path.name} and comparing every block with its hash."
            after = partial(self._choose_target, session.path)
            self._do("Verify project", words, partial(_verify, session), after)

    def compact(self) -> None:
        """Write the project anew without its gaps and tell how much that gives back."""
        if self._projects.current is not None:
            session = self._projects.current.session
            words = f"Writing {session.path.name} anew without gaps. Until it is whole, the file stays as it is."
            self._do("Compact project", words, partial(_compact, session), lambda: None)

    # a project that cannot be opened

    @Slot(object, object)
    def _look_for_backups(self, path: Path, error: Exception) -> None:
        def look() -> list[tuple[Path, float]]:
            return [(backup, backup.stat().st_mtime) for backup in backups(path)]

        self._background.call(self, look, lambda found: self._tell_damage(path, str(error), found))

    def _tell_damage(self, path: Path, why: str, found: list[tuple[Path, float]]) -> None:
        if self.damaged is None:
            self.damaged = DamagedDialog(path, why, found, self._window)
            self.damaged.salvage_wanted.connect(partial(self._choose_target, path))
            self.damaged.backup_wanted.connect(self._projects.open)
            self.damaged.finished.connect(self._damage_told)
            self.damaged.open()
            self.opened.emit(self.damaged)

    @Slot()
    def _damage_told(self) -> None:
        dialog, self.damaged = self.damaged, None
        if dialog is not None:
            dialog.deleteLater()

    def _choose_target(self, path: Path) -> None:
        """Ask where to, then salvage the project at `path`."""
        first = str(path.with_name(f"{path.stem} salvaged.vqw"))
        name, _ = QFileDialog.getSaveFileName(self._window, "Salvage into a new project", first, PROJECTS)
        if name:
            self.salvage(path, Path(name).with_suffix(".vqw"))

    def salvage(self, path: Path, target: Path) -> None:
        """Write what can be read of `path` to `target`, after leaving the project if it is the one that is open."""
        words = f"Reading {path.name} as far as possible. Nothing is written to it."
        begin = partial(
            self._do,
            "Salvage project",
            words,
            partial(_salvage, path, target),
            partial(self._projects.open, target),
        )
        current = self._projects.current
        if current is not None and path == current.session.path:
            self._projects.leave(begin)
        else:
            begin()

    # work that was interrupted

    @Slot(object)
    def _entered(self, project: OpenProject) -> None:
        works = [work for work in project.session.works if work.status == "interrupted"]
        if works and not project.session.read_only:
            self._background.call(
                self,
                lambda: [(work, how_far(work)) for work in works],
                partial(self._ask_for_fates, project.session),
            )

    def _ask_for_fates(self, session: Session, works: list[tuple[Run | Study, str]]) -> None:
        if self.interrupted is None and not session.closed:
            self.interrupted = InterruptedDialog(works, self._window)
            self.interrupted.finished.connect(partial(self._fates_chosen, session))
            self.interrupted.open()
            self.opened.emit(self.interrupted)

    def _fates_chosen(self, session: Session, result: int) -> None:
        dialog, self.interrupted = self.interrupted, None
        if dialog is not None:
            fates = dialog.fates if result == QDialog.DialogCode.Accepted else []
            dialog.deleteLater()
            for work, fate in fates:
                acts = {Fate.KEEP: session.keep_stopped, Fate.DELETE: session.delete}
                self._background.call(self, partial(acts[fate], work) if fate in acts else work.resume)

    # tasks

    def _do(
        self, title: str, words: str, work: Callable[[Progress, Stop], Outcome], after: Callable[[], object]
    ) -> None:
        """Run a task in its dialog, and `after` if the person takes up what its outcome offers."""
        if self.task is None:
            self.task = TaskDialog(self._background, title, words, work, self._window)
            self.task.finished.connect(partial(self._task_done, after))
            self.task.start()
            self.opened.emit(self.task)

    def _task_done(self, after: Callable[[], object], result: int) -> None:
        dialog, self.task = self.task, None
        if dialog is not None:
            dialog.deleteLater()
            if result == QDialog.DialogCode.Accepted:
                after()


def _verify(session: Session, progress: Progress, stop: Stop) -> Outcome:
    damages = session.project.verify(progress, stop)
    if not damages:
        return Outcome(f"{session.path.stem} is sound: every block of every array is as it was written.")
    words = "1 thing is damaged" if len(damages) == 1 else f"{len(damages)} things are damaged"
    return Outcome(
        f"{words}. What is listed cannot be used; all else can. Salvage writes what is whole to a new project.",
        "bad",
        tuple(damages),
        SALVAGE,
    )


def _compact(session: Session, progress: Progress, stop: Stop) -> Outcome:
    given = session.compact(progress=progress, stop=stop)
    size = shown_bytes(session.project.path.stat().st_size)
    if given <= 0:
        return Outcome(f"There was nothing to give back: {session.path.stem} takes {size}.", "muted")
    return Outcome(f"{shown_bytes(given)} are given back: {session.path.stem} takes {size} now.")


def _salvage(path: Path, target: Path, progress: Progress, stop: Stop) -> Outcome:
    found = salvage(path, target, overwrite=True, progress=progress, stop=stop)
    things = "1 dataset, run or subset is" if found.kept == 1 else f"{found.kept:,} datasets, runs and subsets are"
    words = f"{things} in {target.name}. " + ("This was left behind:" if found.left else "Nothing was left behind.")
    return Outcome(words, "warning" if found.left else "good", found.left, "Open the new project")
