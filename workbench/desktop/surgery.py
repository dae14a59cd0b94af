"""Editing the prototypes of the run that is shown: what an edit does to the error is told before it is made."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QDialog, QInputDialog, QMessageBox, QWidget

from workbench.desktop import errors
from workbench.desktop.background import Background
from workbench.desktop.live import Live
from workbench.desktop.picking import Picking
from workbench.desktop.question import Question
from workbench.session import Run, Session
from workbench.views.wording import counted, number, percent

if TYPE_CHECKING:  # it brings the compiler
    from engines.surgery import Effect

TITLES = {
    "merge": "Merge prototypes",
    "split": "Split prototype",
    "delete": "Delete prototypes",
    "add": "Add prototype",
    "relabel": "Relabel prototype",
    "pin": "Pin prototypes",
    "unpin": "Unpin prototypes",
    "prune": "Prune useless prototypes",
    "merge_close": "Merge close prototypes",
}


class Surgery(QObject):
    """Asks what an edit needs, previews it, and makes it once a person agrees.

    Attributes
    ----------
    made : Signal(Run, str)
        The run that has the edit in force, or the branch that was made, and what to say of it.
    dialog : QDialog or None
        The question that is open.
    """

    made = Signal(object, str)

    def __init__(self, live: Live, picking: Picking, background: Background, window: QWidget) -> None:
        super().__init__(window)
        self.dialog: QDialog | None = None
        self._live = live
        self._picking = picking
        self._background = background
        self._window = window
        self._operable: dict[str, str] = {}
        background.call(self, _operable_engines, self._know)

    def handlers(self) -> dict[str, Callable[[], object]]:
        """What the actions about prototypes do."""
        made: dict[str, Callable[[], object]] = {
            f"edit_{name}": partial(self._edit_picked, name) for name in ("merge", "delete", "pin", "unpin")
        }
        return made | {
            "edit_split": self._split,
            "edit_add": self._add,
            "edit_relabel": self._ask_label,
            "edit_prune": partial(self.preview, "prune"),
            "edit_merge_close": self._ask_distance,
            "branch": self.branch,
        }

    @property
    def facts(self) -> frozenset[str]:
        """What is true now, in the words of the table of actions."""
        run, n = self._live.run, len(self._picking.prototypes)
        at_rest = run is not None and not run.active
        truths = {
            "operable": at_rest and run is not None and run.engine.name in self._operable,
            "labelled prototypes": run is not None and run.engine.supervised,
            "a prototype": n >= 1,
            "one prototype": n == 1,
            "two prototypes": n >= 2,
        }
        return frozenset(name for name, true in truths.items() if true)

    def preview(self, operation: str, **arguments: Any) -> None:
        """Find out what an edit would do, and ask whether to make it."""
        session, run = self._picking.session, self._live.run
        if session is not None and run is not None:
            ask = partial(self._ask, session, run, operation, arguments)
            self._background.call(self, lambda: session.preview(run, operation, **arguments), ask, key="preview")

    def branch(self) -> None:
        """Make a run that goes on from the moment that is shown."""
        session, run, pinned = self._picking.session, self._live.run, self._live.pinned
        if session is not None and run is not None:
            iteration = None if pinned is None else pinned.iteration
            words = "It stands where the other was: resume it to train on (F5)."
            self._background.call(
                self, lambda: session.branch(run, iteration), lambda branch: self.made.emit(branch, words)
            )

    def close(self) -> None:
        """Close the question that is open."""
        if self.dialog is not None:
            self.dialog.close()

    def _know(self, operable: dict[str, str]) -> None:
        self._operable = operable

    def _edit_picked(self, operation: str) -> None:
        self.preview(operation, which=list(self._picking.prototypes))

    def _split(self) -> None:
        self.preview("split", which=self._picking.prototypes[0])

    def _add(self) -> None:
        """At the mean of the picked rows."""
        if self._picking.rows is not None:
            self.preview("add", rows=self._picking.rows)

    def _ask_label(self) -> None:
        run = self._live.run
        if run is None:
            return
        which, classes = self._picking.prototypes[0], run.dataset.classes
        dialog = Question(TITLES["relabel"], f"The class of prototype {which}:", self._window)
        dialog.setComboBoxItems([str(value) for value in classes])
        combo = dialog.comboBoxItems()
        dialog.textValueSelected.connect(
            lambda text: self.preview("relabel", which=which, label=classes[combo.index(text)])
        )
        self._show(dialog)

    def _ask_distance(self) -> None:
        asked = "Merge prototypes of one class that are within this distance, as the engine measures:"
        dialog = Question(TITLES["merge_close"], asked, self._window)
        dialog.setInputMode(QInputDialog.InputMode.DoubleInput)
        dialog.setDoubleDecimals(4)
        dialog.setDoubleRange(0.0, 1e9)
        dialog.setDoubleValue(0.1)
        dialog.doubleValueSelected.connect(lambda within: self.preview("merge_close", within=within))
        self._show(dialog)

    def _ask(self, session: Session, run: Run, operation: str, arguments: dict[str, Any], effect: Effect) -> None:
        box = QMessageBox(self._window)
        box.setWindowTitle(TITLES[operation])
        box.setText(f"{TITLES[operation]}?")
        goes_on_as = self._operable.get(run.engine.name, run.engine.name)
        tied = f" A grid ties the units of a map, so the branch is of {goes_on_as}: it starts from these units."
        box.setInformativeText(effect_words(effect) + (tied if goes_on_as != run.engine.name else ""))
        box.setStandardButtons(QMessageBox.StandardButton.Ok | QMessageBox.StandardButton.Cancel)
        box.button(QMessageBox.StandardButton.Ok).setText(TITLES[operation].split()[0])
        box.accepted.connect(partial(self._make, session, run, operation, arguments))
        self._show(box)

    def _show(self, dialog: QDialog) -> None:
        self.close()
        self.dialog = dialog
        dialog.finished.connect(partial(self._forget, dialog))
        dialog.open()

    def _forget(self, dialog: QDialog, *_: object) -> None:
        if self.dialog is dialog:
            self.dialog = None
        dialog.deleteLater()

    def _make(self, session: Session, run: Run, operation: str, arguments: dict[str, Any]) -> None:
        def told(made: Run) -> None:
            session.selection.pick_prototypes(made.id, ())
            self.made.emit(made, f"{made.editions[-1].sentence}. Undo takes it back; resume trains on (F5).")

        self._background.call(self, lambda: session.edit(run, operation, **arguments), told, self._refused)

    def _refused(self, error: Exception) -> None:
        errors.report(errors.describe(error))


def effect_words(effect: Effect) -> str:
    """What an edit does to the error and the number of prototypes, in words."""
    told = percent if effect.measure == "error rate" else number
    before, after = (told(value, 2) if told is percent else told(value, 5) for value in (effect.before, effect.after))
    counts = f"{counted(effect.n_prototypes[0], 'prototype')} become {effect.n_prototypes[1]:,}"
    change = "stays" if effect.rise == 0 else "rises" if effect.rise > 0 else "falls"
    figures = before if effect.rise == 0 else f"{before} → {after}"
    unchanged = effect.n_prototypes[0] == effect.n_prototypes[1]
    first = "The number of prototypes stays" if unchanged else counts
    return f"{first}. The {effect.measure} on the training rows {change}: {figures}. The run itself stays as it is."


def _operable_engines() -> dict[str, str]:
    """Names of the engines whose prototypes can be edited, and of those that an edit goes on with; loads them all."""
    import engines
    from engines.surgery import TIED, can_go_on

    return {info.name: TIED.get(info.name, info.name) for info in engines.catalog() if can_go_on(info)}
